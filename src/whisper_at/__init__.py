"""Hears a recording once and writes down both what was said and what was heard.

>>> import whisper_at
>>> model = whisper_at.load("base")                                     # doctest: +SKIP
>>> annotation = model.annotate("street.mp3")                           # doctest: +SKIP
>>> annotation.text, [event.label for event in annotation.events]       # doctest: +SKIP

Everything heavy loads on first use: `import whisper_at` reads no library but the standard ones.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from whisper_at.version import __version__

if TYPE_CHECKING:
    from whisper_at.annotation import (
        Annotation,
        Curve,
        Curves,
        Dropped,
        Provenance,
        Segment,
        Tag,
        TagRow,
        Tags,
        Word,
    )
    from whisper_at.compat import load_model, parse_at_label, print_label_name, print_support_language
    from whisper_at.errors import (
        AnnotationError,
        AudioError,
        DatasetError,
        HeadError,
        HeadMismatch,
        OptionError,
        OutputError,
        TrainingError,
        WeightsError,
        WeightsMissing,
        WhisperATError,
    )
    from whisper_at.hearing.options import Options
    from whisper_at.pipeline import Model, load
    from whisper_at.timeline import Event, Span, Timeline

_HOME = {
    "annotation": (
        "Annotation",
        "Curve",
        "Curves",
        "Dropped",
        "Provenance",
        "Segment",
        "Tag",
        "TagRow",
        "Tags",
        "Word",
    ),
    "compat": ("load_model", "parse_at_label", "print_label_name", "print_support_language"),
    "errors": (
        "AnnotationError",
        "AudioError",
        "DatasetError",
        "HeadError",
        "HeadMismatch",
        "OptionError",
        "OutputError",
        "TrainingError",
        "WeightsError",
        "WeightsMissing",
        "WhisperATError",
    ),
    "hearing.options": ("Options",),
    "pipeline": ("Model", "load"),
    "timeline": ("Event", "Span", "Timeline"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Annotation",
    "AnnotationError",
    "AudioError",
    "Curve",
    "Curves",
    "DatasetError",
    "Dropped",
    "Event",
    "HeadError",
    "HeadMismatch",
    "Model",
    "OptionError",
    "Options",
    "OutputError",
    "Provenance",
    "Segment",
    "Span",
    "Tag",
    "TagRow",
    "Tags",
    "Timeline",
    "TrainingError",
    "WeightsError",
    "WeightsMissing",
    "WhisperATError",
    "Word",
    "__version__",
    "load",
    "load_model",
    "parse_at_label",
    "print_label_name",
    "print_support_language",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'whisper_at' has no attribute {name!r}")
    return getattr(import_module(f"whisper_at.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
