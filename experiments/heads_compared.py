"""The paper's table of heads made anew: the same clips, as many steps, three seeds each; then parts of ours.

    OMP_NUM_THREADS=1 python experiments/heads_compared.py DIR --work build/compared --threads 1 \\
        --output experiments/results/heads-compared-base.json

DIR is what experiments/heads/build.py has left: served.jsonl, f-served, f-scenes, soft-clips and soft-scenes, and for
the ablation "all clips" its other features and soft labels; with --taps, features lie in that folder of it. A run is
one of `whisper-at train experiments/recipes/ours.toml` and one of `whisper-at evaluate`. What is there already is not
made again, so the command may be stopped and typed again.

    heads       of the paper, and `cell-mlp`. Rows of 4.8 s; the paper's in cells of 0.4 s, short clips repeated
    rates       the best of up to four by the validation fold after a quarter of the steps, for each head, with one seed
    ablations   of `cell-mlp`: layers that it reads, length of its cells, no teacher, no soundscapes, all clips

"tl-tr, narrow" has a projection to half as many dimensions: the published 512 are no fewer than those of tiny and base.
Fold 3 chooses the epoch of the running mean, fold 4 is what is told: mAP over labels of five clips or more, and the
accuracy on its ESC-10. Milliseconds are of 30 s in rows of 10 s. Needs whisper-at[train].
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from efficiency import in_turns, machine, taps, times_of

from whisper_at.errors import WhisperATError
from whisper_at.evaluation.cost import ROW_SECONDS, blank_encoder, costs
from whisper_at.files import write_atomically
from whisper_at.model.engine import open_engine
from whisper_at.model.head_file import Head, read_head
from whisper_at.model.weights import find
from whisper_at.timegrid import FRAMES_PER_WINDOW, seconds
from whisper_at.training.corpus import open_corpus
from whisper_at.training.recipe import Data
from whisper_at.training.shards import shard_name, write_shard
from whisper_at.training.store import FeatureStore, write_index
from whisper_at.version import commit

RECIPE = Path(__file__).parent / "recipes" / "ours.toml"
VALIDATION, TEST = "3", "4"
BATCH, STEPS, EPOCHS = 32, 117, 4  # clips of a step, steps of an epoch; a rate is tried for one epoch
RATES = (5e-4, 2e-3, 8e-3, 3.2e-2)  # in this order, until one is worse than that before it
MEMORY = 0.98  # of the running mean: the recipe's 0.995 is for runs three times as long
SEEDS = (0, 1, 2)
FEWEST, RESAMPLES, REPEATS = 5, 200, 9

OURS = "cell-mlp"
BY_ROW = ("head.frames_per_cell=40", "augmentation.cells=12", 'augmentation.short="repeat"')
HEADS = {
    "last-mlp": BY_ROW,
    "wa-mlp": BY_ROW,
    "wa-tr": BY_ROW,
    "tl-tr": BY_ROW,
    "tl-tr, narrow": BY_ROW,
    OURS: ("augmentation.cells=24",),
}
SERVED, SCENES = ("f-served", "soft-clips", 0.75), ("f-scenes", "soft-scenes", 0.25)  # shares of the draws
ALL = (
    ("f-clips", "soft-clips", 0.15), ("f-served", "soft-clips", 0.4), ("f-copies", "soft-copies", 0.2),
    ("f-scenes", "soft-scenes", 0.15), ("f-more", "soft-more", 0.1),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A run to be made.

    settings: for the recipe, beside those of its head. layers: which ones the head is given, () for all.
    stores: features, their soft labels, and what share of the draws they have.
    """

    head: str
    seed: int
    rate: float
    epochs: int = EPOCHS
    ablation: str = ""
    settings: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()
    stores: tuple[tuple[str, str, float], ...] = (SERVED, SCENES)
    taught: bool = True

    @property
    def name(self) -> str:
        """Of its folder and its head."""
        parts = [self.head, self.ablation, f"{self.rate:g}", f"epochs {self.epochs}", f"seed {self.seed}"]
        return "-".join(part.replace(", ", "-").replace(" ", "-") for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where runs are made: what is trained on, where runs are put, and how many threads they have."""

    data: Path
    taps: Path
    work: Path
    threads: int

    @property
    def n_layers(self) -> int:
        """Of the encoder whose features are there."""
        return FeatureStore.open(self.taps / SERVED[0]).card.n_layers

    @property
    def n_state(self) -> int:
        """Their width."""
        return FeatureStore.open(self.taps / SERVED[0]).card.n_state


# --- which runs ---


def ablations(n_layers: int) -> dict[str, dict[str, Any]]:
    """What is changed in ours, one thing at a time."""
    numbers = tuple(range(n_layers))
    return {
        "last layer": {"layers": numbers[-1:]},
        "first half of the layers": {"layers": numbers[: n_layers // 2]},
        "second half of the layers": {"layers": numbers[n_layers // 2 :]},
        "cells of 0.4 s": {"settings": ("head.frames_per_cell=40", "augmentation.cells=12")},
        "cells of 0.8 s": {"settings": ("head.frames_per_cell=80", "augmentation.cells=6")},
        "no teacher": {"taught": False},
        "no soundscapes": {"stores": (SERVED,)},
        "no teacher, no soundscapes": {"taught": False, "stores": (SERVED,)},
        "all clips": {"stores": ALL},
    }


def trials(rates: dict[str, float], n_layers: int, seeds: Sequence[int]) -> Iterator[Trial]:
    """All of them, what matters most first."""

    def parts(seed: int) -> Iterator[Trial]:
        for ablation, changed in ablations(n_layers).items():
            yield Trial(head=OURS, seed=seed, rate=rates[OURS], ablation=ablation, **changed)

    first, *others = seeds
    yield from (Trial(head=head, seed=first, rate=rates[head]) for head in HEADS)
    yield from parts(first)
    yield from (Trial(head=head, seed=seed, rate=rates[head]) for seed in others for head in HEADS)
    for seed in others:
        yield from parts(seed)


# --- made ---


def trained(bench: Bench, trial: Trial) -> dict[str, Any]:
    """The account of a run; it is made if it is not yet."""
    out = bench.work / trial.name
    if not (out / "run.json").is_file():
        whisper_at(bench, ["train", RECIPE.resolve(), *sets(bench, trial), "--resume", "--out", out])
    account: dict[str, Any] = json.loads((out / "run.json").read_text("utf-8"))
    return account


def done(bench: Bench, trial: Trial) -> dict[str, Any]:
    """A trial's row; trained and evaluated if it is not yet."""
    account, out = trained(bench, trial), bench.work / trial.name
    head = out / f"{trial.name}.safetensors"
    if not (out / "evaluation.json").is_file():
        store = folders(bench, trial)[[name for name, _, _ in trial.stores].index(SERVED[0])]
        whisper_at(
            bench,
            ["evaluate", head, bench.data / "served.jsonl", "--features", store, "--fold", TEST, "--no-cost",
             "--min-positives", FEWEST, "--resamples", RESAMPLES, "--offline", "--out", out],
        )  # fmt: skip
    found = json.loads((out / "evaluation.json").read_text("utf-8"))
    return row(trial, account, found, read_head(head))


def sets(bench: Bench, trial: Trial) -> list[str]:
    """What is set in the recipe."""
    stores = folders(bench, trial)
    soft = dict.fromkeys(str(bench.data / name) for _, name, _ in trial.stores) if trial.taught else ()
    data = {"features": [str(store) for store in stores], "soft_labels": list(soft)}
    n_clips = len(open_corpus(Data(**data_of(data), validation=(VALIDATION,), test=(TEST,))).train)
    architecture, _, narrow = trial.head.partition(", ")
    settings = [
        f'name="{trial.name}"',
        f"seed={trial.seed}",
        *(f"data.{name}={json.dumps(value)}" for name, value in data.items()),
        f"sampling.shares={[share for _, _, share in trial.stores] if len(stores) > 1 else []}",
        f"sampling.batch={BATCH}",
        f"sampling.share={share_of(n_clips)}",
        f"sampling.epochs={trial.epochs}",
        f'head.architecture="{architecture}"',
        f"head.down={bench.n_state // 2 if narrow else 0}",
        *HEADS[trial.head],
        f"optimiser.rate={trial.rate}",
        f"averaging.decay={MEMORY}",
        "report.refit=false",
        *trial.settings,
    ]
    return [part for setting in settings for part in ("--set", setting)]


def data_of(data: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """Lists as a recipe has them."""
    return {name: tuple(values) for name, values in data.items()}


def share_of(n_clips: int) -> float:
    """The share of the clips of an epoch that makes it `STEPS` long; see `steps_of_epoch`."""
    whole = n_clips // BATCH
    return STEPS / whole if whole <= STEPS else (STEPS - 1.5) / whole


def folders(bench: Bench, trial: Trial) -> list[Path]:
    """Of the features; those with some layers only are made first."""
    plain = [bench.taps / name for name, _, _ in trial.stores]
    return [some_layers(store, trial.layers, bench.work) for store in plain] if trial.layers else plain


def some_layers(store: Path, layers: Sequence[int], work: Path) -> Path:
    """A store like another one that has only these layers; made if it is not there."""
    out = work / f"{store.name}-layers-{'-'.join(map(str, layers))}"
    if (out / "complete").is_file():
        return out
    whole = FeatureStore.open(store)
    index = replace(whole.index, card=replace(whole.card, n_layers=len(layers)))
    out.mkdir(parents=True, exist_ok=True)
    write_index(out, index)
    for number, shard in enumerate(index.shards):
        clips = [placed.clip for reel in shard for placed in reel.clips]
        kept = {clip: whole.taps(clip)[:, list(layers)] for clip in clips}
        write_shard(out / shard_name(number), kept, store=index.sha256)
    (out / "complete").touch()
    return out


def whisper_at(bench: Bench, arguments: Sequence[object]) -> None:
    """Its command line.

    Raises:
        SystemExit: if it fails.
    """
    command = [sys.executable, "-m", "whisper_at", *map(str, arguments), "--threads", str(bench.threads)]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
        sys.exit(f"heads_compared: {' '.join(command)} failed; what it said stands above")


def row(trial: Trial, account: dict[str, Any], found: dict[str, Any], head: Head) -> dict[str, Any]:
    """What is told of a run, from its account and its evaluation."""
    dims = find(head.card.encoder, offline=True).dims
    cost = costs(head, dims, blank_encoder(dims))
    return {
        "head": trial.head,
        "ablation": trial.ablation,
        "seed": trial.seed,
        "rate": trial.rate,
        "steps": account["steps"],
        "validation mAP": validation_of(account),
        "mAP": found["tags"]["mean_ap"],
        "labels": found["tags"]["n_labels"],
        "clips": found["n_clips"],
        "ESC-10 accuracy": found["closed_sets"][0]["accuracy"] if found["closed_sets"] else None,
        "parameters": cost.head_on_rows.parameters,
        "multiply-adds, rows of 10 s": cost.head_on_rows.multiply_adds,
        "share of the encoder's, rows": cost.share_of_rows,
        "multiply-adds, each cell": cost.head_on_cells.multiply_adds,
        "share of the encoder's, cells": cost.share_of_cells,
        "seconds of training": account["seconds"],
        "commit": account["commit"],
        "settings": list(trial.settings),
    }


# --- told ---


def validation_of(account: dict[str, Any]) -> float:
    """mAP on the validation fold, of the epoch that was kept."""
    return round(max(epoch["validation mAP"] for epoch in account["history"]), 4)


def tried_rates(validation: Callable[[float], float]) -> dict[float, float]:
    """What each rate had on the validation fold; the first that is worse than the one before is the last."""
    found: dict[float, float] = {}
    for rate in RATES:
        before = max(found.values(), default=0.0)
        found[rate] = validation(rate)
        if found[rate] < before:
            break
    return found


def chosen_rates(bench: Bench) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Of each head the best rate, and what each one had that was tried."""

    def validation(head: str, rate: float) -> float:
        return validation_of(trained(bench, Trial(head=head, seed=SEEDS[0], rate=rate, epochs=1)))

    tried = {head: tried_rates(partial(validation, head)) for head in HEADS}
    best = {head: max(of, key=of.__getitem__) for head, of in tried.items()}
    return best, {head: {f"{rate:g}": found for rate, found in of.items()} for head, of in tried.items()}


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each head and ablation: mean over its seeds, the least and the most."""
    found = []
    for head, ablation in dict.fromkeys((one["head"], one["ablation"]) for one in rows):
        own = [one for one in rows if (one["head"], one["ablation"]) == (head, ablation)]
        measures = {
            "mAP": [one["mAP"]["value"] for one in own],
            "ESC-10 accuracy": [one["ESC-10 accuracy"]["value"] for one in own if one["ESC-10 accuracy"]],
            "validation mAP": [one["validation mAP"] for one in own],
        }
        told = {
            name: {"mean": round(fmean(values), 4), "least": min(values), "most": max(values)}
            for name, values in measures.items()
            if values
        }
        found.append({"head": head, "ablation": ablation, "seeds": len(own), **told})
    return found


def measured(bench: Bench, rates: dict[str, float]) -> dict[str, Any]:
    """Milliseconds of each head on 30 s in rows of 10 s, and of the encoder, in turns."""
    engine = open_engine("openvino", device="cpu", threads=bench.threads, precision="float32")
    calls = {}
    n_rows = round(seconds(FRAMES_PER_WINDOW) / ROW_SECONDS)
    for name in HEADS:
        trial = Trial(head=name, seed=SEEDS[0], rate=rates[name])
        head = read_head(bench.work / trial.name / f"{trial.name}.safetensors")
        n_cells = FRAMES_PER_WINDOW // head.card.frames_per_cell // n_rows
        dims = find(head.card.encoder, offline=True).dims
        calls[name] = partial(engine.head(head), taps(dims, n_rows, n_cells))
    return dict(times_of(in_turns(calls, REPEATS), OURS))


def report(bench: Bench, seeds: Sequence[int], output: Path) -> None:
    """Make all runs; the account is written after each of them."""
    rates, tried = chosen_rates(bench)
    rows: list[dict[str, Any]] = []
    about = {
        "format": "whisper-at-heads-compared/1",
        "command": "OMP_NUM_THREADS=1 python experiments/heads_compared.py DIR --work DIR "
        f"--threads {bench.threads}",
        "commit": commit(),
        "machine": machine(bench.threads),
        "steps": STEPS * EPOCHS,
        "batch": BATCH,
        "folds": {"validation": VALIDATION, "test": TEST},
        "fewest clips of a label": FEWEST,
        "rates": rates,
        f"validation mAP of rates after {STEPS} steps": tried,
    }
    times: dict[str, Any] = {}
    for trial in trials(rates, bench.n_layers, seeds):
        rows.append(done(bench, trial))
        if len(rows) == len(HEADS):
            times = measured(bench, rates)
        told = {**about, "milliseconds of 30 s": times, "summary": summary(rows), "runs": rows}
        with write_atomically(output, "w") as file:
            file.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
        print(f"heads_compared: {trial.name}: mAP {rows[-1]['mAP']['value']:.3f}", file=sys.stderr)
    for one in summary(rows):
        print(f"{one['head']:16}{one['ablation']:28}{one['seeds']}  {one['mAP']}  {one['ESC-10 accuracy']}")


def main(arguments: list[str] | None = None) -> None:
    """Train, evaluate, write JSON, print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder of build.py")
    parser.add_argument("--taps", default=".", help="folder in it where features lie")
    parser.add_argument("--work", type=Path, required=True, help="where runs are put")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(arguments)
    data = args.data.resolve()
    bench = Bench(data=data, taps=data / args.taps, work=args.work.resolve(), threads=args.threads)
    bench.work.mkdir(parents=True, exist_ok=True)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    try:
        report(bench, args.seeds, args.output)
    except WhisperATError as error:
        sys.exit(f"heads_compared: {error}")
    print(args.output)


if __name__ == "__main__":
    main()
