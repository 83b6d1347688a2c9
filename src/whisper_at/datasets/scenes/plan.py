"""A scene on paper: which part of which clip, how loud, at which sample. Plain values that go to JSON and back.

Times are in samples (1/16000 s): of the scene, or, for `begin` and `end`, of the source clip.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from whisper_at.datasets.clip import Clip, Sounding
from whisper_at.datasets.scenes.activity import Stretch
from whisper_at.datasets.scenes.codecs import Change
from whisper_at.datasets.scenes.rooms import Point, Room


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """What sounds all the time: a clip that is looped, or noise of a colour if there is none.

    begin, end: the part of the clip that is looped; `turn` is the sample of the loop to start with.
    level: mean power in dB of full scale; `gain` in dB brings it there.
    seed: of the noise.
    known: whether all that is heard in it is among its labels.
    """

    clip: Clip | None
    colour: str
    begin: int
    end: int
    turn: int
    level: float
    gain: float
    seed: int
    known: bool


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A part of a clip, laid at a sample of the scene.

    stretches: where it is heard, in samples of the scene, without the ringing of a room.
    snr: its level over the background of these stretches in dB, which `gain` in dB brings about.
    place: where in the room it comes from, if there is a room.
    known: whether all that is heard in it is among its labels.
    """

    clip: Clip
    begin: int
    end: int
    at: int
    stretches: tuple[Stretch, ...]
    snr: float
    gain: float
    known: bool
    place: Point | None = None

    @property
    def stop(self) -> int:
        """The sample of the scene after its last."""
        return self.at + self.end - self.begin


@dataclass(frozen=True, kw_only=True)
class ScenePlan:
    """All that makes a scene; `render` turns it into sound and truth.

    seed, fold, index: how it was drawn; nothing else is needed to draw it again from the same clips.
    gaps: stretches in which there is no background, nor anything else but what rings on in a room.
    events, speech: in the order of time.
    words_known: False where a source may speak or sing and nobody wrote down what.
    """

    seed: int
    fold: str
    index: int
    n_samples: int
    backdrop: Backdrop
    gaps: tuple[Stretch, ...]
    events: tuple[Placed, ...]
    speech: tuple[Placed, ...]
    words_known: bool
    room: Room | None
    change: Change | None

    def to_dict(self) -> dict[str, Any]:
        """Numbers, strings, lists and dictionaries, ready for JSON; `from_dict` takes them back."""
        data: dict[str, Any] = _plain(asdict(self))
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ScenePlan":
        """The plan that `to_dict` wrote."""
        backdrop, room, change = data["backdrop"], data["room"], data["change"]
        clip = backdrop["clip"]
        return cls(
            **{key: data[key] for key in ("seed", "fold", "index", "n_samples", "words_known")},
            backdrop=Backdrop(**{**backdrop, "clip": None if clip is None else _clip(clip)}),
            gaps=_pairs(data["gaps"]),
            events=tuple(map(_placed, data["events"])),
            speech=tuple(map(_placed, data["speech"])),
            room=None if room is None else Room(**{key: _tuple(value) for key, value in room.items()}),
            change=None if change is None else Change(**change),
        )


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.as_posix() if isinstance(value, Path) else value


def _placed(data: Mapping[str, Any]) -> Placed:
    known = {
        "clip": _clip(data["clip"]),
        "stretches": _pairs(data["stretches"]),
        "place": _tuple(data["place"]),
    }
    return Placed(**{**data, **known})


def _clip(data: Mapping[str, Any]) -> Clip:
    soundings = data["soundings"]
    known = {
        "path": Path(data["path"]),
        "labels": tuple(data["labels"]),
        "soundings": None if soundings is None else tuple(Sounding(**one) for one in soundings),
    }
    return Clip(**{**data, **known})


def _pairs(data: list[list[int]]) -> tuple[Stretch, ...]:
    return tuple((start, end) for start, end in data)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
