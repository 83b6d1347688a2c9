"""What one 30 s window costs in the encoder, with taps and without, in the head, and in CTranslate2's own encoder.

    python benchmarks/encoder.py --model base --repeats 9 --out experiments/results/encoder-base.json

All variants take turns, so that a machine that slows down slows them all; medians and ratios are reported.
"""

import argparse
import json
import statistics
import time
from functools import partial
from pathlib import Path

import ctranslate2
import numpy as np
import openvino
from openvino import opset13 as ov

from whisper_at.audio import log_mel
from whisper_at.audio.windows import Window
from whisper_at.model.encoder import encode, encoder_weights
from whisper_at.model.engine import OpenVinoEngine
from whisper_at.model.head_file import read_head
from whisper_at.model.ops.openvino import OpenVinoOps
from whisper_at.model.weights import find
from whisper_at.tagging.heads import packaged_heads
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.tagger import Tagger
from whisper_at.timegrid import TagGrid

NO_CELLS = np.zeros((15, 1, 100), np.float32)  # blocks of a window


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="base")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    runs = variants(args.model, args.threads)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(args.repeats + 1):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if turn:  # the first one warms up
                seconds[name].append(time.perf_counter() - started)
    medians = {name: round(statistics.median(times), 5) for name, times in seconds.items()}
    reference = medians["openvino float32, taps"]
    for name, median in medians.items():
        print(f"{name:32} {median * 1e3:8.1f} ms   {median / reference:6.3f}")
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        result = {
            "model": args.model,
            "threads": args.threads,
            "repeats": args.repeats,
            "median seconds": medians,
        }
        args.out.write_text(json.dumps({**result, "cpu": cpu()}, indent=1) + "\n")


def variants(model: str, threads: int):
    """Each thing that is measured, ready to run once."""
    checkpoint = find(model)
    dims, variables = checkpoint.dims, checkpoint.variables()
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal(480_000).astype(np.float32)
    mel = log_mel(noise, n_mels=dims.n_mels).window(0).padded[None]
    pool = TagGrid(frames_per_cell=20).pool(seek=0, heard=0, end=3000)[1][None]  # as our heads have it
    runs = {}
    for precision in ("float32", "bfloat16", "int8"):
        engine = OpenVinoEngine(threads=threads, precision=precision)
        tapped = engine.encoder(dims, variables)
        runs[f"openvino {precision}, taps"] = lambda run=tapped: run(mel, pool)
        plain = without_taps(engine, dims, variables, precision)
        runs[f"openvino {precision}, no taps"] = lambda run=plain: run([mel, NO_CELLS])
    for name, path in packaged_heads().items():
        head = read_head(path)
        if head.card.encoder == checkpoint.name:
            run_head = OpenVinoEngine(threads=threads).head(head)
            n_cells = TagGrid(frames_per_cell=head.card.frames_per_cell).n_cells(3000)
            taps = rng.standard_normal((dims.n_layers, n_cells, dims.n_state)).astype(np.float32)
            runs[f"{name}: 3 rows and {n_cells} cells"] = partial(tags_of, head.card, run_head, taps)
    for compute_type in ("int8", "float32"):
        whole = ctranslate2.models.Whisper(
            str(checkpoint.folder), compute_type=compute_type, intra_threads=threads
        )
        view = ctranslate2.StorageView.from_array(np.ascontiguousarray(mel))
        runs[f"ctranslate2 {compute_type}"] = lambda whole=whole, view=view: whole.encode(view, to_cpu=True)
    runs["log-mel"] = lambda: log_mel(noise, n_mels=dims.n_mels)
    return runs


def tags_of(card, run_head, taps):
    """What the tagger does with the taps of a window."""
    tagger = Tagger(card, run_head, TagOptions(), 3000)
    window = Window(seek=0, n_frames=3000, padded=np.zeros((80, 3000), np.float32))
    tagger.hear(window, tagger.plan(window), taps)
    tagger.track()


def without_taps(engine, dims, variables, precision):
    """The same graph with the features as its only output: OpenVINO leaves out what nobody asks for."""
    ops = OpenVinoOps(int8_weights=precision == "int8")
    mel = ov.parameter([1, dims.n_mels, 3000], np.float32)
    pool = ov.parameter([15, -1, 100], np.float32)
    features, _ = encode(ops, encoder_weights(ops, variables), dims, mel, pool)
    return engine._compile([features], [mel, pool], precision)


def cpu() -> str:
    return str(openvino.Core().get_property("CPU", "FULL_DEVICE_NAME"))


if __name__ == "__main__":
    main()
