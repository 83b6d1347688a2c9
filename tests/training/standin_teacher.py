"""Teachers made up for tests, and recordings for them to hear."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.timegrid import SAMPLE_RATE
from whisper_at.training.teachers import FloatArray, patch_starts


@dataclass(frozen=True, kw_only=True)
class LoudnessTeacher:
    """Knows "loud" (greatest magnitude of a patch) and "quiet" (the rest to 1); picklable."""

    name: str = "loudness"
    version: str = "1"
    ids: tuple[str, ...] = ("quiet", "loud")
    patch: float = 0.5
    hop: float = 0.25

    def probabilities(self, samples: FloatArray) -> FloatArray:
        starts = patch_starts(len(samples), patch=self.patch, hop=self.hop)
        length = round(self.patch * SAMPLE_RATE)
        loud = np.array([np.abs(samples[start : start + length]).max() for start in starts], np.float32)
        return np.stack([1 - loud, loud], axis=1)


def write_wav(path: Path, samples: FloatArray) -> Path:
    """A file of 16 bits at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def corpus(folder: Path, seconds: tuple[float, ...] = (0.1, 1.0, 2.55, 0.7, 1.3)) -> Dataset:
    """Noises of these lengths, each as loud as its number, and the labels quiet, loud and bright."""
    rng = np.random.default_rng(7)
    clips = tuple(
        Clip(
            path=write_wav(
                folder / f"{i}.wav",
                rng.uniform(-1, 1, round(length * SAMPLE_RATE)).astype(np.float32) * (i + 1) / 10,
            )
        )
        for i, length in enumerate(seconds)
    )
    return Dataset(name="noises", clips=clips, labels=LabelSet.of(["loud", "quiet", "bright"]))
