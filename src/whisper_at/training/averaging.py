"""Weights that are means of weights: of the ends of epochs, as published, or running behind every step.

The means are kept in double precision and in the state of the run, so that a run that was killed ends with the
same ones.
"""

from collections.abc import Mapping
from typing import Any

import torch

from whisper_at.training.network import Weights
from whisper_at.training.recipe import Averaging


class Average:
    """What a recipe's averaging has gathered so far."""

    def __init__(self, averaging: Averaging, weights: Weights) -> None:
        self.averaging = averaging
        self.count = 0
        self.sums: Weights = {
            name: torch.zeros_like(tensor, dtype=torch.float64, requires_grad=False)
            for name, tensor in weights.items()
        }

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def after_step(self, weights: Weights) -> None:
        """Follow the weights, if this is a running mean. It is that of all steps at first, then of the last ones."""
        if self.averaging.kind != "ema":
            return
        self.count += 1
        share = max(1 - self.averaging.decay, 1 / self.count)
        for name, mean in self.sums.items():
            mean.lerp_(weights[name].double(), share)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def after_epoch(self, epoch: int, weights: Weights) -> None:
        """Count the weights at the end of an epoch, numbered from 1, if it is one of those that are averaged."""
        if self.averaging.kind == "checkpoints" and self.averaging.first <= epoch <= self.averaging.last:
            self.count += 1
            for name, total in self.sums.items():
                total += weights[name].double()

    def weights(self) -> Weights | None:
        """The mean, in single precision; None if nothing has been counted."""
        if not self.count:
            return None
        divisor = self.count if self.averaging.kind == "checkpoints" else 1
        return {name: (total / divisor).float() for name, total in self.sums.items()}

    def state(self) -> dict[str, Any]:
        """What is to be kept of it."""
        return {"count": self.count, "sums": self.sums}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what was kept."""
        self.count = state["count"]
        for name, total in self.sums.items():
            total.copy_(state["sums"][name])
