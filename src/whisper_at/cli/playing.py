"""The recording that a page plays: as it is, made small, or left where it lies."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from whisper_at.cli.talk import say
from whisper_at.errors import AudioError
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.page import LARGEST, holds

LONG = 600.0  # seconds of a recording whose copy takes long enough to be told of


def with_recording(
    options: WriteOptions,
    recording: Path | None,
    folder: Path,
    *,
    formats: Collection[str],
    duration: float,
    quiet: bool,
) -> WriteOptions:
    """The options for results of a recording of so many seconds, which go to a folder."""
    options = replace(options, recording=recording, folder=folder)
    if recording is None or "html" not in formats or holds(recording):
        return options
    return replace(options, sound=_compact(recording, duration, quiet=quiet))


def _compact(recording: Path, duration: float, *, quiet: bool) -> bytes | None:
    """A small copy of it; None where that would not be small, or the recording cannot be read."""
    from whisper_at.audio import stream
    from whisper_at.audio.compact import BIT_RATE, compact
    from whisper_at.audio.source import printable

    if duration * BIT_RATE / 8 > LARGEST:
        return None
    if duration > LONG and not quiet:
        say(f"making a small copy of {printable(recording.name)} for the page")
    try:
        return compact(stream(recording))
    except AudioError:
        return None  # the page will ask for it
