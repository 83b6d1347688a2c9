"""A small copy of a recording: it lasts as long, sounds the same, and is small."""

import numpy as np
import pytest

from tests.audio.synth import strength, tone
from whisper_at.audio import read, stream
from whisper_at.audio.compact import BIT_RATE, compact


@pytest.mark.parametrize("seconds", [0.01, 1.0, 12.34])
def test_the_copy_lasts_as_long(seconds):
    samples = tone(440, seconds=seconds, rate=16_000)
    copy = read(compact(stream(samples)))
    assert copy.duration == pytest.approx(seconds, abs=0.06)  # a frame


def test_what_is_heard_is_where_it_was_and_as_loud():
    samples = np.concatenate(
        [tone(440, seconds=4, rate=16_000), tone(1_000, seconds=4, rate=16_000, peak=0.25)]
    )
    copy = read(compact(stream(samples))).samples
    assert strength(copy[8_000:56_000], 440) == pytest.approx(0.5, rel=0.1)
    assert strength(copy[72_000:120_000], 1_000) == pytest.approx(0.25, rel=0.1)
    assert strength(copy[8_000:56_000], 1_000) < 0.02


def test_it_is_small_whatever_is_heard():
    noise = np.random.default_rng(0).normal(size=60 * 16_000).astype(np.float32)  # far beyond full scale
    assert len(compact(stream(noise))) < 1.1 * 60 * BIT_RATE / 8
