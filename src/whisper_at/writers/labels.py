"""Stretches with labels for other programs: Audacity, Praat, and the tables of diarisation."""

from collections.abc import Iterable

from whisper_at.annotation import Annotation
from whisper_at.tagging.wording import language_of, wording
from whisper_at.timeline import Event
from whisper_at.writers.options import WriteOptions

Labelled = tuple[float, float, str]
"""Start and end in seconds, and what is there."""
DECIMALS = 6


def to_audacity(annotation: Annotation, options: WriteOptions) -> str:
    """A label track: words as they are, sounds in brackets. File > Import > Labels reads it."""
    stretches = sorted(
        [*_said(annotation, options), *((a, b, f"[{t}]") for a, b, t in _heard(annotation, options))]
    )
    return "".join(f"{start:.6f}\t{end:.6f}\t{text}\n" for start, end, text in stretches)


def to_rttm(annotation: Annotation, options: WriteOptions) -> str:
    """Rich transcription time marks: SPEECH for what is said, NON-SPEECH with the label for what is heard.

    The file is called `recording`, for an annotation does not know its name; channels count from 1. After NIST, "The
    2009 Rich Transcription Meeting Recognition Evaluation Plan", appendix A.
    """
    lines: list[tuple[float, float, int | None, str, str, str]] = []
    if options.with_words:
        lines += [(s.start, s.end, s.channel, "SPEECH", "<NA>", "<NA>") for s in annotation.segments]
    if options.with_sounds:
        for e in annotation.events:
            label = _name(e, annotation, options).replace(" ", "_")
            lines.append((e.start, e.end, e.channel, "NON-SPEECH", label, f"{e.probability:g}"))
    return "".join(
        f"{kind} recording {1 + (channel or 0)} {start:.3f} {end - start:.3f} <NA> {label} <NA> {sure} <NA>\n"
        for start, end, channel, kind, label, sure in sorted(lines, key=lambda line: line[:2])
    )


def to_textgrid(annotation: Annotation, options: WriteOptions) -> str:
    """Praat's long text form: a tier of segments, one of words where they have times, and one for each label."""
    tiers: list[tuple[str, list[Labelled]]] = []
    if options.with_words:
        tiers.append(("segments", _said(annotation, options)))
        words = [(w.start, w.end, w.word.strip()) for s in annotation.segments for w in s.words or ()]
        if words:
            tiers.append(("words", words))
    labels: dict[str, list[Labelled]] = {}
    for start, end, text in _heard(annotation, options):
        labels.setdefault(text, []).append((start, end, text))
    tiers += labels.items()
    head = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {_number(annotation.duration)}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    body = [line for i, tier in enumerate(tiers, 1) for line in _tier(i, *tier, annotation.duration)]
    return "\n".join([*head, *body]) + "\n"


def _tier(number: int, name: str, stretches: Iterable[Labelled], duration: float) -> list[str]:
    """An interval tier, which has no holes and no overlaps: what is free is empty, what overlaps is cut."""
    filled: list[Labelled] = []
    at, duration = 0.0, round(duration, DECIMALS)
    for start, end, text in sorted(stretches):
        start, end = max(round(start, DECIMALS), at), min(round(end, DECIMALS), duration)
        if end <= start:
            continue
        if start > at:
            filled.append((at, start, ""))
        filled.append((start, end, text))
        at = end
    if at < duration or not filled:
        filled.append((at, duration, ""))
    lines = [
        f"    item [{number}]:",
        '        class = "IntervalTier"',
        f"        name = {_quoted(name)}",
        "        xmin = 0",
        f"        xmax = {_number(duration)}",
        f"        intervals: size = {len(filled)}",
    ]
    for i, (start, end, text) in enumerate(filled, 1):
        lines += [
            f"        intervals [{i}]:",
            f"            xmin = {_number(start)}",
            f"            xmax = {_number(end)}",
            f"            text = {_quoted(text)}",
        ]
    return lines


def _said(annotation: Annotation, options: WriteOptions) -> list[Labelled]:
    if not options.with_words:
        return []
    return [(s.start, s.end, " ".join(s.text.split())) for s in annotation.segments]


def _heard(annotation: Annotation, options: WriteOptions) -> list[Labelled]:
    if not options.with_sounds:
        return []
    return [(e.start, e.end, _name(e, annotation, options)) for e in annotation.events]


def _name(event: Event, annotation: Annotation, options: WriteOptions) -> str:
    language = language_of(options.label_language, annotation.text_language)
    return wording(event.mid, event.label, language).name


def _number(seconds: float) -> str:
    return f"{seconds:.{DECIMALS}f}"


def _quoted(text: str) -> str:
    """A text of Praat's, in which a quotation mark is written twice."""
    return '"' + text.replace('"', '""') + '"'
