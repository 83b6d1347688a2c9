"""Puts the benchmarks, which are programs beside the package, on the path; and makes a small corpus."""

import sys
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

MakeData = Callable[[dict[str, dict[str, float]]], Path]


@pytest.fixture
def make_data(tmp_path: Path) -> MakeData:
    """Makes a data folder from {set: {sentence: seconds}}: noise as recordings, and the manifest."""

    def make(sets: dict[str, dict[str, float]]) -> Path:
        data = tmp_path / "data"
        chance = np.random.default_rng(0)
        lines = ["path\tset\ttranscript\tlang\tduration"]
        for set_name, clips in sets.items():
            (data / set_name).mkdir(parents=True)
            for i, (sentence, seconds) in enumerate(clips.items()):
                samples = chance.integers(1, 1000, round(seconds * 16_000), np.int16)
                path = f"{set_name}/{i:02}.wav"
                with wave.open(str(data / path), "wb") as wav:
                    wav.setparams((1, 2, 16_000, 0, "NONE", ""))
                    wav.writeframes(samples.tobytes())
                lines.append(f"{path}\t{set_name}\t{sentence}\ten\t{seconds:.3f}")
        (data / "manifest.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return data

    return make
