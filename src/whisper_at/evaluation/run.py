"""Predictions and a corpus in, one `Evaluation` out: the same for every tagger."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.clip import Dataset
from whisper_at.errors import DatasetError, OptionError
from whisper_at.evaluation.arrays import Scored
from whisper_at.evaluation.calibration import (
    expected_calibration_error,
    label_calibration_errors,
    reliability,
)
from whisper_at.evaluation.cells import presence
from whisper_at.evaluation.closed_set import CLOSED_SETS, ClosedSet, closed_set
from whisper_at.evaluation.cost import Costs
from whisper_at.evaluation.events import Thresholds, event_scores, label_event_f1
from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.psds import PSDS1, PSDS2, psds
from whisper_at.evaluation.result import Evaluation, LabelScore, LeftOut
from whisper_at.evaluation.score import RESAMPLES, SEED, Weights, draw, score
from whisper_at.evaluation.tags import Ranking, rank, tag_scores
from whisper_at.evaluation.truth import Absent, Sounds, sounds_of, truth_of
from whisper_at.tagging.ontology import SPEECH


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """How truth is read and what is measured.

    absent: how a label counts that nobody listed, see `truth`.
    labels: only these ids; to compare taggers, give the ones that all of them have. None for all that corpus and tagger
        share.
    min_positives: labels in fewer clips are left out of the means over labels.
    presence: labels whose presence in each cell is measured.
    resamples, seed: of the bootstrap.
    """

    absent: Absent = "false"
    labels: tuple[str, ...] | None = None
    min_positives: int = 1
    presence: tuple[str, ...] = (SPEECH,)
    resamples: int = RESAMPLES
    seed: int = SEED

    def __post_init__(self) -> None:
        if self.absent not in ("false", "unknown"):
            raise OptionError(f"absent must be false or unknown, got {self.absent!r}")
        if self.min_positives < 1 or self.resamples < 0:
            raise OptionError(
                f"wanted at least 1 positive and 0 resamples, got {self.min_positives} and {self.resamples}"
            )


def evaluate(
    predictions: Predictions,
    dataset: Dataset,
    options: EvaluationOptions | None = None,
    *,
    thresholds: Thresholds = 0.5,
    costs: Costs | None = None,
    fold: str | None = None,
    sha256: str | None = None,
) -> Evaluation:
    """Everything that predictions and corpus allow to be measured.

    Args:
        predictions: of at least the clips of the dataset.
        dataset: the clips, with what is known of them.
        thresholds: from which probability an event counts as detected; one, or one for each label of the predictions.
        costs, fold, sha256: noted as they are.

    Raises:
        DatasetError: if there are no clips, or no label that both know.
        ValueError: if a clip was not predicted, or a number is no probability.
    """
    case = _prepare(predictions, dataset, options or EvaluationOptions(), thresholds)
    ranking = rank(case.scored, case.weights)
    return Evaluation(
        tagger=predictions.tagger,
        tagger_sha256=sha256,
        dataset=dataset.name,
        fold=fold,
        n_clips=len(dataset.clips),
        absent=case.options.absent,
        seed=case.options.seed,
        resamples=case.options.resamples,
        tags=tag_scores(case.scored, case.weights, ranking, case.options.min_positives),
        calibration_error=expected_calibration_error(case.scored, case.weights),
        reliability=reliability(case.scored),
        labels=_rows(case, ranking),
        left_out=_left_out(case),
        closed_sets=tuple(_closed_sets(case)),
        **_times(case),
        costs=costs,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Case:
    """Predictions beside the truth.

    whole: of the clips of the dataset, all labels; chosen: the labels that are measured.
    kept: which of them [label] the means over labels hold. limits: their thresholds [label].
    sounds: None where no times are known or told.
    """

    whole: Predictions
    chosen: Predictions
    dataset: Dataset
    options: EvaluationOptions
    limits: npt.NDArray[np.float64]
    scored: Scored
    kept: npt.NDArray[np.bool_]
    sounds: Sounds | None
    weights: Weights

    @property
    def names(self) -> dict[str, str]:
        """What the labels are called."""
        return dict(zip(self.dataset.labels.ids, self.dataset.labels.names, strict=True))


def _prepare(
    predictions: Predictions, dataset: Dataset, options: EvaluationOptions, thresholds: Thresholds
) -> _Case:
    clips, labels = dataset.clips, dataset.labels
    if not clips:
        raise DatasetError(f"{dataset.name} has no clips to evaluate on; check the manifest and the fold")
    whole = predictions.take([clip.name for clip in clips])
    ids = _shared(whole, dataset, options)
    columns = [whole.ids.index(one) for one in ids]
    chosen = whole.select(ids)
    truth = truth_of(clips, labels, ids, absent=options.absent)
    scored = Scored(chosen.clip, truth.present, truth.known)
    timed = chosen.cells is not None and any(clip.soundings is not None for clip in clips)
    return _Case(
        whole=whole,
        chosen=chosen,
        dataset=dataset,
        options=options,
        limits=_limits(thresholds, len(whole.ids))[columns],
        scored=scored,
        kept=scored.rankable & (scored.positives >= options.min_positives),
        sounds=sounds_of(clips, labels, ids, absent=options.absent) if timed else None,
        weights=draw(len(clips), options.resamples, options.seed),
    )


def _limits(thresholds: Thresholds, n_labels: int) -> npt.NDArray[np.float64]:
    """A threshold for each label [label] of the predictions."""
    limits = np.asarray(thresholds, np.float64)
    if limits.shape not in ((), (n_labels,)):
        raise ValueError(
            f"wanted one threshold, or one for each of {n_labels} predicted labels, found {list(limits.shape)}"
        )
    return np.broadcast_to(limits, (n_labels,))


def _shared(predictions: Predictions, dataset: Dataset, options: EvaluationOptions) -> list[str]:
    """The labels that are measured: those of the options, or all that both know."""
    here = set(predictions.ids)
    wanted = dataset.labels.ids if options.labels is None else options.labels
    strange = [one for one in options.labels or () if one not in dataset.labels.ids]
    if strange:
        raise DatasetError(f"{dataset.name} does not speak of {strange[0]!r}; ask for labels that it has")
    shared = [one for one in wanted if one in here]
    if not shared:
        raise DatasetError(
            f"{dataset.name} and {predictions.tagger} share no label: the one has {wanted[0]!r}, the other "
            f"{predictions.ids[0]!r}; read the corpus with the labels of the tagger"
        )
    return shared


def _rows(case: _Case, ranking: Ranking) -> tuple[LabelScore, ...]:
    """The table, best label first."""
    errors = label_calibration_errors(case.scored)
    event_f1 = (
        np.full(len(errors), np.nan)
        if case.sounds is None
        else label_event_f1(case.chosen, case.sounds, case.limits)
    )
    rows = [
        LabelScore(
            id=case.chosen.ids[i],
            name=case.names[case.chosen.ids[i]],
            positives=int(case.scored.positives[i]),
            negatives=int(case.scored.negatives[i]),
            ap=score(ranking.ap[i], ranking.drawn_ap[i]),
            auc=score(ranking.auc[i], ranking.drawn_auc[i]),
            calibration_error=score(errors[i]).value,
            event_f1=score(event_f1[i]).value,
        )
        for i in np.flatnonzero(case.kept).tolist()
    ]
    return tuple(sorted(rows, key=lambda row: (-(row.ap.value or 0), row.name)))


def _left_out(case: _Case) -> LeftOut:
    names, ids = case.names, case.chosen.ids
    few = case.scored.positives < case.options.min_positives
    full = ~few & ~case.kept
    wanted = case.dataset.labels.ids if case.options.labels is None else case.options.labels
    return LeftOut(
        no_positives=tuple(names[ids[i]] for i in np.flatnonzero(few).tolist()),
        no_negatives=tuple(names[ids[i]] for i in np.flatnonzero(full).tolist()),
        not_predicted=tuple(names[one] for one in wanted if one not in case.whole.ids),
    )


def _closed_sets(case: _Case) -> Iterator[ClosedSet]:
    """Accuracy on those closed sets of which there are clips of two classes."""
    clips = case.dataset.clips
    for name, subsets in CLOSED_SETS.items():
        own = [clip for clip in clips if clip.subset in subsets]
        complete = any(clip.subset == subsets[-1] for clip in own)
        if complete and len({clip.labels for clip in own}) > 1:
            weights = draw(len(own), case.options.resamples, case.options.seed)
            yield closed_set(name, case.whole.take([clip.name for clip in own]), own, case.names, weights)


def _times(case: _Case) -> dict[str, Any]:
    """The fields of `Evaluation` that need times."""
    if case.sounds is None:
        return {}
    asked = [one for one in case.options.presence if one in case.chosen.ids]
    fields: dict[str, Any] = {
        "presence": tuple(
            presence(case.chosen, case.sounds, one, case.names[one], case.weights) for one in asked
        )
    }
    if case.sounds.n_events.any():
        timed = (case.chosen, case.sounds)
        fields["events"] = event_scores(*timed, case.limits, case.weights)
        fields["psds1"] = psds(*timed, PSDS1, case.weights)
        fields["psds2"] = psds(*timed, PSDS2, case.weights)
    return fields
