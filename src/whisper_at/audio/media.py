"""An encoded recording in (a file, or an address), its first audio track as blocks of samples out: FFmpeg's part.

What can be read is read: damaged packets are left out, lost time is silent, so that what follows stays in its
place, and the notes say so. Only a recording of which nothing can be read is an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from whisper_at.audio.header import promised_seconds
from whisper_at.audio.pipe import Pipe
from whisper_at.audio.resample import Tape
from whisper_at.errors import AudioError

PATIENCE = 30.0  # seconds that a server may be silent
SHORTEST_GAP = 0.1  # seconds; timestamps closer than that are rounded, not lost
LONGEST_SILENCE = 60.0  # seconds that are written at once where more is lost
LONGEST_GAP = 3600.0  # seconds; a clock that is further ahead was set anew: nobody waits for a day of silence
SHORTEST_CUT = 0.25  # seconds; encoders fill up their last packet, so lengths differ by less

# A playlist or an index that is read from a file may name other files and addresses: none of them is opened.
# One that is read from the network may name others there, and no local ones.
NO_PROTOCOL = {"protocol_whitelist": ""}
WEB_PROTOCOLS = {"protocol_whitelist": "http,https,httpproxy,tcp,tls,crypto,data"}


class SoundTrack:
    """The first sound track of a recording, decoded while it is asked for.

    promised: the seconds that its file says it lasts, or None.

    Raises:
        AudioError: if there is no sound in it that FFmpeg could decode.
    """

    def __init__(self, source: BinaryIO | Pipe | str, shown: str, channel: int | None = None) -> None:
        """
        Args:
            source: a seekable file, a pipe, or an http address.
            shown: how messages call it.
            channel: the one that is heard, from 0 on; None for the mix of all.
        """
        self._shown = shown
        self._container = _open(source, shown)
        self._stream = _first_sound(self._container, shown)
        self.promised = promised_seconds(self._container, None if isinstance(source, str | Pipe) else source)
        self._n_tracks = len(self._container.streams.audio)
        self.n_channels = self._stream.codec_context.layout.nb_channels
        self._reader = _Reader(promised=self.promised, tape=Tape(channel))

    def blocks(self, n_samples: int) -> Iterator[npt.NDArray[np.float32]]:
        """Blocks of so many samples [sample], mono at 16 kHz; the last one has what is left.

        Raises:
            AudioError: if nothing can be decoded. What breaks off later is told in the notes.
        """
        reader, any_given = self._reader, False
        with self._container:
            try:
                for _ in reader.read(self._container, self._stream):
                    while len(reader.tape) >= n_samples:
                        any_given = True
                        yield reader.tape.take(n_samples)
                rest = reader.tape.finish()
            except (FFmpegError, OSError, ValueError) as error:
                if not any_given:
                    reason = _reason(error)
                    raise AudioError(
                        f"cannot decode the sound of {self._shown}: {reason}; convert it"
                    ) from error
                reader.broke_off, rest = _reason(error), reader.tape.take()
        if len(rest):
            yield rest
        elif not any_given:
            raise AudioError(_nothing_heard(reader, self._shown))

    def notes(self) -> tuple[str, ...]:
        """What was wrong with what has been decoded so far, a line each."""
        several = (f"has {self._n_tracks} sound tracks, the first one is used",) if self._n_tracks > 1 else ()
        return several + tuple(self._reader.notes())


def _open(source: BinaryIO | Pipe | str, shown: str) -> InputContainer:
    remote = isinstance(source, str)
    try:
        return av.open(
            source,
            mode="r",
            options=WEB_PROTOCOLS if remote else NO_PROTOCOL,
            metadata_errors="replace",  # titles in old encodings are nobody's concern here
            timeout=PATIENCE if remote else None,
        )
    except (FFmpegError, OSError, ValueError) as error:
        if isinstance(error, av.error.InvalidDataError | av.error.EOFError):
            raise AudioError(
                f"cannot read {shown} as a recording: FFmpeg finds no sound or video format in it; "
                f"if it should hold one, its beginning or its index is missing: check that it is whole"
            ) from error
        verb, advice = ("fetch", "the address and the network") if remote else ("open", "what it holds")
        raise AudioError(f"cannot {verb} {shown}: {_reason(error)}; check {advice}") from error


def _first_sound(container: InputContainer, shown: str) -> AudioStream:
    if not container.streams.audio:
        kinds = sorted({stream.type for stream in container.streams})
        found = f"{' and '.join(kinds)} only" if kinds else "no track at all"
        raise AudioError(
            f"{shown} has no sound: FFmpeg reads it as {container.format.long_name} and finds {found}; "
            f"give a file with a sound track"
        )
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise AudioError(
            f"the sound of {shown} is in an encoding that FFmpeg cannot decode; convert it to WAV or FLAC"
        )
    return stream


@dataclass(kw_only=True)
class _Reader:
    """Writes a stream to a tape and keeps count of what was missing."""

    promised: float | None
    tape: Tape = field(default_factory=Tape)
    n_damaged: int = 0
    seconds_lost: float = 0.0
    seconds_skipped: float = 0.0
    broke_off: str | None = None
    ended: bool = False
    _origin: float | None = None  # timestamp of the tape's start

    def read(self, container: InputContainer, stream: AudioStream) -> Iterator[None]:
        """Writes the tape; pauses where something may be taken from it."""
        for packet in self._packets(container, stream):
            try:
                frames = stream.decode(packet)
            except FFmpegError:
                self.n_damaged += 1
                continue
            for frame in frames:
                yield from self._hear(frame)
        self.ended = True

    def _packets(self, container: InputContainer, stream: AudioStream) -> Iterator[Any]:
        try:
            yield from container.demux(stream)  # the last packet is empty: it flushes the decoder
        except FFmpegError as error:
            self.broke_off = _reason(error)

    def _hear(self, frame: AudioFrame) -> Iterator[None]:
        if not frame.samples:
            return
        if frame.pts is not None and frame.time_base is not None:
            time = float(frame.pts * frame.time_base)
            if self._origin is None:
                self._origin = time - self.tape.seconds
            yield from self._fill_up_to(time - self._origin)
        self.tape.write(frame)
        yield

    def _fill_up_to(self, time: float) -> Iterator[None]:
        """Silence for what was lost; a timestamp after the end of the recording is itself damaged."""
        lost = time - self.tape.seconds
        if lost <= SHORTEST_GAP or self.promised is None or time >= self.promised:
            return
        if lost > LONGEST_GAP:
            assert self._origin is not None
            self._origin += lost
            self.promised -= lost
            self.seconds_skipped += lost
            return
        self.seconds_lost += lost
        while lost > 0:
            piece = min(lost, LONGEST_SILENCE)
            self.tape.write_silence(piece)
            lost -= piece
            yield

    def notes(self) -> Iterator[str]:
        """What was wrong, a line each."""
        length = self.tape.seconds
        if self.n_damaged:
            packets = "packet was" if self.n_damaged == 1 else "packets were"
            yield f"{self.n_damaged} damaged {packets} left out"
        if self.seconds_lost:
            yield f"{self.seconds_lost:.1f} s were lost, they are silent"
        if self.seconds_skipped:
            yield f"its clock jumps ahead by {self.seconds_skipped:.1f} s, which are left out"
        if self.ended and self.promised is not None and length < self.promised - SHORTEST_CUT:
            yield f"stops at {length:.1f} s although its header says {self.promised:.1f} s"
        elif self.broke_off is not None:
            yield f"reading broke off at {length:.1f} s: {self.broke_off}"


def _nothing_heard(reader: _Reader, shown: str) -> str:
    if reader.n_damaged or reader.broke_off:
        return f"the sound track of {shown} is damaged from its beginning; nothing of it could be decoded"
    return f"{shown} has a sound track without a single sample; give a recording that lasts"


def _reason(error: BaseException) -> str:
    """What went wrong, without numbers and file names."""
    if isinstance(error, av.error.ExitError):  # which we asked for, by giving a time-out
        return f"no answer within {PATIENCE:g} s"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
