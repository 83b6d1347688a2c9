"""Every ordinary file is read, and what comes out is what went in."""

import io
import os
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_at.audio import MEDIA_SUFFIXES, read, stream
from whisper_at.errors import AudioError

from .synth import FLOAT, FORMATS, encoded, media, strength, tone, wav

LAYOUT_7_1 = 0x63F  # FL FR FC LFE BL BR SL SR


@pytest.mark.parametrize("name", FORMATS)
def test_a_tone_comes_out_of_every_format_as_it_went_in(name, tmp_path):
    recording = read(encoded(tmp_path, tone(440, 1.5, 48_000), 48_000, name))
    assert recording.duration == pytest.approx(1.5, abs=0.06)  # whole packets
    assert recording.samples.dtype == np.float32 and recording.samples.ndim == 1
    assert strength(recording.samples, 440) == pytest.approx(0.5, abs=0.03)
    assert recording.notes == ()


def test_the_sound_of_a_film_is_read(tmp_path):
    sound = np.stack([tone(440, 1.0, 44_100), tone(880, 1.0, 44_100)])
    film = tmp_path / "film.mp4"
    media(film, sound, 44_100, container="mp4", codec="aac", layout="stereo", video=True)
    recording = read(film)
    assert recording.name == "film.mp4"
    assert strength(recording.samples, 440) == pytest.approx(0.25, abs=0.02)
    assert strength(recording.samples, 880) == pytest.approx(0.25, abs=0.02)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_16_bit_samples_at_16_khz_are_read_exactly(numbers):
    samples = np.array(numbers, np.int16)
    assert (read(wav(samples, 16_000)).samples == samples / np.float32(32768)).all()


def test_24_bit_and_float_files_keep_what_16_bits_would_lose():
    fine = np.array([1, -3, 2**22], np.int32) * 256  # 24-bit samples in the upper bytes
    packed = fine[:, None].view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    assert read(wav(packed, 16_000, bits=24)).samples.tolist() == [2**-23, -3 * 2**-23, 0.5]
    floats = np.array([1e-9, -1.5, 0.25], np.float32)  # over full scale, too
    assert (read(wav(floats, 16_000, bits=32, tag=FLOAT)).samples == floats).all()


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("n_samples", [1, 2, 800, 1001])
def test_n_samples_last_as_long_at_16_khz_as_they_did(rate, n_samples):
    samples = np.full(n_samples, 8192, np.int16)
    recording = read(wav(samples, rate))
    assert len(recording.samples) == -(-n_samples * 16_000 // rate)  # rounded up: one sample stays one
    if n_samples == 1001:
        middle = recording.samples[len(recording.samples) // 2]
        assert middle == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_resampling_keeps_sound_in_its_place(rate):
    n_samples, at = rate, rate // 3
    click = np.zeros(n_samples, np.int16)
    click[at - 3 : at + 4] = 16_000
    heard = np.abs(read(wav(click, rate)).samples)
    assert np.argmax(np.convolve(heard, np.ones(9), "same")) == pytest.approx(at * 16_000 / rate, abs=8)


def test_what_16_khz_cannot_hold_is_gone_and_does_not_come_back_as_another_tone():
    high = (tone(11_000, 1.0, 48_000, peak=0.9) * 32767).astype(np.int16)
    assert np.abs(read(wav(high, 48_000)).samples[1000:-1000]).max() < 0.01


def test_all_loudspeakers_of_7_1_are_heard_but_the_bass_and_nothing_clips():
    hertz = [300, 400, 500, 600, 700, 800, 900, 1000]  # FL FR FC LFE BL BR SL SR
    channels = np.stack([tone(f, 1.0, 48_000, peak=0.9) for f in hertz], axis=1)
    recording = read(wav(channels, 48_000, channels=8, mask=LAYOUT_7_1, bits=32, tag=FLOAT))
    left, right, centre, bass, *around = (strength(recording.samples, f) / 0.9 for f in hertz)
    assert left == pytest.approx(right, rel=0.01)
    assert centre == pytest.approx(left * 2**0.5, rel=0.01)
    assert around == pytest.approx([left * 2**-0.5] * 4, rel=0.01)
    assert bass < 1e-3  # low-frequency effects, by the standard for mixing down
    full_scale = np.full((48_000, 8), 32767, np.int16)
    mixed = read(wav(full_scale, 48_000, channels=8, mask=LAYOUT_7_1)).samples[:-100]  # its end is a click
    assert mixed.max() == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize("n_channels", [2, 3, 6, 8, 9, 16, 32])
def test_channels_without_a_loudspeaker_are_averaged(n_channels):
    samples = np.random.default_rng(0).integers(-9999, 9999, (200, n_channels)).astype(np.int16)
    recording = read(wav(samples, 16_000, channels=n_channels, mask=0))
    np.testing.assert_allclose(recording.samples, samples.mean(axis=1) / 32768, atol=1e-6)


def test_stereo_of_two_equal_channels_is_either_of_them():
    mono = (tone(440, 0.1, 16_000, peak=0.99) * 32767).astype(np.int16)
    both = np.stack([mono, mono], axis=1)
    np.testing.assert_allclose(
        read(wav(both, 16_000, channels=2)).samples, read(wav(mono, 16_000)).samples, atol=1e-6
    )


def test_a_recording_may_change_its_rate_and_channels_on_the_way(tmp_path):
    first = encoded(tmp_path, tone(440, 1.0, 16_000), 16_000, "mp3-without-length")
    stereo = np.stack([tone(880, 1.0, 44_100)] * 2)
    options = {"write_xing": "0"}
    media(
        tmp_path / "b.mp3",
        stereo,
        44_100,
        container="mp3",
        codec="libmp3lame",
        layout="stereo",
        options=options,
    )
    heard = read(first + (tmp_path / "b.mp3").read_bytes()).samples
    assert len(heard) == pytest.approx(32_000, abs=2500)  # mp3 rounds up to whole packets, twice
    assert strength(heard[:16_000], 440) == pytest.approx(0.5, abs=0.03)
    assert strength(heard[-16_000:], 880) == pytest.approx(0.5, abs=0.03)


def test_a_clipped_recording_is_as_good_as_any():
    clipped = np.clip(tone(440, 0.1, 16_000, peak=3.0), -1, 32767 / 32768)
    samples = (clipped * 32768).astype(np.int16)
    assert read(wav(samples, 16_000)).samples.max() == pytest.approx(1.0, abs=1e-4)


NAMES = ["two words.wav", "Hund 🐕 bellt.wav", "12:30 call?.wav", "%20#.wav", "no suffix"]


@pytest.mark.parametrize("name", NAMES)
def test_any_file_name_will_do(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(wav(np.ones(160, np.int16), 16_000))
    assert read(path).name == name
    assert len(read(str(path)).samples) == 160


def test_a_file_name_that_is_no_text_will_do(tmp_path):
    path = tmp_path / "caf\udce9.wav"  # Latin-1 on a disk
    try:
        path.write_bytes(wav(np.ones(160, np.int16), 16_000))
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no names that are not UTF-8")
    assert len(read(path).samples) == 160


def test_path_bytes_and_open_files_are_the_same_recording(tmp_path):
    data = encoded(tmp_path, tone(440, 0.3, 44_100), 44_100, "m4a")  # its index is at the end
    path = tmp_path / "sound.m4a"
    expected = read(path).samples
    at_the_end = io.BytesIO(data)
    at_the_end.read()
    with path.open("rb") as file:
        for source in (str(path), data, bytearray(data), memoryview(data), file, at_the_end):
            assert (read(source).samples == expected).all()
        assert not file.closed
        assert read(file).name == "sound.m4a"


def test_a_pipe_is_read_to_its_end_although_the_index_of_the_file_is_there(tmp_path):
    data = encoded(tmp_path, tone(440, 0.3, 44_100), 44_100, "m4a")
    receiver, sender = os.pipe()

    def send() -> None:
        with os.fdopen(sender, "wb") as pipe:
            pipe.write(data)

    sending = threading.Thread(target=send)
    sending.start()
    with os.fdopen(receiver, "rb") as pipe:
        recording = read(pipe)
    sending.join()
    assert (recording.samples == read(data).samples).all()


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg"])
def test_a_live_pipe_is_heard_before_it_ends_and_holds_what_the_file_holds(tmp_path, form):
    data = encoded(tmp_path, tone(440, 30, 16_000), 16_000, form)
    receiver, sender = os.pipe()
    first_heard = threading.Event()
    in_time = []

    def send() -> None:
        with os.fdopen(sender, "wb") as pipe:
            pipe.write(data[: len(data) * 3 // 4])
            pipe.flush()
            in_time.append(first_heard.wait(30))
            pipe.write(data[len(data) * 3 // 4 :])

    sending = threading.Thread(target=send)
    sending.start()
    with os.fdopen(receiver, "rb") as pipe:
        heard = stream(pipe, live=True)
        blocks = [heard.take()]
        first_heard.set()
        while (block := heard.take()) is not None:
            blocks.append(block)
    sending.join()
    assert in_time == [True]
    assert {len(block) for block in blocks[:-1]} == {16_000}
    # an mp3 and an ogg tell only at their ends how much of the last packet counts
    samples, whole = np.concatenate(blocks), read(data).samples
    assert abs(len(samples) - len(whole)) < 0.1 * 16_000
    assert (samples[: 29 * 16_000] == whole[: 29 * 16_000]).all()


def test_a_live_pipe_with_its_index_at_the_end_is_refused(tmp_path):
    class Pipe:
        read = io.BytesIO(encoded(tmp_path, tone(440, 30, 44_100), 44_100, "m4a")).read

    with pytest.raises(AudioError, match="index at the end does not allow: give the file"):
        stream(Pipe(), live=True)


def test_a_file_is_decoded_into_little_more_memory_than_its_samples():
    data = wav(np.zeros((44_100 * 60, 2), np.int16), 44_100, channels=2)
    read(data)  # what is loaded once is not counted
    tracemalloc.start()
    try:
        recording = read(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(recording.samples) == 960_000
    assert peak < 1.5 * recording.samples.nbytes


def test_ffmpeg_is_loaded_by_the_first_file_and_not_by_the_import():
    program = (
        "import sys, numpy, whisper_at.audio as audio\n"
        "audio.read(numpy.zeros(160, numpy.float32))\n"
        "assert 'av' not in sys.modules\n"
        "audio.read(numpy.zeros(160, numpy.float32), sample_rate=8000)\n"
        "assert 'av' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_media_suffixes_are_lower_case_and_cover_what_we_write_ourselves():
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in MEDIA_SUFFIXES)
    assert {".wav", ".mp3", ".ogg", ".flac", ".m4a", ".webm", ".mp4", ".opus", ".mkv"} <= MEDIA_SUFFIXES
    assert not {".txt", ".json", ".png", ".srt"} & MEDIA_SUFFIXES
