"""Memory that is freed is free."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import numpy as np
from whisper_at.allocator import give_back_large_blocks

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

if sys.argv[1] == "given back":
    give_back_large_blocks()
large = np.ones(30_000_000, np.uint8)
del large  # from now on glibc takes arrays of 2 MB for small
before = resident()
arrays, small = [], []
for _ in range(100):
    arrays.append(np.ones(2_000_000, np.uint8))
    small.append(np.ones(50_000, np.uint8))  # lies between two of them
arrays.clear()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told")
def test_freed_arrays_leave_no_gaps_behind(monkeypatch):
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    kept, given_back = (
        float(subprocess.run([sys.executable, "-c", PROGRAM, how], check=True, capture_output=True).stdout)
        for how in ("as it is", "given back")
    )
    assert given_back < 20 < 150 < kept
