"""What can be read of a damaged file is read, stays in its place, and a note says what is missing."""

import re
from fractions import Fraction

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame

from whisper_at.audio import read
from whisper_at.errors import AudioError

from .synth import encoded, media, strength, tone, wav

RATE = 16_000
CLUSTER = b"\x1f\x43\xb6\x75"  # where a Matroska file goes on, every 5 s
CUT = r"stops at (\d+\.\d) s although its header says (\d+\.\d) s"


def damage(data: bytes, start: float, stop: float) -> bytes:
    """The bytes of a file with noise in a part of them."""
    a, b = round(start * len(data)), round(stop * len(data))
    return data[:a] + np.random.default_rng(0).bytes(b - a) + data[b:]


def noise(seconds: float) -> np.ndarray:
    """A sound that packets of equal size are needed for, so that place in the file is place in time."""
    return np.random.default_rng(1).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize("name", ["wav", "flac", "aiff", "mp3", "m4a-index-first", "webm", "mka"])
def test_a_file_that_broke_off_says_where_and_how_long_it_should_be(name, tmp_path):
    data = encoded(tmp_path, noise(10), 48_000 if name == "webm" else RATE, name)
    whole = 10 / 3 if name == "webm" else 10
    recording = read(data[: len(data) // 2])
    assert recording.duration == pytest.approx(whole / 2, rel=0.1)
    heard, promised = re.fullmatch(CUT, recording.notes[-1]).groups()
    assert float(heard) == pytest.approx(recording.duration, abs=0.06)
    assert float(promised) == pytest.approx(whole, abs=0.1)


@pytest.mark.parametrize("name", ["ogg", "opus", "aac", "ts", "mp3-without-length"])
def test_formats_that_do_not_tell_their_length_are_not_suspected(name, tmp_path):
    data = encoded(tmp_path, noise(18), 48_000, name)
    recording = read(data[: len(data) // 2])
    assert recording.duration == pytest.approx(3.0, abs=1.1)  # Ogg's pages are long
    assert not [note for note in recording.notes if "header" in note]


@pytest.mark.parametrize("name", ["flac", "ogg", "m4a", "ts"])
def test_sound_after_a_damaged_part_stays_in_its_place(name, tmp_path):
    sound = noise(10)
    sound[8 * RATE : 9 * RATE] = tone(1000, 1.0, RATE)
    recording = read(damage(encoded(tmp_path, sound, RATE, name), 0.4, 0.5))
    assert recording.duration == pytest.approx(10, abs=0.15)
    assert strength(recording.samples[8 * RATE : 9 * RATE], 1000) == pytest.approx(0.5, abs=0.05)
    power = np.square(recording.samples[: 9 * RATE]).reshape(-1, RATE // 10).mean(axis=1)
    assert np.argmax(power > 0.1) == pytest.approx(80, abs=1)  # tenths of a second
    lost = [note for note in recording.notes if note.endswith("s were lost, they are silent")]
    assert len(lost) == 1 and 0.5 < float(lost[0].split()[0]) < 4


def with_a_clock_that_jumps(path, samples, after, by, container, codec):
    """A file of samples [sample] whose timestamps are so many seconds ahead from a second on."""
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=RATE, layout="mono")
        frames = [
            AudioFrame.from_ndarray(samples[None, at : at + 1024], format="flt", layout="mono")
            for at in range(0, len(samples), 1024)
        ]
        for i, frame in enumerate(frames):
            frame.sample_rate, frame.pts, frame.time_base = RATE, 1024 * i, Fraction(1, RATE)
        for packet in [packet for frame in [*frames, None] for packet in stream.encode(frame)]:
            if packet.pts * packet.time_base >= after:
                packet.pts += round(by / packet.time_base)
            packet.dts = packet.pts
            output.mux(packet)
    return path


KINDS = [("matroska", "flac"), ("mpegts", "aac"), ("mp4", "aac")]


@pytest.mark.parametrize(("container", "codec"), KINDS)
def test_what_the_clock_says_is_missing_is_silent(container, codec, tmp_path):
    sound = tone(440, 10, RATE)
    recording = read(with_a_clock_that_jumps(tmp_path / "a", sound, 4, 5, container, codec))
    assert recording.notes == ("5.0 s were lost, they are silent",)
    assert recording.duration == pytest.approx(15, abs=0.15)
    for second, peak in ((1, 0.5), (5, 0), (7, 0), (10, 0.5), (13, 0.5)):
        heard = recording.samples[second * RATE : (second + 1) * RATE]
        assert strength(heard, 440) == pytest.approx(peak, abs=0.05)


@pytest.mark.parametrize(("container", "codec"), KINDS)
def test_a_clock_that_jumps_by_a_day_is_not_waited_for(container, codec, tmp_path):
    """Nor filled up with 5 GB of silence."""
    sound = tone(440, 10, RATE)
    recording = read(with_a_clock_that_jumps(tmp_path / "a", sound, 4, 86_400, container, codec))
    (note,) = recording.notes
    assert note == "its clock jumps ahead by 86400.0 s, which are left out"
    assert recording.duration == pytest.approx(10, abs=0.15)
    assert strength(recording.samples[: 10 * RATE], 440) == pytest.approx(0.5, abs=0.05)


def test_what_is_lost_after_a_jump_is_still_missed(tmp_path):
    path = with_a_clock_that_jumps(tmp_path / "a", noise(10), 2, 86_400, "mpegts", "aac")
    recording = read(damage(path.read_bytes(), 0.5, 0.6))
    lost, jump = recording.notes[-2:]
    assert lost.endswith("s were lost, they are silent") and jump.startswith("its clock jumps ahead by 864")
    assert recording.duration == pytest.approx(10, abs=0.3)


def test_recordings_that_were_joined_are_one_although_their_clocks_start_anew(tmp_path):
    parts = [encoded(tmp_path, tone(hertz, 3, RATE), RATE, "ts") for hertz in (440, 880)]
    recording = read(b"".join(parts))
    assert recording.notes == () and recording.duration == pytest.approx(6, abs=0.3)
    for start, hertz in ((0, 440), (3, 880)):
        heard = recording.samples[start * RATE : (start + 3) * RATE]
        assert strength(heard, hertz) == pytest.approx(0.5, abs=0.02)


def test_the_length_of_joined_mp3s_is_not_guessed_from_the_first(tmp_path):
    """The first one is of few bits a second, so FFmpeg takes the second one for far longer than it is."""
    slow, fast = (encoded(tmp_path, noise(3), rate, "mp3") for rate in (RATE, 48_000))
    title = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)
    for joined in (slow + fast, title + slow + fast):
        recording = read(joined)
        assert recording.duration == pytest.approx(3 + 1, abs=0.15)
        assert not [note for note in recording.notes if "header" in note]


def test_a_time_after_the_end_is_not_believed(tmp_path):
    data = bytearray(encoded(tmp_path, noise(10), RATE, "mka"))
    second = data.index(CLUSTER, data.index(CLUSTER) + 1)
    at = data.index(b"\xe7\x82", second) + 2  # its time, two bytes of milliseconds
    assert 4000 < int.from_bytes(data[at : at + 2], "big") < 6000
    data[at : at + 2] = (60_000).to_bytes(2, "big")
    recording = read(bytes(data))
    assert recording.duration == pytest.approx(10, abs=0.1) and recording.notes == ()


def test_damaged_packets_are_counted(tmp_path):
    recording = read(damage(encoded(tmp_path, noise(10), RATE, "m4a"), 0.4, 0.5))
    number, *rest = recording.notes[0].split()
    assert int(number) > 5 and rest == ["damaged", "packets", "were", "left", "out"]


def test_a_length_written_before_the_end_was_known_is_no_promise():
    samples = np.ones(8000, np.int16)
    for placeholder in (0xFFFF_FFFF, 0x7FFF_FFFF - 36, 0):
        recording = read(wav(samples, RATE, promised=placeholder))
        assert recording.duration == 0.5 and recording.notes == ()


def test_a_chunk_of_remarks_before_the_samples_is_passed_over():
    whole = wav(np.ones(16_000, np.int16), RATE)
    with_remarks = whole[:36] + b"LIST\x05\x00\x00\x00INFO \x00" + whole[36:]
    assert read(with_remarks[: len(with_remarks) - 16_000]).notes == (
        "stops at 0.5 s although its header says 1.0 s",
    )


def test_a_film_is_not_suspected_for_being_longer_than_its_sound(tmp_path):
    path, sound = tmp_path / "film.mkv", tone(440, 0.2, RATE)[None]
    film = media(path, sound, RATE, container="matroska", codec="flac", video=True)  # 1 s of pictures
    recording = read(film)
    assert recording.duration == pytest.approx(0.2, abs=0.05) and recording.notes == ()
    untold = film.read_bytes().replace(b"DURATION", b"XURATION")  # then only the whole film's length is known
    assert read(untold).notes == ()


def test_the_sound_track_of_a_film_that_broke_off_is_missed(tmp_path):
    path, sound = tmp_path / "film.mkv", noise(10)[None]
    film = media(path, sound, RATE, container="matroska", codec="flac", video=True).read_bytes()
    (note,) = read(film[: len(film) // 2]).notes
    assert re.fullmatch(CUT, note)


def test_a_second_sound_track_is_mentioned(tmp_path):
    path = tmp_path / "two.mka"
    with av.open(str(path), "w", format="matroska") as output:
        streams = [output.add_stream("flac", rate=RATE, layout="mono") for _ in range(2)]
        for stream, hertz in zip(streams, (440, 880), strict=True):
            frame = AudioFrame.from_ndarray(tone(hertz, 0.5, RATE)[None], format="flt", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        for stream in streams:
            output.mux(stream.encode(None))
    recording = read(path)
    assert recording.notes == ("has 2 sound tracks, the first one is used",)
    assert strength(recording.samples, 440) == pytest.approx(0.5, abs=0.02)


def test_titles_in_an_old_encoding_do_not_matter():
    whole = wav(np.ones(800, np.int16), RATE)
    title = b"LIST\x10\x00\x00\x00INFOINAM\x04\x00\x00\x00caf\xe9"
    assert len(read(whole + title).samples) == 800


def test_a_file_that_is_damaged_all_over_is_an_error(tmp_path):
    data = encoded(tmp_path, noise(1), RATE, "m4a-index-first")
    start = data.index(b"mdat") + 4
    broken = data[:start] + b"\xff" * (len(data) - start)
    with pytest.raises(AudioError, match="is damaged from its beginning; nothing of it could be decoded"):
        read(broken)


def test_ffmpeg_says_nothing_of_its_own(tmp_path, capfd):
    for name in ("mp3", "m4a", "ogg", "flac", "webm"):
        data = encoded(tmp_path, noise(3), 48_000 if name == "webm" else RATE, name)
        for broken in (damage(data, 0.3, 0.5), data[: len(data) // 2], data[:50], damage(data, 0, 1)):
            try:
                read(broken)
            except AudioError:
                continue
    assert capfd.readouterr() == ("", "")
    assert av.logging.get_level() is None  # as PyAV has it
