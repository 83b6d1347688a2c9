"""Recordings made for the tests: a known sound in, a media file out. None is kept in the repository."""

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.video.stream import VideoStream

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")  # what makes a format tag a GUID


def tone(hertz: float, seconds: float, rate: int, peak: float = 0.5) -> npt.NDArray[np.float32]:
    """A sine [sample]."""
    time = np.arange(round(seconds * rate)) / rate
    return (peak * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def strength(samples: npt.NDArray[np.floating], hertz: float) -> float:
    """The peak of the sine of a frequency in samples [sample] at 16 kHz, from their middle half."""
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    time = np.arange(len(middle)) / 16_000
    weights = np.hanning(len(middle))
    return float(2 * abs(np.sum(weights * middle * np.exp(-2j * np.pi * hertz * time))) / weights.sum())


def wav(
    data: npt.NDArray[np.generic] | bytes,
    rate: int,
    *,
    channels: int = 1,
    mask: int | None = None,
    bits: int = 16,
    tag: int = PCM,
    promised: int | None = None,
) -> bytes:
    """A WAV file, written byte by byte: an oracle that FFmpeg has no part in.

    `mask` names the loudspeakers; `promised` is a number of data bytes other than the true one.
    """
    body = data if isinstance(data, bytes) else data.tobytes()
    width = channels * bits // 8
    form = struct.pack("<HIIHH", channels, rate, rate * width, width, bits)
    if mask is None:
        form = struct.pack("<H", tag) + form
    else:
        more = struct.pack("<HHIH", 22, bits, mask, tag) + SUBFORMAT_TAIL
        form = struct.pack("<H", EXTENSIBLE) + form + more
    size = len(body) if promised is None else promised
    chunks = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", min(len(chunks) + size, 0xFFFF_FFFF)) + chunks + body


def media(
    path: Path,
    samples: npt.NDArray[np.float32] | None,
    rate: int,
    *,
    container: str,
    codec: str = "",
    layout: str = "mono",
    video: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Encodes samples [channel, sample] with FFmpeg, with or without pictures; None for a silent film."""
    with av.open(str(path), "w", format=container, options=options or {}) as output:
        picture = output.add_stream("mpeg4", rate=10) if video else None
        if picture is not None:  # told before the first packet, which writes the header
            picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
        if samples is not None:
            _write_sound(output, samples, rate, codec, layout)
        if picture is not None:
            _write_pictures(output, picture)
    return path


def _write_sound(
    output: OutputContainer, samples: npt.NDArray[np.float32], rate: int, codec: str, layout: str
) -> None:
    stream = output.add_stream(codec, rate=rate)
    stream.codec_context.layout = layout
    stream.codec_context.options = {"strict": "experimental"}  # for FFmpeg's own Vorbis encoder
    packed = np.ascontiguousarray(samples.T)  # [sample, channel]
    for start in range(0, len(packed), 1024):
        block = packed[start : start + 1024].reshape(1, -1)
        frame = AudioFrame.from_ndarray(block, format="flt", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def _write_pictures(output: OutputContainer, stream: VideoStream) -> None:
    """One second of black."""
    for _ in range(10):
        image = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        output.mux(stream.encode(image))
    output.mux(stream.encode(None))


def encoded(tmp_path: Path, samples: npt.NDArray[np.float32], rate: int, name: str) -> bytes:
    """The bytes of a mono recording [sample] in one of the formats below."""
    container, codec, layout, options = FORMATS[name]
    channels = np.stack([samples] * (2 if layout == "stereo" else 1))
    path = tmp_path / f"sound.{name}"
    media(path, channels, rate, container=container, codec=codec, layout=layout, options=options)
    return path.read_bytes()


FORMATS: dict[str, tuple[str, str, str, dict[str, str]]] = {  # container, codec, layout, options
    "wav": ("wav", "pcm_s16le", "mono", {}),
    "flac": ("flac", "flac", "mono", {}),
    "aiff": ("aiff", "pcm_s16be", "mono", {}),
    "mp3": ("mp3", "libmp3lame", "mono", {}),
    "mp3-without-length": ("mp3", "libmp3lame", "mono", {"write_xing": "0"}),
    "ogg": ("ogg", "vorbis", "stereo", {}),  # FFmpeg's own encoder makes nothing else
    "opus": ("ogg", "libopus", "mono", {}),
    "m4a": ("mp4", "aac", "mono", {}),
    "m4a-index-first": ("mp4", "aac", "mono", {"movflags": "faststart"}),
    "webm": ("webm", "libopus", "mono", {}),
    "mka": ("matroska", "flac", "mono", {}),
    "aac": ("adts", "aac", "mono", {}),
    "ts": ("mpegts", "aac", "mono", {}),
}


def png() -> bytes:
    """A picture of one colour."""
    with av.open(buffer := io.BytesIO(), "w", format="image2pipe") as output:
        stream = output.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "rgb24"
        output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")))
        output.mux(stream.encode(None))
    return buffer.getvalue()
