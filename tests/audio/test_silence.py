"""Silence is found where it was planted, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_at.audio import log_mel
from whisper_at.audio.silence import silences

RATE = 16_000
SOFT = 3  # frames: a column of log-mel looks 12.5 ms to either side


def voice(n_frames, level=0.1, seed=0):
    """Noise that swells four times a second, about as syllables do, and never fades."""
    t = np.arange(n_frames * 160) / RATE
    return level * (0.6 + 0.4 * np.cos(8 * np.pi * t)) * np.random.default_rng(seed).standard_normal(len(t))


def recording(parts, background):
    """Voice and pauses in turn, of so many frames each."""
    samples = [voice(n) if i % 2 == 0 else np.zeros(n * 160) for i, n in enumerate(parts)]
    joined = np.concatenate(samples)
    return joined + background * np.random.default_rng(1).standard_normal(len(joined))


PARTS = st.lists(st.integers(32, 250), min_size=3, max_size=11).filter(lambda parts: len(parts) % 2 == 1)


@given(PARTS, st.sampled_from([0.0, 1e-4, 0.008]))
@settings(max_examples=30)
def test_planted_pauses_are_found(parts, background):
    """In digital silence, in the hiss of a microphone, and in noise that is 20 dB weaker than the voice."""
    found = silences(log_mel(recording(parts, background)).window(0))
    edges = np.cumsum([0, *parts])
    planted = [range(a, b) for a, b in zip(edges[1::2], edges[2::2], strict=False)]
    assert len(found) == len(planted)
    for one, true in zip(found, planted, strict=True):
        assert one.start == pytest.approx(true.start, abs=SOFT)
        assert one.stop == pytest.approx(true.stop, abs=SOFT)


def test_silences_lie_on_the_recording_and_not_on_the_window():
    mel = log_mel(recording([500, 100, 400], 0))
    (early,), (late,) = (silences(mel.window(seek)) for seek in (0, 200))
    assert early == late


def test_a_pause_counts_from_a_quarter_of_a_second_on_but_at_an_edge_at_once():
    assert silences(log_mel(recording([300, 18, 300], 0)).window(0)) == []
    mel = log_mel(recording([300, 100, 300], 0))
    cut = silences(mel.window(0, 320)), silences(mel.window(380))
    assert [[len(one) for one in some] for some in cut] == [
        [pytest.approx(20, abs=SOFT)],
        [pytest.approx(20, abs=SOFT)],
    ]


def test_a_click_does_not_end_a_silence():
    samples = recording([300, 200, 300], 0)
    samples[400 * 160 : 400 * 160 + 40] = 0.5
    (found,) = silences(log_mel(samples).window(0))
    assert (found.start, found.stop) == (pytest.approx(300, abs=SOFT), pytest.approx(500, abs=SOFT))


def test_rumble_is_silence_too():
    """Loud noise that lies below voices does not hide a pause."""
    samples = recording([300, 100, 300], 0)
    rumble = np.sin(2 * np.pi * 60 * np.arange(len(samples)) / RATE)
    (found,) = silences(log_mel(samples + 0.1 * rumble).window(0))
    assert (found.start, found.stop) == (pytest.approx(300, abs=SOFT), pytest.approx(400, abs=SOFT))


@pytest.mark.parametrize("samples", [np.zeros(RATE * 5), voice(500), voice(500, level=1e-3)])
def test_where_all_is_alike_nothing_is_silent(samples):
    """Without a voice that it lies below there is no silence: the rule says nothing of an empty recording."""
    assert silences(log_mel(samples).window(0)) == []
