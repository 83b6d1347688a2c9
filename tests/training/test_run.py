"""A run learns what is there to be learned, leaves an account, and ends the same however often it is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from tests.training.planted import LABELS, corpus_of, planted_store, recipe_of
from whisper_at.cli import train as command
from whisper_at.errors import TrainingError
from whisper_at.model.engine import OpenVinoEngine
from whisper_at.model.head_file import read_head
from whisper_at.training import loop
from whisper_at.training.recipe import Recipe
from whisper_at.training.run import run

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_store(tmp_path_factory.mktemp("features") / "store")


class Killed(Exception):
    """Stands in for a power cut."""


def arrays_in(head: Path) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in read_head(head).arrays.items()}


def recipe_in_toml(recipe: Recipe, path: Path) -> Path:
    """The recipe as a file."""

    def value(one: object) -> str:
        return json.dumps(list(one) if isinstance(one, tuple) else one)

    data = recipe.to_dict()
    lines = [f"{key} = {value(one)}" for key, one in data.items() if not isinstance(one, dict)]
    for section, keys in data.items():
        if isinstance(keys, dict):
            lines += [f"[{section}]", *(f"{key} = {value(one)}" for key, one in keys.items())]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("architecture", "least"),
    [("cell-mlp", 1.0), ("tl-tr", 0.9), ("wa-mlp", 0.7)],  # a mean over cells drowns a sound of one of nine
)
def test_a_planted_truth_is_learned(store: Path, tmp_path: Path, architecture: str, least: float) -> None:
    short = "mask" if architecture == "cell-mlp" else "repeat"
    recipe = recipe_of(
        store,
        head={"architecture": architecture},
        augmentation={"short": short, "mixup": 0.0, "time_mask": 0.0},
        sampling={"epochs": 30},
        optimiser={"rate": 5e-3 if architecture == "tl-tr" else 1e-2},
    )
    path = run(recipe, tmp_path / "run")
    account = json.loads((tmp_path / "run" / "run.json").read_text())
    precision = [label["test"]["AP"] for label in account["labels"].values()]
    assert min(precision) >= least
    card = read_head(path).card
    assert card.reported == LABELS.ids and card.architecture == architecture
    assert card.calibration.scale[0] != 1 and len(card.thresholds) == 3


def test_times_are_learned_with_labels_that_have_none(store: Path, tmp_path: Path) -> None:
    """Each cell of the test clips is heard for what is planted in it, by the file and the engine that will be used."""
    recipe = recipe_of(store, augmentation={"mixup": 0.0, "time_mask": 0.0}, sampling={"epochs": 15})
    head = read_head(run(recipe, tmp_path / "run"))
    hear = OpenVinoEngine(threads=1).head(head)
    corpus = corpus_of(recipe)
    right = []
    for i in corpus.test:
        clip = corpus.clips[i]
        if clip.soundings is None:
            continue
        taps = np.float32(corpus.taps(int(i)))
        heard = hear(np.ascontiguousarray(taps[:, :, None])) > 0
        true = np.zeros(heard.shape, bool)
        for one in clip.soundings:
            true[round(one.start / 0.2) : round(one.end / 0.2), LABELS.ids.index(one.label)] = True
        right.append((heard == true).mean())
    assert np.mean(right) > 0.97


def test_a_run_leaves_an_account(store: Path, tmp_path: Path) -> None:
    recipe = recipe_of(store, sampling={"epochs": 2}, data={"without": ["nothing"]})
    watched = []
    path = run(recipe, tmp_path / "run", watch=watched.append)
    account = json.loads((tmp_path / "run" / "run.json").read_text())
    assert Recipe.of(account["recipe"]) == recipe
    assert account["seed"] == 0 and account["clips"] == {"train": 60, "validation": 30, "test": 30}
    assert len(account["commit"]) >= 7 and account["data_sha256"]
    assert account["steps"] == 2 * (60 // 16) == watched[-1].step == watched[-1].n_steps
    assert [epoch["epoch"] for epoch in account["history"]] == [1, 2]
    assert account["head_sha256"] == read_head(path).sha256
    scores = read_head(path).card.scores
    assert scores == account["scores"]
    assert next(iter(scores)).startswith("mAP, 3 reported labels, test fold 4")
    assert list((tmp_path / "run" / "tensorboard").glob("events.out.tfevents.*"))
    assert account["parameters"] == sum(array.size for array in read_head(path).arrays.values())


AVERAGES = [
    {"kind": "ema", "decay": 0.9},
    {"kind": "checkpoints", "first": 1, "last": 3},
    {"kind": "none"},
]


@pytest.mark.parametrize("averaging", AVERAGES, ids=lambda averaging: averaging["kind"])
def test_a_killed_run_ends_with_the_same_bits(
    store: Path, tmp_path: Path, averaging: dict[str, object]
) -> None:
    """Killed at three random steps, within epochs and at their ends; dropout, mixtures and masks are drawn again."""
    recipe = recipe_of(store, head={"dropout": 0.2}, sampling={"epochs": 4}, averaging=averaging)
    recipe = replace(recipe, checkpoint_every=2)
    whole = run(recipe, tmp_path / "whole")
    ends = sorted(np.random.default_rng(len(averaging)).choice(np.arange(1, 12), 3, replace=False))
    for end in ends:

        def kill(moment: loop.Moment, end: int = end) -> None:
            if moment.step == end:
                raise Killed

        with pytest.raises(Killed):
            run(recipe, tmp_path / "killed", resume=True, watch=kill)
    again = run(recipe, tmp_path / "killed", resume=True)
    assert arrays_in(again) == arrays_in(whole)
    accounts = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("whole", "killed")]
    for account in accounts:
        for epoch in account["history"]:
            del epoch["seconds"]
    assert accounts[0]["history"] == accounts[1]["history"] and accounts[0]["labels"] == accounts[1]["labels"]
    assert read_head(whole).card == read_head(again).card


def test_a_refit_is_what_training_on_all_but_the_test_folds_would_be(store: Path, tmp_path: Path) -> None:
    """Calibration and thresholds stay those that the clips to validate on have chosen before they were heard."""
    means = {"kind": "checkpoints", "first": 2, "last": 3}
    recipe = recipe_of(store, sampling={"epochs": 3}, averaging=means)
    before = read_head(run(recipe, tmp_path / "before")).card
    refit = read_head(run(replace(recipe, report=replace(recipe.report, refit=True)), tmp_path / "refit"))
    folds = {"train": ["1", "2", "3"], "validation": ["4"], "test": []}
    together = run(
        recipe_of(store, sampling={"epochs": 3}, averaging=means, data=folds), tmp_path / "together"
    )
    assert {name: array.tobytes() for name, array in refit.arrays.items()} == arrays_in(together)
    assert refit.card.calibration == before.calibration and refit.card.thresholds == before.thresholds
    accounts = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("before", "refit")]
    steps = [account["history"] for account in accounts]
    assert [e["validation mAP"] for e in steps[0]] == [e["validation mAP"] for e in steps[1]]
    assert ["validation mAP" in e for e in accounts[1]["history of the refit"]] == [False] * 3


def test_a_refit_stops_where_its_run_did_best_and_may_be_killed(store: Path, tmp_path: Path) -> None:
    recipe = recipe_of(store, sampling={"epochs": 4}, report={"refit": True, "patience": 1})
    whole = run(recipe, tmp_path / "whole")
    account = json.loads((tmp_path / "whole" / "run.json").read_text())
    assert len(account["history of the refit"]) == account["best_epoch"]
    seen = []

    def kill(moment: loop.Moment) -> None:
        seen.append(moment.step)
        if seen.count(2) == 2:  # once in the run, and now in the refit
            raise Killed

    with pytest.raises(Killed):
        run(recipe, tmp_path / "killed", watch=kill)
    assert arrays_in(run(recipe, tmp_path / "killed", resume=True)) == arrays_in(whole)


@pytest.mark.slow
def test_a_run_that_is_killed_outright_goes_on(store: Path, tmp_path: Path, one_thread: None) -> None:
    """SIGKILL, by the command, as a scheduler does it."""
    recipe = replace(recipe_of(store, sampling={"epochs": 12, "share": 4.0}), checkpoint_every=7)
    toml = recipe_in_toml(recipe, tmp_path / "mine.toml")
    start = (
        "import typer; from whisper_at.cli.train import train;"
        "app = typer.Typer(); app.command()(train); app()"
    )
    arguments = [sys.executable, "-c", start, str(toml), "--out", str(tmp_path / "killed"), "--threads=1"]
    kept = tmp_path / "killed" / loop.KEPT
    process = subprocess.Popen(arguments, cwd=ROOT, env=environment())
    deadline = time.monotonic() + 300
    while not kept.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was over before it could be killed"
    again, whole = run(recipe, tmp_path / "killed", resume=True), run(recipe, tmp_path / "whole")
    assert arrays_in(again) == arrays_in(whole)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As many threads as the process that is killed has: sums of other parts are rounded otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


def test_a_run_ends_early_when_nothing_gets_better(store: Path, tmp_path: Path) -> None:
    recipe = recipe_of(store, sampling={"epochs": 50}, optimiser={"rate": 1e-9}, report={"patience": 3})
    run(recipe, tmp_path / "run")
    account = json.loads((tmp_path / "run" / "run.json").read_text())
    best = account["best_epoch"]
    assert len(account["history"]) == best + 3 < 50
    assert account["history"][best - 1]["validation mAP"] == max(
        e["validation mAP"] for e in account["history"]
    )


def test_a_folder_is_not_trained_over(store: Path, tmp_path: Path) -> None:
    recipe = recipe_of(store, sampling={"epochs": 1})
    run(recipe, tmp_path / "run")
    with pytest.raises(TrainingError, match=r"holds a run already; go on with it by --resume"):
        run(recipe, tmp_path / "run")
    other = recipe_of(store, sampling={"epochs": 2}, optimiser={"rate": 0.5})
    with pytest.raises(
        TrainingError, match=r"was begun with other sampling.epochs, optimiser.rate; resume it"
    ):
        run(other, tmp_path / "run", resume=True)
    (tmp_path / "run" / loop.KEPT).write_bytes(b"no state")
    with pytest.raises(TrainingError, match=r"checkpoint\.pt is no state of a run"):
        run(recipe, tmp_path / "run", resume=True)


def test_a_run_on_other_features_is_not_gone_on_with(store: Path, tmp_path: Path) -> None:
    recipe = recipe_of(store, sampling={"epochs": 1})
    run(recipe, tmp_path / "run")
    corpus = corpus_of(recipe)
    twice = replace(corpus, stores=corpus.stores * 2)
    with pytest.raises(TrainingError, match="was begun on other features"):
        run(recipe, tmp_path / "run", resume=True, corpus=twice)


def test_a_loss_that_is_no_number_ends_the_run(store: Path, tmp_path: Path) -> None:
    recipe = recipe_of(store, optimiser={"rate": 1e30, "schedule": "constant"}, averaging={"kind": "none"})
    with pytest.raises(TrainingError, match=r"the loss is nan at step \d+; set a lower optimiser.rate"):
        run(recipe, tmp_path / "run")


def test_cells_that_do_not_divide_are_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"frames_per_cell is 30, but the features have cells of 20 frames"
    ):
        run(recipe_of(store, head={"frames_per_cell": 30}), tmp_path / "run")


def test_half_of_the_precision_learns_as_well(store: Path, tmp_path: Path) -> None:
    recipe = replace(recipe_of(store, sampling={"epochs": 3}), precision="bfloat16")
    run(recipe, tmp_path / "run")
    account = json.loads((tmp_path / "run" / "run.json").read_text())
    assert account["history"][-1]["validation mAP"] > 0.8


def test_the_command_trains(store: Path, tmp_path: Path) -> None:
    toml = recipe_in_toml(recipe_of(store), tmp_path / "mine.toml")
    app = typer.Typer()
    app.command()(command.train)
    out = tmp_path / "run"
    settings = ["--set", "sampling.epochs=1", "--set", "name=other"]
    done = CliRunner().invoke(app, [str(toml), "--out", str(out), *settings], catch_exceptions=False)
    assert done.exit_code == 0 and done.stdout == f"{out / 'other.safetensors'}\n"
    account = json.loads((out / "run.json").read_text())
    assert account["recipe"]["sampling"]["epochs"] == 1
    with pytest.raises(TrainingError, match="has no key 'epoch'; did you mean epochs"):
        CliRunner().invoke(app, [str(toml), "--set", "sampling.epoch=1"], catch_exceptions=False)


@pytest.mark.slow
def test_two_processes_do_what_one_does(store: Path, tmp_path: Path) -> None:
    """torchrun with gloo: the same clips, the same steps, and but for rounding the same weights."""
    recipe = recipe_of(store, sampling={"epochs": 2}, optimiser={"rate": 1e-3})
    toml = recipe_in_toml(recipe, tmp_path / "mine.toml")
    one = run(recipe, tmp_path / "one")
    start = tmp_path / "start.py"
    start.write_text(
        "import typer\nfrom whisper_at.cli.train import train\n"
        "app = typer.Typer()\napp.command()(train)\napp()\n"
    )
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(start),
         str(toml), "--out", str(tmp_path / "two")],
        cwd=ROOT, env=environment(), check=True, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    accounts = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("one", "two")]
    assert [account["machine"]["processes"] for account in accounts] == [1, 2]
    assert accounts[0]["steps"] == accounts[1]["steps"]
    for a, b in zip(*(account["history"] for account in accounts), strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-4)
    two = read_head(tmp_path / "two" / "planted.safetensors")
    for name, array in read_head(one).arrays.items():
        np.testing.assert_allclose(two.arrays[name], array, atol=2e-3)
