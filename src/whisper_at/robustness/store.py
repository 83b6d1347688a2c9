"""The folder of a sweep: what was planned, a file of rows for each task that is finished, and in the end one for all.

A task is done when its file is there, so a sweep that was stopped goes on where it was, also in several processes.

OUT/sweep.json         what was asked for; another sweep is not mixed with it
OUT/parts/NAME.parquet rows of a task
OUT/recordings.parquet all rows
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whisper_at.datasets.clip import Clip
from whisper_at.errors import OutputError
from whisper_at.evaluation.need import need
from whisper_at.files import write_atomically
from whisper_at.robustness.hearing import Row
from whisper_at.robustness.plan import Plan, Task

FORMAT = "whisper-at-sweep/1"
SWEEP, PARTS, RECORDINGS = "sweep.json", "parts", "recordings.parquet"


@dataclass(frozen=True, kw_only=True)
class Store:
    """A folder that holds one sweep."""

    folder: Path

    def begin(self, plan: Plan, model: dict[str, Any]) -> None:
        """Say what the folder is for, or check that it is for that.

        Args:
            model: what hears, with hashes.

        Raises:
            OutputError: if another sweep has been written here, or nothing can be.
        """
        asked = {"format": FORMAT, "plan": _digest(plan), **_told(plan), **model}
        path = self.folder / SWEEP
        try:
            (self.folder / PARTS).mkdir(parents=True, exist_ok=True)
            if not path.exists():
                with write_atomically(path, "w") as file:
                    file.write(json.dumps(asked, ensure_ascii=False, indent=1) + "\n")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}; check the folder") from error
        found = self.told()
        other = [key for key in asked if found.get(key) != json.loads(json.dumps(asked[key]))]
        if other:
            raise OutputError(
                f"{self.folder} holds another sweep: its {', '.join(other)} differ; choose another --out"
            )

    def told(self) -> dict[str, Any]:
        """What the folder is for.

        Raises:
            OutputError: if that cannot be read.
        """
        path = self.folder / SWEEP
        try:
            return dict(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise OutputError(f"cannot read {path}: {error}; check the folder") from error

    def is_done(self, task: Task) -> bool:
        """Whether the rows of a task are there."""
        return self._part(task).is_file()

    def keep(self, task: Task, rows: Sequence[Row]) -> None:
        """Write the rows of a task.

        Raises:
            OutputError: if they cannot be written.
        """
        write_table(rows, self._part(task))

    def rows(self, tasks: Iterable[Task]) -> list[Row]:
        """The rows of tasks that are done, in the order of the tasks.

        Raises:
            OutputError: if a file cannot be read.
        """
        parquet = need("pyarrow.parquet")
        found: list[Row] = []
        for task in tasks:
            try:
                found += parquet.read_table(self._part(task)).to_pylist()
            except (OSError, need("pyarrow").ArrowException) as error:
                raise OutputError(
                    f"cannot read {self._part(task)}: {error}; remove it to hear it again"
                ) from error
        return found

    def _part(self, task: Task) -> Path:
        return self.folder / PARTS / f"{task.name}.parquet"


def write_table(rows: Sequence[Row], path: Path) -> None:
    """Rows as Parquet, with the same columns whatever is in them.

    Raises:
        OutputError: if they cannot be written.
    """
    pyarrow, parquet = need("pyarrow"), need("pyarrow.parquet")
    table = pyarrow.Table.from_pylist(list(rows), schema=_schema(pyarrow))
    try:
        with write_atomically(path) as file:
            parquet.write_table(table, file)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; check the folder") from error


def _schema(pyarrow: Any) -> Any:
    text, whole = pyarrow.string(), pyarrow.int32()
    return pyarrow.schema(
        {
            **dict.fromkeys(("kind", "gate", "class"), text),
            "snr": pyarrow.float64(),
            **dict.fromkeys(("speech", "noise", "language"), text),
            **dict.fromkeys(("seconds", "gain"), pyarrow.float64()),
            **dict.fromkeys(("spoken", "replaced", "missed", "added"), whole),
            **dict.fromkeys(("said", "text", "named"), text),
            "reported": pyarrow.bool_(),
            "probabilities": pyarrow.list_(pyarrow.float32()),
        }
    )


def _told(plan: Plan) -> dict[str, Any]:
    return {
        "speech": plan.speech,
        "noise": plan.noise,
        "classes": list(plan.classes),
        "snrs": list(plan.snrs),
        "gates": list(plan.gates),
        "seed": plan.seed,
        "sentences": plan.n_sentences,
        "recordings": plan.n_recordings,
    }


def _digest(plan: Plan) -> str:
    """Of all pairs of all tasks, wherever their files lie."""
    told = [
        [task.name, [[_clip(pair.speech), _clip(pair.noise), pair.seed] for pair in task.pairs]]
        for task in plan.tasks
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _clip(clip: Clip | None) -> list[Any] | None:
    return (
        None if clip is None else [clip.path.name, clip.start, clip.end, clip.transcript, list(clip.labels)]
    )
