"""Where a recording comes from: a path, an address, bytes, an open file or an array in, a `Stream` out.

Whatever is wrong with the source is answered with one `AudioError`, before anything else is computed. What breaks
off after the first block of a long recording is told in its notes.
"""

import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO, TypeAlias
from urllib.parse import unquote, urlsplit

import numpy as np
import numpy.typing as npt

from whisper_at.audio.arrays import as_array, from_array, n_channels, refuse_unusable
from whisper_at.audio.pipe import Pipe
from whisper_at.audio.recording import SAMPLES_PER_BLOCK, Recording, Samples, Stream
from whisper_at.errors import AudioError
from whisper_at.timegrid import SAMPLE_RATE

Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | npt.NDArray[Any]

# What is worth trying in a folder; a file that is named by itself is tried whatever it is called.
MEDIA_SUFFIXES = frozenset(
    ".3gp .aac .ac3 .aif .aifc .aiff .amr .ape .asf .au .avi .caf .dts .flac .flv .m2ts .m4a .m4b .m4v .mka "
    ".mkv .mov .mp2 .mp3 .mp4 .mpeg .mpg .mts .oga .ogg .ogv .opus .spx .tta .ts .w64 .wav .weba .webm .wma "
    ".wmv .wv".split()
)

ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")  # two letters at least: one is a Windows drive


def read(source: Source, *, sample_rate: int | None = None, offline: bool = False) -> Recording:
    """The whole recording behind a source, in memory; see `stream` for the arguments and the errors.

    >>> read(np.zeros((2, 44100)), sample_rate=44100).duration
    1.0
    """
    return stream(source, sample_rate=sample_rate, offline=offline).whole()


def split(source: Source, *, sample_rate: int | None = None, offline: bool = False) -> tuple[Stream, ...]:
    """The channels of a recording, each as a stream of its own; see `stream` for the arguments and the errors.

    A file is opened once for each channel; an open file is read into memory.

    >>> [len(channel.take()) for channel in split(np.zeros((2, 44100)), sample_rate=44100)]
    [16000, 16000]
    """
    if as_array(source) is None and hasattr(source, "read"):
        with ExitStack() as opened:
            source = _seekable(source, "the open file", opened).read()
    first = stream(source, sample_rate=sample_rate, offline=offline, channel=0)
    others = range(1, first.n_channels)
    return first, *(stream(source, sample_rate=sample_rate, offline=offline, channel=i) for i in others)


def stream(
    source: Source,
    *,
    sample_rate: int | None = None,
    offline: bool = False,
    channel: int | None = None,
    live: bool = False,
) -> Stream:
    """The recording behind a path, an http address, encoded bytes, an open file or an array of samples.

    Its first ten minutes are read at once. Files may be of any format that FFmpeg knows, video too: the first sound
    track is read. An open file is read from its beginning if it can seek, else from where it stands. Arrays are
    [sample], [channel, sample] or [sample, channel], floats between -1 and 1 or integers, from numpy, torch or any
    library whose arrays turn into numpy's.

    Args:
        source: where the recording is.
        sample_rate: of an array, 16000 if not given; a file has its own.
        offline: refuse addresses.
        channel: the one that is read, from 0 on; None for the mix of all.
        live: read a pipe while it is written, in blocks of a second, and not to its end first. What cannot be read
            from front to back, such as an mp4 with its index at the end, is then refused.

    Raises:
        AudioError: if there is no recording, or none that could be heard.

    >>> len(stream(np.zeros((2, 44100)), sample_rate=44100).take())
    16000
    """
    array = as_array(source)
    if array is not None:
        samples = from_array(array, sample_rate, channel)
        return Recording(name="array", samples=samples).stream(n_channels=n_channels(array))
    if sample_rate is not None:
        raise AudioError(
            f"sample_rate={sample_rate} is for arrays; {type(source).__name__} brings its own: leave it out"
        )
    opened = ExitStack()
    try:
        return _encoded_stream(source, opened, offline=offline, channel=channel, live=live)
    except BaseException as error:
        opened.close()
        if live and isinstance(error, AudioError) and hasattr(source, "read") and not _can_seek(source):
            raise AudioError(
                f"{error}. It is read from front to back while it comes, which an mp4 with its index at the end does "
                f"not allow: give the file, or pipe wav, flac, ogg, mp3 or mkv"
            ) from error
        raise


def _encoded_stream(
    source: object, opened: ExitStack, *, offline: bool, channel: int | None, live: bool
) -> Stream:
    media: BinaryIO | Pipe | str
    samples_per_block = SAMPLES_PER_BLOCK
    if isinstance(source, str) and (address := ADDRESS.match(source)):
        name, shown = _names_of_address(source)
        media = _allowed(source, address[1].lower(), shown, offline=offline)
    elif isinstance(source, str) and not source:
        raise AudioError("the path of the recording is empty; give a file")
    elif isinstance(source, str | os.PathLike):
        path = Path(os.fsdecode(source))
        name, shown = path.name, printable(os.fsdecode(source))
        media = _seekable(opened.enter_context(_open_path(path, shown)), shown, opened)
    elif isinstance(source, bytes | bytearray | memoryview):
        name, shown = "bytes", f"the source of {len(source)} bytes"
        media = _seekable(io.BytesIO(source), shown, opened)
    elif hasattr(source, "read"):
        name = _name_of_file(source)
        shown = f"the open file {printable(name)}" if name else "the open file"
        name = name or "file"
        if live and not _can_seek(source):
            media, samples_per_block = Pipe(source), SAMPLE_RATE
        else:
            media = _seekable(source, shown, opened)
    else:
        raise AudioError(
            f"a recording is a path, an http address, bytes, an open file or a numpy array; "
            f"found {type(source).__name__}"
        )
    from whisper_at.audio.media import SoundTrack  # loads FFmpeg

    track = SoundTrack(media, shown, channel)
    blocks = _usable(track.blocks(samples_per_block), shown, opened)
    if isinstance(media, str):  # a server does not wait until we have understood what it said
        blocks = _fetched(blocks, opened)
    return Stream(
        name=name,
        blocks=blocks,
        promised=track.promised,
        notes=track.notes,
        samples_per_block=samples_per_block,
        n_channels=track.n_channels,
    )


def _usable(blocks: Iterator[Samples], shown: str, opened: ExitStack) -> Iterator[Samples]:
    """Blocks up to one that would spoil all that is heard; then the file is closed."""
    first = 0
    with opened:
        for block in blocks:
            refuse_unusable(block, SAMPLE_RATE, shown, first=first)
            first += len(block)
            yield block


def _fetched(blocks: Iterator[Samples], opened: ExitStack) -> Iterator[Samples]:
    """All blocks, by way of a file on disk."""
    with opened, tempfile.TemporaryFile() as file:
        for block in blocks:
            file.write(block.data)
        file.seek(0)
        while data := file.read(SAMPLES_PER_BLOCK * 4):
            yield np.frombuffer(data, np.float32)


def _allowed(address: str, scheme: str, shown: str, *, offline: bool) -> str:
    if scheme not in ("http", "https"):
        raise AudioError(f"cannot fetch {shown}: only http and https are; download it and give its path")
    if offline:
        raise AudioError(f"cannot fetch {shown}: offline; download it and give its path")
    return address


def _open_path(path: Path, shown: str) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        where = "" if path.is_absolute() else f" in {printable(str(Path.cwd()))}"
        raise AudioError(f"there is no file {shown}{where}; check its path") from error
    except IsADirectoryError as error:
        raise AudioError(f"{shown} is a folder; give the files in it, one recording each") from error
    except PermissionError as error:
        if path.is_dir():  # so says Windows
            raise AudioError(f"{shown} is a folder; give the files in it, one recording each") from error
        raise AudioError(f"{shown} may not be read by this user; change its permissions") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise AudioError(f"cannot open {shown}: {getattr(error, 'strerror', None) or error}") from error


def _seekable(file: Any, shown: str, opened: ExitStack) -> BinaryIO:
    """The file at its beginning, or a copy on disk of what is left in a pipe.

    FFmpeg looks for the index of an mp4 at its end, so it must be able to go there and back.
    """
    try:
        if isinstance(file.read(0), str):
            raise AudioError(f"{shown} is open as text; open it with mode 'rb'")
        if not _can_seek(file):
            copy = opened.enter_context(tempfile.TemporaryFile())
            copyfileobj(file, copy)
            file = copy
        file.seek(0, os.SEEK_END)
        size = file.tell()
        file.seek(0)
    except (OSError, ValueError) as error:  # ValueError: closed
        raise AudioError(f"cannot read {shown}: {getattr(error, 'strerror', None) or error}") from error
    if not size:
        raise AudioError(f"{shown} is empty; give a whole recording")
    return file  # type: ignore[no-any-return]


def _can_seek(file: Any) -> bool:
    return hasattr(file, "seekable") and bool(file.seekable())


def _names_of_address(address: str) -> tuple[str, str]:
    """A name for the recording, and the address without passwords and tokens.

    >>> _names_of_address("https://me:secret@example.org/a/my%20dog.mp3?token=1")
    ('my dog.mp3', 'https://example.org/a/my%20dog.mp3')
    """
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise AudioError(f"{printable(address)} is no address: {error}; check it") from error
    host = parts.netloc.rpartition("@")[2]
    name = unquote(parts.path.rpartition("/")[2]) or host
    return name, printable(f"{parts.scheme}://{host}{parts.path}")


def _name_of_file(file: object) -> str:
    name = getattr(file, "name", None)
    return Path(name).name if isinstance(name, str) else ""


def printable(text: str) -> str:
    r"""A name as it is if a terminal can show it in one line, else with escapes.

    >>> printable("my dog 🐕.wav"), printable("two\nlines")
    ('my dog 🐕.wav', "'two\\nlines'")
    """
    return text if text.isprintable() and text else repr(text)
