"""A picture of an annotation: waveform, words and the likeliest sounds over time, on one axis.

In: an annotation and, if it is at hand, the waveform. Out: a matplotlib figure, or a file of it (png, svg, pdf).
Needs whisper-at[plot].
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from whisper_at.annotation import Annotation
from whisper_at.errors import OptionError, OutputError
from whisper_at.files import write_atomically
from whisper_at.plotting.envelope import Envelope, Samples
from whisper_at.tagging.wording import language_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Envelope", "Samples", "plot"]

SUFFIXES = (".png", ".svg", ".pdf")


def plot(
    annotation: Annotation,
    path: str | Path | None = None,
    *,
    waveform: "Samples | Envelope | None" = None,
    most: int = 8,
    dark: bool = False,
    label_language: str | None = None,
) -> "Figure":
    """The picture, as a matplotlib figure; with a path it is written there too.

    Where the annotation has curves (`curves=N`) these are drawn, else its rows of tags, with the events as bars.

    Args:
        path: ends in .png, .svg or .pdf.
        waveform: samples [sample], mono at 16 kHz, or their envelope where they do not all lie in memory.
        most: so many of the labels that are heard longest and surest.
        label_language: code of the language of the labels; None for that of the text.

    Raises:
        OptionError: if matplotlib is not installed, the suffix is none of these, or `most` is no number of labels.
        OutputError: if the file cannot be written.
    """
    if path is not None and Path(path).suffix.lower() not in SUFFIXES:
        raise OptionError(f"a picture's name ends in {', '.join(SUFFIXES)}; got {str(path)!r}")
    if most < 1:
        raise OptionError(f"a picture shows 1 label or more, got {most}")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise OptionError("pictures need matplotlib: pip install 'whisper-at[plot]'") from error
    from whisper_at.plotting.figure import drawn

    language = language_of(label_language, annotation.text_language)
    envelope = waveform if waveform is None or isinstance(waveform, Envelope) else Envelope.of([waveform])
    figure = drawn(annotation, envelope, most=most, language=language, dark=dark)
    if path is not None:
        _write(figure, Path(path))
    return figure


def _write(figure: "Figure", path: Path) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            with write_atomically(path) as file:
                figure.savefig(
                    file, format=path.suffix[1:].lower(), dpi=110, facecolor=figure.get_facecolor()
                )
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(f"{path} could not be written ({reason}); choose another --output") from error
    glyphs = [one for one in said if str(one.message).startswith("Glyph ")]
    for one in said:
        if one not in glyphs:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if glyphs:
        warnings.warn(
            f"{len(glyphs)} of the characters in {path} are in no font that is installed here and drawn as boxes; "
            f"install Noto Sans of their script (Debian: fonts-noto-cjk, fonts-noto-core)",
            stacklevel=3,
        )
