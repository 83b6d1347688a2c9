"""Samples that another library has read (soundfile, torchaudio, ...) in, mono float32 at 16 kHz out."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.errors import AudioError
from whisper_at.timegrid import SAMPLE_RATE

MOST_CHANNELS = 64  # a longer axis holds samples
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000  # hertz
LOUDEST = 100.0  # 40 dB above full scale: no recording, but numbers of another range
FINEST_STEP = 2.0**-24  # of full scale: what 24 bits can tell from silence
BLOCK = 1 << 16  # samples that are mixed at once, so that resampling needs no copy of the whole


def as_array(source: object) -> npt.NDArray[Any] | None:
    """The numpy array behind an array of any library, None if it is no array.

    Torch need not be imported for that: a tensor gives its numbers away when asked.
    """
    if not hasattr(source, "__array__") or isinstance(source, str | bytes):  # numpy has its own of these
        return None
    for step in ("detach", "cpu"):  # off the autograd graph, off the GPU
        source = getattr(source, step, lambda same=source: same)()
    try:
        return np.asarray(source)
    except (TypeError, ValueError, RuntimeError) as error:
        raise AudioError(f"cannot turn {type(source).__name__} into a numpy array: {error}") from error


def n_channels(array: npt.NDArray[Any]) -> int:
    """How many channels an array of samples has.

    >>> n_channels(np.zeros((2, 16000))), n_channels(np.zeros(16000))
    (2, 1)
    """
    last = _channels_last(array)
    return last.shape[1] if last.ndim == 2 else 1


def from_array(
    array: npt.NDArray[Any], sample_rate: float | None, channel: int | None = None
) -> npt.NDArray[np.float32]:
    """The samples [sample] of an array [sample], [channel, sample] or [sample, channel], mono at 16 kHz.

    Channels are averaged, or one is taken; integers are scaled by the range of their type. An array that is mono
    float32 at 16 kHz already is not copied.

    Raises:
        AudioError: if the array is no recording, or one that could be read in two ways.

    >>> from_array(np.array([[0, 16384, -32768]], np.int16), 16000).tolist()
    [0.0, 0.5, -1.0]
    """
    rate = _checked_rate(sample_rate)
    if array.dtype.kind not in "fiu":
        raise AudioError(f"samples must be floats or integers, found an array of {array.dtype}")
    if not array.size:
        raise AudioError(f"the array has no samples: its shape is {array.shape}")
    array = _channels_last(array)
    if channel is not None and array.ndim == 2:
        array = array[:, channel]
    if rate == SAMPLE_RATE:
        samples = _mono(array)
        refuse_unusable(samples, rate, "the array")
    else:
        from whisper_at.audio.resample import resample  # loads FFmpeg

        samples = resample(_mono_blocks(array, rate), rate)
    if array.dtype.kind in "iu":
        _refuse_wrong_type(samples, array.dtype)
    return samples


def _checked_rate(sample_rate: float | None) -> int:
    if sample_rate is None:
        return SAMPLE_RATE
    number = isinstance(sample_rate, int | float | np.number)
    if not number or not LOWEST_RATE <= sample_rate <= HIGHEST_RATE or sample_rate % 1:
        raise AudioError(
            f"sample_rate must be a whole number of hertz from {LOWEST_RATE} to {HIGHEST_RATE}, "
            f"found {sample_rate!r}"
        )
    return int(sample_rate)


def _channels_last(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array as [sample, channel], or [sample] if there is one channel."""
    if array.ndim == 1:
        return array
    if array.ndim != 2:
        raise AudioError(
            f"an array of samples has the axes [sample], [channel, sample] or [sample, channel], "
            f"found {array.ndim} axes of shape {array.shape}; give one recording at a time"
        )
    if 1 in array.shape:
        return array.reshape(-1)
    return array if _channel_axis(*array.shape) == 1 else array.T


def _channel_axis(first: int, last: int) -> int:
    """Which axis is the channels': the one that is too short to hold a recording.

    >>> _channel_axis(2, 48000), _channel_axis(48000, 2)
    (0, 1)
    """
    if (first <= MOST_CHANNELS) == (last <= MOST_CHANNELS):
        both = "both axes" if first <= MOST_CHANNELS else "neither axis"
        raise AudioError(
            f"cannot tell channels from samples in an array of shape ({first}, {last}): {both} could be "
            f"up to {MOST_CHANNELS} channels; give the mean over its channels, with the axis [sample]"
        )
    return 0 if first < last else 1


def _mono_blocks(array: npt.NDArray[Any], rate: int) -> Iterator[npt.NDArray[np.float32]]:
    for start in range(0, len(array), BLOCK):
        block = _mono(array[start : start + BLOCK])
        # Now, for the resampler spreads a NaN to its neighbours.
        refuse_unusable(block, rate, "the array", first=start)
        yield block


def _mono(array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The mean of the channels in float32, full scale at 1."""
    with np.errstate(over="ignore", invalid="ignore"):  # what becomes infinite is answered with its place
        mean = array.mean(axis=1, dtype=np.float32) if array.ndim == 2 else array
        samples = np.ascontiguousarray(mean, np.float32)
    if array.dtype.kind in "iu":  # in place: what was an integer is a new float by now
        full_scale = np.float32(_full_scale(array.dtype))
        if array.dtype.kind == "u":
            samples -= full_scale  # silence is in the middle
        samples /= full_scale
    return samples


def _full_scale(dtype: np.dtype[Any]) -> int:
    """
    >>> _full_scale(np.dtype(np.int16)), _full_scale(np.dtype(np.uint8))
    (32768, 128)
    """
    return 1 << (dtype.itemsize * 8 - 1)


def _refuse_wrong_type(samples: npt.NDArray[np.float32], dtype: np.dtype[Any]) -> None:
    """Raises AudioError for small numbers in a large type, such as 16-bit samples in numpy's own int64."""
    loudest = peak(samples)
    if 0 < loudest < FINEST_STEP:
        full_scale = _full_scale(dtype)
        raise AudioError(
            f"the loudest sample of the {dtype} array is {loudest * full_scale:.0f}, of a full scale of "
            f"{full_scale}, which is silence; give the samples in their own type, such as int16"
        )


def peak(samples: npt.NDArray[np.float32]) -> float:
    """The largest magnitude; NaN if there is one among the samples. Needs no memory.

    >>> peak(np.array([0.5, -2.0], np.float32))
    2.0
    """
    return float(np.maximum(samples.max(), -samples.min()))


def refuse_unusable(samples: npt.NDArray[np.float32], rate: int, shown: str, *, first: int = 0) -> None:
    """Raises AudioError for samples that would spoil all that is heard, and says where the first one is.

    `first` is the place of `samples` in the recording.

    >>> refuse_unusable(np.array([0.0, np.nan], np.float32), 16000, "noise.wav")
    Traceback (most recent call last):
    whisper_at.errors.AudioError: noise.wav holds NaN at 0.000 s (sample 1 at 16000 Hz); mend it or cut it out
    """
    loudest = peak(samples)
    if loudest <= LOUDEST:
        return
    if np.isfinite(loudest):
        raise AudioError(
            f"samples in floats lie between -1 and 1, those of {shown} reach {loudest:.6g}; "
            f"divide them by their full scale (16-bit numbers by 32768)"
        )
    at = int(np.argmin(np.isfinite(samples)))
    found = "NaN" if np.isnan(samples[at]) else "infinity"
    at += first
    raise AudioError(
        f"{shown} holds {found} at {at / rate:.3f} s (sample {at} at {rate} Hz); mend it or cut it out"
    )
