"""`whisper-at plot`: a picture of a recording, or of an annotation that was stored before."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from whisper_at.annotation import Annotation
from whisper_at.cli.stored import read_annotation, recording_beside
from whisper_at.cli.talk import say
from whisper_at.cli.terminal import show
from whisper_at.plotting import Envelope, Samples, plot
from whisper_at.writers.options import WriteOptions

CURVES = 24  # labels whose probabilities are asked for: more than are drawn


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What is to be drawn, and how."""

    model: str
    offline: bool | None
    output: Path | None
    audio: Path | None
    most: int
    dark: bool
    label_language: str | None
    terminal: bool
    quiet: bool


def draw(name: str, job: Drawing) -> int:
    """Draws one recording; gives the exit status."""
    stored = Path(name).suffix.lower() == ".json"
    annotation = read_annotation(name) if stored else _heard(name, job)
    if job.terminal:
        show(annotation, WriteOptions(label_language=job.label_language))
        return 0
    path = job.output or Path(f"{Path(name).stem}.png")
    sound = job.audio or (recording_beside(Path(name)) if stored else name)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        plot(
            annotation,
            path,
            waveform=Envelope.of(_blocks(sound)) if sound is not None else None,
            most=job.most,
            dark=job.dark,
            label_language=job.label_language,
        )
    for note in notes:
        say(str(note.message))
    if not job.quiet:
        say(f"wrote {path}")
    return 0


def _heard(name: str, job: Drawing) -> Annotation:
    from whisper_at.pipeline import load

    return load(job.model, offline=job.offline).annotate(name, word_timestamps=True, curves=CURVES)


def _blocks(sound: str | Path) -> Iterator[Samples]:
    """The samples of a recording, ten minutes at a time."""
    from whisper_at.audio import stream

    recording = stream(sound)
    while (block := recording.take()) is not None:
        yield block
