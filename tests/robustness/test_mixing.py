"""Mixtures have the ratio that was asked for, are not clipped, and differ between ratios in nothing but the level."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.datasets.scenes.activity import active_stretches, mean_power
from whisper_at.datasets.scenes.sources import SourceSound
from whisper_at.errors import DatasetError
from whisper_at.robustness.mixing import MARGIN, PEAK, mix

RATE = 16_000


def sound(*parts):
    """Noise [(seconds, level), ...] as a clip; level 0 is silence."""
    rng = np.random.default_rng(len(parts))
    samples = np.concatenate(
        [level * rng.uniform(-1, 1, round(seconds * RATE)) for seconds, level in parts]
    ).astype(np.float32)
    return SourceSound(samples=samples, stretches=active_stretches(samples))


SPEECH = sound((0.3, 0), (1.0, 0.1), (0.8, 0), (0.7, 0.15), (0.2, 0))
BARK = sound((0.4, 0), (0.3, 0.9), (4.3, 0))  # mostly silence
RAIN = sound((1.0, 0.02))


def ratio(made):
    """Decibels between the parts while each is heard."""
    speech, noise = (mean_power(part, active_stretches(part)) for part in (made.speech, made.noise))
    return 10 * np.log10(speech / noise)


@given(snr=st.floats(-25, 25), seed=st.integers(0, 2**32 - 1), noise=st.sampled_from([BARK, RAIN]))
def test_a_mixture_has_its_ratio_is_not_clipped_and_is_the_sum_of_its_parts(snr, seed, noise):
    made = mix(SPEECH, noise, snr, np.random.default_rng(seed))
    assert ratio(made) == pytest.approx(snr, abs=0.1)
    assert np.abs(made.samples).max() <= PEAK + 1e-6
    np.testing.assert_allclose(made.samples, made.speech + made.noise, atol=1e-6)
    assert len(made.samples) == len(SPEECH.samples) + 2 * MARGIN
    assert made.gain <= 0


@given(seed=st.integers(0, 2**32 - 1))
def test_something_of_the_noise_is_heard_while_something_is_said(seed):
    made = mix(SPEECH, BARK, 0, np.random.default_rng(seed))
    assert np.any((np.abs(made.speech) > 0.001) & (np.abs(made.noise) > 0.001))


def test_ratios_differ_in_the_level_of_the_noise_alone():
    loud, soft = (mix(SPEECH, RAIN, snr, np.random.default_rng(3)) for snr in (0, 20))
    np.testing.assert_allclose(loud.noise, 10 * soft.noise, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(loud.speech, soft.speech)


def test_noise_is_repeated_with_its_pauses():
    made = mix(sound((12.0, 0.1)), BARK, 0, np.random.default_rng(0))
    period = len(BARK.samples)
    np.testing.assert_allclose(made.noise[period:], made.noise[:-period])


@pytest.mark.parametrize("which", ["speech", "noise"])
def test_silence_has_no_ratio(which):
    silence = sound((1.0, 0))
    with pytest.raises(DatasetError, match=f"wanted {which} that can be heard"):
        mix(*((silence, RAIN) if which == "speech" else (SPEECH, silence)), 0, np.random.default_rng(0))
