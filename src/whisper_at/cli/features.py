"""`whisper-at features`: the taps of a corpus, once, for training and evaluation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whisper_at.cli.progress import Bar
from whisper_at.cli.talk import say
from whisper_at.errors import OptionError

if TYPE_CHECKING:
    from whisper_at.datasets.checking import Problem
    from whisper_at.datasets.clip import Dataset
    from whisper_at.training.extraction import Plan

HELP = """
Take the features of a corpus in one pass: what every layer of Whisper's encoder makes of each clip.

\b
  whisper-at features corpus.tsv --out features/           for base, in windows as they are served
  whisper-at features ESC-50/ --model tiny.en --out esc/   a corpus in its usual layout
  whisper-at features corpus.tsv --workers 4 --out features/
                                                           after an interruption: goes on where it was

Says beforehand how large the result will be and how long it takes. The folder is read by whisper-at train.
"""


def features(
    manifest: Annotated[Path, typer.Argument(help="A manifest (csv, tsv, jsonl) or the folder of a corpus.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the features.")],
    model: Annotated[str, typer.Option(help="Name or path of a Whisper model.")] = "base",
    cell: Annotated[float, typer.Option(help="Seconds of a cell, a multiple of 0.02.")] = 0.2,
    context: Annotated[
        str,
        typer.Option(
            help="What is heard around a clip: packed (others, as in a recording), alone (silence), "
            "or 10s (as in the paper)."
        ),
    ] = "packed",
    gain: Annotated[
        str | None, typer.Option(help="LOW:HIGH decibels, drawn for each clip, such as -12:6.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn: the order of clips, gaps, gains.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes that work at the same time.")] = 1,
    threads: Annotated[int, typer.Option(help="Processor threads of each; 0 shares all cores.")] = 0,
    shard_mb: Annotated[int, typer.Option(help="Largest size of a file, in megabytes.")] = 64,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out clips that cannot be read, and say which.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps, or gpu (Intel).")] = "auto",
    model_dir: Annotated[Path | None, typer.Option(help="Folder for weights, instead of the cache.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")] = False,
) -> None:
    """Take the features of a corpus in one pass."""
    from whisper_at.training import extraction

    if workers < 1 or threads < 0:
        raise OptionError(f"workers is 1 or more, threads 0 or more; got {workers} and {threads}")
    chosen = extraction.Extraction(
        cell=cell,
        context=context,  # type: ignore[arg-type]  # checked there
        gain=None if gain is None else decibels(gain),
        seed=seed,
        shard_mb=shard_mb,
    )
    dataset, left_out = opened(manifest, skip_missing=skip_missing)
    encoder = extraction.whisper_encoder(
        model, device=device, offline=offline or None, download_root=model_dir
    )
    with Bar(quiet=quiet) as bar:

        def tell(line: str) -> None:
            with bar.aside():
                say(line)

        bar.begin("reading")
        plan = extraction.begin(
            dataset, encoder, out.expanduser(), chosen,
            workers=workers, skip_missing=skip_missing, left_out=left_out, tell=tell, progress=bar,
        )  # fmt: skip
        if not quiet:
            tell(announcement(plan, extraction.seconds_per_window(plan) if plan.missing else 0.0))
        bar.begin("encoding")
        extraction.extract(plan, workers=workers, threads=threads, progress=bar)
    if not quiet:
        say(f"{out} holds the features of {len(plan.index.clips)} clips")


def opened(path: Path, *, skip_missing: bool) -> tuple["Dataset", tuple["Problem", ...]]:
    """The clips that are there, and those that are not; each of these is named.

    Raises:
        BrokenClips: if there are some and they are not to be skipped.
    """
    from whisper_at.datasets.checking import BrokenClips
    from whisper_at.datasets.opening import open_dataset

    missing: list[Problem] = []
    try:
        dataset = open_dataset(
            path, skip_missing=skip_missing, report=lambda left, problems: missing.extend(problems)
        )
    except BrokenClips as error:
        for problem in error.problems:
            say(str(problem))
        raise
    for problem in missing:
        say(str(problem))
    return dataset, tuple(missing)


def decibels(text: str) -> tuple[float, float]:
    """Two numbers of decibels.

    >>> decibels("-12:6")
    (-12.0, 6.0)

    Raises:
        OptionError: if the text is something else.
    """
    low, _, high = text.partition(":")
    try:
        return float(low), float(high)
    except ValueError as error:
        raise OptionError(f"gain is LOW:HIGH in decibels, such as -12:6; got {text!r}") from error


def announcement(plan: "Plan", seconds_per_window: float) -> str:
    """What will be done, in one line: how much there is, how large it becomes, how long it takes."""
    index, n_shards = plan.index, len(plan.index.shards)
    clips = f"{len(index.clips)} clips, {plan.seconds / 3600:.2f} h"
    if index.skipped:
        clips += f" ({len(index.skipped)} left out)"
    size = f"{plan.n_bytes / 1e6:.0f} MB in {n_shards} {'file' if n_shards == 1 else 'files'}"
    if not plan.missing:
        return f"{clips}: {size}, all there already"
    there = n_shards - len(plan.missing)
    rest = f", {there} of them there already" if there else ""
    seconds = plan.n_windows * seconds_per_window
    time = f"{seconds / 60:.0f} min" if seconds >= 100 else f"{seconds:.0f} s"
    return f"{clips}: {size}{rest}; {plan.n_windows} windows of {index.card.encoder}, about {time}"
