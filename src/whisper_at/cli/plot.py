"""`whisper-at plot`: a picture of a recording, or of an annotation that was stored before."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whisper_at.annotation import Annotation
from whisper_at.cli.stored import read_annotation, recording_beside
from whisper_at.cli.talk import say
from whisper_at.cli.terminal import show
from whisper_at.plotting import plot
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
    sound = job.audio or (recording_beside(Path(name)) if stored else Path(name))
    if job.terminal:
        show(annotation, WriteOptions(label_language=job.label_language))
        return 0
    path = job.output or Path(f"{Path(name).stem}.png")
    plot(
        annotation,
        path,
        waveform=_samples(sound) if sound is not None else None,
        most=job.most,
        dark=job.dark,
        label_language=job.label_language,
    )
    if not job.quiet:
        say(f"wrote {path}")
    return 0


def _heard(name: str, job: Drawing) -> Annotation:
    from whisper_at.pipeline import load

    return load(job.model, offline=job.offline).annotate(name, curves=CURVES)


def _samples(path: Path) -> Any:
    from whisper_at.audio import read

    return read(path).samples
