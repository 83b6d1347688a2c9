"""Several taggers on the same clips and the same truth: what each scores, and by how much each differs from a peer.

In: `Predictions` by the names of taggers. Out: `Measure`s. Clips are drawn anew for the intervals, the same ones for
all taggers, so an interval of a difference says whether other clips of this kind might turn it round.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from whisper_at.datasets.clip import Clip, Dataset, Sounding
from whisper_at.datasets.scenes.activity import active_stretches
from whisper_at.evaluation.arrays import Scored
from whisper_at.evaluation.cells import HAIR, coverage
from whisper_at.evaluation.closed_set import classes_of
from whisper_at.evaluation.events import counts, f1
from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.psds import PSDS1, PSDS2, psds
from whisper_at.evaluation.resampling import ranking
from whisper_at.evaluation.score import Score, Weights, draw, mean_of_defined, score
from whisper_at.evaluation.tags import Ranking, rank
from whisper_at.evaluation.truth import Sounds, sounds_of, truth_of
from whisper_at.tagging.ontology import SPEECH
from whisper_at.timegrid import SAMPLE_RATE
from whisper_at.training.survey import hear

Taggers = Mapping[str, Predictions]
FEWEST = 5  # clips, or events, of a label that counts in the stricter means
FILTERS = (1, 3, 5, 9)  # cells that a median is taken over
THRESHOLDS = 1 / (1 + np.exp(-np.linspace(-5, 3, 17)))
ENOUGH = 10  # events on the validation scenes, for a threshold of a label's own


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number of each tagger.

    over: of what. gaps: how much more than the peer's each head's is; ratios: how many times as much.
    """

    name: str
    over: str
    scores: Mapping[str, Score]
    gaps: Mapping[str, Score] = field(default_factory=dict)
    ratios: Mapping[str, Score] = field(default_factory=dict)


def measure(name: str, over: str, found: Mapping[str, tuple[float, np.ndarray]], peer: str) -> Measure:
    """A measure from values and those of the resamples [resample], paired by their numbers."""
    value, drawn = found[peer]
    heads = {tagger: one for tagger, one in found.items() if tagger != peer}
    with np.errstate(divide="ignore", invalid="ignore"):
        return Measure(
            name=name,
            over=over,
            scores={tagger: score(*one) for tagger, one in found.items()},
            gaps={tagger: score(a - value, b - drawn) for tagger, (a, b) in heads.items()},
            ratios={tagger: score(np.float64(a) / value, b / drawn) for tagger, (a, b) in heads.items()},
        )


def unpaired(name: str, over: str, scores: Mapping[str, Score], peer: str) -> Measure:
    """A measure whose resamples are not at hand, so that its gaps have no intervals."""
    gaps = {
        tagger: score(one.value - scores[peer].value)
        for tagger, one in scores.items()
        if tagger != peer and None not in (one.value, scores[peer].value)
    }
    return Measure(name=name, over=over, scores=scores, gaps=gaps)


# --- which labels a clip carries ---


@dataclass(frozen=True, kw_only=True, eq=False)
class Tagged:
    """Labels of clips: truth and rankings of each tagger, [label] and [label, resample]."""

    dataset: Dataset
    ids: tuple[str, ...]
    positives: np.ndarray
    rankable: np.ndarray
    rankings: Mapping[str, Ranking]

    @classmethod
    def of(cls, taggers: Taggers, dataset: Dataset, ids: Sequence[str], *, resamples: int) -> "Tagged":
        """What is not listed counts as not heard, as in AudioSet, but for kinds of what is, and unlabelled clips."""
        names = [clip.name for clip in dataset.clips]
        truth = truth_of(dataset.clips, dataset.labels, ids, absent="false")
        weights = draw(len(names), resamples)
        scored = {
            tagger: Scored(said.take(names).select(ids).clip, truth.present, truth.known)
            for tagger, said in taggers.items()
        }
        one = next(iter(scored.values()))
        return cls(
            dataset=dataset,
            ids=tuple(ids),
            positives=one.positives,
            rankable=one.rankable,
            rankings={tagger: rank(each, weights) for tagger, each in scored.items()},
        )

    def mean_ap(
        self, name: str, peer: str, *, fewest: int = 1, among: Sequence[str] | None = None
    ) -> Measure:
        """mAP over the labels of at least so many clips."""
        kept = self.rankable & (self.positives >= fewest)
        if among is not None:
            kept &= np.isin(self.ids, list(among))
        return measure(
            name,
            f"{kept.sum()} labels, {len(self.dataset.clips)} clips",
            {
                tagger: (float(mean_of_defined(one.ap[kept])), mean_of_defined(one.drawn_ap[kept]))
                for tagger, one in self.rankings.items()
            },
            peer,
        )

    def rows(self, fewest: int = FEWEST) -> list[dict[str, object]]:
        """Average precision label by label, those of most clips first."""
        called = dict(zip(self.dataset.labels.ids, self.dataset.labels.names, strict=True))
        kept = np.flatnonzero(self.rankable & (self.positives >= fewest)).tolist()
        return [
            {
                "id": self.ids[i],
                "name": called[self.ids[i]],
                "clips": int(self.positives[i]),
                "AP": {tagger: round(float(one.ap[i]), 4) for tagger, one in self.rankings.items()},
            }
            for i in sorted(kept, key=lambda i: -self.positives[i])
        ]


def mean_over_folds(name: str, folds: Sequence[Tagged], peer: str, *, fewest: int) -> Measure:
    """The mean of the mAP of each fold, over the labels of at least so many clips there."""
    found: dict[str, list[tuple[float, np.ndarray]]] = {}
    for one in folds:
        kept = one.rankable & (one.positives >= fewest)
        for tagger, ranked in one.rankings.items():
            drawn = mean_of_defined(ranked.drawn_ap[kept])
            found.setdefault(tagger, []).append((float(mean_of_defined(ranked.ap[kept])), drawn))
    means = {
        tagger: (float(np.mean([value for value, _ in of])), np.mean([drawn for _, drawn in of], axis=0))
        for tagger, of in found.items()
    }
    each = ", ".join(
        f"{called} {'; '.join(f'{value:.3f}' for value, _ in of)}" for called, of in found.items()
    )
    return measure(name, f"{sum(len(one.dataset.clips) for one in folds)} clips; {each}", means, peer)


def closed_set(name: str, taggers: Taggers, dataset: Dataset, peer: str, *, resamples: int) -> Measure:
    """How often the right class is the most probable one; a class is as probable as its most probable label."""
    clips = dataset.clips
    called = dict(zip(dataset.labels.ids, dataset.labels.names, strict=True))
    _, classes, truth = classes_of(name, clips, called)
    weights = draw(len(clips), resamples)
    found = {}
    for tagger, said in taggers.items():
        here = said.take([clip.name for clip in clips])
        of_class = np.stack([here.select(ids).clip.max(1) for ids in classes], 1)
        right = (of_class.argmax(1) == truth).astype(np.float64)
        found[tagger] = float(right.mean()), right @ weights / weights.sum(0)
    return measure(name, f"{len(classes)} classes, {len(clips)} clips", found, peer)


# --- when they are heard ---


@dataclass(frozen=True, kw_only=True, eq=False)
class Detector:
    """How probabilities of cells become events: a median over so many cells, then a threshold for each label [label].

    common: the threshold of labels that have none of their own. macro: event F1 where this was found.
    """

    cells: int
    thresholds: np.ndarray
    common: float
    macro: float

    @classmethod
    def found(cls, said: Predictions, sounds: Sounds) -> "Detector":
        """What gives the best event F1 on these scenes: for any tagger in the same way.

        A label of fewer than `ENOUGH` events has the threshold that is best for all labels counted together.
        """
        heard = sounds.n_events > 0
        best = None
        for cells in FILTERS:
            smooth = smoothed(said, cells)
            events = np.stack([counts(smooth, sounds, at)[1].sum(0) for at in THRESHOLDS])
            common = int(np.nan_to_num(f1(events.sum(1))).argmax())
            own = np.nan_to_num(f1(events)).argmax(0)
            at = np.where(sounds.n_events >= ENOUGH, own, common)
            macro = float(mean_of_defined(f1(events[at, np.arange(len(at))])[heard]))
            if best is None or macro > best.macro:
                best = cls(
                    cells=cells, thresholds=THRESHOLDS[at], common=float(THRESHOLDS[common]), macro=macro
                )
        assert best is not None
        return best


def smoothed(said: Predictions, cells: int) -> Predictions:
    """The same after a median over an odd number of cells; at the ends the outermost cell goes on."""
    if cells == 1:
        return said
    assert said.cells is not None
    half = cells // 2
    wide = (np.pad(one, ((half, half), (0, 0)), mode="edge") for one in said.cells)
    views = (np.lib.stride_tricks.sliding_window_view(one, cells, axis=0) for one in wide)
    return replace(said, cells=tuple(np.median(one, axis=-1).astype(np.float32) for one in views))


def scenes(
    taggers: Taggers,
    detectors: Mapping[str, Detector],
    dataset: Dataset,
    ids: Sequence[str],
    peer: str,
    *,
    resamples: int,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Measure]:
    """Events and segments found, and PSDS, over all labels that sound and over those that sound a few times."""
    names = [clip.name for clip in dataset.clips]
    sounds = sounds_of(dataset.clips, dataset.labels, ids)
    weights = draw(len(names), resamples)
    counted, ready = {}, {}
    for tagger, said in taggers.items():
        tell(f"events of {tagger}")
        ready[tagger] = smoothed(said.take(names).select(ids), detectors[tagger].cells)
        counted[tagger] = counts(ready[tagger], sounds, detectors[tagger].thresholds)
    measures = []
    for fewest in (1, FEWEST):
        kept = sounds.n_events >= fewest
        over = f"{kept.sum()} labels of {fewest} or more events, {int(sounds.n_events[kept].sum())} events"
        for which, kind in enumerate(("segment F1", "event F1")):
            for mean in ("macro", "micro"):
                found = {
                    tagger: _f1(one[which][:, kept], weights, macro=mean == "macro")
                    for tagger, one in counted.items()
                }
                measures.append(measure(f"{kind}, {mean}", over, found, peer))
        some = tuple(one for one, keep in zip(ids, kept, strict=True) if keep)
        sounds_of_some = sounds_of(dataset.clips, dataset.labels, some)
        for name, setting in (("PSDS 1", PSDS1), ("PSDS 2", PSDS2)):
            for alpha in (setting.alpha_st, 0.0):
                tell(f"{name} over {over}")
                area = replace(setting, alpha_st=alpha)
                found_areas = {
                    tagger: psds(one.select(some), sounds_of_some, area, weights)
                    for tagger, one in ready.items()
                }
                kind = name if alpha else f"{name}, mean of labels alone"
                measures.append(unpaired(kind, over, found_areas, peer))
    return measures


def _f1(found: np.ndarray, weights: Weights, *, macro: bool) -> tuple[float, np.ndarray]:
    """F1 of counts [clip, label, 3], and of the resamples; there, labels that do not sound count for nothing."""
    if not macro:
        found = found.sum(1, keepdims=True)
    drawn = np.einsum("clk,cr->lrk", found, weights)
    defined = np.where(drawn[..., 2] > 0, f1(drawn), np.nan)
    return float(mean_of_defined(f1(found.sum(0)))), mean_of_defined(defined)


def with_speech_timed(
    clips: Sequence[Clip], implied: Callable[[Sequence[str]], Sequence[str]]
) -> tuple[Clip, ...]:
    """The clips; those with speech have it where something is heard, for nobody wrote down when.

    Heard is what is at most 30 dB below the loudest, with pauses of less than half a second.
    """

    def timed(clip: Clip) -> Clip:
        if clip.soundings is not None or SPEECH not in implied(clip.labels):
            return clip
        stretches = active_stretches(hear(clip).samples)
        return replace(
            clip,
            soundings=tuple(
                Sounding(label=SPEECH, start=start / SAMPLE_RATE, end=end / SAMPLE_RATE)
                for start, end in stretches
            ),
        )

    return tuple(map(timed, clips))


def speech(
    name: str, taggers: Taggers, dataset: Dataset, peer: str, *, resamples: int, beside: bool = False
) -> Measure:
    """Whether cells with speech are told from those without: the area under the ROC curve.

    Cells in which speech begins or ends are left out, for a head and a person may differ there.

    Args:
        beside: leave out the pauses in clips with speech too, so that it stands beside the other clips alone.
    """
    clips = dataset.clips
    sounds = sounds_of(clips, dataset.labels, [SPEECH])
    weights = draw(len(clips), resamples)
    found = {}
    for tagger, said in taggers.items():
        here = said.take([clip.name for clip in clips]).select([SPEECH])
        assert here.cells is not None
        probability, share, of_clip = [], [], []
        for i in np.flatnonzero(sounds.known[:, 0]).tolist():
            spans = sounds.spans[i].get(0, np.zeros((0, 2)))
            filled = coverage(spans, here.edges(i))
            clear = (filled >= 1 - HAIR) | ((filled <= HAIR) & (not beside or not len(spans)))
            probability.append(here.cells[i][clear, 0])
            share.append(filled[clear])
            of_clip.append(np.full(clear.sum(), i))
        heard = np.concatenate(share) > 0.5
        said_of_all, drawn = np.concatenate(probability), weights[np.concatenate(of_clip)]
        value, one = np.nan, np.full(resamples, np.nan)
        if heard.any() and not heard.all():
            value = float(ranking(said_of_all, heard, np.ones((len(heard), 1), np.float32))[1][0])
            one = ranking(said_of_all, heard, drawn)[1]
        found[tagger] = value, one
        over = f"{heard.sum()} cells with, {(~heard).sum()} without, {len(clips)} clips"
    return measure(name, over, found, peer)
