"""`whisper-at evaluate`: how good a tagging head is on a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whisper_at.cli.progress import Bar
from whisper_at.cli.talk import emit, say
from whisper_at.errors import OptionError

if TYPE_CHECKING:
    from whisper_at.datasets.checking import Problem
    from whisper_at.datasets.clip import Dataset

HELP = """
Measure a tagging head on the clips of a corpus.

\b
  whisper-at evaluate default corpus.tsv --fold 4 --out results/
  whisper-at evaluate mine.safetensors scenes.jsonl --features taps/
  whisper-at evaluate default ESC-50/ --labels audioset

Without --features each clip is encoded alone in windows of 30 s, as it is served. The table goes to stdout;
with --out, evaluation.json and pictures go to a folder. Intervals are of 95 %, by bootstrap over clips.
"""


def evaluate(
    head: Annotated[str, typer.Argument(help="Tagging head: default, a name, or a path.")],
    manifest: Annotated[Path, typer.Argument(help="A manifest (csv, tsv, jsonl) or the folder of a corpus.")],
    features: Annotated[
        Path | None, typer.Option(help="Taps of these clips, as whisper-at features wrote them.")
    ] = None,
    fold: Annotated[str | None, typer.Option(help="Only the clips of this fold.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for JSON and pictures.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Whisper model whose taps it reads [default: the head's].")
    ] = None,
    labels: Annotated[
        str, typer.Option(help="Labels of the clips, where there is a choice: auto, audioset, own.")
    ] = "auto",
    complete: Annotated[
        str | None,
        typer.Option(
            help="Subsets whose clips list all that is heard, joined by commas, or all of them: all."
        ),
    ] = None,
    absent: Annotated[
        str, typer.Option(help="What labels are in other clips that do not list them: false, or unknown.")
    ] = "false",
    min_positives: Annotated[int, typer.Option(help="Labels in fewer clips are left out of the means.")] = 1,
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.")] = 1000,
    threshold: Annotated[
        float | None, typer.Option(help="Probability from which an event counts [default: the head's].")
    ] = None,
    picture: Annotated[str, typer.Option(help="Kind of the pictures: png, svg, or pdf.")] = "png",
    cost: Annotated[bool, typer.Option(help="Count and time what encoder and head cost.")] = True,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out clips that are not there, and say which.")
    ] = False,
    threads: Annotated[int, typer.Option(help="Processor threads; 0 for all cores.")] = 0,
    model_dir: Annotated[Path | None, typer.Option(help="Folder for weights, instead of the cache.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="The table and errors only.")] = False,
) -> None:
    """Measure a tagging head on the clips of a corpus."""
    from whisper_at.evaluation import command
    from whisper_at.evaluation.need import need
    from whisper_at.evaluation.plots import SUFFIXES
    from whisper_at.evaluation.run import EvaluationOptions
    from whisper_at.evaluation.table import as_text
    from whisper_at.training.store import FeatureStore

    if f".{picture}" not in SUFFIXES:
        raise OptionError(f"pictures are {', '.join(s[1:] for s in SUFFIXES)}, got {picture!r}")
    if threshold is not None and not 0 <= threshold <= 1:
        raise OptionError(f"threshold is a probability between 0 and 1, got {threshold:g}")
    if out is not None:
        need("matplotlib")
    job = command.Job(
        head=head,
        options=EvaluationOptions(
            absent=absent,  # type: ignore[arg-type]  # checked there
            min_positives=min_positives,
            resamples=resamples,
        ),
        dataset=opened(manifest, labels=labels, complete=complete, skip_missing=skip_missing),
        fold=fold,
        features=FeatureStore.open(features) if features else None,
        model=model,
        threshold=threshold,
        time=cost,
        threads=threads,
        download_root=model_dir,
        offline=offline or None,
    )
    with Bar(quiet=quiet) as bar:
        bar.begin("hearing")
        found = command.evaluate_head(job, bar)
    emit(as_text(found))
    if out is not None:
        for path in command.write(found, out.expanduser(), f".{picture}"):
            if not quiet:
                say(f"wrote {path}")


def opened(path: Path, *, labels: str, complete: str | None, skip_missing: bool) -> "Dataset":
    """The clips that are there; each of those that are not is named.

    Raises:
        BrokenClips: if some are not there and are not to be skipped.
        OptionError: if there are no such labels.
    """
    from whisper_at.datasets.checking import BrokenClips
    from whisper_at.datasets.opening import open_dataset

    if labels not in ("auto", "audioset", "own"):
        raise OptionError(f"labels must be auto, audioset or own, got {labels!r}")

    def tell(problems: "tuple[Problem, ...]") -> None:
        for problem in problems:
            say(str(problem))

    try:
        return open_dataset(
            path,
            labels=labels,  # type: ignore[arg-type]  # checked above
            complete=True if complete == "all" else complete and tuple(complete.split(",")),
            skip_missing=skip_missing,
            report=lambda left, problems: tell(problems),
        )
    except BrokenClips as error:
        tell(error.problems)
        raise
