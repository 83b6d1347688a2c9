"""The edges of sounds: a burst is found where it is, however its recording is cut into windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tagging.clock import seek_lists
from whisper_at.audio import log_mel
from whisper_at.audio.edges import EdgeFinder
from whisper_at.audio.windows import Window


def heard(bands, seeks, n_frames):
    """The edges of a log-mel [band, frame] that is heard in windows from these frames on."""
    finder = EdgeFinder()
    for seek in seeks:
        n_real = min(3000, n_frames - seek)
        padded = np.zeros((len(bands), 3000), np.float32)
        padded[:, :n_real] = bands[:, seek : seek + n_real]
        finder.hear(Window(seek=seek, n_frames=n_real, padded=padded))
    return finder.edges(n_frames)


@given(seek_lists(), st.integers(0, 9))
def test_windows_change_nothing(recording, seed):
    seeks, n_frames = recording
    bands = np.random.default_rng(seed).random((8, n_frames), np.float32)
    cut = heard(bands, seeks, n_frames)
    whole = heard(bands, range(0, n_frames, 3000), n_frames)
    np.testing.assert_allclose(cut.rise, whole.rise, atol=0.02)  # half precision
    np.testing.assert_allclose(cut.fall, whole.fall, atol=0.02)
    assert len(cut.rise) == len(cut.fall) == n_frames + 1


@pytest.mark.parametrize("start", [0.737, 1.5, 2.211])
def test_a_burst_begins_and_ends_where_it_was_planted(start):
    rng = np.random.default_rng(1)
    samples = 0.003 * rng.standard_normal(64_000)
    first, last = round(start * 16_000), round((start + 0.9) * 16_000)
    samples[first:last] += 0.1 * rng.standard_normal(last - first)
    mel = log_mel(samples.astype(np.float32))
    finder = EdgeFinder()
    finder.hear(mel.window(0))
    edges = finder.edges(mel.n_frames)
    assert int(edges.rise.argmax()) / 100 == pytest.approx(start, abs=0.02)
    assert int(edges.fall.argmax()) / 100 == pytest.approx(start + 0.9, abs=0.02)
