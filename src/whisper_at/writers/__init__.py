"""Annotation to text: one function a format, from an `Annotation` and options to the whole file as a string."""

from collections.abc import Callable, Mapping

from whisper_at.annotation import Annotation
from whisper_at.writers.json import to_json
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.txt import to_txt

Writer = Callable[[Annotation, WriteOptions], str]

WRITERS: Mapping[str, Writer] = {"json": to_json, "txt": to_txt}
"""Formats by name, which is also the suffix of their files."""
