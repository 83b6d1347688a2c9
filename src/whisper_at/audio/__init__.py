"""Waveform in, log-mel out: reading a recording, and what the encoder hears of it.

    file, address, bytes, array ─ stream ─► Stream ─ MelStream ─┐
                                ─ read ─► Recording ─ log_mel ─► LogMel ─ window(seek) ─► Window

A stream is read while it is heard; a whole recording lies in memory. FFmpeg (PyAV) is loaded by the first recording
that has to be decoded or resampled, not by this import.
"""

from whisper_at.audio.logmel import LogMel, log_mel
from whisper_at.audio.mel_stream import MelStream
from whisper_at.audio.recording import Recording, Stream
from whisper_at.audio.source import MEDIA_SUFFIXES, Source, read, split, stream
from whisper_at.audio.windows import Window

__all__ = [
    "MEDIA_SUFFIXES",
    "LogMel",
    "MelStream",
    "Recording",
    "Source",
    "Stream",
    "Window",
    "log_mel",
    "read",
    "split",
    "stream",
]
