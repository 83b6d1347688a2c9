"""A long recording in windows that end where it is quiet, so that no word is cut in two.

Between half a window and a whole one after the last cut, the quietest place is taken; a later one if they are alike.
"""

from collections.abc import Iterator

import numpy as np

from whisper_at.audio.logmel import FloatArray
from whisper_at.audio.mel_stream import MelStream
from whisper_at.audio.windows import Window
from whisper_at.timegrid import FRAMES_PER_WINDOW

SHORTEST = FRAMES_PER_WINDOW // 2
REACH = 15  # frames to either side that have to be quiet too
VOICE = (0.1, 0.75)  # the share of the mel bands in which voices lie, 300 Hz to 4 kHz
LATER = 0.1  # of log-mel: what a cut may be louder by if it comes a whole window later


def windows_at_pauses(mel: MelStream, start: int = 0, end: int | None = None) -> Iterator[Window]:
    """Windows that follow each other from one frame to another, or through the whole recording.

    >>> from whisper_at.audio.recording import Recording
    >>> silence = MelStream(Recording(name="silence", samples=np.zeros(70 * 16_000, np.float32)).stream())
    >>> [window.n_frames for window in windows_at_pauses(silence)]
    [3000, 3000, 1000]
    """
    while (end is None or start < end) and mel.reaches(start + 1):
        longer = (end is None or end - start > FRAMES_PER_WINDOW) and mel.reaches(
            start + FRAMES_PER_WINDOW + 1
        )
        stop = quietest(mel, start) if longer else start + FRAMES_PER_WINDOW
        window = mel.window(start, (stop if end is None else min(stop, end)) - start)
        yield window
        start += window.n_frames


def quietest(mel: MelStream, start: int) -> int:
    """The frame to cut at, for a window that begins at `start` and could be longer than it may."""
    first, last = start + SHORTEST, start + FRAMES_PER_WINDOW
    columns = mel.between(first - REACH, last + REACH)
    low, high = (round(share * len(columns)) for share in VOICE)
    stretch = columns[low:high].mean(axis=0)
    sums = np.concatenate([np.zeros(1), np.cumsum(stretch, dtype=np.float64)])
    frames = np.arange(first, last + 1)
    left, right = frames - REACH - (first - REACH), np.minimum(frames + REACH - (first - REACH), len(stretch))
    loudness: FloatArray = (sums[right] - sums[left]) / (right - left)
    early = (last - frames) / FRAMES_PER_WINDOW
    cost = loudness + LATER * early
    return int(frames[len(cost) - 1 - np.argmin(cost[::-1])])
