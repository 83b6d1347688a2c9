"""An encoder and a corpus in, what each of its layers knows of the classes out, beside controls.

A probe's accuracy means little by itself. What the mean log-mel reaches was in the sound before any encoder heard it;
what an encoder with random weights reaches is due to its shape; what is left when labels are shuffled is luck.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.clip import Dataset
from whisper_at.datasets.waveforms import read_clip
from whisper_at.evaluation.closed_set import classes_of
from whisper_at.evaluation.score import RESAMPLES, Score, Weights, draw, score
from whisper_at.probing.linear import checked, cross_validated
from whisper_at.probing.means import CONVOLUTION, Float, ProbedEncoder, mean_log_mel
from whisper_at.probing.result import LAYER, LOG_MEL, OTHER, RANDOM, SHUFFLED, BestLayer, Probe, ProbeResult
from whisper_at.version import commit

Int = npt.NDArray[np.int64]
Named = tuple[str, str, Float]  # name, kind, features [clip, dim]


def probe(
    encoder: ProbedEncoder,
    dataset: Dataset,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    progress: Callable[[float, float], None] = lambda done, total: None,
) -> ProbeResult:
    """Probes of all layers, and of the controls.

    Args:
        dataset: clips with folds; a class is a combination of labels.
        progress: is given how much is done, and how much there is.

    Raises:
        DatasetError: if the clips do not make a closed set with folds, or one cannot be read.
    """
    names = dict(zip(dataset.labels.ids, dataset.labels.names, strict=True))
    classes, _, truth = classes_of(dataset.name, dataset.clips, names)
    folds = [clip.fold for clip in dataset.clips]
    checked(truth, folds)
    judge = _Judge(classes, truth, folds, draw(len(truth), resamples, seed))
    random = encoder.random(seed)
    steps = 2 * len(dataset.clips) + 2 * len(encoder.layers) + 6

    sounds, learned, chance = [], [], []
    for i, clip in enumerate(dataset.clips):
        samples = read_clip(clip).samples
        sounds.append(mean_log_mel(samples))
        learned.append(encoder.means(samples))
        chance.append(random.means(samples))
        progress(2 * (i + 1), steps)
    named = [
        *_representations(np.stack(learned), encoder.layers),
        *_representations(np.stack(chance), encoder.layers, RANDOM),
        (LOG_MEL, LOG_MEL, np.stack(sounds)),
    ]
    probes, f1s = [], []
    for i, (name, kind, features) in enumerate(named):
        one, f1 = judge(name, kind, features)
        probes.append(one)
        if kind == LAYER:
            f1s.append(f1)
        progress(2 * len(folds) + i + 1, steps)
    best = max(range(len(f1s)), key=lambda i: probes[i].accuracy.value or 0)
    mixed = _Judge(classes, _shuffled(truth, folds, seed), folds, judge.weights)
    probes.append(mixed(probes[best].name, SHUFFLED, named[best][2])[0])
    progress(steps, steps)
    return ProbeResult(
        model=encoder.name,
        model_sha256=encoder.sha256,
        dataset=dataset.name,
        clips=len(truth),
        classes={name: int((truth == i).sum()) for i, name in enumerate(classes)},
        seed=seed,
        resamples=resamples,
        commit=commit(),
        probes=tuple(probes),
        best=_best_layers(classes, encoder.layers, np.stack(f1s)),
    )


def _representations(means: Float, layers: Sequence[str], control: str = "") -> Iterator[Named]:
    """Of means [clip, layer, dim]: each layer, the mean of those behind the convolutions, and all of these at once."""
    for i, name in enumerate(layers):
        yield name, control or LAYER, means[:, i]
    behind = means[:, [name != CONVOLUTION for name in layers]]
    yield "mean of layers", control or OTHER, behind.mean(axis=1)
    yield "all layers", control or OTHER, behind.reshape(len(means), -1)


def _shuffled(truth: Int, folds: Sequence[str], seed: int) -> Int:
    """The classes in an order of chance within each fold, so that each fold has as many of each as before."""
    rng, mixed = np.random.default_rng(seed), truth.copy()
    for fold in sorted(set(folds)):
        here = np.flatnonzero([one == fold for one in folds])
        mixed[here] = rng.permutation(truth[here])
    return mixed


class _Judge:
    """Fits and scores probes of the same clips."""

    def __init__(self, classes: Sequence[str], truth: Int, folds: Sequence[str], weights: Weights) -> None:
        self.classes, self.truth, self.folds, self.weights = classes, truth, folds, weights

    def __call__(self, name: str, kind: str, features: Float) -> tuple[Probe, npt.NDArray[np.float64]]:
        """The probe, and its F1 [class, resample], the first resample being all clips once."""
        answers = cross_validated(features, self.truth, self.folds)
        right = (answers.classes == self.truth).astype(np.float64)
        by_fold = {
            fold: float(right[[one == fold for one in self.folds]].mean()) for fold in sorted(set(self.folds))
        }
        once = np.ones((len(right), 1), np.float32)
        f1 = f1_scores(answers.classes, self.truth, len(self.classes), np.hstack([once, self.weights]))
        return (
            Probe(
                name=name,
                kind=kind,
                dim=int(features.shape[1]),
                accuracy=score(float(right.mean()), (right @ self.weights) / self.weights.sum(0)),
                folds={fold: round(value, 6) for fold, value in by_fold.items()},
                mean_of_folds=round(float(np.mean(list(by_fold.values()))), 6),
                macro_f1=_score(f1.mean(axis=0)),
                f1={one: _score(f1[i]) for i, one in enumerate(self.classes)},
                penalties=answers.penalties,
            ),
            f1,
        )


def f1_scores(
    answers: Int, truth: Int, n_classes: int, weights: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """F1 [class, resample] of answers [clip], with weights [clip, resample]; 0 where a class is neither there nor said.

    >>> f1_scores(np.array([0, 0, 1]), np.array([0, 1, 1]), 2, np.ones((3, 1))).round(2).tolist()
    [[0.67], [0.67]]
    """
    each = np.arange(n_classes)[:, None]
    said, there = (answers == each).astype(np.float64), (truth == each).astype(np.float64)
    both = said * there @ weights
    found: npt.NDArray[np.float64] = 2 * both / np.maximum(said @ weights + there @ weights, 1e-9)
    return found


def _score(values: npt.NDArray[np.float64]) -> Score:
    """Of values [resample], the first of which is that of all clips."""
    return score(float(values[0]), values[1:])


def _best_layers(
    classes: Sequence[str], layers: Sequence[str], f1: npt.NDArray[np.float64]
) -> tuple[BestLayer, ...]:
    """From F1 [layer, class, resample]; what comes out of the convolutions is no layer."""
    behind = [i for i, name in enumerate(layers) if name != CONVOLUTION]
    highest = f1[behind].argmax(axis=0)  # [class, resample]
    return tuple(
        BestLayer(
            class_name=name,
            layer=layers[behind[own[0]]],
            f1=round(float(f1[behind[own[0]], i, 0]), 6),
            share=round(float((own[1:] == own[0]).mean()), 4),
        )
        for i, (name, own) in enumerate(zip(classes, highest, strict=True))
    )
