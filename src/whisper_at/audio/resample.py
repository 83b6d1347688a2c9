"""Frames of any rate, format and layout in; mono float32 samples at 16 kHz out (FFmpeg's resampler)."""

import re
from collections.abc import Iterable
from itertools import pairwise

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame

from whisper_at.timegrid import SAMPLE_RATE

BYTES_PER_SAMPLE = 4


class Tape:
    """A tape that frames are written to one after the other; it may change its rate and layout on the way.

    A tape of n samples at a rate comes out as ceil(n * 16000 / rate) samples. What is done may be taken off while
    the rest is written.
    """

    def __init__(self, channel: int | None = None) -> None:
        """
        Args:
            channel: the one that is taken, from 0 on, or the last one where there are fewer; None for the mix of all.
        """
        self._channel = channel
        self.seconds = 0.0  # written so far
        self._samples = bytearray()  # not taken yet; it grows in place
        self._mixer: _Mixer | None = None

    def __len__(self) -> int:
        """How many samples are ready to be taken."""
        return len(self._samples) // BYTES_PER_SAMPLE

    def write(self, frame: AudioFrame) -> None:
        """Appends a decoded frame."""
        if self._mixer is None or not self._mixer.takes(frame):
            self._flush()
            self._mixer = _Mixer(frame, self._samples, self._channel)
        self._mixer.write(frame)
        self.seconds += frame.samples / frame.sample_rate

    def write_silence(self, seconds: float) -> None:
        """Appends silence, where something is lost that lasted so long."""
        self._flush()
        self._samples += bytes(round(seconds * SAMPLE_RATE) * BYTES_PER_SAMPLE)
        self.seconds += seconds

    def take(self, n: int | None = None) -> npt.NDArray[np.float32]:
        """The first n samples that are ready, or all of them; they are on the tape no longer."""
        size = len(self._samples) if n is None else n * BYTES_PER_SAMPLE
        taken = np.frombuffer(self._samples[:size], np.float32)
        del self._samples[:size]
        return taken

    def finish(self) -> npt.NDArray[np.float32]:
        """All that has not been taken [sample]; the tape cannot be written to after that."""
        self._flush()
        rest = self._samples
        self._samples = bytearray()  # whoever asks for notes later keeps the tape
        return np.frombuffer(rest, np.float32)

    def _flush(self) -> None:
        if self._mixer is not None:
            surplus = self._mixer.close()
            del self._samples[len(self._samples) - surplus * BYTES_PER_SAMPLE :]
            self._mixer = None


class _Mixer:
    """FFmpeg's filters for frames of one kind.

    Their order: silence for the resampler to look ahead into (without it, a recording shorter than the
    resampler's filter gives nothing at all), then mixing, then resampling.
    """

    def __init__(self, frame: AudioFrame, samples: bytearray, channel: int | None = None) -> None:
        self._kind = _kind(frame)
        self._samples = samples
        self._n_written, self._n_given = 0, 0  # samples at the rate of the frames, and at 16 kHz
        self._rate = frame.sample_rate
        format_name, layout, rate = self._kind
        self._graph = av.filter.Graph()
        self._source = self._graph.add(
            "abuffer",
            sample_rate=str(rate),
            sample_fmt=format_name,
            channel_layout=layout,
            time_base=f"1/{rate}",
        )
        nodes = [self._source, self._graph.add("apad", f"pad_len={64 + 64 * rate // SAMPLE_RATE}")]
        panned = (
            _average(layout) if channel is None else f"mono|c0=c{min(channel, frame.layout.nb_channels - 1)}"
        )
        if panned:
            nodes.append(self._graph.add("aformat", "sample_fmts=flt"))  # or the mean would be rounded
            nodes.append(self._graph.add("pan", panned))
        # A full-scale signal on all channels must not exceed full scale: to floats FFmpeg mixes without
        # that guarantee unless asked (rematrix_maxval), to 16-bit numbers with it.
        resampler = f"{SAMPLE_RATE}:ochl=mono:osf=flt:rematrix_maxval=1"
        nodes += [self._graph.add("aresample", resampler), self._graph.add("abuffersink")]
        for node, following in pairwise(nodes):
            node.link_to(following)
        self._graph.configure()
        self._sink = nodes[-1]

    def takes(self, frame: AudioFrame) -> bool:
        return _kind(frame) == self._kind

    def write(self, frame: AudioFrame) -> None:
        frame.pts = None  # the samples are counted here, whatever the container says
        self._n_written += frame.samples
        self._source.push(frame)
        self._drain()

    def close(self) -> int:
        """Takes out what the filters still hold; how many samples at its end are of the silence that was put in."""
        self._source.push(None)
        self._drain()
        return max(0, self._n_given - -(-self._n_written * SAMPLE_RATE // self._rate))

    def _drain(self) -> None:
        while True:
            try:
                mixed = self._sink.pull()
            except (BlockingIOError, EOFError):  # wants more, has no more
                return
            assert isinstance(mixed, AudioFrame)
            self._samples += memoryview(mixed.planes[0])[: mixed.samples * BYTES_PER_SAMPLE]
            self._n_given += mixed.samples


def _kind(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _average(layout: str) -> str | None:
    """The mix for channels that the file does not name: the mean of all.

    FFmpeg would guess which loudspeakers they are and leave some out (the third of three, the last of ten).

    >>> _average("2 channels"), _average("stereo")
    ('mono|c0=0.5*c0+0.5*c1', None)
    """
    unnamed = re.fullmatch(r"(\d+) channels", layout)
    if unnamed is None:
        return None
    n_channels = int(unnamed[1])
    return "mono|c0=" + "+".join(f"{1 / n_channels:.9g}*c{i}" for i in range(n_channels))


def resample(blocks: Iterable[npt.NDArray[np.float32]], sample_rate: int) -> npt.NDArray[np.float32]:
    """Mono samples [sample] at another rate, given block by block, at 16 kHz.

    >>> len(resample([np.zeros(22000, np.float32), np.zeros(50, np.float32)], 44100))
    8000
    """
    tape = Tape()
    for block in blocks:
        frame = AudioFrame.from_ndarray(block[None], format="flt", layout="mono")
        frame.sample_rate = sample_rate
        tape.write(frame)
    return tape.finish()
