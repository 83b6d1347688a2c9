"""Envelopes: the extremes are kept, wherever the recording is cut into blocks and however narrow the picture is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.plotting.envelope import SAMPLES_PER_COLUMN, Envelope

SAMPLES = st.lists(st.floats(-1, 1, width=32), max_size=300).map(lambda one: np.array(one, np.float32))


@given(SAMPLES, st.integers(1, 8))
def test_blocks_give_what_the_whole_gives(samples, columns):
    size = columns * SAMPLES_PER_COLUMN
    blocks = Envelope.of(samples[start : start + size] for start in range(0, len(samples), size))
    whole = Envelope.of([samples])
    for name in ("low", "high", "starts"):
        np.testing.assert_array_equal(getattr(blocks, name), getattr(whole, name))


@given(SAMPLES.filter(len), st.integers(1, 20))
def test_the_extremes_stay_and_no_column_is_too_many(samples, most):
    narrowed = Envelope.of([samples]).narrowed(most)
    assert len(narrowed.low) == len(narrowed.high) == len(narrowed.starts) <= most
    assert (narrowed.low.min(), narrowed.high.max()) == (samples.min(), samples.max())
    assert (np.diff(narrowed.starts) > 0).all()


def test_a_click_is_drawn_where_it_is():
    samples = np.zeros(16_000 * 100)
    samples[16_000 * 25] = 1
    narrowed = Envelope.of([samples]).narrowed(400)
    assert narrowed.starts[narrowed.high.argmax()] == 25.0
