"""The whole annotation, schema `whisper-at/1` (docs/file-formats.md)."""

import json

from whisper_at.annotation import Annotation
from whisper_at.writers.options import WriteOptions


def to_json(annotation: Annotation, options: WriteOptions = WriteOptions()) -> str:
    """Everything that is known; `Annotation.from_dict(json.loads(text))` reads it back."""
    return json.dumps(annotation.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
