"""The measure of word times: what is planted is measured, and ours are right on real speech."""

import json
from itertools import pairwise

import numpy as np
import pytest
import word_times as wt
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.corpora import recordings
from whisper_at.audio import Recording
from whisper_at.evaluation.words import Normalizer

VOCABULARY = ("one", "two", "seven", "computer")


@st.composite
def scripts(draw):
    """Words at known times, some of them the same."""
    texts = draw(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=12))
    said, at = [], 0.0
    for text in texts:
        start = at + draw(st.sampled_from([0.2, 0.7, 3.0]))
        at = start + 0.4
        said.append(wt.Said(text=text, start=start, end=at))
    return said


def case(said):
    return wt.Case(
        recording=Recording(name="planted", samples=np.zeros(16_000, np.float32)), said=tuple(said)
    )


def moved(said, by):
    return [wt.Said(text=f" {one.text.title()},", start=one.start + by, end=one.end + by) for one in said]


@given(scripts(), st.sampled_from([0.0, 0.05, -0.12]))
def test_words_that_are_late_are_late_by_as_much(said, by):
    found = wt.found_in(case(said), moved(said, by))
    assert found["matched"] == found["spoken"] == len(said)
    assert set(found["start_ms"]) == set(found["end_ms"]) == {round(1000 * by)}


@given(scripts(), st.data())
def test_words_that_are_missed_cost_a_match_and_no_error(said, data):
    """Though the same word is said again elsewhere: of equally few edits, those nearest in time are taken."""
    missed = data.draw(st.sets(st.integers(0, len(said) - 1), max_size=len(said) - 1))
    heard = [one for i, one in enumerate(moved(said, 0.03)) if i not in missed]
    found = wt.found_in(case(said), heard)
    assert found["matched"] == len(heard)
    assert set(found["start_ms"]) == {30}


def test_of_a_sentence_only_its_edges_are_known():
    said = [wt.Said(text="I'm here now.", start=1.0, end=2.0)]
    words = wt.words_of(said, Normalizer("en"), times_within=False)
    assert [(w.text, w.start, w.end) for w in words] == [
        ("i", 1.0, None),
        ("am", None, None),
        ("here", None, None),
        ("now", None, 2.0),
    ]


@pytest.mark.parametrize(
    ("start", "end", "astray"),
    [
        (1.0, 2.0, False),
        (1.9, 2.09, False),
        (1.9, 2.2, True),
        (2.2, 2.4, True),
        (2.5, 4.5, True),
        (4.2, 4.5, False),
    ],
)
def test_a_word_is_astray_in_a_long_pause_and_not_in_a_short_one(start, end, astray):
    said = [wt.Said(text="one", start=a, end=b) for a, b in ((1, 2), (3, 4), (4.4, 5))]
    assert wt.is_astray(wt.Said(text="one", start=start, end=end), said) is astray


def test_clips_are_planted_where_it_is_said_and_what_is_not_spoken_is_cut_off():
    tone = np.sin(np.arange(8000) / 3).astype(np.float32)
    rest = np.zeros(1600, np.float32)
    piece = wt.spoken(np.concatenate([rest, tone, rest]), has_room=True)
    samples, said = wt.planted([("one", piece)] * 12, np.random.default_rng(0))
    loud = (
        np.flatnonzero(np.diff(np.concatenate([[0], np.abs(samples) > 1e-4, [0]]).astype(int)) == 1) / 16_000
    )
    for one in said:
        assert one.end - one.start == pytest.approx(0.5, abs=0.02)
        assert np.abs(loud - one.start).min() < 0.001
    pauses = [b.start - a.end for a, b in pairwise(said)]
    assert sum(pause >= 3 for pause in pauses) == 1 and max(pauses) <= 8 and min(pauses) >= 0.1


@pytest.mark.data
@pytest.mark.model
@pytest.mark.slow
def test_words_planted_in_real_recordings_are_found_at_their_times(tmp_path):
    """The targets of `base`, on a few clips."""
    output = tmp_path / "found.json"
    wt.main([str(recordings()), "--clips", "12", "--only", "batches", "--output", str(output)])
    account = json.loads(output.read_text("utf-8"))
    row = account["summary"]["batches, all"]
    assert row["matched"] > 80
    assert row["median"] <= 60
    assert account["summary"]["batches, sentences in silence"]["astray"] == 0
