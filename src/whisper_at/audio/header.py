"""How long a file says it is, before it is decoded: what shows that a download broke off."""

import struct
from collections.abc import Callable
from os import SEEK_END
from typing import BinaryIO, TypeVar

from av.container import InputContainer

T = TypeVar("T")

MICROSECONDS = 1_000_000
# Containers that write down how long they are. For the others FFmpeg estimates from the size of the file.
TOLD_BY_THE_CONTAINER = frozenset(
    {"aiff", "au", "flac", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mpegts", "ogg", "tta", "wv"}
)
# Formats of WAV files in which equal times take equal bytes: integers, floats, either with a long header.
EVEN_WAV_FORMATS = frozenset({0x0001, 0x0003, 0xFFFE})
UNKNOWN_SIZE = 0x7FFF_0000  # from here on, a size that was written before the end was known


def promised_seconds(container: InputContainer, file: BinaryIO | None) -> float | None:
    """The length of the first audio stream as its file gives it; None where it gives none, or an estimate.

    `file` is what the container reads from, to be looked into once FFmpeg has read the header; its position
    is as before afterwards.
    """
    stream = container.streams.audio[0]
    name = container.format.name
    if name == "wav":
        return None if file is None else _at_start(file, wav_seconds)
    # An mp3's length is an estimate unless it has a Xing header, which also moves the start.
    if name not in TOLD_BY_THE_CONTAINER and not (name == "mp3" and stream.start_time):
        return None
    if name == "mp3" and file is not None and _at_start(file, is_joined_mp3):
        return None
    lengths = []
    if stream.duration is not None and stream.time_base is not None:
        lengths.append(float(stream.duration * stream.time_base))
    if (tag := stream.metadata.get("DURATION")) is not None:
        lengths.append(_clock_seconds(tag))
    # The container lasts as long as its longest track, so it tells only where it is the only one,
    # or where it is shorter: an edit list that leaves part of a track out.
    if container.duration is not None and (lengths or len(container.streams) == 1):
        lengths.append(container.duration / MICROSECONDS)
    return min((length for length in lengths if length > 0), default=None)


def _clock_seconds(text: str) -> float:
    """Seconds of a time as Matroska writes it; 0 for what is no time.

    >>> _clock_seconds("00:01:10.500000000"), _clock_seconds("soon")
    (70.5, 0.0)
    """
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 0.0


def _at_start(file: BinaryIO, look: Callable[[BinaryIO], T]) -> T:
    position = file.tell()
    try:
        file.seek(0)
        return look(file)
    finally:
        file.seek(position)


def is_joined_mp3(file: BinaryIO) -> bool:
    """Whether an mp3 goes on long after the bytes that its Xing header counts, as several in one file do.

    FFmpeg then estimates its length from the rate of the first one (and from the same 1/16 more on).
    """
    start = 0
    tag = file.read(10)
    if tag[:3] == b"ID3" and len(tag) == 10:
        a, b, c, d = tag[6:]
        start = 10 + (a << 21 | b << 14 | c << 7 | d)
    file.seek(start)
    frame = file.read(200)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return False
    has, frames, size = struct.unpack(">3I", frame[at + 4 : at + 16])
    if has & 3 == 2:  # without a count of frames
        size = frames
    there = file.seek(0, SEEK_END) - start
    return bool(has & 2) and there > size + size // 16


def wav_seconds(file: BinaryIO) -> float | None:
    """The length in the header of a WAV file, which FFmpeg silently corrects by the size of the file."""
    if file.read(4) != b"RIFF":
        return None
    file.seek(12)  # past the size of all and "WAVE"
    bytes_per_second = 0
    while len(chunk := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", chunk)
        if name == b"data":
            return size / bytes_per_second if bytes_per_second and 0 < size < UNKNOWN_SIZE else None
        if name == b"fmt ":
            form = file.read(12)
            if len(form) < 12:
                return None
            format_tag, _, _, bytes_per_second = struct.unpack("<HHII", form)
            if format_tag not in EVEN_WAV_FORMATS:
                return None
            size -= len(form)
        file.seek(size + size % 2, 1)
    return None
