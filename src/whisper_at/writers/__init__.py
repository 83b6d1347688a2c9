"""Annotation to text: one function a format, from an `Annotation` and options to the whole file as a string."""

from collections.abc import Callable, Mapping

from whisper_at.annotation import Annotation
from whisper_at.writers.json import to_json
from whisper_at.writers.labels import to_audacity, to_rttm, to_textgrid
from whisper_at.writers.lrc import to_lrc
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.page import to_html
from whisper_at.writers.subtitles import to_ass, to_srt, to_ttml, to_vtt
from whisper_at.writers.tables import to_csv, to_jsonl, to_tsv
from whisper_at.writers.txt import to_txt

Writer = Callable[[Annotation, WriteOptions], str]

WRITERS: Mapping[str, Writer] = {
    "json": to_json,
    "txt": to_txt,
    "srt": to_srt,
    "vtt": to_vtt,
    "ass": to_ass,
    "ttml": to_ttml,
    "tsv": to_tsv,
    "csv": to_csv,
    "jsonl": to_jsonl,
    "lrc": to_lrc,
    "audacity": to_audacity,
    "rttm": to_rttm,
    "textgrid": to_textgrid,
    "html": to_html,
}
"""Formats by name, which is also the suffix of their files, but for `SUFFIXES`."""

SUFFIXES: Mapping[str, str] = {"audacity": "audacity.txt", "textgrid": "TextGrid"}


def suffix(name: str) -> str:
    """What a file of a format ends in, without the dot."""
    return SUFFIXES.get(name, name)
