"""Searching: what is near is what a slow comparison of all with all finds."""

from hypothesis import given
from hypothesis import strategies as st

from whisper_at.search import Hit, near

quarters = st.integers(0, 80).map(lambda n: n / 4)  # sums of these are exact


@st.composite
def some_hits(draw):
    starts = draw(st.lists(quarters, max_size=12))
    spans = [(start, start + draw(quarters)) for start in starts]
    kinds = [draw(st.sampled_from(["said", "heard"])) for _ in spans]
    made = [Hit(start=a, end=b, kind=kind, text="") for (a, b), kind in zip(spans, kinds, strict=True)]
    return list(dict.fromkeys(made))


def seconds_between(one, other):
    return max(0.0, other.start - one.end, one.start - other.end)


@given(some_hits(), some_hits(), quarters)
def test_what_is_near_has_another_one_within_so_many_seconds(found, others, within):
    assert near(found, others, within) == [
        hit
        for hit in found
        if any(other != hit and seconds_between(hit, other) <= within for other in others)
    ]
