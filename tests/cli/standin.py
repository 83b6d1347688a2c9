"""A model that understands nothing: it reads each recording truly, and answers with its length.

It takes the place of the real one where a test is about the command line around it, in this process or, as
`python -m tests.cli.standin ARGUMENTS`, in another one.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from whisper_at.annotation import Annotation, Event, Provenance, Segment
from whisper_at.errors import OptionError
from whisper_at.pipeline import Model


def _english(name: str) -> str:
    if name not in ("en", "English"):
        raise OptionError(f"language {name!r} was asked for, but the stand-in knows English only")
    return "en"


class StandIn:
    """Answers `sound.wav lasts 1.0 s.`; `loaded` holds what it was loaded with, `heard` what it read.

    A recording whose name begins with `interrupted` ends as if Ctrl-C had been pressed; at one that begins with
    `endless` it tells that it has begun, in a file `begun`, and waits.
    """

    def __init__(self) -> None:
        self.loaded: list[dict[str, Any]] = []
        self.heard: list[str] = []
        self.options: Any = None
        self.head: Any = None
        self.checkpoint = SimpleNamespace(name="stand-in.en", dims=SimpleNamespace(n_vocab=51864))
        self.tokenizer = SimpleNamespace(
            language=_english, start=lambda language, task: [], multilingual=False
        )

    check = Model.check

    def load(self, name: str, **how: Any) -> "StandIn":
        self.loaded.append({"name": name, **how})
        return self

    def events(self, source: Any, *, options: Any, cancel: Any) -> Any:
        """A siren in every recording whose name begins with `loud`."""
        self.options = options
        from whisper_at.audio import read

        self.heard.append(read(source).name)
        if Path(str(source)).name.startswith("loud"):
            yield Event(label="Siren", mid="/m/03kmc9", start=0.1, end=0.3, probability=0.9)

    def annotate_all(self, recordings: Any, *, options: Any, progress: Any, cancel: Any) -> Any:
        for recording in recordings:
            self.options = options
            annotation = self.annotate(recording, progress, cancel)
            if cancel.is_set():
                return
            yield annotation

    def annotate(self, recording: Any, progress: Any, cancel: Any) -> Annotation:
        self.heard.append(recording.name)
        if recording.name.startswith("interrupted"):
            raise KeyboardInterrupt
        progress(recording.duration / 2, recording.duration)
        if recording.name.startswith("endless"):
            Path("begun").touch()
            cancel.wait(60)
        progress(recording.duration, recording.duration)
        return Annotation(
            text=f"{recording.name} lasts {recording.duration:.1f} s.",
            language="en",
            language_probability=None,
            duration=recording.duration,
            segments=(
                Segment(
                    id=0,
                    seek=0,
                    start=0.0,
                    end=recording.duration,
                    text=f" {recording.name} lasts {recording.duration:.1f} s.",
                    tokens=(1, 2, 3),
                    temperature=0.0,
                    avg_logprob=-0.5,
                    compression_ratio=1.0,
                    no_speech_prob=0.0,
                ),
            ),
            events=(),
            tags=None,
            model=Provenance(whisper="stand-in", whisper_sha256="00"),
            notes=recording.notes,
        )


if __name__ == "__main__":
    import sys

    import whisper_at.cli.run
    from whisper_at.cli import main

    whisper_at.cli.run.load = StandIn().load  # type: ignore[assignment]
    main(sys.argv[1:])
