"""What tags cost beside words: counted for every published Whisper, measured for those that are at hand.

    OMP_NUM_THREADS=1 python experiments/efficiency.py --yamnet yamnet_spectra_in.tflite --time base --time tiny.en \\
        --threads 1 --output experiments/results/efficiency.json

All is of 30 s of sound. Multiply-adds of matrix products, convolutions and attention are counted from the graphs, of
weights that are not there; front ends (log-mel) are not counted. Each head is served in rows of 10 s, as published,
and cell by cell; `cell-mlp` is 384 wide, whatever the Whisper. Beside them two taggers that
listen by themselves:

    YAMNet   its file's graph; patches of 0.975 s every 0.48 s, as published
    AST      transformers' definition in its published size; three times 10 s. Its paper says 133 GFLOPs for 10 s, of
             which each is a multiply-add

Times are medians of turns taken one after the other in one run, on noise; a ratio is the median of those within a turn.
The encoder is as it is served, and once more in single precision, as heads are; "encoder" pools one cell alone.
Needs whisper-at[train,teachers].
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from whisper_at.audio.logmel import log_mel
from whisper_at.audio.windows import Window
from whisper_at.errors import WhisperATError
from whisper_at.evaluation.cost import Cost, Costs, blank_encoder, costs, count
from whisper_at.files import write_atomically
from whisper_at.model.dimensions import STATE_PER_HEAD, Dimensions
from whisper_at.model.engine import open_engine, quickest_precision
from whisper_at.model.head_file import Head, HeadCard
from whisper_at.model.weights import find
from whisper_at.tagging.ontology import labels
from whisper_at.tagging.pooling import TapPool
from whisper_at.timegrid import FRAMES_PER_WINDOW, SAMPLE_RATE, TagGrid
from whisper_at.training import recipe
from whisper_at.training.network import first_arrays
from whisper_at.training.teachers import patch_starts
from whisper_at.training.yamnet import PUBLISHED_HOP, Yamnet
from whisper_at.training.yamnet_features import log_mel_columns
from whisper_at.version import commit

SECONDS = 30
REPEATS = 9
AST_PUBLISHED = 133e9  # for 10 s, as its authors and the Whisper-AT paper's poster count it
SMALL, QUICK = 0.01, 40  # the claims: under 1 % of the encoder's work, and so many times less than AST's
INSTRUCTIONS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
Times = Mapping[str, Mapping[str, float]]


def dims_of(n_mels: int, n_state: int, n_layers: int) -> Dimensions:
    """Of a published size; what the decoder has is not looked at here."""
    return Dimensions(
        n_mels=n_mels,
        n_state=n_state,
        n_heads=n_state // STATE_PER_HEAD,
        n_layers=n_layers,
        n_text_layers=n_layers,
        n_vocab=51865,
    )


SIZES = {
    "tiny": dims_of(80, 384, 4),
    "base": dims_of(80, 512, 6),
    "small": dims_of(80, 768, 12),
    "medium": dims_of(80, 1024, 24),
    "large-v1, large-v2": dims_of(80, 1280, 32),
    "large-v3, large-v3-turbo": dims_of(128, 1280, 32),
}
HEADS = {
    **{name: recipe.Head(architecture=name) for name in ("last-mlp", "wa-mlp", "last-tr", "wa-tr", "tl-tr")},
    "tl-tr-512": recipe.Head(architecture="tl-tr", down=512),
    "cell-mlp": recipe.Head(architecture="cell-mlp", frames_per_cell=20),
}


def fits(head: recipe.Head, dims: Dimensions) -> bool:
    """Whether a head makes sense there: a projection goes to fewer dimensions."""
    return head.down < dims.n_state


def head_of(name: str, dims: Dimensions) -> Head:
    """A head that has learned nothing."""
    planned, known = HEADS[name], labels()
    card = HeadCard(
        name=name,
        architecture=planned.architecture,
        encoder="",
        n_state=dims.n_state,
        n_layers=dims.n_layers,
        mids=tuple(label.mid for label in known),
        names=tuple(label.name for label in known),
        reported=(),
        frames_per_cell=planned.frames_per_cell,
    )
    arrays = first_arrays(
        planned,
        n_layers=dims.n_layers,
        n_state=dims.n_state,
        n_labels=len(known),
        rng=np.random.default_rng(0),
    )
    return Head(card=card, arrays=arrays, sha256="")


# --- counted ---


def counted(dims: Dimensions, others: Mapping[str, Cost]) -> dict[str, Any]:
    """The encoder of a size, and all heads that fit it, beside taggers that listen by themselves."""
    found = {
        name: costs(head_of(name, dims), dims, blank_encoder(dims))
        for name, head in HEADS.items()
        if fits(head, dims)
    }
    encoder = next(iter(found.values())).encoder
    return {
        "encoder": {"parameters": encoder.parameters, "multiply-adds": encoder.multiply_adds},
        "heads": {name: beside(one, others) for name, one in found.items()},
    }


def beside(one: Costs, others: Mapping[str, Cost]) -> dict[str, float]:
    """A head's costs, and what they are of the encoder's and of the other taggers'."""
    rows, cells = one.head_on_rows, one.head_on_cells
    return {
        "parameters": rows.parameters,
        "multiply-adds, pooling": one.pooling.multiply_adds,
        "multiply-adds, rows of 10 s": rows.multiply_adds,
        "multiply-adds, each cell": cells.multiply_adds,
        "share, rows": one.share_of_rows,
        "share, cells": one.share_of_cells,
        **{
            f"times less than {name}, rows": round(other.multiply_adds / rows.multiply_adds, 1)
            for name, other in others.items()
        },
    }


def ast_cost() -> Cost:
    """AST in its published size, 1024 frames of 128 mels at once, for three times 10 s; its weights are not made."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import ASTConfig, ASTForAudioClassification

    config = ASTConfig(num_labels=len(labels()), attn_implementation="eager")
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        network = ASTForAudioClassification(config).eval()
        network(torch.zeros(1, config.max_length, config.num_mel_bins))
    return Cost(
        parameters=sum(weight.numel() for weight in network.parameters()),
        multiply_adds=3 * counter.get_total_flops() // 2,  # it counts a product and a sum as two
    )


def yamnet_cost(path: Path) -> Cost:
    """YAMNet on all patches of 30 s."""
    import openvino

    patch = count(openvino.Core().read_model(path))
    n_patches = len(patch_starts(SECONDS * SAMPLE_RATE, patch=Yamnet.patch, hop=PUBLISHED_HOP))
    return Cost(parameters=patch.parameters, multiply_adds=n_patches * patch.multiply_adds)


# --- measured ---


@dataclass(frozen=True, kw_only=True)
class Sound:
    """30 s of noise, and what the encoder reads of it."""

    samples: np.ndarray
    window: Window

    @classmethod
    def of_noise(cls) -> "Sound":
        """The same in every run."""
        noise = np.random.default_rng(0).standard_normal(SECONDS * SAMPLE_RATE).astype(np.float32)
        samples = noise * np.float32(0.1)
        return cls(samples=samples, window=log_mel(samples).window(0))


def in_turns(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each call in each turn, after one turn that does not count."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            if turn:
                took[name].append(time.perf_counter() - began)
    return took


def times_of(took: Mapping[str, list[float]], unit: str) -> Times:
    """Milliseconds of each, and its ratio to one of them."""
    return {
        name: {
            "ms": round(1000 * median(seconds), 3),
            f"to {unit}": round(median(a / b for a, b in zip(seconds, took[unit], strict=True)), 5),
        }
        for name, seconds in took.items()
    }


def measured(model: str, yamnet: Yamnet, sound: Sound, *, threads: int, repeats: int) -> Times:
    """An encoder, all heads that fit it, and YAMNet."""
    checkpoint = find(model, offline=True)
    dims = checkpoint.dims
    engine = open_engine("openvino", device="cpu", threads=threads, precision=quickest_precision())
    exact = open_engine("openvino", device="cpu", threads=threads, precision="float32")
    run_encoder = engine.encoder(dims, checkpoint.variables())
    mel = sound.window.padded[None]
    calls: dict[str, Callable[[], object]] = {"log-mel": partial(log_mel, sound.samples)}
    for frames, name in (
        (FRAMES_PER_WINDOW, "encoder"),
        (20, "encoder, taps of 0.2 s"),
        (40, "encoder, taps of 0.4 s"),
    ):
        calls[name] = partial(run_encoder, mel, pool_of(frames))
    exactly = exact.encoder(dims, checkpoint.variables())
    calls["encoder in single precision"] = partial(exactly, mel, pool_of(FRAMES_PER_WINDOW))
    for name, planned in HEADS.items():
        if fits(planned, dims):
            run, n_cells = engine.head(head_of(name, dims)), FRAMES_PER_WINDOW // planned.frames_per_cell
            calls[f"{name}, rows of 10 s"] = partial(run, taps(dims, 3, n_cells // 3))
            calls[f"{name}, each cell"] = partial(run, taps(dims, n_cells, 1))
    calls["YAMNet"] = partial(yamnet.probabilities, sound.samples)
    calls["YAMNet, its front end alone"] = partial(log_mel_columns, sound.samples)
    return times_of(in_turns(calls, repeats), "encoder")


def pool_of(frames_per_cell: int) -> np.ndarray:
    """What pools a window to cells of so many frames: [window, cell, step]."""
    return TapPool(TagGrid(frames_per_cell=frames_per_cell), FRAMES_PER_WINDOW).plan(0)[None]


def taps(dims: Dimensions, n_rows: int, n_cells: int) -> np.ndarray:
    """Noise that a head may read: [row, layer, cell, dim]."""
    shape = (n_rows, dims.n_layers, n_cells, dims.n_state)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


# --- told ---


def claims(sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Where what is said of the paper's heads holds, of rows of 10 s."""
    rows = [(size, name, one) for size, found in sizes.items() for name, one in found["heads"].items()]

    def told(holds: Callable[[Mapping[str, float]], bool]) -> dict[str, list[str]]:
        return {
            "holds": [f"{name} on {size}" for size, name, one in rows if holds(one)],
            "fails": [f"{name} on {size}" for size, name, one in rows if not holds(one)],
        }

    return {
        f"under {SMALL:.0%} of the encoder's multiply-adds": told(lambda one: one["share, rows"] < SMALL),
        f"{QUICK} times less than AST": told(lambda one: one["times less than AST, rows"] >= QUICK),
    }


def machine(threads: int) -> dict[str, Any]:
    """What it was measured on."""
    path = Path("/proc/cpuinfo")
    flags = set(path.read_text(errors="replace").split()) if path.exists() else set()
    return {
        "cores": os.cpu_count(),
        "threads": threads,
        "instructions": [name for name in INSTRUCTIONS if name in flags],
        "encoder's precision": quickest_precision(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def table(sizes: Mapping[str, Any]) -> str:
    """A line for each head on each size."""
    lines = [f"{'':38}{'parameters':>12}{'G':>9}{'share':>9}{'cells':>9}{'AST':>9}{'YAMNet':>9}"]
    for size, found in sizes.items():
        encoder = found["encoder"]
        lines.append(f"{size:38}{encoder['parameters']:12,}{encoder['multiply-adds'] / 1e9:9.2f}")
        lines += [
            f"  {name:36}{one['parameters']:12,.0f}{one['multiply-adds, rows of 10 s'] / 1e9:9.4f}"
            f"{one['share, rows']:9.2%}{one['share, cells']:9.2%}"
            f"{one['times less than AST, rows']:9.0f}{one['times less than YAMNet, rows']:9.1f}"
            for name, one in found["heads"].items()
        ]
    return "\n".join(lines)


def report(args: argparse.Namespace) -> dict[str, Any]:
    """Everything, ready for JSON."""
    others = {"AST": ast_cost(), "YAMNet": yamnet_cost(args.yamnet)}
    sizes = {name: counted(dims, others) for name, dims in SIZES.items()}
    print(table(sizes))
    listener, sound = Yamnet(args.yamnet, hop=PUBLISHED_HOP), Sound.of_noise()
    models = " ".join(f"--time {name}" for name in args.time)
    return {
        "format": "whisper-at-efficiency/1",
        "command": f"OMP_NUM_THREADS={args.threads} python experiments/efficiency.py --yamnet YAMNET {models} "
        f"--threads {args.threads} --repeats {args.repeats}",
        "commit": commit(),
        "machine": machine(args.threads),
        "of": "30 s of sound; multiply-adds of products, convolutions and attention; front ends not counted",
        "sizes": sizes,
        "taggers that listen by themselves": {
            name: {"parameters": other.parameters, "multiply-adds": other.multiply_adds}
            for name, other in others.items()
        },
        "claims": claims(sizes),
        "measured": {
            name: measured(name, listener, sound, threads=args.threads, repeats=args.repeats)
            for name in args.time
        },
    }


def main(arguments: list[str] | None = None) -> None:
    """Count, measure, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--yamnet", type=Path, required=True, help="its TFLite file")
    parser.add_argument("--time", action="append", default=[], metavar="MODEL", help="measure this one too")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(arguments)
    try:
        found = report(args)
    except WhisperATError as error:
        sys.exit(f"efficiency: {error}")
    args.output.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(args.output, "w") as file:
        file.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    for name, times in found["measured"].items():
        print(name, *(f"  {call:32}{one}" for call, one in times.items()), sep="\n")
    print(args.output)


if __name__ == "__main__":
    main()
