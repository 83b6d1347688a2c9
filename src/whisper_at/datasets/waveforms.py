"""A clip in, what is heard of it out: the file is decoded and the clip's part cut from it.

A clip that cannot be heard is an error with its name: it never becomes silence.
"""

from dataclasses import replace

from whisper_at.audio import Recording, read
from whisper_at.datasets.clip import Clip
from whisper_at.errors import AudioError, DatasetError
from whisper_at.timegrid import SAMPLE_RATE

SHORTEST_LACK = 0.1  # seconds; tables round their times


def read_clip(clip: Clip) -> Recording:
    """The recording of a clip, from its start to its end.

    Raises:
        DatasetError: if its file is missing or cannot be decoded, or ends before the clip starts.
    """
    try:
        whole = read(clip.path)
    except AudioError as error:
        raise DatasetError(f"clip {clip.name}: {error}") from error
    return part(whole, clip)


def part(whole: Recording, clip: Clip) -> Recording:
    """The part of a decoded file that the clip is; a note says if the file ends before the clip does.

    >>> import numpy as np
    >>> from pathlib import Path
    >>> whole = Recording(name="a.wav", samples=np.zeros(32000, np.float32))
    >>> part(whole, Clip(path=Path("a.wav"), start=0.5, end=2.0)).duration
    1.5

    Raises:
        DatasetError: if nothing of the clip is in the file.
    """
    if clip.start == 0 and clip.end is None:
        return whole
    stop = len(whole.samples) if clip.end is None else round(clip.end * SAMPLE_RATE)
    samples = whole.samples[round(clip.start * SAMPLE_RATE) : stop]
    if not len(samples):
        raise DatasetError(
            f"clip {clip.name}: the file lasts {whole.duration:g} s; correct its start and end"
        )
    lack = 0.0 if clip.end is None else clip.end - whole.duration
    lacking = (
        (f"the clip goes on for {lack:.1f} s after the end of its file",) if lack > SHORTEST_LACK else ()
    )
    return replace(whole, samples=samples, notes=whole.notes + lacking)
