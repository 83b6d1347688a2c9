"""Rows are cut, mixed, filled up and blanked out as the recipe says, and the same whoever does it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.planted import LABELS, corpus_of, recipe_of, write_store
from whisper_at.datasets.clip import Clip, LabelSet, Sounding
from whisper_at.errors import DatasetError, TrainingError
from whisper_at.training.augment import Plan, first_cell, masked, plan
from whisper_at.training.batches import Batch, Batches, prefetched
from whisper_at.training.corpus import Corpus, is_left_out
from whisper_at.training.recipe import Augmentation, Data, Recipe
from whisper_at.training.sampling import generator
from whisper_at.training.store import FeatureStore
from whisper_at.training.targets import truths

LENGTHS = (3, 8, 5)
LISTED = (("bell",), ("rain", "dog"), ("dog",), ("bell",), ("rain",))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips to train on, one to validate, one to test; cell c of clip i holds the number 10 i + c."""
    taps = [
        np.arange(n)[:, None, None] + np.full((n, 2, 4), 10.0 * i) for i, n in enumerate((*LENGTHS, 4, 4))
    ]
    clips = [
        Clip(path=Path(f"{i}.wav"), labels=labels, complete=True, fold="1134"[max(0, i - 1)])
        for i, labels in enumerate(LISTED)
    ]
    return write_store(tmp_path_factory.mktemp("store"), clips, taps)


def still(**changes: object) -> Augmentation:
    return replace(Augmentation(cells=4, crop="start", short="mask"), **changes)  # type: ignore[arg-type]


def make(
    store: Path, augmentation: Augmentation, chosen: Plan | None = None, **sections: dict[str, object]
) -> Batch:
    """The batch of all three clips."""
    sections["augmentation"] = {"short": augmentation.short}
    recipe = replace(recipe_of(store, **sections), augmentation=augmentation)
    if chosen is None:
        chosen = plan(np.arange(3), 3, augmentation, generator(0))
    return batches(recipe).of(chosen)


def batches(recipe: Recipe) -> Batches:
    corpus = corpus_of(recipe)
    truth = truths([corpus.clips[i] for i in corpus.train], corpus.labels, parents=False)
    return Batches(corpus, corpus.train, truth, recipe)


def cells_of(batch: Batch, row: int) -> list[float]:
    return batch.taps[batch.row == row][:, 0, 0].tolist()


def test_rows_are_as_long_as_their_clips_and_no_longer_than_the_recipe(store: Path) -> None:
    batch = make(store, still())
    assert [cells_of(batch, row) for row in range(3)] == [[0, 1, 2], [10, 11, 12, 13], [20, 21, 22, 23]]
    assert batch.place.tolist() == [0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3]
    assert batch.taps.dtype == np.float32
    heard = [[LABELS.ids[c] for c in np.flatnonzero(row)] for row in batch.rows.value]
    assert heard == [["bell"], ["dog", "rain"], ["dog"]]


def test_short_clips_are_filled_up_as_the_recipe_says(store: Path) -> None:
    zeros, again = (make(store, still(cells=5, short=short)) for short in ("zeros", "repeat"))
    assert cells_of(zeros, 0) == [0, 1, 2, 0, 0] and cells_of(again, 0) == [0, 1, 2, 0, 1]
    assert not zeros.cells.weight[3:5].any()  # of padding nothing is known
    assert zeros.cells.weight[:3, 1:].all()  # but what the clip denies is not in its cells


def test_a_long_clip_is_cut_anywhere_if_the_recipe_says_so(store: Path) -> None:
    starts = set()
    for seed in range(60):
        chosen = plan(np.arange(3), 3, still(crop="random"), generator(seed))
        starts.add(cells_of(make(store, still(), chosen), 1)[0])
    assert starts == {10, 11, 12, 13, 14}


def test_features_are_mixed_by_their_shares(store: Path) -> None:
    """Clip 1 with a third of clip 0, which is shorter and so begins again."""
    share = np.array([1.0, 2 / 3, 1.0])
    chosen = replace(plan(np.arange(3), 3, still(), generator(0)), share=share, other=np.array([2, 0, 1]))
    batch = make(store, still(), chosen)
    assert cells_of(batch, 0) == [0, 1, 2]
    wanted = [10 * 2 / 3 + 0 / 3, 11 * 2 / 3 + 1 / 3, 12 * 2 / 3 + 2 / 3, 13 * 2 / 3 + 0]
    np.testing.assert_allclose(cells_of(batch, 1), wanted, rtol=1e-6)
    np.testing.assert_allclose(batch.rows.value[1], [1 / 3, 2 / 3, 2 / 3], rtol=1e-6)
    padded = make(store, still(short="zeros"), chosen)  # the published way: nothing where it has ended
    np.testing.assert_allclose(cells_of(padded, 1)[3], 13 * 2 / 3, rtol=1e-6)


def test_blanked_out_cells_are_not_there_or_zero(store: Path) -> None:
    augmentation = still(time_mask=0.8)
    chosen = replace(
        plan(np.arange(3), 3, augmentation, generator(0)), mask=np.full(3, 0.7), mask_at=np.full(3, 0.8)
    )
    batch = make(store, augmentation, chosen)  # 0.56 of 4 cells are 2 cells, from 0.8 * (4 - 2.24)
    assert cells_of(batch, 1) == [10, 13]
    assert len(batch.taps) == len(batch.cells.value) == len(batch.row) == len(batch.place)
    assert len(cells_of(batch, 0)) == 2
    zeroed = make(store, replace(augmentation, short="zeros"), chosen)
    assert cells_of(zeroed, 1) == [10, 0, 0, 13]


def test_longer_cells_are_means_of_shorter_ones(store: Path) -> None:
    batch = make(store, still(), head={"architecture": "cell-mlp", "frames_per_cell": 40})
    assert [cells_of(batch, row) for row in range(3)] == [
        [0.5, 2],
        [10.5, 12.5, 14.5, 16.5],
        [20.5, 22.5, 24],
    ]


def test_heads_of_rows_are_told_of_rows_alone(store: Path) -> None:
    batch = make(store, still(short="zeros"), head={"architecture": "last-mlp"})
    assert batch.cells is None


@given(st.integers(0, 1000), st.integers(1, 4))
def test_processes_together_hear_the_whole_batch(seed: int, size: int) -> None:
    augmentation = Augmentation(cells=4, crop="random", short="mask", mixup=0.5, time_mask=0.5)
    whole = plan(np.arange(12) % 5, 5, augmentation, generator(seed))
    parts = [whole.part(rank, size) for rank in range(size)]
    for name in vars(whole):
        together = np.sort(np.concatenate([getattr(part, name) for part in parts]))
        assert (together == np.sort(getattr(whole, name))).all()
    assert (whole.is_mixed == (whole.share < 1)).all()


def test_half_of_the_clips_are_mixed_by_about_a_half() -> None:
    """Published: p = 0.5, Beta(10, 10): mean 1/2, variance 1/84."""
    chosen = plan(np.zeros(40_000, int), 7, Augmentation(mixup=0.5, mixup_beta=10), generator(0))
    share = chosen.share[chosen.is_mixed]
    assert len(share) / 40_000 == pytest.approx(0.5, abs=0.01)
    assert share.mean() == pytest.approx(0.5, abs=0.005) and share.var() == pytest.approx(1 / 84, rel=0.05)
    assert np.bincount(chosen.other, minlength=7).min() > 5_000


@given(st.integers(1, 60), st.floats(0, 0.999), st.floats(0, 0.999), st.floats(0, 0.99))
def test_a_blank_lies_in_its_row_and_leaves_something(n: int, mask: float, at: float, most: float) -> None:
    blank = masked(n, most, mask, at)
    assert 0 <= blank.start <= blank.stop <= n
    assert blank.stop - blank.start <= most * n < n


def test_blanks_are_those_of_the_published_masking() -> None:
    """TimeMasking(10) on 25 steps: a length below 10, a start such that it fits."""
    rng = np.random.default_rng(0)
    blanks = [masked(25, 0.4, *rng.random(2)) for _ in range(5000)]
    lengths = np.bincount([blank.stop - blank.start for blank in blanks])
    assert len(lengths) == 10 and lengths.min() > 400


@given(st.integers(1, 50), st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_a_cut_lies_in_the_clip(n: int, wanted: int, cut: float) -> None:
    assert 0 <= first_cell(n, wanted, cut) <= max(0, n - wanted)


def test_a_teachers_word_goes_with_its_cells(store: Path) -> None:
    class Teacher:
        """Says of cell c of clip 1 that rain has the probability c / 10; knows of nothing else."""

        card, teacher = "a card", "one who counts"
        known = np.array([False, False, True])
        labels, frames_per_cell = LABELS, 20

        def of(self, clip: str) -> np.ndarray:
            return (np.arange(8)[:, None] * np.array([0.05, 0.05, 0.1])).astype(np.float16)

        def __contains__(self, clip: object) -> bool:
            return clip == "1.wav"

    recipe = replace(
        recipe_of(store, data={"soft_labels": ["x"]}, objective={"teacher": "max"}),
        augmentation=still(),
    )
    corpus = Corpus.of([FeatureStore.open(store)], recipe.data, [Teacher()])
    assert [one.teacher for one in corpus.soft] == ["one who counts"]
    assert corpus.sha256 != corpus_of(recipe_of(store)).sha256
    truth = truths([corpus.clips[i] for i in corpus.train], corpus.labels, parents=False)
    chosen = replace(plan(np.arange(3), 3, still(), generator(0)), cut=np.full(3, 0.99))
    batch = Batches(corpus, corpus.train, truth, recipe).of(chosen)
    assert cells_of(batch, 1) == [14, 15, 16, 17]
    np.testing.assert_allclose(batch.cells.value[batch.row == 1][:, 2], [0.4, 0.5, 0.6, 0.7], atol=1e-3)
    assert not batch.cells.value[batch.row == 0][:, 2].any()  # of the other clips the teacher says nothing
    with pytest.raises(TrainingError, match="soft labels in y are of none of the clips"):
        Corpus.of(
            [FeatureStore.open(store)], replace(recipe.data, soft_labels=("x", "y")), [Teacher(), _Mute()]
        )


class _Mute:
    """A teacher of other clips."""

    card, teacher = "another card", "one who is silent"
    known = np.zeros(3, bool)
    labels, frames_per_cell = LABELS, 20

    def of(self, clip: str) -> np.ndarray:
        raise KeyError(clip)

    def __contains__(self, clip: object) -> bool:
        return False


def test_folds_part_the_clips_and_subsets_are_left_out(tmp_path: Path) -> None:
    taps = [np.zeros((2, 1, 2))] * 6
    clips = [
        Clip(path=Path(f"{i}.wav"), labels=("dog",), fold=fold, subset=subset)
        for i, (fold, subset) in enumerate(
            [("1", ""), ("2", ""), ("", ""), ("3", ""), ("4", ""), ("1", "voices")]
        )
    ]
    silent = Clip(path=Path("silent.wav"), fold="1")  # says nothing: there is nothing to be learned of it
    store = FeatureStore.open(write_store(tmp_path, [*clips, silent], [*taps, taps[0]]))

    def parts(**data: object) -> list[list[int]]:
        asked = Data(**{"features": ("x",), "validation": ("3",), "test": ("4",), **data})  # type: ignore[arg-type]
        corpus = Corpus.of([store], asked)
        return [corpus.train.tolist(), corpus.validation.tolist(), corpus.test.tolist()]

    assert parts() == [[0, 1, 2, 5], [3], [4]]
    assert parts(without=("voices",)) == [[0, 1, 2], [3], [4]]
    assert parts(train=("2",)) == [[1], [3], [4]]
    with pytest.raises(TrainingError, match=r"data\.train names fold all that are left, which has no clips"):
        parts(without=("dog",))  # it is what all of them carry
    with pytest.raises(
        TrainingError, match=r"data.test names fold 9, which has no clips; .* \(none\), 1, 2, 3, 4"
    ):
        parts(test=("9",))


def test_a_label_is_left_out_with_all_that_implies_it() -> None:
    def carrying(*labels: str, **more: object) -> Clip:
        return Clip(path=Path("a.wav"), labels=labels, **more)  # type: ignore[arg-type]

    bark, timed = carrying("bark"), carrying(soundings=(Sounding(label="bark", start=0, end=1),))
    others = [carrying("rain"), carrying(), carrying("rain", subset="bark at night")]
    labels = LabelSet(ids=("bark", "dog", "rain"), names=("",) * 3, ancestors={"bark": ("dog",)})
    for label, clips in (("dog", [bark, timed, carrying("dog")]), ("bark", [bark, timed])):
        assert all(is_left_out(clip, [label], labels) for clip in clips)
        assert not any(is_left_out(clip, [label], labels) for clip in others)
    assert not is_left_out(carrying("dog"), ["bark"], labels)  # a dog need not bark


def test_stores_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    clips = [
        Clip(path=Path("a.wav"), labels=("dog",), fold="1"),
        Clip(path=Path("b.wav"), labels=("dog",), fold="3"),
    ]
    one = FeatureStore.open(write_store(tmp_path / "one", clips, [np.zeros((2, 1, 2))] * 2))
    other = FeatureStore.open(write_store(tmp_path / "other", clips, [np.zeros((2, 1, 3))] * 2))
    data = Data(features=("one", "other"), validation=("3",))
    with pytest.raises(TrainingError, match=r"features in one and in other differ in n_state \(2 and 3\)"):
        Corpus.of([one, other], data)
    both = Corpus.of([one, one], data)
    assert both.train.tolist() == [0, 2] and both.validation.tolist() == [1, 3]


def test_what_is_prefetched_comes_in_order_and_its_error_in_its_place() -> None:
    def items():
        yield from range(5)
        raise DatasetError("a shard is gone")

    got = []
    with pytest.raises(DatasetError, match="a shard is gone"):
        for item in prefetched(items(), depth=2):
            got.append(item)
    assert got == list(range(5))


def test_nothing_is_prefetched_for_a_reader_that_has_gone() -> None:
    made = []

    def items():
        for i in range(1000):
            made.append(i)
            yield i

    reader = prefetched(items(), depth=2)
    assert next(reader) == 0
    reader.close()
    assert len(made) < 10
