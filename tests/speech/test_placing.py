"""Words are put where there is sound, and stay as they are where they already lie well."""

from hypothesis import given
from hypothesis import strategies as st

from whisper_at.speech.placing import SHORTEST_WORD, place

WINDOW = range(1200, 4200)


@st.composite
def hearings(draw):
    """Spans in order, and silent stretches between which there is sound, in one window."""

    def pairs(most, apart):
        times = st.integers(WINDOW.start, WINDOW.stop)
        drawn = sorted(draw(st.lists(times, max_size=2 * most, unique=apart)))
        return list(zip(drawn[::2], drawn[1::2], strict=False))

    return pairs(12, False), [range(a, b) for a, b in pairs(5, True)]


def shared(span, run):
    return max(0, min(span[1], run.stop) - max(span[0], run.start))


@given(hearings())
def test_no_word_reaches_into_a_silence_and_all_keep_their_order(hearing):
    spans, silent = hearing
    placed = place(spans, silent, WINDOW)
    assert len(placed) == len(spans)
    times = [time for span in placed for time in span]
    assert times == sorted(times)
    assert all(WINDOW.start <= time <= WINDOW.stop for time in times)
    assert all(shared(span, run) == 0 for span in placed for run in silent)
    assert all(not run.start < time < run.stop for time in times for run in silent)


@given(hearings())
def test_words_have_some_length_where_there_is_room(hearing):
    spans, silent = hearing
    edges = [WINDOW.start, *(edge for run in silent for edge in (run.start, run.stop)), WINDOW.stop]
    sounds = list(zip(edges[::2], edges[1::2], strict=True))
    if all(b - a >= SHORTEST_WORD * len(spans) for a, b in sounds):
        assert all(end - start >= SHORTEST_WORD for start, end in place(spans, silent, WINDOW))


def test_words_far_from_silence_keep_their_times():
    spans = [(1300, 1330), (1330, 1390), (1400, 1450)]
    assert place(spans, [range(1500, 1600)], WINDOW) == spans
    assert place(spans, [], WINDOW) == spans


def test_a_pause_that_was_spent_on_a_word_is_taken_from_it():
    silent = [range(1500, 1800)]
    assert place([(1450, 1820)], silent, WINDOW) == [(1450, 1500)]  # most of it is before the pause ...
    assert place([(1480, 1850)], silent, WINDOW) == [(1800, 1850)]  # ... or behind it


def test_words_within_a_pause_go_to_its_nearer_edge_one_after_the_other():
    placed = place([(1550, 1560), (1560, 1570), (1700, 1720)], [range(1500, 1800)], WINDOW)
    n = SHORTEST_WORD
    assert placed == [(1500 - 2 * n, 1500 - n), (1500 - n, 1500), (1800, 1800 + n)]


def test_the_first_word_of_a_sound_starts_with_it_and_the_last_one_ends_with_it():
    silent = [range(1500, 1800), range(2000, 2300)]
    assert place([(1810, 1880), (1880, 1985)], silent, WINDOW) == [(1800, 1880), (1880, 2000)]


def test_where_all_is_silent_the_words_stay():
    assert place([(1300, 1400)], [WINDOW], WINDOW) == [(1300, 1400)]
