"""Means over a clip are means over its own time: the oracle in numpy agrees, and padding has no say."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.model.tiny import TINY, encoder_variables, every_step
from whisper_at.audio.logmel import log_mel
from whisper_at.model.encoder import encoder_weights
from whisper_at.model.ops.numpy import NumpyOps
from whisper_at.probing.means import CONVOLUTION, WhisperEncoder, mean_log_mel

RATE = 16_000


@pytest.fixture(scope="module")
def encoder():
    return WhisperEncoder._of("tiny-random", "abc", TINY, encoder_variables(), threads=1)


def noise(seconds, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def test_each_layer_is_the_mean_over_the_steps_of_the_clip(encoder):
    samples = noise(3.0)
    found = encoder.means(samples)
    assert encoder.layers == (CONVOLUTION, "layer 1", "layer 2", "layer 3")
    mel = log_mel(samples).window(0).padded[None]
    _, steps = every_step(encoder_weights(NumpyOps(), encoder.variables), mel)
    assert_allclose(found[1:], steps[0, :, :150].mean(axis=1), atol=2e-3)


def test_a_clip_of_two_windows_is_their_mean_by_length(encoder):
    samples = noise(40.0)
    mel = log_mel(samples)
    assert mel.n_frames == 4000
    parts = []
    for seek in (0, 3000):
        n = mel.window(seek).n_frames // 2
        pool = np.zeros((1, 1, 1500), np.float32)
        pool[:, :, :n] = 1 / n
        parts.append(encoder.run(mel.window(seek).padded[None], pool).taps[0, :, 0])
    assert_allclose(encoder.means(samples), 0.75 * parts[0] + 0.25 * parts[1], atol=1e-4)


def test_random_weights_are_of_a_seed_and_of_the_same_scale(encoder):
    samples = noise(1.0)
    one, same, other = (encoder.random(seed) for seed in (1, 1, 2))
    assert_allclose(one.means(samples), same.means(samples))
    assert np.abs(one.means(samples) - other.means(samples)).max() > 1e-3
    name = "encoder/layer_0/ffn/linear_0/weight"
    assert_allclose(np.sort(one.variables[name].ravel()), np.sort(encoder.variables[name].ravel()))
    assert (one.sha256, one.layers) == ("", encoder.layers)


def test_mean_log_mel_is_that_of_the_clip():
    samples = noise(2.0)
    assert_allclose(mean_log_mel(samples), log_mel(samples).columns.mean(axis=1), rtol=1e-5)
    assert mean_log_mel(samples, n_mels=128).shape == (128,)
