"""How weights are moved: the loss, the rate of each step, and torch's optimisers.

The rate is a function of the number of the step, so a run that was killed has nothing of it to remember.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F

from whisper_at.training.network import Logits
from whisper_at.training.recipe import Objective, Optimiser


def loss_of(
    logits: Logits, rows: tuple[Any, Any], cells: tuple[Any, Any] | None, row: Any, objective: Objective
) -> Any:
    """The loss of some rows, to be minimised: the mean over rows and labels, what is masked counting as nothing.

    Args:
        rows, cells: value and weight of the targets, as tensors.
        row: of each cell, which row it belongs to; cells of a row count together as much as one row.
    """
    total = _terms(logits.rows, *rows, objective).sum(1).mean()
    if cells is not None and logits.cells is not None and len(row):
        by_cell = _terms(logits.cells, *cells, objective).sum(1)
        counts = torch.bincount(row, minlength=len(logits.rows))
        total = total + objective.cells * (by_cell / counts[row]).sum() / len(logits.rows)
    return total / logits.rows.shape[1]


def rate_at(step: int, *, steps_per_epoch: int, n_steps: int, optimiser: Optimiser) -> float:
    """The rate of a step, counted from 0.

    The published schedule keeps the rate up to the end of epoch 15, then takes three quarters of it every five epochs:

    >>> [rate_at(100 * e, steps_per_epoch=100, n_steps=5000, optimiser=Optimiser(rate=1.0)) for e in (14, 15, 19, 20)]
    [1.0, 0.75, 0.75, 0.5625]
    """
    if optimiser.schedule == "constant":
        return optimiser.rate
    if optimiser.schedule == "steps":
        done = step // steps_per_epoch
        drops = 0 if done < optimiser.first else (done - optimiser.first) // optimiser.every + 1
        return float(optimiser.rate * optimiser.gamma**drops)
    rise = max(1, round(optimiser.warm_up * n_steps))
    if step < rise:
        return optimiser.rate * (step + 1) / rise
    return optimiser.rate * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, n_steps - rise)))


def open_optimiser(weights: Iterable[Any], optimiser: Optimiser) -> Any:
    """Torch's optimiser for these weights."""
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[optimiser.name]
    first, second = optimiser.betas
    return kind(list(weights), lr=optimiser.rate, betas=(first, second), weight_decay=optimiser.weight_decay)


def _terms(logits: Any, value: Any, weight: Any, objective: Objective) -> Any:
    loss = F.binary_cross_entropy_with_logits(logits, value, reduction="none")
    if objective.loss == "focal":
        wrong = (torch.sigmoid(logits.detach()) - value).abs()  # how far from the truth
        loss = loss * wrong**objective.focal
    return loss * weight
