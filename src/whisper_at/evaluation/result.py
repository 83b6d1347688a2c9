"""All that was measured of one tagger on one corpus, as plain values that go to JSON and come back the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whisper_at.evaluation.calibration import Reliability
from whisper_at.evaluation.cells import Presence
from whisper_at.evaluation.closed_set import ClosedSet
from whisper_at.evaluation.cost import Costs
from whisper_at.evaluation.events import EventScores
from whisper_at.evaluation.plain import from_json, to_json
from whisper_at.evaluation.score import Score
from whisper_at.evaluation.tags import TagScores

SCHEMA = "whisper-at-evaluation/1"


@dataclass(frozen=True, kw_only=True)
class LabelScore:
    """One row of the table: clips with and without the label, and how well they are told apart.

    calibration_error: see `calibration.expected_calibration_error`, of this label alone.
    event_f1: at the tagger's threshold, see `events`; None where it does not sound, or no times are known.
    """

    id: str
    name: str
    positives: int
    negatives: int
    ap: Score
    auc: Score
    calibration_error: float | None
    event_f1: float | None = None


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Labels that a mean does not hold, by name.

    no_positives: none is known to be in any clip (or fewer than were asked for); no_negatives: none is known not to be.
    not_predicted: the corpus has them and the tagger does not.
    """

    no_positives: tuple[str, ...] = ()
    no_negatives: tuple[str, ...] = ()
    not_predicted: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a tagger scores on a corpus. Intervals are of 95 %, by bootstrap over clips.

    absent: how labels that nobody listed counted: "false", AudioSet's practice, or "unknown".
    seed, resamples: of the bootstrap; that of PSDS takes at most `psds.RESAMPLES` of them.
    calibration_error: over all known cells of clips and labels; reliability: what it is made of.
    labels: those that can be ranked, best first. left_out: the others, by the reason.
    events, psds1, psds2, presence: None or () where the tagger or the corpus tells no times.
    """

    tagger: str
    tagger_sha256: str | None
    dataset: str
    fold: str | None
    n_clips: int
    absent: str
    seed: int
    resamples: int
    tags: TagScores
    calibration_error: Score
    reliability: Reliability
    labels: tuple[LabelScore, ...]
    left_out: LeftOut
    closed_sets: tuple[ClosedSet, ...] = ()
    events: EventScores | None = None
    psds1: Score | None = None
    psds2: Score | None = None
    presence: tuple[Presence, ...] = ()
    costs: Costs | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)

    def to_dict(self) -> dict[str, Any]:
        """Lists, dictionaries, strings and numbers, ready for JSON."""
        return to_json(self, SCHEMA)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Evaluation":
        """The evaluation that `to_dict` wrote.

        Raises:
            ValueError: if the dictionary is of another schema, or a field is missing, unknown or of another kind.
        """
        return from_json(cls, data, SCHEMA)
