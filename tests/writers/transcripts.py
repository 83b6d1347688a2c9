"""Transcripts and sounds as they might be: for laws of captions."""

from dataclasses import replace

from hypothesis import strategies as st

from tests.test_annotation import ANNOTATION, SEGMENT
from whisper_at.annotation import Word
from whisper_at.tagging import ontology
from whisper_at.timeline import Event

VOCABULARY = (
    *(
        "rain",
        "and",
        "the",
        "Dr.",
        "Smith",
        "10",
        "000",
        "street.",
        "morning,",
        "because",
        "Listen!",
        "it",
        "a",
    ),
    *("understanding", "wherever", "New", "York", "of", "was", "what?", "unbelievably", "late."),
)
LABELS = ("/m/0bt9lr", "/m/05tny_", "/m/06mb1", "/m/03kmc9", "/m/04rlf", "/m/0342h", "/m/09x0r", "/t/dd00125")


@st.composite
def talks(draw, *, with_words=None):
    """An annotation of words at a speed that people speak at, with pauses, and any sounds."""
    words, at = [], draw(st.floats(0, 3))
    segments = []
    timed = draw(st.booleans()) if with_words is None else with_words
    for i in range(draw(st.integers(0, 6))):
        words = []
        for _ in range(draw(st.integers(1, 25))):
            text = draw(st.sampled_from(VOCABULARY))
            length = draw(st.floats(0.06, 0.09)) * len(text) + 0.05
            words.append(Word(word=f" {text}", start=at, end=at + length, probability=0.9))
            at += length + draw(st.sampled_from([0, 0, 0, 0.1, 0.3, 2.0]))
        segments.append(
            replace(
                SEGMENT,
                id=i,
                start=words[0].start,
                end=words[-1].end,
                text="".join(word.word for word in words),
                words=tuple(words) if timed else None,
            )
        )
    duration = at + draw(st.floats(0.9, 5))
    events = []
    for mid in draw(st.lists(st.sampled_from(LABELS), max_size=6)):
        start = draw(st.floats(0, duration - 0.2))
        end = draw(st.floats(start + 0.1, duration))
        name = ontology.find(mid).name
        events.append(Event(label=name, mid=mid, start=start, end=end, probability=draw(st.floats(0.1, 1))))
    return replace(
        ANNOTATION,
        text="".join(s.text for s in segments).strip(),
        language="en",
        duration=duration,
        segments=tuple(segments),
        events=tuple(sorted(events, key=lambda event: event.start)),
    )
