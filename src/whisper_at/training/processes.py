"""The processes of a run: one, or as many as `torchrun` has started, each with its own device.

All of them hold the same weights. Each reckons the gradient of its own rows; the mean of these is everybody's. A head
has few weights, so one exchange a step of all of them together is as quick as anything cleverer.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed


def use_threads(threads: int) -> None:
    """Give torch so many threads; 0 leaves a core to the thread that reads, unless the environment says otherwise.

    Threads that wait for each other at every operation do badly on cores that are taken: on two, with the reader and
    other programs beside them, two threads took ten times as long for a step as one.
    """
    if threads:
        torch.set_num_threads(threads)
    elif "OMP_NUM_THREADS" not in os.environ:  # torchrun sets it
        torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))


@dataclass(frozen=True, kw_only=True)
class Processes:
    """Which process this is, and how many there are."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @classmethod
    def open(cls) -> "Processes":
        """The processes that torchrun tells of in the environment, made known to each other."""
        size, local = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("LOCAL_RANK", 0))
        cuda = torch.cuda.is_available()
        device = f"cuda:{local}" if cuda else "cpu"
        if cuda:
            torch.cuda.set_device(device)
        if size > 1 and not torch.distributed.is_initialized():
            torch.distributed.init_process_group("nccl" if cuda else "gloo")
        return cls(rank=int(os.environ.get("RANK", 0)), size=size, device=device)

    @property
    def is_first(self) -> bool:
        """Whether this one writes and judges."""
        return self.rank == 0

    def mean_gradient(self, weights: Iterable[Any]) -> None:
        """Put the mean over all processes in the place of each one's gradient."""
        if self.size == 1:
            return
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
        flat /= self.size
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def mean(self, number: Any) -> float:
        """The mean of a number over all processes."""
        if self.size > 1:
            number = number.clone()
            torch.distributed.all_reduce(number)
        return float(number) / self.size

    def told(self, answer: int) -> int:
        """What the first process answers."""
        if self.size == 1:
            return answer
        said = torch.tensor([answer], device=self.device)
        torch.distributed.broadcast(said, 0)
        return int(said.item())

    def close(self) -> None:
        """Part, when all are there."""
        if self.size > 1 and torch.distributed.is_initialized():
            torch.distributed.barrier()
            torch.distributed.destroy_process_group()
