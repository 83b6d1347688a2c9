"""A small corpus of known sounds for tests of scenes: every clip a tone or a noise of its own, in files."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.audio.synth import FLOAT, wav
from whisper_at.datasets.clip import Clip, Dataset, LabelSet

RATE = 16_000
LABELS = LabelSet(
    ids=("beep", "buzz", "rain", "/m/09x0r"),
    names=("Beep", "Buzz", "Rain", "Speech"),
    ancestors={"buzz": ("beep",)},
)
FOLDS = ("a", "b")
LEAD, TRAIL = 0.3, 0.45  # seconds of silence before and after each sound


def burst(seconds: float, hertz: float, seed: int = 0) -> npt.NDArray[np.float32]:
    """A tone with a little noise, of even loudness [sample]."""
    time = np.arange(round(seconds * RATE)) / RATE
    hiss = np.random.default_rng(seed).standard_normal(len(time))
    return (0.3 * np.sin(2 * np.pi * hertz * time) + 0.02 * hiss).astype(np.float32)


def silence(seconds: float) -> npt.NDArray[np.float32]:
    """Nothing [sample]."""
    return np.zeros(round(seconds * RATE), np.float32)


def save(path: Path, *parts: npt.NDArray[np.float32]) -> Path:
    """Writes the parts, one after the other, as a WAV file of floats."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav(np.concatenate(parts), RATE, tag=FLOAT, bits=32))
    return path


def corpus(folder: Path) -> Dataset:
    """Two folds alike: four events of two labels, a background, three sentences, a clip without labels."""
    clips: list[Clip] = []
    for f, fold in enumerate(FOLDS):
        home = folder / fold

        def sound(name: str, hertz: float, seconds: float, home: Path = home, seed: int = f) -> Path:
            return save(home / name, silence(LEAD), burst(seconds, hertz, seed), silence(TRAIL))

        for i, label in enumerate(("beep", "beep", "beep", "buzz")):
            path = sound(f"{label}{i}.wav", 500 + 300 * i + 70 * f, 0.4 + 0.3 * i)
            clips.append(Clip(path=path, labels=(label,), fold=fold, complete=True, subset="tones"))
        for i in range(3):
            path = sound(f"sentence{i}.wav", 1800 + 100 * i, 0.7 + 0.1 * i)
            text = f"This  is sentence {i} of {fold}. "
            clips.append(Clip(path=path, fold=fold, transcript=text, language="en", subset="reader"))
        rain = 0.1 * np.random.default_rng(f).standard_normal(4 * RATE)
        path = save(home / "rain.wav", rain.astype(np.float32))
        clips.append(Clip(path=path, labels=("rain",), fold=fold, complete=True, subset="weather"))
        clips.append(Clip(path=sound("unknown.wav", 3000, 0.5), fold=fold, subset="found"))
    return Dataset(name="sounds", clips=tuple(clips), labels=LABELS)
