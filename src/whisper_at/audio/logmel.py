"""Whisper's log-mel spectrogram: samples in, one column of mel bands for each 10 ms out.

Whisper appends 30 s of silence before it measures, so the last columns of a recording look into silence and
the loudest column is sought in sound and silence together. Silence measures the same everywhere: here only
the columns that touch a sample are computed.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from whisper_at.audio.windows import Window
from whisper_at.errors import AudioError
from whisper_at.timegrid import FRAMES_PER_WINDOW, SAMPLE_RATE, SAMPLES_PER_FRAME

FloatArray = npt.NDArray[np.float32]

SAMPLES_PER_COLUMN = 400  # 25 ms: what one column looks at, centred on the start of its frame
REACH = SAMPLES_PER_COLUMN // 2  # so far a column looks to either side
N_BINS = SAMPLES_PER_COLUMN // 2 + 1  # of the Fourier transform, 40 Hz apart
QUIETEST = 1e-10  # energies below count as this one
DYNAMIC_RANGE = 8.0  # decades below the loudest band; what is quieter is lifted to there
BLOCK = 1000  # columns a transform: large enough for numpy, small enough for the processor's cache


@dataclass(frozen=True, kw_only=True, eq=False)
class LogMel:
    """The log-mel columns [mel, frame] of a whole recording, without its padding."""

    columns: FloatArray

    @property
    def n_frames(self) -> int:
        """How many frames of 10 ms the recording has; a last one that is not full does not count.

        >>> log_mel(np.zeros(16_159)).n_frames, log_mel(np.zeros(1)).n_frames
        (100, 1)
        """
        return int(self.columns.shape[1])

    def window(self, seek: int, n_frames: int = FRAMES_PER_WINDOW) -> Window:
        """What the encoder hears from the frame `seek` on: so many frames, if there are as many.

        >>> window = log_mel(np.zeros(16_000 * 40)).window(2800)
        >>> window.n_frames, window.padded.shape
        (1200, (80, 3000))
        """
        assert 0 <= seek < self.n_frames, f"seek {seek} lies outside a recording of {self.n_frames} frames"
        return Window.of(self.columns[:, seek : seek + min(n_frames, FRAMES_PER_WINDOW)], seek)


def log_mel(samples: npt.NDArray[np.floating], *, n_mels: int = 80) -> LogMel:
    """The log-mel of a recording, from its samples [sample] at 16 kHz.

    A full-scale tone comes to about 1.5, and nothing lies more than 2.0 below the loudest value of the
    recording. Published models hear 80 bands, large-v3 and turbo 128.

    Raises:
        AudioError: if the samples are not one row of finite numbers.
    """
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1 or not len(samples):
        raise AudioError(f"log-mel wants samples of one channel, found an array of shape {samples.shape}")
    columns = log_energies(samples, 0, n_columns_of(len(samples)), n_mels=n_mels)
    scale(columns, loudest=float(columns.max()))
    # Columns after the last full frame were needed for the loudest value only.
    return LogMel(columns=columns[:, : n_frames_of(len(samples))])


def n_columns_of(n_samples: int) -> int:
    """How many columns touch a sample of a recording that has so many."""
    return -(-(n_samples + REACH) // SAMPLES_PER_FRAME)


def n_frames_of(n_samples: int) -> int:
    """How many frames a recording has: the full ones, and one where there is none."""
    return max(1, n_samples // SAMPLES_PER_FRAME)


def log_energies(samples: FloatArray, start: int, stop: int, *, n_mels: int, first: int = 0) -> FloatArray:
    """The decimal logarithms of the energies [mel, column] of the columns from `start` to before `stop`.

    Args:
        first: the place in the recording of the first one of `samples` [sample].
    """
    columns = np.empty((n_mels, stop - start), np.float32)
    for begin in range(start, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        with np.errstate(over="ignore", invalid="ignore"):  # one error later, for all of them
            energy = mel_filters(n_mels) @ _power(samples, begin, end, first)
        np.log10(np.maximum(energy, QUIETEST, out=energy), out=columns[:, begin - start : end - start])
    return columns


def scale(columns: FloatArray, *, loudest: float) -> None:
    """Logarithms of energies to what the encoder hears, in place; what is far below the loudest is lifted.

    Raises:
        AudioError: if the loudest is no number.
    """
    if not np.isfinite(loudest):
        raise AudioError("log-mel wants finite samples, found NaN, infinity or numbers too large to square")
    np.maximum(columns, np.float32(loudest - DYNAMIC_RANGE), out=columns)
    columns += 4
    columns /= 4


def _power(samples: FloatArray, start: int, stop: int, offset: int) -> FloatArray:
    """The power spectra [bin, column] of the columns from `start` to before `stop`; `samples` begin at `offset`."""
    first, last = start * SAMPLES_PER_FRAME - offset, (stop - 1) * SAMPLES_PER_FRAME - offset
    stretch = _stretch(samples, first - REACH, last + REACH)
    frames = np.lib.stride_tricks.sliding_window_view(stretch, SAMPLES_PER_COLUMN)[::SAMPLES_PER_FRAME]
    spectra = np.fft.rfft(frames * _hann(), axis=1)
    power = spectra.real**2 + spectra.imag**2
    return power.astype(np.float32, copy=False).T  # numpy 1 transforms in double precision


def _stretch(samples: FloatArray, start: int, stop: int) -> FloatArray:
    """The samples from `start` to before `stop`: mirrored before the first one, silent after the last.

    >>> _stretch(np.array([1, 2, 3], np.float32), -4, 5).tolist()
    [0.0, 0.0, 3.0, 2.0, 1.0, 2.0, 3.0, 0.0, 0.0]
    """
    stretch = np.zeros(stop - start, np.float32)
    heard = samples[max(start, 0) : stop]
    at = max(-start, 0)
    stretch[at : at + len(heard)] = heard
    mirrored = samples[1 : at + 1]
    stretch[at - len(mirrored) : at] = mirrored[::-1]
    return stretch


@lru_cache(maxsize=1)
def _hann() -> FloatArray:
    """The raised cosine that a column looks through; periodic: the value after its last is its first."""
    phase = 2 * np.pi * np.arange(SAMPLES_PER_COLUMN) / SAMPLES_PER_COLUMN
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


@lru_cache(maxsize=4)
def mel_filters(n_mels: int) -> FloatArray:
    """How much of each Fourier bin goes to each mel band: [mel, bin].

    A band is a triangle between the centres of its neighbours. Its area is the same for all, so wide bands
    at the top do not drown narrow ones (Slaney's normalisation).

    >>> mel_filters(80).shape
    (80, 201)
    """
    corners = _hertz(np.linspace(0, _mel(SAMPLE_RATE / 2), n_mels + 2))
    low, centre, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    bins = np.linspace(0, SAMPLE_RATE / 2, N_BINS)
    triangles = np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre))
    filters = (np.maximum(triangles, 0) * 2 / (high - low)).astype(np.float32)
    filters.flags.writeable = False  # one array for all callers
    return filters


# Slaney's mel scale goes straight up to 1000 Hz, 3 mel every 200 Hz, and from there by equal ratios,
# 27 mel from 1000 to 6400 Hz.
KNEE_HZ, KNEE_MEL = 1000.0, 15.0
MEL_PER_E = 27 / np.log(6.4)


def _mel(hertz: float) -> float:
    """The mel of a frequency.

    >>> round(_mel(600.0), 6), round(_mel(6400.0), 6)
    (9.0, 42.0)
    """
    if hertz < KNEE_HZ:
        return hertz * KNEE_MEL / KNEE_HZ
    return float(KNEE_MEL + MEL_PER_E * np.log(hertz / KNEE_HZ))


def _hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The frequencies of mels.

    >>> _hertz(np.array([9.0, 42.0])).round(6).tolist()
    [600.0, 6400.0]
    """
    above = KNEE_HZ * np.exp(np.maximum(mel - KNEE_MEL, 0) / MEL_PER_E)
    return np.where(mel < KNEE_MEL, mel * KNEE_HZ / KNEE_MEL, above)
