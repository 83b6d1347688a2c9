"""Windows follow each other without holes, and where there is a pause they end in it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_at.audio import MelStream, Recording
from whisper_at.audio.pauses import windows_at_pauses


class Planted(MelStream):
    """A recording whose log-mel is as it is given: the same [frame] in all bands."""

    def __init__(self, loudness):
        super().__init__(
            Recording(name="planted", samples=np.zeros(160 * len(loudness), np.float32)).stream()
        )
        self.columns = np.repeat(np.asarray(loudness, np.float32)[None], 80, axis=0)

    def between(self, start, stop):
        assert self.reaches(min(stop, self.columns.shape[1]))
        return self.columns[:, start:stop]


def mel_of(loudness):
    return Planted(loudness)


@settings(deadline=None)
@given(n_frames=st.integers(1, 20_000), seed=st.integers(0, 99))
def test_windows_tile_the_recording(n_frames, seed):
    mel = mel_of(np.random.default_rng(seed).uniform(-1, 1, n_frames))
    windows = list(windows_at_pauses(mel))
    ends = [window.seek + window.n_frames for window in windows]
    assert [window.seek for window in windows] == [0, *ends[:-1]]
    assert ends[-1] == n_frames
    assert all(1500 <= window.n_frames <= 3000 for window in windows[:-1])
    for window in windows:
        assert np.array_equal(
            window.padded[:, : window.n_frames], mel.columns[:, window.seek :][:, : window.n_frames]
        )
        assert not window.padded[:, window.n_frames :].any()


@settings(deadline=None)
@given(pause=st.integers(1530, 2970), length=st.integers(30, 60), seed=st.integers(0, 9))
def test_the_one_pause_is_where_the_window_ends(pause, length, seed):
    """A planted pause of 0.3 s or more in loud sound, anywhere between 15 and 30 s."""
    loudness = np.random.default_rng(seed).uniform(0.8, 1.2, 6000)
    loudness[pause - length // 2 : pause + length // 2] = -1
    first = next(iter(windows_at_pauses(mel_of(loudness))))
    assert abs(first.n_frames - pause) <= length // 2


def test_of_pauses_that_are_alike_the_later_one_is_taken():
    loudness = np.ones(6000)
    for pause in (1700, 2300, 2800):
        loudness[pause - 30 : pause + 30] = -1
    first = next(iter(windows_at_pauses(mel_of(loudness))))
    assert 2770 <= first.n_frames <= 2830


def test_a_part_of_a_recording_is_cut_as_if_it_were_alone():
    loudness = np.random.default_rng(3).uniform(-1, 1, 12_000)
    whole, part = mel_of(loudness), mel_of(loudness[2000:9000])
    inside = [window.n_frames for window in windows_at_pauses(whole, 2000, 9000)]
    assert inside == [window.n_frames for window in windows_at_pauses(part)]
