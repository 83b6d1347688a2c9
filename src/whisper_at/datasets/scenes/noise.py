"""The noise of a quiet room where a corpus has no backgrounds: a colour and a seed in, samples out."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from whisper_at.timegrid import SAMPLE_RATE

COLOURS = {"white": 0.0, "pink": -1.0, "brown": -2.0}  # power falls as frequency to this
LOWEST = 50.0  # hertz: below, the noise does not grow any more


@lru_cache(maxsize=4)  # planning and rendering ask for the same
def noise(colour: str, n_samples: int, *, seed: int) -> npt.NDArray[np.float32]:
    """Gaussian noise [sample] of mean power 1.

    >>> pink = noise("pink", 16000, seed=1)
    >>> pink.shape, round(float(np.mean(pink**2)), 3)
    ((16000,), 1.0)
    """
    white = np.random.default_rng(seed).standard_normal(n_samples, np.float32)
    spectrum = np.fft.rfft(white)
    hertz = np.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE)
    spectrum *= (np.maximum(hertz, LOWEST) ** (COLOURS[colour] / 2)).astype(np.float32)
    spectrum[0] = 0
    samples = np.fft.irfft(spectrum, n_samples).astype(np.float32)
    samples /= np.float32(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    samples.flags.writeable = False
    return samples
