"""Captions as professionals write them: what is said and what is heard, in lines that can be read in time.

annotation ─► units ─► cues of what is said ─┐
          └─► events ─► notes of sounds ─────┴─► cues in the order of time ─► srt, vtt, ass, ttml

`captions` is the way in. The rules are those that broadcasters and streaming services publish: at most two lines of 42
columns, 5/6 s to 7 s on the screen, no more than 21 characters a second, two frames between two captions, breaks after
sentences and clauses and never in a name or a number; sounds in brackets, music between notes.
"""

from collections.abc import Iterator
from dataclasses import replace

from whisper_at.annotation import Annotation
from whisper_at.tagging.wording import language_of
from whisper_at.writers.captions.cue import Cue
from whisper_at.writers.captions.dialogue import dialogue
from whisper_at.writers.captions.placing import placed
from whisper_at.writers.captions.sounds import Note, notes_of
from whisper_at.writers.captions.units import Unit, units_of, width
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.worth import with_channel


def captions(annotation: Annotation, options: WriteOptions) -> list[Cue]:
    """All cues, by their start. Those of one channel do not overlap; channels that were kept apart may."""
    language = language_of(options.label_language, annotation.text_language)
    cues: list[Cue] = []
    for channel in _channels(annotation):
        segments = [s for s in annotation.segments if s.channel == channel] if options.with_words else []
        events = [e for e in annotation.events if e.channel == channel] if options.with_sounds else []
        notes = notes_of(events, language)
        units = list(units_of(segments))
        if options.sounds == "inline":
            units, notes = list(_among(units, notes)), []
        own = replace(options, max_line_width=options.max_line_width - width(with_channel("", channel)))
        said = dialogue(units, own, annotation.duration, channel)
        cues += placed(said, notes, own, annotation.duration)
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def _channels(annotation: Annotation) -> list[int | None]:
    heard = {s.channel for s in annotation.segments} | {e.channel for e in annotation.events}
    return sorted(heard, key=lambda channel: -1 if channel is None else channel)


def _among(units: list[Unit], notes: list[Note]) -> Iterator[Unit]:
    """Notes as units among the words, each before the first word that is said after its beginning."""
    waiting = list(notes)
    for unit in units:
        while waiting and waiting[0].start <= unit.start:
            yield _as_unit(waiting.pop(0), unit.start)
        yield unit
    for note in waiting:
        yield _as_unit(note, float("inf"))


def _as_unit(note: Note, until: float) -> Unit:
    return Unit(
        text=note.text,
        start=note.start,
        end=max(note.start, min(note.end, until, note.start + 1)),
        first=True,
    )
