"""What kind of scenes are wanted: shares, ranges and names in one frozen value.

In: nothing. Out: a checked `SceneRecipe`, which goes to a dictionary and comes back the same.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from whisper_at.datasets.scenes.codecs import KINDS
from whisper_at.datasets.scenes.noise import COLOURS
from whisper_at.errors import OptionError
from whisper_at.tagging.ontology import SINGING, SPEECH

VOCAL_MUSIC = "/m/0y4f8"

# Labels of AudioSet that last, so that a recording of them can lie under a whole scene.
LASTING = (
    "/m/06mb1",  # Rain
    "/t/dd00038",  # Rain on surface
    "/m/03m9d0z",  # Wind
    "/m/0j6m2",  # Stream
    "/m/0j2kx",  # Waterfall
    "/m/05kq4",  # Ocean
    "/m/034srq",  # Waves, surf
    "/m/02_41",  # Fire
    "/m/09xqv",  # Cricket
    "/m/07qfr4h",  # Hubbub, speech noise, speech babble
    "/m/03qtwd",  # Crowd
    "/m/0btp2",  # Traffic noise, roadway noise
    "/m/07jdr",  # Train
    "/m/07pb8fc",  # Idling
    "/m/0d31p",  # Vacuum cleaner
    "/m/02x984l",  # Mechanical fan
    "/m/025wky1",  # Air conditioning
    "/m/06_y0by",  # Environmental noise
    "/t/dd00125",  # Inside, small room
    "/t/dd00126",  # Inside, large room or hall
    "/t/dd00127",  # Inside, public space
    "/t/dd00128",  # Outside, urban or manmade
    "/t/dd00129",  # Outside, rural or natural
)
EVERYTHING = "*"  # among `trusted`: all subsets

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class SceneRecipe:
    """How scenes are made. Ranges are (least, most), shares lie between 0 and 1, levels are in decibels.

    Background: `background_share` of the scenes lie over a recording of `background_level` (mean power in dB
    of full scale), where the corpus has any: a clip of one of the `background_subsets`, or with one of the
    `background_labels`. The others, and those of a corpus that has none, lie over the noise of a quiet room:
    of one of the `noise_colours`, at `noise_level`, without a label. In `gap_share` of the scenes there are
    `gap_seconds` of digital silence.

    Events: `events` is how many are tried; one that finds no place where fewer than `at_once` sound already is
    left out. `snr` is the level over the background (see `soundscapes`). A source whose sound lasts longer
    than `longest_event` seconds is cut. `balance` says how labels are chosen: 0 each as often, 1 as often as
    the corpus has them (see `stock`). `unlabelled_share` of the events come from clips of which nobody knows
    what is heard. Clips of the `trusted` subsets ("*" for all) count as complete.

    Speech: in `speech_share` of the scenes there are `sentences`, clips with a transcript, all of one voice
    (language and subset), `speech_snr` over the background. They never overlap each other and are never cut.
    Where a sound with one of the `wordy` labels has no transcript, the scene has none: its words are unknown.

    Changes: in `room_share` of the scenes events and sentences ring in one room with a `reverberation` time
    in seconds; `codec_share` of the scenes go through one of the `codecs`.

    >>> SceneRecipe(events=(0, 3), speech_share=1).sentences
    (1, 4)
    >>> SceneRecipe(room_share=2)
    Traceback (most recent call last):
    whisper_at.errors.OptionError: room_share of a scene recipe lies between 0 and 1; got 2
    """

    duration: float = 30.0
    background_share: float = 0.7
    background_labels: tuple[str, ...] = LASTING
    background_subsets: tuple[str, ...] = ()
    background_level: Range = (-55.0, -35.0)
    noise_level: Range = (-65.0, -45.0)
    noise_colours: tuple[str, ...] = tuple(COLOURS)
    gap_share: float = 0.2
    gap_seconds: Range = (1.0, 5.0)
    events: tuple[int, int] = (1, 8)
    snr: Range = (0.0, 30.0)
    longest_event: float = 10.0
    at_once: int = 3
    balance: float = 0.5
    unlabelled_share: float = 0.0
    trusted: tuple[str, ...] = ()
    speech_share: float = 0.5
    sentences: tuple[int, int] = (1, 4)
    speech_snr: Range = (5.0, 30.0)
    wordy: tuple[str, ...] = (SPEECH, SINGING, VOCAL_MUSIC)
    room_share: float = 0.3
    reverberation: Range = (0.2, 0.9)
    codec_share: float = 0.3
    codecs: tuple[str, ...] = tuple(KINDS)

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name.endswith("_share") or name == "balance":
                _refuse_unless(0 <= value <= 1, name, "lies between 0 and 1", value)
        for name in RANGES:
            _refuse_unless(len(getattr(self, name)) == 2, name, "is (least, most)", getattr(self, name))
            least, most = getattr(self, name)
            finite = math.isfinite(least) and math.isfinite(most)
            _refuse_unless(finite and least <= most, name, "is (least, most)", (least, most))
        for name in ("events", "sentences"):
            least, most = getattr(self, name)
            whole = isinstance(least, int) and isinstance(most, int) and least >= 0
            _refuse_unless(whole, name, "counts from 0 in whole numbers", (least, most))
        for name in ("background_level", "noise_level"):
            _refuse_unless(
                getattr(self, name)[1] <= 0, name, "is below full scale, 0 dB", getattr(self, name)
            )
        for name in ("gap_seconds", "reverberation"):
            _refuse_unless(getattr(self, name)[0] > 0, name, "is in seconds above 0", getattr(self, name))
        for name in ("duration", "longest_event"):
            value = getattr(self, name)
            _refuse_unless(0.1 <= value < math.inf, name, "is at least 0.1 s", value)
        _refuse_unless(self.at_once >= 1, "at_once", "is at least 1", self.at_once)
        _refuse_unknown("noise_colours", self.noise_colours, COLOURS)
        _refuse_unknown("codecs", self.codecs, KINDS)

    def to_dict(self) -> dict[str, Any]:
        """Numbers, strings and lists, ready for JSON."""
        return {name: list(x) if isinstance(x, tuple) else x for name, x in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SceneRecipe":
        """The recipe that `to_dict` wrote, or what a file says of one.

        >>> SceneRecipe.from_dict(SceneRecipe(snr=(3, 9)).to_dict()) == SceneRecipe(snr=(3, 9))
        True

        Raises:
            OptionError: if a name is not one of a recipe's, or a value makes no sense.
        """
        known = [field.name for field in fields(cls)]
        for name in data:
            if name not in known:
                raise OptionError(f"a scene recipe has no '{name}'; it has {', '.join(known)}")
        values: dict[str, Any] = {name: tuple(x) if isinstance(x, list) else x for name, x in data.items()}
        try:
            return cls(**values)
        except TypeError as error:  # what stands there is no number, or no list
            raise OptionError(f"a scene recipe cannot be read ({error}); found {dict(data)}") from error


RANGES = (
    "background_level noise_level gap_seconds events snr sentences speech_snr reverberation".split()
)  # fields that are (least, most)


def _refuse_unless(fine: bool, name: str, wanted: str, found: object) -> None:
    if not fine:
        raise OptionError(f"{name} of a scene recipe {wanted}; got {found}")


def _refuse_unknown(name: str, chosen: tuple[str, ...], known: Mapping[str, object]) -> None:
    _refuse_unless(len(chosen) > 0, name, f"names at least one of {', '.join(known)}", "none")
    for one in chosen:
        _refuse_unless(one in known, name, f"are among {', '.join(known)}", f"'{one}'")
