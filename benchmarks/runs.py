"""Jobs in, raw measurements out: starts the engines, in which order, and what need not run again."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from corpus import Recording
from peers import Engine, environment
from whisper_at.files import write_atomically

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
BEAM_SIZE = 5
SEED = 0

Name = TypeVar("Name")
Report = dict[str, Any]  # what engines/harness.py prints


@dataclass(frozen=True, kw_only=True)
class Station:
    """An engine ready to run: its Python, its version there, and its weights."""

    engine: Engine
    python: Path
    version: str
    weights: str
    weights_sha256: str | None  # None where the engine fetches the weights by their name

    def settings(self) -> dict[str, Any]:
        """All that a text depends on, besides the recording. Threads are not among it."""
        return {
            "engine": self.engine.name,
            "version": self.version,
            "weights": self.weights_sha256 or self.weights,
            "compute_type": self.engine.compute_type,
            "beam_size": BEAM_SIZE,
            "temperature": TEMPERATURES,
            "seed": SEED,
            **({"batch": self.engine.batch} if self.engine.batch else {}),
        }

    def run(self, recordings: Sequence[Recording], threads: int) -> Report:
        """Transcribes the recordings in a process of its own."""
        job = {
            "model": self.weights,
            "files": [{"path": str(r.path.resolve()), "language": r.language} for r in recordings],
            "beam_size": BEAM_SIZE,
            "temperature": TEMPERATURES,
            "seed": SEED,
            "threads": threads,
            "compute_type": self.engine.compute_type,
            "head": "default" if self.engine.head else None,
            "batch": self.engine.batch,
        }
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
        done = subprocess.run(
            [self.python, self.engine.script],
            input=json.dumps(job),
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment(self.engine.package) | limits,
        )
        if done.returncode:
            raise SystemExit(
                f"wanted {len(recordings)} texts of {self.engine.name}, "
                f"its process ended with code {done.returncode}; see its own words above"
            )
        report: Report = json.loads(done.stdout)
        return report


class Outputs:
    """The texts of an engine by sha256 of the recording, kept in a file from one comparison to the next.

    Whisper-AT's own are not kept: its code changes under the same version.
    """

    def __init__(self, folder: Path, station: Station, model: str) -> None:
        settings = json.dumps(station.settings(), sort_keys=True)
        key = hashlib.sha256(settings.encode()).hexdigest()[:12]
        self._file = folder / f"{station.engine.name}-{model}-{key}.json"
        self._settings = json.loads(settings)
        self._keep = station.engine.package != "whisper-at"
        self.texts: dict[str, dict[str, Any]] = {}
        if self._keep and self._file.exists():
            self.texts = json.loads(self._file.read_text(encoding="utf-8"))["texts"]

    def missing(self, recordings: Sequence[Recording]) -> list[Recording]:
        """Those that have no text yet."""
        return [r for r in recordings if r.sha256 not in self.texts]

    def add(self, recordings: Sequence[Recording], report: Report, threads: int) -> None:
        """Books the texts of a run and writes the file anew, whole or not at all."""
        for recording, file in zip(recordings, report["files"], strict=True):
            self.texts[recording.sha256] = {"name": recording.name, **file, "threads": threads}
        if self._keep:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            whole = {"settings": self._settings, "texts": self.texts}
            with write_atomically(self._file, "w") as file:
                json.dump(whole, file, indent=1, ensure_ascii=False)


def alternating(names: Sequence[Name], repeats: int) -> list[Name]:
    """Forwards, backwards, forwards ...: a machine that slowly warms up or fills favours nobody.

    >>> alternating(["a", "b", "c"], 2)
    ['a', 'b', 'c', 'c', 'b', 'a']
    """
    return [name for i in range(repeats) for name in (names if i % 2 == 0 else names[::-1])]


def measure_time(
    stations: Mapping[str, Station], recordings: Sequence[Recording], *, threads: int, repeats: int
) -> dict[str, list[Report]]:
    """The reports of each engine on the same recordings, one a repeat."""
    reports: dict[str, list[Report]] = {name: [] for name in stations}
    order = alternating(list(stations), repeats if recordings else 0)
    for i, name in enumerate(order, start=1):
        talk(f"time {i}/{len(order)}: {name}")
        reports[name].append(stations[name].run(recordings, threads))
    return reports


def complete(
    station: Station, outputs: Outputs, sets: Mapping[str, Sequence[Recording]], threads: int
) -> None:
    """Lets the engine write the texts that are missing, set by set: little is lost if it is stopped."""
    for name, recordings in sets.items():
        missing = outputs.missing(recordings)
        if missing:
            talk(f"words: {station.engine.name}, {len(missing)} recordings of {name}")
            outputs.add(missing, station.run(missing, threads), threads)


def talk(message: str) -> None:
    """A line for who waits."""
    print(message, file=sys.stderr, flush=True)
