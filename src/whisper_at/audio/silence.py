"""Where a window is silent: far below what is loud in it, or without any sound. A window in, frames out.

Silence is told by its loudness, with nothing learned: neither by the words nor by the tags.
"""

import numpy as np
import numpy.typing as npt

from whisper_at.audio.windows import Window

SHORTEST = 25  # frames; shorter ones may be the closure of a stop within a word
LOUD, QUIET = 95, 2  # percentiles of a window's loudness that stand for its speech and for its background
BELOW_LOUD = 40.0  # decibels: what is so far below speech is silent ...
ABOVE_QUIET = 6.0  # ... and so is what rises no more than this above the background ...
CONTRAST = 12.0  # ... if speech still rises this far above that
RUMBLE = 0.1  # the share of the mel bands that lie below voices, under 300 Hz, where rooms and wind are loud
CLICK = 3  # frames; a sound that is shorter does not end a silence
NOTHING = -6.0  # decades of energy in any band: white noise at -72 decibels of full scale, a tone at -90


def silences(window: Window, shortest: int = SHORTEST) -> list[range]:
    """The frames of the recording that are silent for so long on end, stretch by stretch.

    A stretch at an edge of the window may go on beyond it, and counts however short it is.
    """
    loudness = loudness_of(window)
    loud, quiet = np.percentile(loudness, [LOUD, QUIET])
    limit = loud - BELOW_LOUD
    if loud - quiet >= ABOVE_QUIET + CONTRAST:
        limit = max(limit, quiet + ABOVE_QUIET)
    n = window.n_frames
    heard = [run for run in _runs(loudness > limit) if len(run) > CLICK or run.start == 0 or run.stop == n]
    edges = [0, *(edge for run in heard for edge in (run.start, run.stop)), n]
    between = [range(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
    return [
        range(window.seek + run.start, window.seek + run.stop)
        for run in between
        if len(run) >= shortest or run.start == 0 or run.stop == n
    ]


def loudness_of(window: Window) -> npt.NDArray[np.float32]:
    """The loudness of each real frame of a window [frame], in decibels of all bands above rumble together."""
    lowest = round(RUMBLE * len(window.padded))
    decades = window.padded[lowest:, : window.n_frames] * 4 - 4  # as log_mel scaled them
    return np.asarray(10 * np.log10(np.mean(10.0**decades, axis=0)), np.float32)


def has_sound(window: Window) -> npt.NDArray[np.bool_]:
    """Whether there is any sound at all in each real frame of a window [frame].

    There is none where no band of the log-mel rises above the others, for all of them lie where `log_mel` lifts what is
    80 dB below the loudest of the recording; nor where none rises above what can be heard.
    """
    bands = window.padded[:, : window.n_frames]
    loudest = bands.max(axis=0)
    return np.asarray((loudest > bands.min(axis=0)) & (loudest * 4 - 4 > NOTHING))


def _runs(mask: npt.NDArray[np.bool_]) -> list[range]:
    """The stretches in which a mask holds.

    >>> _runs(np.array([True, False, True, True]))
    [range(0, 1), range(2, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return [range(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
