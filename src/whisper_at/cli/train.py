"""`whisper-at train`: a recipe to a head, with a bar on stderr."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from whisper_at.cli.talk import emit
from whisper_at.errors import OptionError

HELP = """
Train a tagging head on features, as a recipe says.

\b
  whisper-at features corpus.tsv --out features/           first, once
  whisper-at train ours.toml --set data.features=features/ then the head
  whisper-at train ours.toml --resume                      after an interruption: ends as if there had been none
  whisper-at train ours.toml --set seed=1 --set optimiser.rate=1e-3 --out runs/other
                                                           with other values
  torchrun --nproc-per-node 2 -m whisper_at train ours.toml
                                                           in two processes, or on two GPUs

Leaves the head, run.json (recipe, commit, seed, data, scores), the state to resume from, and logs for TensorBoard.
"""


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as experiments/recipes/ours.toml.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the head and the account of the run [default: runs/NAME].")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in the folder; begin if there is none.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Another value for a key, such as optimiser.rate=1e-3."
        ),
    ] = None,
    threads: Annotated[
        int, typer.Option(help="Processor threads of each process; 0 for all cores but the one that reads.")
    ] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No bar.")] = False,
) -> None:
    """Train a tagging head on features, as a recipe says."""
    from whisper_at.training.recipe import read_recipe

    chosen = read_recipe(recipe, settings or ())
    try:
        from whisper_at.training.processes import use_threads
        from whisper_at.training.run import run
    except ModuleNotFoundError as error:
        raise OptionError(
            f"training needs {error.name}, which is not installed; pip install 'whisper-at[train]'"
        ) from error
    use_threads(threads)
    folder = out or Path("runs") / chosen.name
    is_first = os.environ.get("RANK", "0") == "0"  # torchrun's; the others keep quiet
    with Bar(quiet=quiet or not is_first) as bar:
        path = run(chosen, folder, resume=resume, watch=bar)
    if is_first:
        emit(f"{path}\n")


class Bar:
    """How far the run is; shows nothing where stderr is no terminal or quiet was asked for."""

    def __init__(self, *, quiet: bool) -> None:
        shown = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._progress = _progress() if shown else None
        self._task: Any = None

    def __enter__(self) -> "Bar":
        if self._progress:
            self._progress.start()
            self._task = self._progress.add_task("training", total=None, said="")
        return self

    def __exit__(self, *error: object) -> None:
        if self._progress:
            self._progress.stop()

    def __call__(self, moment: Any) -> None:
        """Shows a moment of the run, see `training.loop.Moment`."""
        if self._progress:
            score = "" if moment.score is None else f", validation mAP {moment.score:.3f}"
            self._progress.update(
                self._task,
                completed=moment.step,
                total=moment.n_steps,
                said=f"epoch {moment.epoch}, loss {moment.loss:.4f}{score}",
            )


def _progress() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    return Progress(
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}", markup=False),
        console=Console(stderr=True),
        redirect_stdout=False,
        redirect_stderr=False,
    )
