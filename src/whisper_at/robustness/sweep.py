"""A plan in, a folder with the rows of all its recordings out; goes on where it was, in as many processes as wanted."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whisper_at.pipeline import load
from whisper_at.robustness.hearing import Listener
from whisper_at.robustness.plan import Plan, Task
from whisper_at.robustness.store import RECORDINGS, Store, write_table
from whisper_at.version import commit
from whisper_at.workers import Report, results


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The work of a process: loads the model, hears tasks, and keeps the rows of each as soon as it is done.

    model: what `pipeline.load` is given.
    """

    store: Store
    plan: Plan
    model: dict[str, Any]
    language: str | None = None

    def open(self) -> Callable[[Task, Report], None]:
        """Loads the model."""
        listener = Listener(
            model=load(**self.model),
            classes=self.plan.classes,
            gates=self.plan.gates,
            language=self.language,
        )

        def hear(task: Task, report: Report) -> None:
            if not self.store.is_done(task):  # another process on the same folder may have been quicker
                self.store.keep(task, listener.rows(task, report))

        return hear


def run(
    plan: Plan,
    folder: Path,
    *,
    model: dict[str, Any],
    language: str | None = None,
    workers: int = 1,
    progress: Callable[[float, float], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Hear what has not been heard yet; the rows of all recordings, which are also in OUT/recordings.parquet.

    Args:
        model: what `pipeline.load` is given: name, head, threads and so on.
        progress: is given how many recordings are heard, and how many there are.

    Raises:
        WhisperATError: if model or clips cannot be used, or the folder holds another sweep.
    """
    language = language or _only_language(plan)
    store = Store(folder=folder)
    store.begin(plan, _identity(model, language))
    left = [task for task in plan.tasks if not store.is_done(task)]
    before = plan.n_recordings - sum(len(task.pairs) for task in left)
    work = Sweep(store=store, plan=plan, model=model, language=language)
    for _ in results(
        work,
        left,
        workers=workers,
        progress=lambda done: progress(before + done, plan.n_recordings),
    ):
        pass
    rows = store.rows(plan.tasks)
    write_table(rows, folder / RECORDINGS)
    return rows


def _only_language(plan: Plan) -> str | None:
    """The one that all sentences are in, if they tell: noise alone is then heard as that too."""
    told = {pair.speech.language for task in plan.tasks for pair in task.pairs if pair.speech}
    return told.pop() if len(told) == 1 else None


def _identity(model: dict[str, Any], language: str | None) -> dict[str, Any]:
    """What hears, so that no other model's rows are put beside it."""
    from whisper_at.model.weights import find
    from whisper_at.tagging.heads import find_head

    place = {"download_root": model.get("download_root")}
    checkpoint = find(model["name"], offline=model.get("offline"), **place)
    told = {"model": checkpoint.name, "model_sha256": checkpoint.sha256, "language": language}
    if model.get("head") is None:
        return {**told, "head": None, "head_sha256": None}
    head = find_head(
        model["head"],
        encoder=checkpoint.name,
        dims=checkpoint.dims,
        offline=bool(model.get("offline")),
        **place,
    )
    return {**told, "head": head.card.name, "head_sha256": head.sha256}


def about(folder: Path) -> dict[str, Any]:
    """What was asked for and what heard it, for the head of a result."""
    told = Store(folder=folder).told()
    return {"commit": commit(), **{key: told[key] for key in told if key not in ("format", "plan")}}
