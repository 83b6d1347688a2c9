"""What the C library does with memory that was freed."""

import ctypes
import os
import platform

M_MMAP_THRESHOLD = -3  # mallopt(3)
LARGE = 256 * 1024  # bytes: less than the smallest array of a window


def give_back_large_blocks() -> None:
    """From now on large blocks of this process go back to the system as soon as they are freed.

    By itself glibc does so only with blocks of up to 32 MB that are larger than any freed before, and the gaps between
    smaller ones that are still in use stay with the process: with `base` 70 MB of 730 (experiments/LOG.md). It
    costs no time that could be measured. Elsewhere, or where MALLOC_MMAP_THRESHOLD_ says otherwise, nothing is done.
    """
    if platform.libc_ver()[0] == "glibc" and "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)
