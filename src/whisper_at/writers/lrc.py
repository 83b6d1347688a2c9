"""Lyrics: a time of hundredths before each line, for players of music."""

from whisper_at.annotation import Annotation
from whisper_at.writers.captions import captions
from whisper_at.writers.options import WriteOptions

SHORTEST_PAUSE = 1.0  # seconds; a shorter one is not shown


def to_lrc(annotation: Annotation, options: WriteOptions) -> str:
    """Each caption as a line; an empty one where nothing follows for a while."""
    cues = captions(annotation, options)
    lines = []
    for i, cue in enumerate(cues):
        lines.append(f"[{_clock(cue.start)}]{' '.join(cue.lines)}")
        if i + 1 == len(cues) or cues[i + 1].start - cue.end > SHORTEST_PAUSE:
            lines.append(f"[{_clock(cue.end)}]")
    return "".join(f"{line}\n" for line in lines)


def _clock(seconds: float) -> str:
    """
    >>> _clock(3725.456)
    '62:05.46'
    """
    hundredths = round(100 * seconds)
    return f"{hundredths // 6000:02}:{hundredths % 6000 // 100:02}.{hundredths % 100:02}"
