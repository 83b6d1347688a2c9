"""Sounds as a set on the axis of time: what is cut apart and joined is what it was, and gaps are what is left."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from whisper_at.timeline import Event, Span, Timeline

times = st.integers(0, 40).map(lambda n: n / 4)  # quarters are exact in a float


@st.composite
def timelines(draw):
    events = []
    for label in draw(st.lists(st.sampled_from(["Dog", "Rain", "Siren"]), unique=True)):
        edges = sorted(draw(st.sets(times, min_size=2, max_size=8)))
        for start, end in zip(edges[::2], edges[1::2], strict=False):
            events.append(Event(label=label, mid=f"/m/{label}", start=start, end=end, probability=0.5))
    return Timeline(duration=10.0, events=tuple(draw(st.permutations(events))))


def total(spans):
    return sum(span.duration for span in spans)


@given(timelines(), times, times, times)
def test_what_is_cut_and_joined_is_what_it_was(timeline, a, b, c):
    a, b, c = sorted((a, b, c))
    assert timeline.crop(a, b) | timeline.crop(b, c) == timeline.crop(a, c)


@given(timelines(), times, times)
def test_a_part_lies_within_its_bounds_and_within_the_whole(timeline, a, b):
    part = timeline & Span(a, b)
    assert part == timeline.crop(a, b) == part.crop(a, b)
    for event in part:
        assert a <= event.start < event.end <= b
        assert any(
            replace(event, start=e.start, end=e.end) == e for e in timeline if Span(e.start, e.end) & event
        )


@given(timelines())
def test_covered_and_gaps_are_the_recording(timeline):
    assert total(timeline.covered()) + total(timeline.gaps()) == timeline.duration
    for gap in timeline.gaps():
        assert len(timeline & gap) == 0
    for span in timeline.covered():
        assert set((timeline & span).covered()) == {span}


@given(timelines(), timelines())
def test_a_union_holds_both_and_no_more(one, other):
    both = one | other
    assert both == other | one and both | one == both
    assert set(both.labels()) == {*one.labels(), *other.labels()}
    for label in both.labels():
        spans = both.of(label).covered()
        assert len(spans) == len(both.of(label))  # one label never overlaps itself
        at_most = total(one.of(label).covered()) + total(other.of(label).covered())
        assert total(spans) <= at_most


@given(timelines())
def test_labels_are_in_the_order_in_which_they_are_first_heard(timeline):
    starts = [min(e.start for e in timeline.of(label)) for label in timeline.labels()]
    assert starts == sorted(starts)
    assert [e.start for e in timeline] == sorted(e.start for e in timeline)


def test_what_lies_outside_the_recording_is_cut_off():
    late = Event(label="Dog", mid="/m/0bt9lr", start=9.0, end=12.0, probability=0.5)
    (event,) = Timeline(duration=10.0, events=(late, replace(late, start=10.0)))
    assert event.end == 10.0
