"""The log-mel is Whisper's: by its definition, and by openai-whisper's own numbers."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.audio import log_mel
from whisper_at.audio.logmel import BLOCK, mel_filters
from whisper_at.errors import AudioError

GOLDEN = Path(__file__).parent.parent / "golden"
MAKER = runpy.run_path(str(GOLDEN / "make_logmel.py"))
CASES = json.loads((GOLDEN / "logmel.json").read_text())["cases"]


def noise(n_samples, seed=0):
    return np.random.default_rng(seed).standard_normal(n_samples).astype(np.float32) * 0.1


def by_definition(samples, n_mels=80):
    """Whisper's log-mel, column by column in double precision, over all 30 s of silence after the end."""
    padded = np.pad(np.pad(np.float64(samples), (0, 480_000)), 200, mode="reflect")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    n_columns = (len(samples) + 480_000) // 160
    frames = [padded[160 * column : 160 * column + 400] * hann for column in range(n_columns)]
    energy = mel_filters(n_mels) @ (np.abs(np.fft.rfft(frames, axis=1)) ** 2).T
    decades = np.log10(np.maximum(energy, 1e-10))
    return (np.maximum(decades, decades.max() - 8) + 4) / 4


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['n_samples']} samples, {case['n_mels']} mel")
def test_the_numbers_are_openai_whispers(case):
    ours = log_mel(MAKER["waveform"](case["n_samples"]), n_mels=case["n_mels"])
    assert ours.n_frames == max(1, case["n_samples"] // 160)
    for frame, theirs in case["columns"].items():
        np.testing.assert_allclose(ours.columns[:, int(frame)], theirs, atol=2e-5)


@pytest.mark.parametrize("n_samples", [1, 2, 159, 160, 161, 200, 399, 401, 16_159])
def test_any_length_is_measured_as_if_silence_followed(n_samples):
    samples = noise(n_samples)
    expected = by_definition(samples)[:, : max(1, n_samples // 160)]
    np.testing.assert_allclose(log_mel(samples).columns, expected, atol=2e-5)


def test_a_loud_end_that_no_column_is_kept_for_still_sets_the_range():
    samples = noise(1600 + 159) * 1e-3
    samples[-20:] = 1.0  # after the last full frame
    np.testing.assert_allclose(log_mel(samples).columns, by_definition(samples)[:, :10], atol=2e-5)


def test_columns_do_not_know_that_they_are_computed_in_blocks():
    samples = noise((2 * BLOCK + 7) * 160)
    whole = log_mel(samples).columns
    around = slice(BLOCK - 20, BLOCK + 20)
    alone = log_mel(samples[around.start * 160 : around.stop * 160]).columns
    np.testing.assert_allclose(whole[:, around][:, 2:-2], alone[:, 2:-2], atol=2e-5)
    assert whole.shape == (80, 2 * BLOCK + 7)


def test_silence_is_flat():
    columns = log_mel(np.zeros(16_000)).columns
    assert np.ptp(columns) == 0
    assert columns[0, 0] == pytest.approx((-10 + 4) / 4)


@given(st.integers(0, 79), st.sampled_from([80, 128]))
def test_a_tone_is_loudest_in_its_own_band(band, n_mels):
    centre = (mel_filters(n_mels)[band] * np.arange(201) * 40).sum() / mel_filters(n_mels)[band].sum()
    tone = np.sin(2 * np.pi * centre * np.arange(1600) / 16_000)
    loudest = int(log_mel(tone, n_mels=n_mels).columns[:, 5].argmax())
    assert abs(loudest - band) <= 1  # the lowest bands are narrower than a bin


def test_ten_times_the_amplitude_is_half_a_unit_more():
    quiet, loud = (log_mel(noise(16_000) * gain).columns for gain in (0.1, 1.0))
    np.testing.assert_allclose(loud - quiet, 0.5, atol=1e-5)


@pytest.mark.parametrize("n_mels", [80, 128])
def test_all_mel_bands_have_the_same_area(n_mels):
    filters = mel_filters(n_mels)
    assert filters.shape == (n_mels, 201)
    assert (filters >= 0).all() and not filters.flags.writeable
    wide = (filters > 0).sum(axis=1) > 6  # sampled finely enough to be summed
    assert wide.sum() > 10
    np.testing.assert_allclose(filters[wide].sum(axis=1) * 40, 1.0, rtol=0.02)


@pytest.mark.parametrize(
    "bad",
    [np.zeros(0), np.zeros((2, 400)), np.full(400, np.nan), np.full(400, 1e30)],
    ids=["empty", "two channels", "NaN", "too large"],
)
def test_what_is_no_sound_is_refused(bad):
    with pytest.raises(AudioError, match=r"^log-mel wants"):
        log_mel(bad)
