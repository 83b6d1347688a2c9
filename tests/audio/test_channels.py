"""Channels of a recording are read apart, each as if it were a recording of its own."""

import io

import numpy as np
import pytest

from tests.audio.synth import tone, wav
from whisper_at.audio import read, split

RATES = (16_000, 44_100)


def stereo(rate):
    """Two tones [channel, sample], one a channel."""
    return np.stack([tone(440, 1.0, rate), tone(1000, 1.0, rate)])


def file_of(channels, rate):
    return wav((channels.T * 32767).astype(np.int16).reshape(-1), rate, channels=len(channels))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", ["array", "bytes", "open file", "path"])
def test_each_channel_is_read_as_if_it_were_alone(kind, rate, tmp_path):
    both = stereo(rate)
    source = both if kind == "array" else file_of(both, rate)
    if kind == "open file":
        source = io.BytesIO(source)
    if kind == "path":
        (tmp_path / "call.wav").write_bytes(source)
        source = tmp_path / "call.wav"
    apart = split(source, sample_rate=rate if kind == "array" else None)
    assert len(apart) == 2
    for channel, alone in zip(apart, both, strict=True):
        expected = read(alone, sample_rate=rate).samples
        np.testing.assert_allclose(channel.whole().samples, expected, atol=2e-3)


def test_the_mean_of_the_channels_is_the_mix():
    data = file_of(stereo(44_100), 44_100)
    channels = [channel.whole().samples for channel in split(data)]
    np.testing.assert_allclose(np.mean(channels, axis=0), read(data).samples, atol=2e-3)


@pytest.mark.parametrize("source", [np.zeros(16_000, np.float32), wav(np.zeros(16_000, np.int16), 16_000)])
def test_what_has_one_channel_stays_one(source):
    (only,) = split(source)
    assert len(only.take()) == 16_000
