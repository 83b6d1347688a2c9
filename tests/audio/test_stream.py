"""A recording that is read while it is heard is the recording that lies in memory."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_at.audio import MelStream, Recording, Stream, log_mel, read, stream
from whisper_at.errors import AudioError

from .synth import FLOAT, encoded, tone, wav

RATE = 16_000


def cut(samples, size, notes=tuple):
    """A stream in blocks of so many samples."""
    blocks = (samples[start : start + size] for start in range(0, len(samples), size))
    return Stream(name="cut", blocks=blocks, promised=None, notes=notes, samples_per_block=size)


def noise(n_samples, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, n_samples).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(
    n_samples=st.integers(1, 60 * RATE),
    size=st.integers(RATE // 4, 20 * RATE),
    seed=st.integers(0, 9),
)
def test_the_log_mel_of_blocks_is_that_of_the_whole(n_samples, size, seed):
    """Whatever the blocks, where nothing lies 80 dB below the loudest."""
    samples = noise(n_samples, seed)
    mel, whole = MelStream(cut(samples, size)), log_mel(samples)
    found = mel.between(0, 10_000)
    assert mel.is_whole and mel.n_frames == whole.n_frames == found.shape[1]
    np.testing.assert_allclose(found, whole.columns, atol=1e-5)


def test_a_recording_of_one_block_is_measured_to_the_bit_as_a_whole():
    samples = noise(21 * RATE + 77)
    assert np.array_equal(
        MelStream(Recording(name="one", samples=samples).stream()).between(0, 9999), log_mel(samples).columns
    )


def test_the_quietest_value_follows_the_loudest_so_far():
    """Silence first, then a tone: the silence is measured by itself, what comes after by the tone."""
    samples = np.concatenate([1e-3 * noise(20 * RATE), np.sin(np.arange(20 * RATE)).astype(np.float32)])
    found, whole = MelStream(cut(samples, 20 * RATE)).between(0, 4000), log_mel(samples).columns
    assert found[:, :1000].min() < whole[:, :1000].min()  # not lifted yet
    np.testing.assert_allclose(found[:, 2000:], whole[:, 2000:], atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(size=st.integers(RATE, 30 * RATE), cuts=st.lists(st.integers(0, 5000), min_size=2, max_size=6))
def test_any_frames_can_be_asked_for_until_they_are_forgotten(size, cuts):
    samples = noise(50 * RATE)
    mel, columns = MelStream(cut(samples, size)), log_mel(samples).columns
    cuts = sorted(cuts)
    for start, stop in pairwise(cuts):
        np.testing.assert_allclose(mel.between(start, stop), columns[:, start:stop], atol=1e-5)
        mel.forget(start)


def test_it_is_read_no_further_than_it_is_asked_for():
    taken = []

    def blocks():
        for i in range(100):
            taken.append(i)
            yield noise(10 * RATE, seed=i)

    recording = Stream(
        name="long", blocks=blocks(), promised=1000.0, notes=tuple, samples_per_block=10 * RATE
    )
    mel = MelStream(recording)
    mel.window(0)
    assert len(taken) == 4 and recording.duration == 1000.0 and not mel.is_whole


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "ogg", "m4a"])
def test_a_file_in_blocks_is_the_file(monkeypatch, tmp_path, name):
    data = encoded(tmp_path, tone(440.0, 7.3, rate=44_100), 44_100, name)
    whole = read(data)
    monkeypatch.setattr("whisper_at.audio.source.SAMPLES_PER_BLOCK", RATE)
    blocks, opened = [], stream(data)
    while (block := opened.take()) is not None:
        blocks.append(block)
    assert {len(block) for block in blocks[:-1]} == {RATE}
    assert np.array_equal(np.concatenate(blocks), whole.samples)
    assert opened.is_read and opened.duration == whole.duration


def test_what_breaks_off_later_is_told_and_what_was_read_is_kept():
    def blocks():
        yield noise(RATE)
        raise AudioError("the disk is gone")

    recording = Stream(
        name="broken", blocks=blocks(), promised=9.0, notes=tuple, samples_per_block=RATE
    ).whole()
    assert recording.duration == 1.0
    assert recording.notes == ("reading broke off at 1.0 s: the disk is gone",)


def test_a_number_that_is_none_ends_a_long_file_and_spoils_a_short_one(monkeypatch):
    samples = noise(3 * RATE)
    samples[5 * RATE // 2] = np.nan
    data = wav(samples, RATE, bits=32, tag=FLOAT)
    with pytest.raises(AudioError, match=r"NaN at 2\.500 s"):
        read(data)
    monkeypatch.setattr("whisper_at.audio.source.SAMPLES_PER_BLOCK", RATE)
    recording = read(data)
    assert recording.duration == 2.0
    assert "NaN at 2.500 s" in recording.notes[0]
