"""Events: never over themselves, never outside, the same wherever a recording is cut in silence; said once."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.audio.edges import Edges
from whisper_at.errors import OptionError
from whisper_at.model.calibration import AS_IT_IS
from whisper_at.model.heads import LARGEST_LOGIT
from whisper_at.tagging.detection import stretches
from whisper_at.tagging.events import Reporting, curves_from, events_from
from whisper_at.tagging.kinds import STROKE, SUSTAINED, kind_of
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.said_once import MOST, said_once
from whisper_at.tagging.track import Track
from whisper_at.timegrid import TagGrid
from whisper_at.timeline import Event, Timeline

FINE = TagGrid(frames_per_cell=20)
KNOCK, RAIN, STREAM, DOG, BARK = "/m/07r4wb8", "/m/06mb1", "/m/0j6m2", "/m/0bt9lr", "/m/05tny_"
REPORTING = Reporting(
    columns=np.arange(2),
    mids=(KNOCK, RAIN),
    names=("Knock", "Rain"),
    thresholds=np.float32([0.5, 0.3]),
    exact=False,
    calibration=AS_IT_IS,
    top_k=None,
)
SILENT = 15  # cells: three seconds, more than anything looks around


def track(cells, rise=None, fall=None, n_frames=None, start=0):
    cells = np.float32(cells).reshape(-1, 2)
    n_frames = start + 20 * len(cells) if n_frames is None else n_frames
    even = np.zeros(n_frames - start + 1, np.float16)
    edges = Edges(start=start, rise=even if rise is None else rise, fall=even if fall is None else fall)
    return Track(
        grid=FINE, cells_per_row=1, n_frames=n_frames, rows=cells, cells=cells, edges=edges, start=start
    )


@st.composite
def tracks(draw, *, silent=0):
    """Any logits and any edges; with so many cells of silence at either end."""
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    loud = rng.normal(0, 3, (n, 2)).astype(np.float32)
    quiet = np.full((silent, 2), -LARGEST_LOGIT, np.float32)
    rise, fall = (rng.exponential(2, (20 * n + 1)).astype(np.float16) for _ in range(2))
    zeros = np.zeros(20 * silent, np.float16)
    cells = np.concatenate([quiet, loud, quiet])
    cut = 0 if silent else draw(st.integers(0, 19))
    n_frames = 20 * len(cells) - cut
    edges = [np.concatenate([zeros, one, zeros])[: n_frames + 1] for one in (rise, fall)]
    return track(cells, *edges, n_frames=n_frames)


@given(tracks())
def test_events_lie_within_the_recording_and_never_over_themselves(one):
    events = events_from(one, REPORTING)
    for mid in (KNOCK, RAIN):
        own = [event for event in events if event.mid == mid]
        assert all(0 <= event.start < event.end <= one.n_frames / 100 for event in own)
        assert all(a.end <= b.start for a, b in pairwise(own))
    timeline = Timeline(duration=one.n_frames / 100, events=events)
    assert timeline.events == events


@given(tracks(silent=SILENT), tracks(silent=SILENT))
def test_a_recording_may_be_cut_where_it_is_silent(one, other):
    joined = track(
        np.concatenate([one.cells, other.cells]),
        np.concatenate([one.edges.rise[:-1], other.edges.rise]),
        np.concatenate([one.edges.fall[:-1], other.edges.fall]),
    )
    later = one.n_frames / 100
    moved = [replace(e, start=e.start + later, end=e.end + later) for e in events_from(other, REPORTING)]
    expected = [*events_from(one, REPORTING), *moved]
    assert len(expected) == len(events_from(joined, REPORTING))
    for event, found in zip(expected, events_from(joined, REPORTING), strict=True):
        assert (event.label, event.probability) == (found.label, found.probability)
        assert (event.start, event.end) == (pytest.approx(found.start), pytest.approx(found.end))


def heard(shares, kind, threshold=0.5, **more):
    return stretches(np.float32(shares), threshold, kind, FINE, **more)


def test_what_hovers_about_its_threshold_is_one_event_or_none():
    hovering = 0.5 + 0.1 * (-1) ** np.arange(50)
    assert heard(hovering, SUSTAINED) == []
    hovering[20] = hovering[21] = 0.9
    assert len(heard(hovering, SUSTAINED)) == 1


def test_a_user_who_sets_a_threshold_means_it():
    just_above = [0, 0.55, 0.55, 0.55, 0]
    assert heard(just_above, STROKE) == []
    assert heard(just_above, STROKE, exact=True) == [range(1, 4)]
    assert heard([0, 0.45, 0.45, 0], STROKE, exact=True) == []


def test_a_knock_is_short_and_rain_goes_on_over_a_pause():
    assert kind_of(KNOCK) is STROKE and kind_of(RAIN) is SUSTAINED
    flicker = [0, 0, 0, 0.99, 0, 0, 0]
    assert heard(flicker, STROKE) == [range(3, 4)]
    assert heard(flicker, SUSTAINED) == []
    pause = [0.9] * 4 + [0.1] * 4 + [0.9] * 4
    assert len(heard(pause, STROKE)) == 2
    assert heard(pause, SUSTAINED) == [range(0, 12)]


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_thresholds_may_be_nothing_and_certainty(threshold):
    assert len(heard([0.2, 0.7, 1.0], STROKE, threshold, exact=True)) == 1


def test_an_event_begins_where_the_sound_grows_louder():
    cells = np.full((20, 2), -6.0)
    cells[5:10, 0] = 4
    rise, fall = np.zeros(401, np.float16), np.zeros(401, np.float16)
    rise[87], fall[215] = 9, 9
    (event,) = events_from(track(cells, rise, fall), REPORTING)
    assert (event.start, event.end) == (0.87, 2.15)
    (as_cells,) = events_from(track(cells), REPORTING)
    assert (as_cells.start, as_cells.end) == (1.0, 2.0)


def event(mid, start, end, probability=0.5, channel=None):
    return Event(label=mid, mid=mid, start=start, end=end, probability=probability, channel=channel)


def test_of_a_barking_dog_bark_is_said():
    dog, bark, animal = event(DOG, 0, 4, 0.9), event(BARK, 1, 4, 0.5), event("/m/0jbk", 0, 5, 0.99)
    assert said_once([animal, dog, bark]) == (bark,)
    short = event(BARK, 1, 2)
    assert said_once([dog, short]) == (dog, short)  # most of the time the dog did something else
    two = [event(BARK, 0, 1.5), event(BARK, 2, 3.5)]
    assert said_once([dog, *two]) == tuple(two)
    assert said_once([replace(dog, channel=0), replace(bark, channel=1)]) == (
        replace(dog, channel=0),
        replace(bark, channel=1),
    )


def test_of_rain_and_a_stream_the_surer_is_said():
    rain, stream = event(RAIN, 0, 10, 0.6), event(STREAM, 1, 9, 0.4)
    assert said_once([rain, stream]) == (rain,)
    assert said_once([rain, replace(stream, start=12, end=20)]) == (rain, replace(stream, start=12, end=20))


mids = st.sampled_from([DOG, BARK, "/m/0jbk", RAIN, STREAM, "/m/0838f", "/m/07p7b8y", "my own"])
events = st.builds(
    lambda mid, start, length, p: event(mid, start / 4, (start + length) / 4, p),
    mids, st.integers(0, 40), st.integers(1, 20), st.floats(0, 1),
)  # fmt: skip


@given(st.lists(events, max_size=12))
def test_what_is_left_is_of_what_was_there_and_leaves_no_more_out(some):
    left = said_once(some)
    assert all(one in some for one in left)
    outdone_by_none = {BARK, "my own"}
    assert {one.mid for one in left} >= {one.mid for one in some} & outdone_by_none
    for dog in (one for one in left if one.mid == DOG):
        barks = Timeline(duration=100, events=tuple(one for one in left if one.mid == BARK)) & dog
        assert sum(span.duration for span in barks.covered()) <= MOST * (dog.end - dog.start)


def test_curves_are_the_likeliest_labels_from_the_start_on():
    late = track([[0, 3], [0, 2]], start=40)
    curves = curves_from([late], REPORTING, 1)
    assert curves.resolution == 0.2
    (rain,) = curves.curves
    assert rain.label == "Rain"
    assert rain.probabilities == pytest.approx((0, 0, 0.953, 0.881), abs=1e-3)
    assert [curve.label for curve in curves_from([late], REPORTING, 5).curves] == ["Rain", "Knock"]


def test_a_number_of_curves_is_not_negative():
    with pytest.raises(OptionError, match="curves is a number"):
        TagOptions(curves=-1)
