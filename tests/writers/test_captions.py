"""Captions keep the rules of the house, whatever is said and heard; every word stands there once."""

import gzip
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_annotation import ANNOTATION, SEGMENT
from tests.writers.transcripts import talks
from whisper_at.annotation import Annotation, Word
from whisper_at.errors import OptionError
from whisper_at.timeline import Event
from whisper_at.writers import WRITERS
from whisper_at.writers.captions import captions
from whisper_at.writers.captions.cue import LONGEST, SHORTEST
from whisper_at.writers.captions.lines import lines_of
from whisper_at.writers.captions.placing import EARLY, HASTE, LATE
from whisper_at.writers.captions.sounds import notes_of
from whisper_at.writers.captions.units import Unit, joined, units_of, width
from whisper_at.writers.options import WriteOptions

HAIR = 1e-6
PLAIN = WriteOptions()
options = st.builds(
    WriteOptions,
    sounds=st.sampled_from(["auto", "captions", "inline", "only", "off"]),
    max_line_width=st.integers(20, 60),
    max_line_count=st.integers(1, 3),
    max_words_per_line=st.none() | st.integers(1, 8),
    max_cps=st.sampled_from([17.0, 21.0]),
    frame_rate=st.sampled_from([24.0, 25.0, 30.0]),
)


@given(talks(), options)
def test_captions_are_apart_and_within_the_recording(annotation, chosen):
    cues = captions(annotation, chosen)
    for cue in cues:
        assert 0 <= cue.start < cue.end <= annotation.duration + HAIR
        assert cue.duration <= LONGEST + HAIR
    for cue, following in pairwise(cues):
        assert following.start - cue.end >= 2 / chosen.frame_rate - HAIR


@given(talks(), options)
def test_lines_are_no_longer_and_no_more_than_allowed(annotation, chosen):
    for cue in captions(annotation, chosen):
        assert 1 <= len(cue.lines) <= chosen.max_line_count
        for line in cue.words:
            assert len(line) == 1 or width(joined(line)) <= chosen.max_line_width
            assert len(line) <= (chosen.max_words_per_line or len(line))
        for sound in cue.sounds:
            assert width(sound) <= chosen.max_line_width


@given(talks(), options)
def test_every_word_stands_there_once_and_in_order(annotation, chosen):
    shown = [unit.text for cue in captions(annotation, chosen) for line in cue.words for unit in line]
    said = [word for word in shown if word[0] not in "[♪"]
    assert said == ([] if chosen.sounds == "only" else annotation.text.split())


@given(talks(with_words=True), options)
def test_words_are_on_the_screen_when_they_are_said(annotation, chosen):
    for cue in captions(replace(annotation, events=()), chosen):
        units = [unit for line in cue.words for unit in line]
        assert cue.start <= units[0].start + 0.5
        assert cue.end >= units[-1].start - 0.5


@given(talks(), options)
def test_what_is_on_the_screen_can_be_read_in_time_where_the_speaker_leaves_any(annotation, chosen):
    cues = captions(annotation, chosen)
    for i, cue in enumerate(cues):
        following = cues[i + 1].start if i + 1 < len(cues) else annotation.duration + 2 / chosen.frame_rate
        needed = min(LONGEST, max(SHORTEST, cue.n_characters / chosen.max_cps))
        there_was_none = following - 2 / chosen.frame_rate - cue.start <= needed + HAIR
        important = bool(cue.sounds) and bool(cue.words) and cue.duration * HASTE >= needed - HAIR
        assert cue.duration >= needed - HAIR or there_was_none or important


@given(talks(), options)
def test_a_sound_is_told_when_it_is_heard(annotation, chosen):
    notes = notes_of(annotation.events, "en")
    for cue in captions(annotation, replace(chosen, sounds="captions")):
        for text in cue.sounds:
            own = [note for note in notes if note.text == text]
            assert any(
                note.start - EARLY - HAIR <= cue.start <= max(note.end, note.start + LATE) + HAIR
                for note in own
            )


@given(talks(), options)
def test_speech_and_rooms_are_no_sounds_to_a_reader(annotation, chosen):
    text = " ".join(line for cue in captions(annotation, chosen) for line in cue.sounds).lower()
    assert "speech" not in text and "someone speaking" not in text and "room" not in text


def heard(mid, start, end, label="x", probability=0.5):
    return Event(label=label, mid=mid, start=start, end=end, probability=probability)


def said(text, start, end):
    return replace(SEGMENT, text=f" {text}", start=start, end=end, words=None)


BARK, SIREN, GUITAR = "/m/05tny_", "/m/03kmc9", "/m/0342h"


def test_a_sound_during_words_stands_above_them_if_both_can_be_read():
    quiet = replace(
        ANNOTATION,
        language="en",
        duration=6.0,
        segments=(said("Did you hear that?", 0, 5.9),),
        events=(heard(BARK, 0.2, 5),),
    )
    (cue,) = captions(quiet, PLAIN)
    assert len(cue.lines) == 2 and cue.lines[0].startswith("[") and cue.lines[1] == "Did you hear that?"
    text = "Nobody can read this much text and the caption of a sound beside it in the time there is, I am sure of it."
    hurried = replace(quiet, segments=(said(text, 0, 5.9),))
    assert all(not cue.sounds for cue in captions(hurried, PLAIN))


def test_an_important_sound_comes_before_others():
    annotation = replace(
        ANNOTATION,
        language="en",
        duration=2.0,
        segments=(),
        events=(heard(BARK, 0, 1.9, probability=0.99), heard(SIREN, 0, 1.9, probability=0.2)),
    )
    first, *_ = captions(annotation, PLAIN)
    assert "siren" in first.lines[0].lower()


def test_barking_that_goes_on_is_said_once_and_then_that_it_goes_on():
    barks = tuple(heard(BARK, float(t), t + 0.5) for t in range(0, 60, 2))
    notes = notes_of(barks, "en")
    assert len(notes) == 2
    assert notes[1].start > 30 and notes[1].text != notes[0].text and "continues" in notes[1].text
    apart = notes_of((heard(BARK, 0, 1), heard(BARK, 20, 21)), "en")
    assert [note.text for note in apart] == [notes[0].text] * 2


def test_music_stands_between_notes():
    (note,) = notes_of((heard(GUITAR, 0, 3),), "en")
    assert note.text.startswith("♪ ") and note.text.endswith(" ♪")


def test_sounds_are_named_in_the_language_of_the_text_or_in_the_one_asked_for():
    spanish = replace(ANNOTATION, language="es", duration=5.0, segments=(), events=(heard(BARK, 0, 3),))
    (cue,) = captions(spanish, PLAIN)
    (russian,) = captions(spanish, WriteOptions(label_language="ru"))
    (translated,) = captions(replace(spanish, task="translate"), PLAIN)
    assert len({cue.lines, russian.lines, translated.lines}) == 3
    assert any("а" <= letter <= "я" for letter in russian.lines[0])


def units(text):
    return [Unit(text=word, start=i, end=i + 1) for i, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("We walked to the river, and it began to rain.", ["We walked to the river,", "and it began to rain."]),
        ("I have not seen old Dr. Smith for years.", ["I have not seen old Dr. Smith", "for years."]),
        ("Hello there.", ["Hello there."]),
    ],
)  # fmt: skip
def test_lines_are_broken_where_it_disturbs_least(text, lines):
    found = lines_of(units(text), WriteOptions(max_line_width=30))
    assert [joined(line) for line in found] == lines


def test_numbers_and_names_are_not_torn_apart():
    for text, whole in (
        ("There were about 10 000 people", "10 000"),
        ("This is all of New York now", "New York"),
    ):
        found = lines_of(units(text), WriteOptions(max_line_width=22))
        assert any(whole in joined(line) for line in found)


def test_text_without_blanks_is_broken_between_characters_but_not_before_a_mark():
    chinese = replace(
        SEGMENT, text="今天早上开始下雨了，我们在这个屋顶下面等一会儿吧。", start=0, end=6, words=None
    )
    found = lines_of(list(units_of([chinese])), WriteOptions(max_line_width=30))
    assert len(found) == 2
    assert all(width(joined(line)) <= 30 for line in found)
    assert "".join(joined(line) for line in found) == chinese.text
    assert all(joined(line)[0] not in "，。" for line in found)


def test_a_number_of_words_a_line_is_kept():
    words = tuple(Word(word=f" w{i}", start=i / 2, end=i / 2 + 0.4, probability=1) for i in range(12))
    segment = replace(SEGMENT, start=0, end=6, text="".join(w.word for w in words), words=words)
    annotation = replace(ANNOTATION, duration=8.0, segments=(segment,), events=())
    for cue in captions(annotation, WriteOptions(max_words_per_line=2)):
        assert all(len(line) <= 2 for line in cue.words)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sounds": "loud"}, "sounds must be one of"),
        ({"label_language": "xx"}, "labels are worded in"),
        ({"max_line_width": 3}, "10 or more"),
        ({"max_line_count": 0}, "1 or more"),
        ({"max_words_per_line": 0}, "1 or more"),
        ({"max_cps": 0}, "between 1 and 1000"),
    ],
)
def test_senseless_options_are_refused(change, message):
    with pytest.raises(OptionError, match=message):
        WriteOptions(**change)


def test_ten_minutes_of_reading_keep_the_rules():
    """What `base` heard of them (tests/golden/make_reading.py): how often is a rule that may give way broken?"""
    path = Path(__file__).parents[1] / "golden" / "reading.json.gz"
    reading = Annotation.from_dict(json.loads(gzip.decompress(path.read_bytes())))
    cues = captions(reading, PLAIN)
    shown = [unit.text for cue in cues for line in cue.words for unit in line]
    assert [text for text in shown if text[0] not in "[♪"] == reading.text.split()
    assert len(cues) > 140 and max(width(line) for cue in cues for line in cue.lines) <= 42
    fast = [cue for cue in cues if cue.n_characters / cue.duration > 21.5]
    short = [cue for cue in cues if cue.duration < SHORTEST - HAIR]
    assert len(fast) <= 0.05 * len(cues) and len(short) <= 0.01 * len(cues)
    torn = [
        (a[-1].text, b[0].text)
        for cue in cues
        for a, b in pairwise(cue.words)
        if a[-1].text in ("Mr.", "Dr.")
    ]
    assert torn == []
    ends = [cue.words[-1][-1].text[-1] for cue in cues if cue.words]
    assert sum(end in ".!?,;:" for end in ends) > 0.7 * len(ends)


def test_the_number_of_a_channel_has_its_place_on_the_line():
    words = said("We walked along the river, and then it began to rain, and nobody came at all.", 0, 8)
    both = tuple(replace(words, id=i, channel=i) for i in range(2))
    annotation = replace(ANNOTATION, duration=9.0, segments=both, events=())
    file = WRITERS["srt"](annotation, PLAIN)
    lines = [line for line in file.splitlines() if line and "-->" not in line and not line.isdigit()]
    assert any(line.startswith("0: ") for line in lines) and any(line.startswith("1: ") for line in lines)
    assert max(len(line) for line in lines) <= 42
