"""Caption files: srt, vtt, ass and ttml, by pysubs2. What is on them is decided in `captions`."""

from collections.abc import Callable, Iterator

from pysubs2 import SSAEvent, SSAFile

from whisper_at.annotation import Annotation
from whisper_at.writers.captions import captions
from whisper_at.writers.captions.cue import Cue
from whisper_at.writers.captions.units import Unit
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.worth import with_channel

Marked = Callable[[Unit], str]
"""How a unit is written."""

BREAK = r"\N"
SPELT_OTHERWISE = str.maketrans({"{": "(", "}": ")", "\\": "/", "\n": " "})  # what pysubs2 takes for commands


def to_srt(annotation: Annotation, options: WriteOptions) -> str:
    """SubRip; highlighted words are underlined, one after the other."""
    return str(_file(annotation, options, _plain).to_string("srt"))


def to_vtt(annotation: Annotation, options: WriteOptions) -> str:
    """WebVTT, in which `&` and `<` are written as in HTML."""
    return str(_file(annotation, options, _as_html).to_string("vtt"))


def to_ttml(annotation: Annotation, options: WriteOptions) -> str:
    """Timed text as broadcasters exchange it."""
    return str(_file(annotation, options, _plain).to_string("ttml"))


def to_ass(annotation: Annotation, options: WriteOptions) -> str:
    """Advanced SubStation Alpha; highlighted words are karaoke."""
    file = SSAFile()
    for cue in captions(annotation, options):
        text = _text(cue, _plain, _karaoke(cue) if options.highlight_words else None)
        file.append(_event(cue.start, cue.end, text))
    return str(file.to_string("ass"))


def _file(annotation: Annotation, options: WriteOptions, spelling: Callable[[str], str]) -> SSAFile:
    file = SSAFile()
    for cue in captions(annotation, options):
        for start, end, said in _steps(cue) if options.highlight_words else [(cue.start, cue.end, None)]:
            file.append(_event(start, end, _text(cue, spelling, _underlined(said, spelling))))
    return file


def _event(start: float, end: float, text: str) -> SSAEvent:
    return SSAEvent(start=round(1000 * start), end=round(1000 * end), text=text)


def _text(cue: Cue, spelling: Callable[[str], str], marked: Marked | None = None) -> str:
    """The lines of a cue."""
    write = marked or (lambda unit: spelling(unit.text))
    words = [
        "".join((" " if unit.blank else "") + write(unit) for unit in line).strip() for line in cue.words
    ]
    if words:
        words[0] = with_channel(words[0], cue.channel)
    return BREAK.join([*(spelling(sound) for sound in cue.sounds), *words])


def _plain(text: str) -> str:
    return text.translate(SPELT_OTHERWISE).replace("-->", "→")


def _as_html(text: str) -> str:
    return _plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _steps(cue: Cue) -> Iterator[tuple[float, float, Unit | None]]:
    """The same cue again and again, for each of its units from its beginning to that of the next one."""
    units = [unit for line in cue.words for unit in line]
    if not units:
        yield cue.start, cue.end, None
        return
    starts = [cue.start, *(min(max(unit.start, cue.start), cue.end) for unit in units[1:]), cue.end]
    for unit, start, end in zip(units, starts[:-1], starts[1:], strict=True):
        if end > start:
            yield start, end, unit


def _underlined(said: Unit | None, spelling: Callable[[str], str]) -> Marked:
    def marked(unit: Unit) -> str:
        text = spelling(unit.text)
        return rf"{{\u1}}{text}{{\u0}}" if unit is said else text

    return marked


def _karaoke(cue: Cue) -> Marked:
    """Each unit with the hundredths of a second until the next one."""
    lasts = {id(unit): round(100 * (end - start)) for start, end, unit in _steps(cue)}
    return lambda unit: rf"{{\k{lasts.get(id(unit), 0)}}}{_plain(unit.text)}"
