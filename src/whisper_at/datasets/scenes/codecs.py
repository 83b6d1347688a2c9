"""What a way through the world does to a scene: encoded and decoded, narrowed, overdriven. Times stay.

FFmpeg (PyAV) is loaded by the first change that encodes.
"""

import io
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from whisper_at.errors import DatasetError
from whisper_at.timegrid import SAMPLE_RATE

Samples = npt.NDArray[np.float32]

# What may happen, and how much of it: bits a second, hertz, decibels.
KINDS: dict[str, tuple[float, ...]] = {
    "mp3": (16_000, 24_000, 32_000, 48_000),
    "opus": (8_000, 12_000, 16_000, 24_000),
    "aac": (16_000, 24_000, 32_000),
    "amr": (4_750, 7_400, 12_200),  # the mobile telephone, 8 kHz
    "telephone": (3_400,),  # 300 Hz to this, in the 8 bits of the mu law
    "low-pass": (2_000, 3_000, 4_000, 5_500),
    "overdrive": (3, 6, 12),  # decibels by which the loudest sample is cut off
}
ENCODERS = {  # container, codec, rate, and the samples by which what is decoded comes late
    "mp3": ("mp3", "libmp3lame", 16_000, 0),
    "opus": ("ogg", "libopus", 16_000, 0),
    "aac": ("mp4", "aac", 16_000, 0),
    "amr": ("amr", "libopencore_amrnb", 8_000, 80),
}
BLOCK = SAMPLE_RATE  # samples given to an encoder at once
TELEPHONE_LOWEST = 300.0
MU = 255.0


@dataclass(frozen=True, kw_only=True)
class Change:
    """One of `KINDS` and how much of it."""

    kind: str
    amount: float


def draw_change(dice: np.random.Generator, kinds: tuple[str, ...]) -> Change:
    """Each kind as often, each amount of it as often."""
    kind = kinds[int(dice.integers(len(kinds)))]
    return Change(kind=kind, amount=float(KINDS[kind][int(dice.integers(len(KINDS[kind])))]))


def changed(samples: Samples, change: Change) -> Samples:
    """The samples [sample] after a change: as many, each at its time.

    >>> hiss = np.random.default_rng(0).standard_normal(4000).astype(np.float32)
    >>> dull = changed(hiss, Change(kind="low-pass", amount=2000))
    >>> len(dull), bool(np.sum(dull**2) < 0.3 * np.sum(hiss**2))
    (4000, True)

    Raises:
        DatasetError: if the FFmpeg at hand lacks the codec.
    """
    if change.kind in ENCODERS:
        return _through_codec(samples, change.kind, round(change.amount))
    if change.kind == "telephone":
        return _mu_law(_band(samples, TELEPHONE_LOWEST, change.amount))
    if change.kind == "low-pass":
        return _band(samples, 0, change.amount)
    ceiling = float(np.abs(samples).max(initial=0)) * 10 ** (-change.amount / 20)
    cut: Samples = np.clip(samples, -ceiling, ceiling)
    return cut


def _band(samples: Samples, lowest: float, highest: float) -> Samples:
    """What lies between two frequencies; the edges are half a tone wide, so that they do not ring long."""
    n = len(samples)
    hertz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    above = np.clip((highest * 1.03 - hertz) / (highest * 0.06), 0, 1)
    below = np.clip((hertz - lowest * 0.97) / (lowest * 0.06), 0, 1) if lowest else 1.0
    spectrum = np.fft.rfft(samples) * (above * below).astype(np.float32)
    return np.fft.irfft(spectrum, n).astype(np.float32)


def _mu_law(samples: Samples) -> Samples:
    """Rounded to 8 bits as a digital telephone line does: finer where it is soft."""
    clipped = np.clip(samples, -1, 1)
    code = np.rint(np.log1p(MU * np.abs(clipped)) / np.log1p(MU) * 127)
    rounded: Samples = (np.sign(clipped) * np.expm1(code / 127 * np.log1p(MU)) / MU).astype(np.float32)
    return rounded


def _through_codec(samples: Samples, kind: str, bit_rate: int) -> Samples:
    from whisper_at.audio import read

    delay = ENCODERS[kind][-1]
    heard = read(_encoded(samples, kind, bit_rate)).samples[delay:]
    result = np.zeros_like(samples)
    n = min(len(heard), len(samples))
    result[:n] = heard[:n]
    return result


def _encoded(samples: Samples, kind: str, bit_rate: int) -> bytes:
    import av
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream

    container, codec, rate, _ = ENCODERS[kind]
    with av.open(buffer := io.BytesIO(), "w", format=container) as output:
        try:
            stream = output.add_stream(codec, rate=rate)
        except (ValueError, av.error.FFmpegError) as error:  # UnknownCodecError is a ValueError
            raise DatasetError(
                f"the FFmpeg at hand cannot write {kind} (no encoder {codec}); leave {kind} out of the codecs"
            ) from error
        assert isinstance(stream, AudioStream)
        stream.codec_context.layout = "mono"
        stream.codec_context.bit_rate = bit_rate
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
        for start in range(0, len(samples), BLOCK):
            frame = AudioFrame.from_ndarray(samples[None, start : start + BLOCK], format="flt", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
            for part in resampler.resample(frame):
                output.mux(stream.encode(part))
        for part in resampler.resample(None):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return buffer.getvalue()
