"""All that can be set for one recording, words and tags together."""

from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from whisper_at.errors import OptionError
from whisper_at.speech.options import SpeechOptions
from whisper_at.tagging.options import TagOptions


@dataclass(frozen=True, kw_only=True)
class Options(SpeechOptions, TagOptions):
    """All that can be set for one recording: `SpeechOptions` and `TagOptions` in one.

    channels: "mix" hears their mean, "split" each as a recording of its own; all is then put in the order of time.

    >>> Options(language="en", tag_resolution=4).beam_size
    5
    """

    channels: str = "mix"

    def __post_init__(self) -> None:
        if self.channels not in ("mix", "split"):
            raise OptionError(f"channels must be mix or split, got {self.channels!r}")
        SpeechOptions.__post_init__(self)
        TagOptions.__post_init__(self)

    def with_(self, **changes: Any) -> "Options":
        """The same options but for the changes.

        Raises:
            OptionError: if there is no such option; names the nearest one.
        """
        names = [f.name for f in fields(self)]
        for name in changes:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                raise OptionError(
                    f"there is no option {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
                )
        for name in ("temperature", "clip_timestamps"):
            if isinstance(changes.get(name), list):
                changes[name] = tuple(changes[name])
        return replace(self, **changes)
