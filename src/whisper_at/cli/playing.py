"""The recording that a page plays: as it is, made small, or left where it lies."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from whisper_at.errors import AudioError
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.page import LARGEST, holds


def with_recording(
    options: WriteOptions, recording: Path | None, folder: Path, *, formats: Collection[str], duration: float
) -> WriteOptions:
    """The options for results of a recording of so many seconds, which go to a folder."""
    options = replace(options, recording=recording, folder=folder)
    if recording is None or "html" not in formats or holds(recording):
        return options
    return replace(options, sound=_compact(recording, duration))


def _compact(recording: Path, duration: float) -> bytes | None:
    """A small copy of it; None where that would not be small, or the recording cannot be read."""
    from whisper_at.audio import stream
    from whisper_at.audio.compact import BIT_RATE, compact

    if duration * BIT_RATE / 8 > LARGEST:
        return None
    try:
        return compact(stream(recording))
    except AudioError:
        return None  # the page will ask for it
