"""Waveform in, log-mel out: reading a recording, and what the encoder hears of it.

    file, address, bytes, array ─ read ─► Recording ─ log_mel ─► LogMel ─ window(seek) ─► Window

FFmpeg (PyAV) is loaded by the first recording that has to be decoded or resampled, not by this import.
"""

from whisper_at.audio.logmel import LogMel, log_mel
from whisper_at.audio.source import MEDIA_SUFFIXES, Recording, Source, read
from whisper_at.audio.windows import Window

__all__ = ["MEDIA_SUFFIXES", "LogMel", "Recording", "Source", "Window", "log_mel", "read"]
