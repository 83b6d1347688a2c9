"""A linear probe with cross-validation: features, classes and folds in, an answer for each clip out.

Each dimension is standardised, then multinomial logistic regression with a penalty on the squared weights. Both are
fitted on the other folds alone. How strong the penalty is, is chosen on one of these: the fold after the one that is
tested. The original's probe (softmax regression by Adam until it stops) had no penalty, and none to choose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.errors import DatasetError
from whisper_at.evaluation.need import need

PENALTIES = (0.001, 0.01, 0.1, 1.0)  # scikit-learn's C: the smaller, the stronger
MOST_STEPS = 2000

Float = npt.NDArray[np.float32]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What a probe answers.

    classes: [clip], for each clip by the probe that was fitted without its fold.
    penalties: scikit-learn's C of each fold's probe, in the order of the folds.
    """

    classes: Int
    penalties: tuple[float, ...]


def cross_validated(features: Float, truth: Int, folds: Sequence[str]) -> Answers:
    """The answers of probes, one for each fold.

    Args:
        features: [clip, dim]. truth: the class of each clip [clip]. folds: of each clip.

    Raises:
        DatasetError: if there are fewer than three folds, or a fold has a class that others have not.
    """
    names = checked(truth, folds)
    fold = np.array([names.index(one) for one in folds])
    answers, penalties = np.full(len(truth), -1, np.int64), []
    for i in range(len(names)):
        validation = (i + 1) % len(names)
        inner, outer = (fold != i) & (fold != validation), fold != i
        penalty = _best_penalty(features, truth, inner, fold == validation)
        answers[fold == i] = _fitted(features[outer], truth[outer], penalty).predict(features[fold == i])
        penalties.append(penalty)
    return Answers(classes=answers, penalties=tuple(penalties))


def checked(truth: Int, folds: Sequence[str]) -> list[str]:
    """The names of the folds.

    Raises:
        DatasetError: if they do not make a cross-validation.
    """
    names = sorted(set(folds))
    if len(names) < 3 or "" in names:
        there = ", ".join(repr(name) for name in names)
        raise DatasetError(
            f"a probe is cross-validated and wants three folds or more, found {there}; "
            f"give each clip one, in the column 'fold' of a manifest"
        )
    for i, name in enumerate(names):
        without = {name, names[(i + 1) % len(names)]}
        left = {int(t) for t, fold in zip(truth, folds, strict=True) if fold not in without}
        if len(left) < len(set(truth.tolist())):
            raise DatasetError(
                f"without the folds {' and '.join(sorted(without))} there is no clip of some class to learn it from; "
                "deal the clips of each class out to all folds, or leave rare classes out"
            )
    return names


def _best_penalty(
    features: Float, truth: Int, train: npt.NDArray[np.bool_], test: npt.NDArray[np.bool_]
) -> float:
    """That with most right answers; of equals the strongest."""
    right = [
        float((_fitted(features[train], truth[train], one).predict(features[test]) == truth[test]).mean())
        for one in PENALTIES
    ]
    return PENALTIES[int(np.argmax(right))]


def _fitted(features: Float, truth: Int, penalty: float) -> Any:
    pipeline, linear = need("sklearn.pipeline"), need("sklearn.linear_model")
    scaler = need("sklearn.preprocessing").StandardScaler()
    return pipeline.make_pipeline(
        scaler, linear.LogisticRegression(C=penalty, max_iter=MOST_STEPS, tol=1e-3)
    ).fit(features, truth)
