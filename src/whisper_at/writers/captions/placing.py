"""Where notes about sounds stand: in a pause of the words, or above words that leave time to read both, or nowhere.

In: cues of what is said and notes of what is heard. Out: all cues in the order of time. The heavier a note, the sooner
it chooses:

    1. by itself, in a pause at or soon after its beginning, as long as the sound is still heard or has just been
    2. above the words that are on the screen when it begins, if there is a line left and both can be read in time
    3. an important one above words that can then only be read fast; none on more lines than are allowed
"""

import bisect
from collections.abc import Sequence
from dataclasses import replace

from whisper_at.writers.captions.cue import Cue
from whisper_at.writers.captions.dialogue import gap, reading_time
from whisper_at.writers.captions.sounds import Note
from whisper_at.writers.captions.units import width
from whisper_at.writers.options import WriteOptions

LATE = 2.0  # seconds after its end that a short sound may still be told
EARLY = 1.0  # seconds before its beginning that the words which it stands above may have come
LINGER = 3.0  # seconds that a note by itself stays, if there is time and the sound lasts
HASTE = 1.5  # an important note may make a reader so many times as fast


def placed(cues: Sequence[Cue], notes: Sequence[Note], options: WriteOptions, duration: float) -> list[Cue]:
    """The cues with what could be told of the notes."""
    screen = list(cues)
    for note in sorted(notes, key=lambda note: (-note.weight, note.start)):
        if width(note.text) > options.max_line_width:
            continue
        if not _in_a_pause(screen, note, options, duration):
            _above_words(screen, note, options)
    return screen


def _in_a_pause(screen: list[Cue], note: Note, options: WriteOptions, duration: float) -> bool:
    """Shows a note where nothing else is on the screen; whether there was such a place."""
    needed = reading_time(len(note.text), options)
    latest = max(note.end, note.start + LATE)
    i = bisect.bisect_right(screen, note.start, key=lambda cue: cue.start)
    free = note.start if i == 0 else max(note.start, screen[i - 1].end + gap(options))
    while free <= latest:
        until = screen[i].start - gap(options) if i < len(screen) else duration
        if until - free >= needed - 1e-9:
            end = min(until, max(free + needed, min(note.end, free + LINGER)))
            screen.insert(i, Cue(start=free, end=end, sounds=(note.text,)))
            return True
        if i == len(screen):
            return False
        free = screen[i].end + gap(options)
        i += 1
    return False


def _above_words(screen: list[Cue], note: Note, options: WriteOptions) -> bool:
    """Shows a note above words, or beside another note, that come when it begins; whether that was possible."""
    for i, cue in enumerate_from(screen, note.start - EARLY):
        if cue.start > max(note.start + LATE, min(note.end, note.start + LATE)):
            return False
        if cue.end <= note.start or note.text in cue.sounds:
            continue
        if len(cue.lines) >= options.max_line_count:
            continue
        fast = (cue.n_characters + len(note.text)) / cue.duration
        if fast <= options.max_cps * (HASTE if note.important else 1.0):
            screen[i] = replace(cue, sounds=(*cue.sounds, note.text))
            return True
    return False


def enumerate_from(screen: Sequence[Cue], start: float) -> list[tuple[int, Cue]]:
    """The cues that begin at or after a time, with their numbers; the next few, for a note is not told later."""
    i = bisect.bisect_left(screen, start, key=lambda cue: cue.start)
    return list(enumerate(screen[i : i + 8], start=i))
