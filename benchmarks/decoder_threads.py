"""What a step of the text decoder costs, by decoder, threads and beams, on features of real speech.

    python benchmarks/decoder_threads.py --model base --output experiments/results/decoder-base.json

The features are those of the first window of examples/street.ogg, from our own encoder. The end of the text is
suppressed, so that a search takes as many steps as it is told to. The first step differs from the others, for it
reads the prompt and makes the keys of the cross-attention: a search of one step is timed beside each long one,
and taken from it. All variants take turns, forwards and then backwards; medians are reported.
"""

import argparse
import itertools
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from report import commit, machine
from runs import alternating, talk
from whisper_at.audio import log_mel, read
from whisper_at.files import write_atomically
from whisper_at.model.ctranslate2_decoder import CTranslate2Decoder
from whisper_at.model.decoder import Decoder, Features, Search
from whisper_at.model.decoders import open_decoder
from whisper_at.model.engine import OpenVinoEngine
from whisper_at.model.weights import Checkpoint, find
from whisper_at.speech.tokenizer import Tokenizer
from whisper_at.timegrid import STEPS_PER_WINDOW

SCENE = Path(__file__).parents[1] / "examples" / "street.ogg"
DECODERS = ("graph", "ctranslate2")
Variant = tuple[str, int, int]  # decoder, threads, beams
Cost = tuple[float, float]  # milliseconds of the first step, and of each of the others


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line, with what `--smoke` stands for filled in."""
    parser = argparse.ArgumentParser(prog="decoder_threads.py", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--model", default="base", help="Whisper model (default: base)")
    add("--decoders", default=",".join(DECODERS), metavar="NAME,...", help="default: graph,ctranslate2")
    add("--threads", type=_numbers, default=[1, 2], metavar="N,...", help="default: 1,2")
    add("--beams", type=_numbers, default=[1, 5], metavar="N,...", help="default: 1,5")
    add("--steps", type=int, default=64, help="steps of a search (default: 64)")
    add("--prompt", type=int, default=0, help="tokens of text before; Whisper takes 223 (default: 0)")
    add("--repeats", type=int, default=6, help="how often each is measured (default: 6)")
    add("--output", type=Path, metavar="FILE", help="writes what was measured as JSON")
    add("--smoke", action="store_true", help="tiny.en, one short search each: does it run?")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.model, options.steps, options.repeats = "tiny.en", 4, 1
    options.decoders = options.decoders.split(",")
    if unknown := [name for name in options.decoders if name not in DECODERS]:
        parser.error(f"wanted --decoders of {', '.join(DECODERS)}; found {', '.join(unknown)}")
    if options.steps < 2 or options.repeats < 1:
        parser.error(
            f"wanted 2 steps or more and 1 repeat or more, found {options.steps} and {options.repeats}"
        )
    return options


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def features_of(checkpoint: Checkpoint) -> Features:
    """The scene's first window [1, step, dim] as the decoder gets it."""
    mel = log_mel(read(SCENE).samples, n_mels=checkpoint.dims.n_mels).window(0).padded[None]
    no_cells = np.zeros((1, 1, STEPS_PER_WINDOW), np.float32)
    encoder = OpenVinoEngine(threads=0).encoder(checkpoint.dims, checkpoint.variables())
    return encoder(mel, no_cells).features


def prompt_of(tokenizer: Tokenizer, n_tokens: int) -> list[int]:
    """What a search begins with: so many tokens of the scene's own text, and the start of the transcript."""
    start = tokenizer.start("en", "transcribe")
    if not n_tokens:
        return start
    lines = json.loads(SCENE.with_suffix(".json").read_text(encoding="utf-8"))["speech"]
    text = tokenizer.encode("".join(" " + line["text"] for line in lines))
    return [tokenizer.sot_prev, *(text * n_tokens)[:n_tokens], *start]


def open_by_name(name: str, threads: int, checkpoint: Checkpoint) -> Decoder:
    """A decoder in int8, as Whisper-AT opens it, but that its threads are as many as are asked for."""
    if name == "ctranslate2":
        return CTranslate2Decoder(checkpoint.decoder_folder(), threads=threads, compute_type="int8")
    engine = OpenVinoEngine(threads=threads)
    return open_decoder(checkpoint, engine, device="cpu", threads=threads, compute_type="int8")


def cost(
    decoder: Decoder, features: Features, prompt: list[int], *, eot: int, beams: int, steps: int
) -> Cost:
    """Searches with one step and with many, after one that lets the threads of the variant before go to sleep."""
    seconds, taken = [], []
    for n_steps in (1, 1, steps):
        search = Search(
            beam_size=beams,
            suppress_tokens=(-1, eot),
            max_length=max(2 * n_steps, n_steps + len(prompt) - 1),  # half of it at most is for the text
        )
        window = features.copy()  # one that was just heard may be remembered
        started = time.perf_counter()
        (found,) = decoder.generate(window, [prompt], search)
        seconds.append(time.perf_counter() - started)
        taken.append(len(found.tokens))
    _, first, whole = seconds
    return 1e3 * first, 1e3 * (whole - first) / (taken[2] - taken[1])


def measure(options: argparse.Namespace) -> dict[Variant, list[Cost]]:
    """The costs of each variant, one a repeat."""
    checkpoint = find(options.model)
    tokenizer, features = Tokenizer(checkpoint.tokenizer_path), features_of(checkpoint)
    prompt = prompt_of(tokenizer, options.prompt)
    kinds = list(itertools.product(options.decoders, options.threads))
    decoders = {kind: open_by_name(*kind, checkpoint) for kind in kinds}
    costs: dict[Variant, list[Cost]] = {(*kind, beams): [] for beams in options.beams for kind in kinds}
    order = alternating(list(costs), options.repeats)
    for i, (name, threads, beams) in enumerate(order, start=1):
        talk(f"{i}/{len(order)}: {name}, threads {threads}, beams {beams}")
        found = cost(
            decoders[name, threads], features, prompt, eot=tokenizer.eot, beams=beams, steps=options.steps
        )
        costs[name, threads, beams].append(found)
    return costs


def results(options: argparse.Namespace, costs: dict[Variant, list[Cost]]) -> dict[str, Any]:
    """All that was measured, with what it depends on; times in milliseconds."""
    variants = []
    for (name, threads, beams), pairs in costs.items():
        firsts, steps = ([round(time, 3) for time in times] for times in zip(*pairs, strict=True))
        variants.append(
            {
                "decoder": name,
                "threads": threads,
                "beams": beams,
                "step_ms": round(statistics.median(steps), 3),
                "first_step_ms": round(statistics.median(firsts), 3),
                "all_step_ms": steps,
            }
        )
    names = ("model", "steps", "prompt", "repeats")
    settings = {name: getattr(options, name) for name in names}
    return {
        **settings,
        "recording": SCENE.name,
        "commit": commit(),
        "machine": machine(),
        "variants": variants,
    }


def table(found: dict[str, Any]) -> str:
    """The medians for people."""
    lines = ["| decoder | threads | beams | ms a step | ms of the first |", "|---|---|---|---|---|"]
    for row in found["variants"]:
        variant = (row["decoder"], row["threads"], row["beams"])
        cells = (*variant, f"{row['step_ms']:.1f}", f"{row['first_step_ms']:.0f}")
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Measures, prints a table, and writes all numbers where it is told to."""
    options = parse(arguments)
    found = results(options, measure(options))
    sys.stdout.write(table(found))
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(options.output, "w") as file:
            file.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
