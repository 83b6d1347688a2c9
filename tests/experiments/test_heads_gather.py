"""More sounds to train on: parts of long recordings, and notes of instruments as MIDI has them."""

import struct

import gather
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.standin_teacher import write_wav
from tests.training.tiny_corpus import noise
from whisper_at.tagging.ontology import find


def read_variable(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, and where the next thing begins."""
    number = 0
    while data[at] & 0x80:
        number, at = number << 7 | data[at] & 0x7F, at + 1
    return number << 7 | data[at], at + 1


def notes_in(data: bytes) -> tuple[int, list[tuple[float, float, int, int]]]:
    """The program, and the notes, of a file of one track."""
    kind, length, form, tracks, division = struct.unpack(">4sIHHH", data[:14])
    assert (kind, length, form, tracks, division * 2) == (b"MThd", 6, 0, 1, gather.TICKS)
    kind, length = struct.unpack(">4sI", data[14:22])
    assert kind == b"MTrk" and len(data) == 22 + length
    at, now, program, sounding, notes = 22, 0, -1, {}, []
    while at < len(data):
        delta, at = read_variable(data, at)
        now += delta
        command = data[at] & 0xF0
        if command == 0xC0:
            program, at = data[at + 1], at + 2
        elif command == 0x90:
            sounding[data[at + 1]], at = (now, data[at + 2]), at + 3
        elif command == 0x80:
            start, velocity = sounding.pop(data[at + 1])
            notes.append((start / gather.TICKS, (now - start) / gather.TICKS, data[at + 1], velocity))
            at += 3
        else:
            assert data[at : at + 3] == b"\xff\x2f\x00"
            at += 3
    assert not sounding
    return program, sorted(notes)


@given(
    st.integers(0, 127),
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 127), st.integers(1, 127)), max_size=9),
)
def test_notes_come_back_from_their_midi_file(program, lengths):
    """One after the other, each of so many tenths of a second."""
    starts = np.cumsum([0.0, *(length / 10 for length, _, _ in lengths)])
    notes = [
        (float(a), n / 10, key, velocity) for a, (n, key, velocity) in zip(starts, lengths, strict=False)
    ]
    found, back = notes_in(gather.midi_file(notes, program, 0))
    assert found == program
    np.testing.assert_allclose(back or np.zeros((0, 4)), notes or np.zeros((0, 4)), atol=2 / gather.TICKS)


def test_every_instrument_has_a_label_and_notes_that_fit_their_clip():
    for some, label in [*gather.PROGRAMS.items(), *gather.DRUMS.items()]:
        assert find(label).name == label
        make = (
            gather.melodic
            if isinstance(some, range)
            else lambda first, rng, keys=some: gather.strokes(keys, rng)
        )
        for clip in make(some[0], np.random.default_rng(0)):
            assert all(start + length <= gather.CLIP for start, length, _, _ in clip), label
            assert all(0 <= key < 128 and 0 < velocity < 128 for _, _, key, velocity in clip), label


@pytest.mark.parametrize(("seconds", "n"), [(0.1, 0), (5, 1), (25, 4), (90, 4)])
def test_of_a_long_recording_parts_are_taken_that_lie_within_it(tmp_path, seconds, n):
    write_wav(tmp_path / "a.wav", noise(seconds, seed=1))
    clips = gather.excerpts(tmp_path / "a.wav", "pack")
    assert len(clips) == n
    for clip in clips:
        assert clip.end is None or (0 <= clip.start and clip.end <= seconds and clip.end - clip.start == 10)


def test_a_file_that_cannot_be_read_is_left_out_with_a_word(tmp_path, capsys):
    (tmp_path / "b.ogg").write_bytes(b"no sound")
    assert gather.excerpts(tmp_path / "b.ogg", "pack") == []
    assert "left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("game/snd/explosion_big2.wav", ["Explosion"]),
        ("game/footsteps/wood-rain.ogg", ["Walk, footsteps", "Rain"]),
        ("game/music/the-rain.ogg", ["Music"]),
        ("game/crowd3.wav", ["Crowd"]),  # no crow
        ("game/train.wav", []),
    ],
)
def test_a_name_says_what_is_heard_where_it_does_so_plainly(tmp_path, path, labels):
    said = gather.said_by(tmp_path / "packages" / "game" / "usr" / path, "game")
    assert [find(mid).name for mid in said] == labels
    assert gather.said_by(tmp_path / "packages" / "emacspeak" / path, "emacspeak") == ()


def test_every_name_says_a_label():
    assert [label for label in gather.NAMES if label not in gather.MIDS] == []


def test_damaged_recordings_are_left_out(tmp_path):
    whole = write_wav(tmp_path / "whole.wav", noise(2, seed=1))
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[:-20_000])
    assert [len(gather.excerpts(path, "game")) for path in (whole, cut)] == [1, 0]
