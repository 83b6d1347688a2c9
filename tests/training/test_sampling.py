"""Clips are drawn as often as the recipe says, and again the same when a run goes on."""

from pathlib import Path

import numpy as np
import pytest

from whisper_at.datasets.clip import Clip, LabelSet
from whisper_at.errors import TrainingError
from whisper_at.training.recipe import Sampling
from whisper_at.training.sampling import clip_weights, draws, steps_of_epoch
from whisper_at.training.targets import truths

LABELS = LabelSet(ids=("a", "b", "c"), names=("A", "B", "C"), ancestors={"b": ("a",)})
CLIPS = [("a",), ("a",), ("a", "b"), ("b",), ("c",), ()]
TRUTH = truths(
    [Clip(path=Path(f"{i}"), labels=labels) for i, labels in enumerate(CLIPS)], LABELS, parents=True
)


def test_the_published_weights() -> None:
    """1000 / (count + 0.01) for each label, summed over the labels as they are listed: a is there thrice, not four."""
    a, b, c = 1000 / 3.01, 1000 / 2.01, 1000 / 1.01
    wanted = np.array([a, a, a + b, b, c, 0])
    weights = clip_weights(TRUTH, 3, Sampling(balance="published"))
    np.testing.assert_allclose(weights, wanted / wanted.sum())


def test_by_the_root_and_a_share_for_clips_without_labels() -> None:
    a, b, c = 3**-0.5, 2**-0.5, 1
    wanted = np.array([a, a, a + b, b, c])
    weights = clip_weights(TRUTH, 3, Sampling(balance="sqrt", unlabelled=0.25))
    np.testing.assert_allclose(weights[:5], 0.75 * wanted / wanted.sum())
    assert weights[5] == pytest.approx(0.25)


def test_folders_have_their_shares_and_labels_weigh_within_them() -> None:
    sampling, store = Sampling(balance="sqrt", unlabelled=0.1, shares=(3, 1)), np.array([0, 0, 0, 0, 1, 1])
    weights = clip_weights(TRUTH, 3, sampling, store)
    assert weights[store == 0].sum() == pytest.approx(0.75)
    plain = clip_weights(TRUTH, 3, Sampling(balance="sqrt", unlabelled=0.1))
    np.testing.assert_allclose(weights[:4] / weights[0], plain[:4] / plain[0])
    np.testing.assert_allclose(weights[4] / weights[5], plain[4] / plain[5])


def test_a_folder_with_a_share_and_nothing_to_draw_is_an_error() -> None:
    sampling = Sampling(balance="sqrt", shares=(1, 0.5))
    with pytest.raises(
        TrainingError, match=r"gives 0\.5 to folder 2 of data\.features, which has no clip to draw"
    ):
        clip_weights(TRUTH, 3, sampling, np.array([0, 0, 0, 0, 0, 1]))


def test_clips_are_drawn_as_often_as_they_weigh() -> None:
    sampling = Sampling(balance="published", batch=1000)
    weights = clip_weights(TRUTH, 3, sampling)
    drawn = draws(weights, 0, 20, seed=0, sampling=sampling)
    assert drawn.shape == (20, 1000)
    shares = np.bincount(drawn.ravel(), minlength=6) / drawn.size
    np.testing.assert_allclose(shares, weights, atol=0.015)
    assert shares[5] == 0


def test_without_balance_each_clip_comes_once_an_epoch() -> None:
    sampling = Sampling(balance="none", batch=2)
    weights = clip_weights(TRUTH, 3, sampling)
    epochs = [draws(weights, e, steps_of_epoch(6, sampling), seed=0, sampling=sampling) for e in (0, 1)]
    assert [sorted(epoch.ravel().tolist()) for epoch in epochs] == [list(range(6))] * 2
    assert (epochs[0] != epochs[1]).any()


def test_an_epoch_is_drawn_from_its_number_and_the_seed_alone() -> None:
    sampling = Sampling(batch=4)
    weights = clip_weights(TRUTH, 3, sampling)
    one = draws(weights, 5, 10, seed=1, sampling=sampling)
    assert (one == draws(weights, 5, 10, seed=1, sampling=sampling)).all()
    assert (one != draws(weights, 6, 10, seed=1, sampling=sampling)).any()
    assert (one != draws(weights, 5, 10, seed=2, sampling=sampling)).any()


@pytest.mark.parametrize(
    ("n_clips", "share", "steps"),
    [
        (1_953_082, 0.1, 4070),
        (480, 1.0, 10),
        (495, 1.0, 10),
        (480, 2.5, 25),
        (10, 1.0, 1),
        (480, 0.1, 3),
        (48, 0.1, 1),
    ],
)
def test_steps_of_an_epoch(n_clips: int, share: float, steps: int) -> None:
    """The first is AudioSet's, whose logs tell 4,070 steps: 195,360 clips an epoch."""
    assert steps_of_epoch(n_clips, Sampling(batch=48, share=share)) == steps
