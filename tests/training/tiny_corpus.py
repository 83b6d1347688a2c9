"""A corpus of noises and an encoder that knows nothing: all of an extraction but its cost.

As `python -m tests.training.tiny_corpus CLIPS OUT WORKERS` it takes the features slowly, to be killed at it.
"""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.audio.synth import wav
from tests.model.tiny import TINY, encoder_variables
from whisper_at.datasets.clip import Clip, Dataset, LabelSet, Sounding
from whisper_at.model.encoder import Encoded, first_positions
from whisper_at.model.engine import OpenVinoEngine
from whisper_at.training.extraction import Extraction, Plan, begin, extract

FINE = Extraction(cell=0.02, shard_mb=1)  # some 27 s of sound a shard


@dataclass(frozen=True)
class TinyEncoder:
    """Random weights; waits a while in each batch, and signs its process id, where that is asked for."""

    seed: int = 0
    delay: float = 0.0
    signs: Path | None = None
    name: str = "tiny-random"
    precision: str = "float32"
    dims = TINY

    @property
    def sha256(self) -> str:
        return f"{self.seed}"

    def open(self, *, threads: int, n_steps: int):
        if self.signs:
            (self.signs / str(os.getpid())).touch()
        variables = first_positions(encoder_variables(seed=self.seed), n_steps)
        run = OpenVinoEngine(threads=threads).encoder(TINY, variables)

        def slow(mel: np.ndarray, pool: np.ndarray) -> Encoded:
            time.sleep(self.delay)
            return run(mel, pool)

        return slow


def noise(seconds: float, *, seed: int = 0) -> np.ndarray:
    """Samples [sample] of a hiss whose loudness and colour change."""
    rng = np.random.default_rng(seed)
    n = max(1, round(seconds * 16_000))
    hiss = rng.standard_normal(n) * 10 ** rng.uniform(-3, -1, size=n // 4000 + 1).repeat(4000)[:n]
    return np.clip(hiss * 32767, -32768, 32767).astype(np.int16).astype(np.float32) / 32768


def write_clip(path: Path, seconds: float, *, seed: int = 0, **about: object) -> Clip:
    """A file, and what is known of it."""
    path.write_bytes(wav((noise(seconds, seed=seed) * 32768).astype(np.int16), 16_000))
    return Clip(path=path, **about)  # type: ignore[arg-type]


def corpus(folder: Path, lengths: list[float]) -> Dataset:
    """Clips of these lengths in seconds, in two folds, with labels of every kind."""
    folder.mkdir(exist_ok=True)
    clips = tuple(
        write_clip(
            folder / f"{i}.wav",
            seconds,
            seed=i,
            labels=("hiss",) if i % 2 else (),
            soundings=(Sounding(label="hiss", start=0.0, end=seconds / 2),) if i % 3 == 0 else None,
            complete=i % 5 == 0,
            fold=str(i % 2),
        )
        for i, seconds in enumerate(lengths)
    )
    return Dataset(name="noises", clips=clips, labels=LabelSet.of(["hiss", "hum"]))


def many(folder: Path) -> Dataset:
    """Clips for several shards of `FINE`."""
    return corpus(folder, [11.0, 9.5, 17.3, 21.0, 3.21, 12.0, 26.0, 8.0, 0.3, 14.0, 31.5, 19.0])


def store_of(
    dataset: Dataset,
    out: Path,
    extraction: Extraction | None = None,
    *,
    encoder=TinyEncoder(),
    workers: int = 1,
) -> Plan:
    """The features of a dataset, taken."""
    plan = begin(dataset, encoder, out, extraction, workers=workers)
    extract(plan, workers=workers, threads=1)
    return plan


if __name__ == "__main__":
    clips, out, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    signs = out.with_suffix(".pids")
    signs.mkdir()
    store_of(many(clips), out, FINE, encoder=TinyEncoder(delay=0.4, signs=signs), workers=workers)
