"""Rates and averages are those that torch and arithmetic give."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from whisper_at.training.averaging import Average
from whisper_at.training.optimiser import open_optimiser, rate_at
from whisper_at.training.recipe import Averaging, Optimiser


def test_the_published_schedule_is_torchs() -> None:
    """MultiStepLR with milestones 15, 20, 25 ..., stepped at the end of each epoch."""
    chosen = Optimiser(rate=1e-4)
    optimiser = torch.optim.Adam([torch.zeros(1)], lr=1e-4)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, list(range(15, 1000, 5)), gamma=0.75)
    for epoch in range(50):
        for step in (0, 6):
            got = rate_at(7 * epoch + step, steps_per_epoch=7, n_steps=350, optimiser=chosen)
            assert got == pytest.approx(optimiser.param_groups[0]["lr"], rel=1e-9)
        optimiser.step()
        schedule.step()


def test_a_cosine_rises_once_and_falls_to_nothing() -> None:
    chosen = Optimiser(rate=1.0, schedule="cosine", warm_up=0.1)
    rates = [rate_at(step, steps_per_epoch=10, n_steps=100, optimiser=chosen) for step in range(100)]
    assert rates[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert all(a >= b for a, b in pairwise(rates[10:]))
    assert rates[10] == 1 and rates[-1] < 1e-3


def test_the_published_optimiser_is_adam_as_published() -> None:
    optimiser = open_optimiser([torch.zeros(1, requires_grad=True)], Optimiser())
    assert type(optimiser) is torch.optim.Adam
    (group,) = optimiser.param_groups
    assert (group["betas"], group["weight_decay"], group["lr"]) == ((0.95, 0.999), 5e-7, 1e-4)
    assert type(open_optimiser([torch.zeros(1)], Optimiser(name="adamw"))) is torch.optim.AdamW


def walk(n: int = 8):
    rng = np.random.default_rng(0)
    return [{"w": torch.from_numpy(rng.standard_normal(3).astype(np.float32))} for _ in range(n)]


def test_checkpoints_are_averaged_from_the_first_to_the_last() -> None:
    steps = walk()
    average = Average(Averaging(kind="checkpoints", first=3, last=6), steps[0])
    for epoch, weights in enumerate(steps, start=1):
        average.after_step(weights)
        average.after_epoch(epoch, weights)
        assert (average.weights() is None) == (epoch < 3)
    wanted = np.mean([steps[i]["w"].numpy() for i in range(2, 6)], axis=0)
    np.testing.assert_allclose(average.weights()["w"], wanted, rtol=1e-6)


def test_a_running_mean_is_the_mean_of_all_at_first_and_of_the_last_ones_then() -> None:
    steps = walk()
    average = Average(Averaging(kind="ema", decay=0.75), steps[0])
    for n, weights in enumerate(steps, start=1):
        before = average.weights()
        average.after_step(weights)
        average.after_epoch(n, weights)
        if n <= 4:
            wanted = np.mean([one["w"].numpy() for one in steps[:n]], axis=0)
        else:
            wanted = 0.75 * before["w"].numpy() + 0.25 * weights["w"].numpy()
        np.testing.assert_allclose(average.weights()["w"], wanted, rtol=1e-5)


def test_an_average_goes_on_from_what_was_kept() -> None:
    steps = walk()
    for averaging in (Averaging(kind="ema", decay=0.9), Averaging(kind="checkpoints", first=2, last=7)):
        whole, first = (Average(averaging, steps[0]) for _ in range(2))
        for epoch, weights in enumerate(steps, start=1):
            for average in (whole, first):
                average.after_step(weights)
                average.after_epoch(epoch, weights)
            second = Average(averaging, steps[0])
            second.load(first.state())
            first = second
        assert (whole.weights()["w"] == first.weights()["w"]).all()
