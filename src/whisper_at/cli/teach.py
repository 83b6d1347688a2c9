"""`whisper-at teach`: a teacher's probabilities for every cell of a corpus, for training."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whisper_at.cli.features import opened as present
from whisper_at.cli.progress import Bar
from whisper_at.cli.talk import say
from whisper_at.errors import OptionError

if TYPE_CHECKING:
    from whisper_at.training.teaching import Plan

HELP = """
Let a teacher hear a corpus: its probability of each label in each cell, as soft labels to train a head with.

\b
  whisper-at teach corpus.tsv --teacher yamnet:yamnet_spectra_in.tflite --out soft/
                                     521 labels of AudioSet, from the TFLite file that you have
  whisper-at teach corpus.tsv --teacher transformers:models/ast --out soft/ --workers 4
                                     any model for audio classification in a folder
  whisper-at teach corpus.tsv --teacher yamnet:yamnet_spectra_in.tflite --out soft/
                                     after an interruption: goes on where it was

Says beforehand how large the result will be and how long it takes. The folder is named in the recipe of
whisper-at train. Needs pip install 'whisper-at[teachers]'.
"""


def teach(
    manifest: Annotated[Path, typer.Argument(help="A manifest (csv, tsv, jsonl) or the folder of a corpus.")],
    teacher: Annotated[str, typer.Option(help="yamnet:FILE or transformers:FOLDER.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the soft labels.")],
    cell: Annotated[float, typer.Option(help="Seconds of a cell.")] = 0.2,
    hop: Annotated[
        float | None,
        typer.Option(help="Seconds between two patches that the teacher hears [default: its own]."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that work at the same time.")] = 1,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out clips that cannot be read, and say which.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")] = False,
) -> None:
    """Write down what a teacher hears in each cell of a corpus."""
    from whisper_at.training import teachers, teaching

    if workers < 1:
        raise OptionError(f"workers is 1 or more; got {workers}")
    opener = partial(teachers.open_teacher, teacher, hop=hop)
    opened = opener()
    dataset, _ = present(manifest, skip_missing=skip_missing)
    with Bar(quiet=quiet) as bar:

        def tell(line: str) -> None:
            with bar.aside():
                say(line)

        bar.begin("reading")
        plan = teaching.begin(
            dataset, opened, out.expanduser(), cell=cell,
            workers=workers, skip_missing=skip_missing, tell=tell, progress=bar,
        )  # fmt: skip
        if not quiet:
            tell(announcement(plan, teaching.expected_seconds(plan, opened, workers=workers)))
        bar.begin(f"hearing with {opened.name}")
        teaching.teach(plan, opener, workers=workers, progress=bar)
    if not quiet:
        say(f"{out} holds what {opened.name} says of {len(plan.clips)} clips")


def announcement(plan: "Plan", seconds: float) -> str:
    """What will be done, in one line: how much there is, how large it becomes, how long it takes."""
    index, n_shards = plan.index, len(plan.index.shards)
    clips = f"{len(index.clips)} clips, {plan.seconds / 3600:.2f} h"
    if index.skipped:
        clips += f" ({len(index.skipped)} left out)"
    size = f"{plan.n_bytes / 1e6:.0f} MB in {n_shards} {'file' if n_shards == 1 else 'files'}"
    labels = f"{len(index.card.known)} of {len(index.card.labels.ids)} labels"
    if not plan.missing:
        return f"{clips}, {labels}: {size}, all there already"
    there = n_shards - len(plan.missing)
    rest = f", {there} of them there already" if there else ""
    about = f"about {seconds / 60:.0f} min" if seconds >= 60 else "less than a minute"
    return f"{clips}, {labels}: {size}{rest}; {about}"
