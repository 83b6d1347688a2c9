"""A recording as a small file that browsers play: Opus in WebM, mono, of what the encoder hears.

In: a stream of samples. Out: the bytes of the file, 3 kB a second: two hours are 21 MB.
"""

import io

import numpy as np

from whisper_at.audio.recording import Samples, Stream
from whisper_at.timegrid import SAMPLE_RATE

BIT_RATE = 24_000  # bits a second: speech is as clear as before, sounds are still what they are
SAMPLES_PER_FRAME = SAMPLE_RATE * 60 // 1000  # the longest that Opus has: the fewest headers
QUICKEST = "0"  # of Opus' complexities: two hours in a sixth of the time of the best, at the same size


def compact(recording: Stream) -> bytes:
    r"""The file, of all that is left of the stream.

    >>> from whisper_at.audio.source import stream
    >>> compact(stream(np.zeros(32_000))).startswith(b"\x1a\x45\xdf\xa3")  # a Matroska file
    True
    """
    import av
    from av.audio.frame import AudioFrame

    file = io.BytesIO()
    with av.open(file, "w", format="webm") as box:
        track = box.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
        track.bit_rate = BIT_RATE
        track.options = {"compression_level": QUICKEST, "frame_duration": "60"}
        position = 0
        while (block := recording.take()) is not None:
            for start in range(0, len(block), SAMPLES_PER_FRAME):
                frame = AudioFrame.from_ndarray(_whole_numbers(block, start), format="s16", layout="mono")
                frame.sample_rate, frame.pts = SAMPLE_RATE, position
                position += frame.samples
                box.mux(track.encode(frame))
        box.mux(track.encode(None))
    return file.getvalue()


def _whole_numbers(samples: Samples, start: int) -> "np.ndarray[tuple[int, int], np.dtype[np.int16]]":
    """A frame of samples [sample] as 16 bits [channel=1, sample]; what goes beyond full scale is clipped."""
    frame = samples[start : start + SAMPLES_PER_FRAME].clip(-1, 1)
    return (frame * 32_767).astype(np.int16)[np.newaxis]
