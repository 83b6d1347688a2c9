"""What a card promises of probabilities: a calibration, thresholds, and which labels are reported at all.

In: logits of the validation clips and their truth. All is found there and nowhere else.
"""

from typing import Annotated

import numpy as np
import numpy.typing as npt

from whisper_at.evaluation.arrays import Scored
from whisper_at.evaluation.tags import average_precision
from whisper_at.model.calibration import AS_IT_IS, Calibration
from whisper_at.training.recipe import Report

Float = npt.NDArray[np.float32]
FEWEST_FOR_A_THRESHOLD = 5
LEAST, MOST = 0.2, 0.95  # thresholds beyond these are luck, and few believe what is said with less


def reported_labels(said: Scored, n_training: npt.NDArray[np.int64], report: Report) -> npt.NDArray[np.int64]:
    """The columns that the head has learned: enough clips to train on, and found again among those it never heard."""
    precision = average_precision(said)
    return np.flatnonzero((n_training >= report.fewest) & (np.nan_to_num(precision) >= report.precision))


def calibration_of(
    logits: Annotated[Float, "clip label"], said: Scored, columns: npt.NDArray[np.int64], report: Report
) -> Calibration:
    """The line through the logits of these labels under which the truth is most probable (Platt 1999).

    One line for the whole head: labels by themselves have too few clips for two numbers each. As Platt has it, the
    targets are (n + 1) / (n + 2) and 1 / (n + 2), so that perfect ranks do not lead to endless scales.
    """
    known = said.known[:, columns]
    x, y = logits[:, columns][known].astype(np.float64), said.truth[:, columns][known]
    if report.calibration == "none" or not y.any() or y.all():
        return AS_IT_IS
    positives, negatives = y.sum(), (~y).sum()
    target = np.where(y, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    features = np.stack([x, np.ones_like(x)], 1)[:, : 2 if report.calibration == "platt" else 1]
    line = np.array([1.0, 0.0])[: features.shape[1]]
    for _ in range(100):  # Newton's method, held back near the start
        p = 0.5 * (1 + np.tanh(0.5 * (features @ line)))
        curvature = (features * (p * (1 - p))[:, None]).T @ features + 1e-9 * np.eye(len(line))
        step = np.linalg.solve(curvature, features.T @ (p - target))
        line = line - step * min(1, 1 / np.abs(step).max())
        if np.abs(step).max() < 1e-9:
            break
    scale, bias = float(line[0]), float(line[1]) if len(line) > 1 else 0.0
    return Calibration(scale=(scale,), bias=(bias,)) if scale > 0 else AS_IT_IS


def threshold_of(probability: npt.NDArray[np.floating], heard: npt.NDArray[np.bool_]) -> float:
    """The probability from which saying that a label is heard gives the best F1: half-way between two that occur.

    It is at least `LEAST`: what is less probable is not said, whatever that would be good for.

    >>> threshold_of(np.array([0.1, 0.2, 0.6, 0.9]), np.array([False, False, True, True]))
    0.4
    """
    order = np.argsort(-probability, kind="stable")
    ranked, hits = probability[order], np.cumsum(heard[order])
    n_said = np.arange(1, len(ranked) + 1)
    f1 = 2 * hits / (n_said + heard.sum())
    f1[:-1][ranked[:-1] == ranked[1:]] = 0  # between equals there is no line
    f1[ranked < LEAST] = 0
    best = int(np.argmax(f1))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return round(float(np.clip((ranked[best] + below) / 2, LEAST, MOST)), 4)


def thresholds_of(said: Scored, columns: npt.NDArray[np.int64]) -> tuple[float, tuple[float, ...]]:
    """The threshold for all of some labels together, and that of each label of the head.

    A label with few validation clips has the common one: a threshold found on three clips is luck.

    Args:
        said: calibrated probabilities and the truth.
    """
    known = said.known[:, columns]
    if not (said.truth[:, columns] & known).any():
        return 0.5, (0.5,) * said.truth.shape[1]
    common = threshold_of(said.probabilities[:, columns][known], said.truth[:, columns][known])
    thresholds = np.full(said.truth.shape[1], common)
    for column, probabilities, truth in said.labels():
        if column in columns and truth.sum() >= FEWEST_FOR_A_THRESHOLD:
            thresholds[column] = threshold_of(probabilities, truth)
    return common, tuple(thresholds.tolist())
