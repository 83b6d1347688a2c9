"""What probes found, as plain values that go to JSON and come back the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whisper_at.evaluation.plain import from_json, to_json
from whisper_at.evaluation.score import Score

SCHEMA = "whisper-at-probe/1"
LAYER, OTHER, RANDOM, LOG_MEL, SHUFFLED = "layer", "other", "random weights", "log-mel", "shuffled labels"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How well classes are told apart by what one representation says of a clip.

    name: `convolution`, `layer 3`, `mean of layers`, `all layers`, `log-mel`.
    kind: `layer` (what comes out of the convolutions too), `other`, or the control that it is: the same of an encoder
        with `random weights`, `log-mel`, `shuffled labels`.
    dim: numbers that it has.
    accuracy: over all clips; folds: of each fold by itself; mean_of_folds: what cross-validation reports.
    f1: of each class; macro_f1: their mean.
    penalties: see `linear`.
    """

    name: str
    kind: str
    dim: int
    accuracy: Score
    folds: Mapping[str, float]
    mean_of_folds: float
    macro_f1: Score
    f1: Mapping[str, Score]
    penalties: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class BestLayer:
    """The layer with the highest F1 of a class, of equals the first; share: of resamples in which it is that one."""

    class_name: str
    layer: str
    f1: float
    share: float


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """All probes of an encoder on a corpus. Intervals are of 95 %, by bootstrap over clips.

    classes: and how many clips each has. seed: of random weights, shuffled labels and the bootstrap.
    """

    model: str
    model_sha256: str
    dataset: str
    clips: int
    classes: Mapping[str, int]
    seed: int
    resamples: int
    commit: str
    probes: tuple[Probe, ...]
    best: tuple[BestLayer, ...] = field(default_factory=tuple)

    def layers(self) -> tuple[Probe, ...]:
        """Those of the encoder's layers, in order."""
        return tuple(one for one in self.probes if one.kind == LAYER)

    def to_dict(self) -> dict[str, Any]:
        """Lists, dictionaries, strings and numbers, ready for JSON."""
        return to_json(self, SCHEMA)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ProbeResult":
        """The result that `to_dict` wrote.

        Raises:
            ValueError: if the dictionary is of another schema, or a field is missing, unknown or of another kind.
        """
        return from_json(cls, data, SCHEMA)
