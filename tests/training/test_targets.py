"""What is true is told, what is false is told, and what nobody knows is left alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.datasets.clip import Clip, LabelSet, Sounding
from whisper_at.errors import TrainingError
from whisper_at.training.network import Logits
from whisper_at.training.optimiser import loss_of
from whisper_at.training.recipe import Objective
from whisper_at.training.targets import (
    Target,
    mixed,
    pooled_probability,
    rows_and_cells,
    smoothed,
    taught,
    truths,
)

LABELS = LabelSet(
    ids=("animal", "dog", "bark", "rain"),
    names=("Animal", "Dog", "Bark", "Rain"),
    ancestors={"dog": ("animal",), "bark": ("dog", "animal")},
)
ANIMAL, DOG, BARK, RAIN = range(4)
CAREFUL = Objective(parents=True, unknown=0.5, kinds=0.0)


def targets(clip: Clip, objective: Objective, *, first: int = 0, n: int = 5, n_frames: int = 100):
    (truth,) = truths([clip], LABELS, parents=objective.parents)
    return rows_and_cells(
        truth, first, n, n_frames=n_frames, frames_per_cell=20, n_labels=4, objective=objective
    )


def clip_of(*labels: str, complete: bool = False, soundings=None) -> Clip:
    return Clip(path=Path("a.wav"), labels=labels, complete=complete, soundings=soundings)


def test_the_published_belief_is_that_what_is_not_listed_is_not_heard() -> None:
    row, cells = targets(clip_of("dog"), Objective())
    assert row.value.tolist() == [0, 1, 0, 0] and row.weight.tolist() == [1, 1, 1, 1]
    assert cells.weight[:, DOG].tolist() == [0] * 5


def test_unknown_is_not_false() -> None:
    row, cells = targets(clip_of("dog"), CAREFUL)
    assert row.value.tolist() == [1, 1, 0, 0]  # a dog is an animal
    assert row.weight.tolist() == [1, 1, 0, 0.5]  # it may well bark; rain nobody has denied
    assert cells.weight[0].tolist() == [0, 0, 0, 0.5]  # nobody has said when


def test_a_complete_clip_denies_all_but_kinds_of_what_it_lists() -> None:
    row, _ = targets(clip_of("dog", complete=True), CAREFUL)
    assert row.weight.tolist() == [1, 1, 0, 1]
    row, _ = targets(clip_of(complete=True), CAREFUL)
    assert row.value.tolist() == [0] * 4 and row.weight.tolist() == [1] * 4


def test_a_clip_that_says_nothing_teaches_nothing() -> None:
    for objective in (CAREFUL, Objective()):
        row, cells = targets(clip_of(), objective)
        assert not row.weight.any() and not cells.weight.any()


def test_a_label_without_times_may_be_believed_in_every_cell() -> None:
    _, cells = targets(clip_of("rain"), Objective(weak_on_cells=0.25))
    assert cells.value[:, RAIN].tolist() == [1] * 5 and cells.weight[:, RAIN].tolist() == [0.25] * 5


def test_cells_are_true_from_half_on_and_edges_are_unknown() -> None:
    """Rain from 0.1 s: half of cell 0; to 0.45 s: a quarter of cell 2."""
    rain = (Sounding(label="rain", start=0.1, end=0.45),)
    row, cells = targets(clip_of(soundings=rain, complete=True), CAREFUL)
    assert cells.value[:, RAIN].tolist() == [1, 1, 0, 0, 0]
    assert cells.weight[:, RAIN].tolist() == [1, 1, 0, 1, 1]
    assert cells.weight[:, DOG].tolist() == [1] * 5
    assert (row.value[RAIN], row.weight[RAIN]) == (1, 1)


@pytest.mark.parametrize(("first", "value", "weight"), [(0, 1, 1), (2, 0, 0), (3, 0, 1)])
def test_a_row_of_timed_labels_is_what_its_own_cells_are(first: int, value: int, weight: int) -> None:
    rain = (Sounding(label="rain", start=0.1, end=0.45),)
    row, _ = targets(clip_of("dog", soundings=rain), CAREFUL, first=first, n=2)
    assert (row.value[RAIN], row.weight[RAIN]) == (value, weight)
    assert (row.value[DOG], row.weight[DOG]) == (1, 1)  # it has no times: somewhere in the clip


spans = st.lists(
    st.tuples(st.sampled_from(["dog", "bark", "rain"]), st.integers(0, 110), st.integers(1, 60)), max_size=5
)


@given(spans, st.integers(81, 100), st.integers(0, 3))
def test_times_agree_with_a_count_of_frames(heard, n_frames: int, first: int) -> None:
    soundings = tuple(Sounding(label=label, start=a / 100, end=(a + n) / 100) for label, a, n in heard)
    _, cells = targets(
        clip_of(soundings=soundings, complete=True), CAREFUL, first=first, n=5 - first, n_frames=n_frames
    )
    by_frame = np.zeros((n_frames, 4), bool)
    for label, a, n in heard:
        for one in LABELS.implied([label]):
            by_frame[a : a + n, LABELS.ids.index(one)] = True
    occurs = {one for label, _, _ in heard for one in LABELS.implied([label])}
    for c in range(5 - first):
        share = by_frame[(first + c) * 20 : (first + c + 1) * 20].mean(0)
        for column in range(4):
            if LABELS.ids[column] in occurs:
                assert cells.value[c, column] == (share[column] >= 0.5)
                assert cells.weight[c, column] == (share[column] >= 0.5 or share[column] == 0)
            else:
                assert cells.value[c, column] == 0


def test_a_label_that_the_features_do_not_have_is_an_error() -> None:
    with pytest.raises(TrainingError, match=r"clip a\.wav has the label cat, which is not among the 4"):
        truths([clip_of("cat")], LABELS, parents=True)


def test_a_teacher_speaks_where_nobody_has() -> None:
    said = Target(np.float32([1, 0, 0, 0]), np.float32([1, 1, 0, 0.5]))
    teacher, known = np.float32([0.2, 0.9, 0.7, 0.6]), np.array([True] * 4)
    value, weight = taught(said, teacher, known, Objective(teacher="unknown"))
    np.testing.assert_allclose(value, [1, 0, 0.7, 0.3], atol=1e-6)  # the last: half nobody, half the teacher
    np.testing.assert_allclose(weight, [1, 1, 1, 1])
    value, weight = taught(said, teacher, known, Objective(teacher="max", teacher_weight=0.5))
    np.testing.assert_allclose(value, [1, 0.9, 0.7, 0.6], atol=1e-6)
    np.testing.assert_allclose(weight, [1, 1, 0.5, 0.5])
    value, weight = taught(said, teacher, known, Objective(teacher="mix", teacher_weight=0.25))
    np.testing.assert_allclose(value, [0.8, 0.225, 0.7, 0.6 * 0.25 / 0.625], atol=1e-6)
    np.testing.assert_allclose(weight, [1, 1, 0.25, 0.625])


def test_a_teacher_is_not_heard_on_labels_that_it_does_not_know() -> None:
    said = Target(np.float32([0, 0]), np.float32([0, 0.3]))
    for way in ("unknown", "max", "mix"):
        after = taught(said, np.float32([0, 0]), np.array([False, False]), Objective(teacher=way))
        assert (after.value == said.value).all() and (after.weight == said.weight).all()


def test_a_teachers_word_for_a_row_is_pooled_as_the_head_pools() -> None:
    assert pooled_probability(np.float32([[0.5, 0], [1.0, 0]])).tolist() == [pytest.approx(1.25 / 1.5), 0]


def test_mixtures_are_mixed_as_published() -> None:
    """e / 527 everywhere, then 0.9 of each clip's share where it is true; unmixed clips have 0.9 and no more."""
    one, other = np.zeros(527, np.float32), np.zeros(527, np.float32)
    one[[1, 2]], other[[2, 3]] = 1, 1
    sure = np.ones(527, np.float32)
    mixture = mixed(Target(one, sure), Target(other, sure), np.float32(0.7))
    value = smoothed(mixture.value[None], 0.1, is_mixed=np.array([True]))[0]
    wanted = np.full(527, 0.1 / 527)
    wanted[1] += 0.7 * 0.9
    wanted[2] += 0.7 * 0.9 + 0.3 * 0.9
    wanted[3] += 0.3 * 0.9
    np.testing.assert_allclose(value, wanted, rtol=1e-5)
    alone = smoothed(one[None], 0.1, is_mixed=np.array([False]))[0]
    np.testing.assert_allclose(alone, np.where(one, 0.9, 0.1 / 527), rtol=1e-6)


def test_what_may_be_heard_in_one_of_two_is_not_denied_by_the_other() -> None:
    doubtful = Target(np.float32([0, 0, 0]), np.float32([0, 0, 0.5]))
    sure = Target(np.float32([0, 1, 0]), np.float32([1, 1, 1]))
    for mixture in (mixed(doubtful, sure, np.float32(0.4)), mixed(sure, doubtful, np.float32(0.6))):
        np.testing.assert_allclose(mixture.weight, [0, 0.6, 0.8], rtol=1e-6)
        np.testing.assert_allclose(mixture.value, [0, 1, 0], atol=1e-6)


@pytest.mark.parametrize("loss", ["bce", "focal"])
def test_what_is_masked_has_no_gradient(loss: str) -> None:
    rng = torch.Generator().manual_seed(0)
    rows = torch.randn(3, 4, generator=rng, requires_grad=True)
    cells = torch.randn(5, 4, generator=rng, requires_grad=True)
    row = torch.tensor([0, 0, 1, 1, 1])  # the third row has no cell at all
    known_rows, known_cells = torch.rand(3, 4, generator=rng) > 0.5, torch.rand(5, 4, generator=rng) > 0.5
    objective = Objective(loss=loss)

    def total(value: float):
        """The loss when the masked targets are this."""
        at_rows = torch.where(known_rows, 1.0, torch.tensor(value))
        at_cells = torch.where(known_cells, 0.0, torch.tensor(value))
        return loss_of(
            Logits(rows, cells),
            (at_rows, known_rows.float()),
            (at_cells, known_cells.float()),
            row,
            objective,
        )

    assert total(0.0).item() == total(0.7).item()
    total(0.3).backward()
    assert not rows.grad[~known_rows].any() and not cells.grad[~known_cells].any()
    assert rows.grad[known_rows].all() and cells.grad[known_cells].all()


def test_the_loss_is_a_mean_over_rows_and_labels_and_cells_of_a_row_count_together() -> None:
    rows, cells = torch.zeros(2, 3), torch.zeros(5, 3)
    ones = (torch.ones(2, 3), torch.ones(2, 3)), (torch.ones(5, 3), torch.ones(5, 3))
    row = torch.tensor([0, 1, 1, 1, 1])
    surprise = float(np.log(2))
    assert loss_of(Logits(rows, None), *ones, row, Objective()).item() == pytest.approx(surprise)
    both = loss_of(Logits(rows, cells), *ones, row, Objective(cells=0.5))
    assert both.item() == pytest.approx(1.5 * surprise)
