"""How results are written: what sounds are called, and how much of a caption can be read at a time."""

from dataclasses import dataclass
from pathlib import Path

from whisper_at.errors import OptionError
from whisper_at.tagging.wording import language_of

SOUNDS = ("auto", "captions", "inline", "only", "off")


@dataclass(frozen=True, kw_only=True)
class WriteOptions:
    """Settings of the writers. Those of captions begin as broadcasters publish them for grown-up viewers.

    sounds: "captions" gives sounds lines of their own, "inline" puts them among the words, "only" leaves the words out,
        "off" the sounds; "auto" is "captions", but for plain text, which has the words alone.
    label_language: code of the language that sounds are named in; None for that of the text.
    max_line_width: columns of a line; a Chinese, Japanese or Korean character takes two.
    max_line_count: lines on the screen at once.
    max_words_per_line: at most so many words in a line; None for as many as fit.
    highlight_words: each word is marked while it is said; needs word times.
    max_cps: characters a second that can be read: 21 for grown-ups, 17 for children.
    frame_rate: frames a second of the picture; between two captions at least two of them stay free.
    recording: the file that was heard, for formats that play it.
    sound: what they play in its stead, as WebM (`audio.compact`), where it is too large for them or browsers cannot.
    folder: where the result is written, from which the recording is looked for if it cannot be put in.
    """

    sounds: str = "auto"
    label_language: str | None = None
    max_line_width: int = 42
    max_line_count: int = 2
    max_words_per_line: int | None = None
    highlight_words: bool = False
    max_cps: float = 21.0
    frame_rate: float = 25.0
    recording: Path | None = None
    sound: bytes | None = None
    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.sounds not in SOUNDS:
            raise OptionError(f"sounds must be one of {', '.join(SOUNDS)}; got {self.sounds!r}")
        if self.label_language is not None:
            language_of(self.label_language)
        if self.max_line_width < 10:
            raise OptionError(f"max_line_width must be 10 or more, got {self.max_line_width}")
        if self.max_line_count < 1:
            raise OptionError(f"max_line_count must be 1 or more, got {self.max_line_count}")
        if self.max_words_per_line is not None and self.max_words_per_line < 1:
            raise OptionError(f"max_words_per_line must be 1 or more, got {self.max_words_per_line}")
        for name in ("max_cps", "frame_rate"):
            if not 1 <= getattr(self, name) <= 1000:
                raise OptionError(f"{name} must lie between 1 and 1000, got {getattr(self, name):g}")

    @property
    def with_words(self) -> bool:
        """Whether what is said is written."""
        return self.sounds != "only"

    @property
    def with_sounds(self) -> bool:
        """Whether what is heard is written, where nothing speaks against it."""
        return self.sounds != "off"

    @property
    def needs_words(self) -> bool:
        """Whether what is asked for hangs on the times of words."""
        return self.highlight_words or self.max_words_per_line is not None
