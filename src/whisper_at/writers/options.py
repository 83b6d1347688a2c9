"""How results are written: which language sounds are named in, and whether they are written at all."""

from dataclasses import dataclass
from pathlib import Path

from whisper_at.errors import OptionError
from whisper_at.tagging.wording import language_of

SOUNDS = ("captions", "inline", "only", "off")


@dataclass(frozen=True, kw_only=True)
class WriteOptions:
    """Settings of the writers.

    sounds: in captions and text, "captions" gives sounds lines of their own, "inline" puts them among the words, "only"
        leaves the words out, "off" the sounds.
    label_language: code of the language that sounds are named in; None for that of the text.
    recording: the file that was heard, for formats that play it.
    """

    sounds: str = "captions"
    label_language: str | None = None
    recording: Path | None = None

    def __post_init__(self) -> None:
        if self.sounds not in SOUNDS:
            raise OptionError(f"sounds must be one of {', '.join(SOUNDS)}; got {self.sounds!r}")
        if self.label_language is not None:
            language_of(self.label_language)
