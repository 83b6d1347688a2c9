"""Runs that are compared differ in what they say they differ in, and in nothing else."""

from dataclasses import replace

import heads_compared as compared
import numpy as np
import pytest

from tests.training.planted import N_LAYERS, N_STATE, planted_store
from whisper_at.training.recipe import Sampling, differences, read_recipe
from whisper_at.training.sampling import steps_of_epoch
from whisper_at.training.store import FeatureStore

RATES = dict.fromkeys(compared.HEADS, 1e-3)


def all_trials():
    return list(compared.trials(RATES, N_LAYERS, compared.SEEDS))


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for seed, (name, _, _) in enumerate(compared.ALL):
        planted_store(folder / name, seed=seed)
    return compared.Bench(data=folder, taps=folder, work=folder / "runs", threads=1)


def recipe_of(bench, trial):
    """The recipe of a trial without its teacher, of whom nothing is planted."""
    arguments = compared.sets(bench, replace(trial, taught=False))
    assert arguments[::2] == ["--set"] * (len(arguments) // 2)
    return read_recipe(compared.RECIPE, arguments[1::2])


def test_an_epoch_has_as_many_steps_whatever_the_corpus():
    found = {
        steps_of_epoch(n, Sampling(batch=compared.BATCH, share=compared.share_of(n)))
        for n in range(compared.BATCH, 30_000)
    }
    assert found == {compared.STEPS}


def test_rates_are_tried_until_one_is_worse():
    a, b, c, d = compared.RATES
    assert list(compared.tried_rates({a: 0.1, b: 0.3, c: 0.2, d: 0.9}.get)) == [a, b, c]
    assert list(compared.tried_rates({a: 0.1, b: 0.2, c: 0.3, d: 0.4}.get)) == [a, b, c, d]


def test_each_run_has_a_folder_of_its_own():
    names = [trial.name for trial in all_trials()]
    assert len(set(names)) == len(names)
    assert not any(set(name) & set(' /,"') for name in names)


def test_the_first_seed_of_all_comes_before_the_others():
    seeds = [trial.seed for trial in all_trials()]
    n_first = len(compared.HEADS) + len(compared.ablations(N_LAYERS))
    assert seeds[:n_first] == [0] * n_first and 0 not in seeds[n_first:]


def test_ablations_change_one_thing_each(bench):
    ours = recipe_of(bench, compared.Trial(head=compared.OURS, seed=0, rate=1e-3))
    changed = {
        trial.ablation: set(differences(ours, recipe_of(bench, trial))) - {"name", "data.features"}
        for trial in all_trials()
        if trial.ablation and trial.seed == 0
    }
    cells = {"head.frames_per_cell", "augmentation.cells"}
    assert changed["cells of 0.4 s"] == changed["cells of 0.8 s"] == cells
    assert changed["last layer"] == changed["first half of the layers"] == set()  # all is in the features
    assert changed["no soundscapes"] <= {"sampling.shares", "sampling.share"}


def test_rows_are_as_long_for_all_heads(bench):
    """4.8 s, in cells of any length; and a narrow head is half as wide as the taps."""
    for trial in all_trials():
        recipe = recipe_of(bench, trial)
        assert recipe.head.frames_per_cell * recipe.augmentation.cells == 480
        assert recipe.head.down == (N_STATE // 2 if "narrow" in trial.head else 0)
        assert recipe.seed == trial.seed


def test_a_store_with_some_layers_has_their_taps_and_nothing_else(bench):
    whole = FeatureStore.open(bench.taps / "f-served")
    bench.work.mkdir(exist_ok=True)
    some = FeatureStore.open(compared.some_layers(whole.folder, (1,), bench.work))
    assert (some.card.n_layers, some.clips) == (1, whole.clips)
    for i in range(len(whole)):
        np.testing.assert_array_equal(some.taps(i), whole.taps(i)[:, 1:2])


def test_a_summary_is_the_mean_over_seeds_and_how_far_they_lie_apart():
    def run(head, ablation, area):
        return {
            "head": head,
            "ablation": ablation,
            "mAP": {"value": area},
            "ESC-10 accuracy": None,
            "validation mAP": 2 * area,
        }

    rows = [run("a", "", 0.25), run("a", "x", 0.5), run("a", "", 0.75)]
    both, alone = compared.summary(rows)
    assert both["mAP"] == {"mean": 0.5, "least": 0.25, "most": 0.75}
    assert (both["seeds"], alone["seeds"], alone["ablation"]) == (2, 1, "x")
    assert both["validation mAP"]["mean"] == 1.0 and "ESC-10 accuracy" not in both
