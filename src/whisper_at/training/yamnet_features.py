"""What YAMNet hears: samples in, log-mel patches out.

YAMNet looks at magnitudes, in bands of equal height on another mel scale than Whisper's, and takes the
logarithm of what is a little above zero, so that silence stays finite. A patch is 96 frames:

    frame      25 ms of sound every 10 ms
    patch      |=================|            96 frames, 0.96 s
                        |=================|   the next one, a hop later
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from whisper_at.timegrid import SAMPLE_RATE, SAMPLES_PER_FRAME

FloatArray = npt.NDArray[np.float32]

FRAMES_PER_PATCH = 96
SAMPLES_PER_COLUMN = 400  # 25 ms: what one frame looks at
N_MELS = 64
LOWEST, HIGHEST = 125.0, 7500.0  # Hz, the outer feet of the first and the last band
FFT_SIZE = 512
ABOVE_ZERO = 0.001
SAMPLES_PER_PATCH = (FRAMES_PER_PATCH - 1) * SAMPLES_PER_FRAME + SAMPLES_PER_COLUMN  # 0.975 s
BLOCK = 2000  # frames a transform, 20 s: an hour of them at once would be 3 GB


def log_mel_columns(samples: FloatArray) -> FloatArray:
    """The log-mel [frame, mel] of samples at 16 kHz; only frames that are full of sound.

    >>> log_mel_columns(np.zeros(SAMPLES_PER_PATCH, np.float32)).shape
    (96, 64)
    """
    views = np.lib.stride_tricks.sliding_window_view(samples, SAMPLES_PER_COLUMN)[::SAMPLES_PER_FRAME]
    columns = np.empty((len(views), N_MELS), np.float32)
    for start in range(0, len(views), BLOCK):
        magnitudes = np.abs(np.fft.rfft(views[start : start + BLOCK] * _hann(), FFT_SIZE))
        columns[start : start + BLOCK] = magnitudes.astype(np.float32) @ mel_bands()
    columns += ABOVE_ZERO
    return np.log(columns, out=columns)


@lru_cache(maxsize=1)
def mel_bands() -> FloatArray:
    """How much of each Fourier bin goes to each band: [bin, mel].

    A band is a triangle on the mel scale, one high, with its feet under the tops of its neighbours.

    >>> bands = mel_bands()
    >>> bands.shape, float(bands[0].sum()), bool((bands.max(axis=0) > 0.5).all())
    ((257, 64), 0.0, True)
    """
    bins = _mel(np.arange(FFT_SIZE // 2 + 1) * (SAMPLE_RATE / FFT_SIZE))
    spacing = (_mel(HIGHEST) - _mel(LOWEST)) / (N_MELS + 1)
    tops = _mel(LOWEST) + spacing * np.arange(1, N_MELS + 1)
    height = 1 - np.abs(bins[:, None] - tops[None, :]) / spacing
    return np.maximum(height, 0).astype(np.float32)


def _mel(frequency: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return 1127.0 * np.log1p(np.asarray(frequency, np.float64) / 700.0)


@lru_cache(maxsize=1)
def _hann() -> FloatArray:
    phase = 2 * np.pi * np.arange(SAMPLES_PER_COLUMN) / SAMPLES_PER_COLUMN
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)
