"""What scenes are made with: where sounds are heard, noise, rooms, codecs, loops, recipes."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.sounds import burst, silence
from whisper_at.datasets.scenes import stems
from whisper_at.datasets.scenes.activity import active_stretches, merged
from whisper_at.datasets.scenes.codecs import KINDS, Change, changed
from whisper_at.datasets.scenes.noise import COLOURS, noise
from whisper_at.datasets.scenes.recipe import SceneRecipe
from whisper_at.datasets.scenes.rooms import Room, draw_place, draw_room, impulse_response, ring
from whisper_at.errors import OptionError

FRAME = 160


@given(
    lead=st.floats(0, 2),
    length=st.floats(0.05, 2),
    trail=st.floats(0, 2),
    level=st.floats(-50, 0),
    floor=st.floats(-90, -50),
)
def test_a_sound_is_found_where_it_is_whatever_its_level_and_the_noise_around_it(
    lead, length, trail, level, floor
):
    sound = 10 ** (level / 20) * burst(length, 440)
    samples = np.concatenate([silence(lead), sound, silence(trail)])
    samples += 10 ** ((level + floor) / 20) * np.random.default_rng(0).standard_normal(len(samples))
    ((start, end),) = active_stretches(samples.astype(np.float32))
    assert abs(start - round(lead * 16_000)) <= FRAME
    assert abs(end - round(lead * 16_000) - len(sound)) <= FRAME


def test_short_pauses_belong_to_a_sound_and_long_ones_do_not():
    step = burst(0.1, 300)
    steps = np.concatenate([step, silence(0.4), step, silence(0.6), step])
    assert active_stretches(steps) == ((0, 9600), (19200, 20800))


def test_silence_and_the_noise_of_16_bits_are_not_heard():
    dither = np.random.default_rng(0).integers(-1, 2, 16_000) / 32768
    assert active_stretches(silence(1)) == active_stretches(dither.astype(np.float32)) == ()
    assert active_stretches(silence(0)) == ()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)).map(lambda x: (x[0], x[0] + x[1]))))
def test_merged_stretches_cover_the_same_time_and_do_not_touch(stretches):
    joined = merged(stretches)
    assert {t for a, b in joined for t in range(a, b)} == {t for a, b in stretches for t in range(a, b)}
    assert all(a[1] < b[0] for a, b in pairwise(joined))


@pytest.mark.parametrize("colour", COLOURS)
def test_noise_falls_with_frequency_as_its_colour_says(colour):
    power = np.abs(np.fft.rfft(noise(colour, 160_000, seed=3))) ** 2  # bins of 0.1 Hz
    low, high = power[2000:4000].mean(), power[20000:40000].mean()  # 200 to 400 Hz, and ten times that
    assert 10 * math.log10(high / low) == pytest.approx(10 * COLOURS[colour], abs=1)


@pytest.mark.parametrize("wanted", [0.25, 0.5, 0.9])
def test_a_room_rings_as_long_as_it_says(wanted):
    room = Room(size=(6, 5, 3), reverberation=wanted, listener=(2, 2, 1.5))
    response = impulse_response(room, (4.5, 3.5, 1.2)).astype(np.float64)
    left = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1])  # Schroeder: what is still to come
    at = [int(np.argmax(left < left[500] - fall)) for fall in (0, 20)]
    assert 3 * (at[1] - at[0]) / 16_000 == pytest.approx(wanted, rel=0.15)


def test_a_room_moves_nothing_and_is_the_stronger_the_farther_the_sound():
    room = Room(size=(9, 7, 3), reverberation=0.6, listener=(1, 1, 1.5))
    responses = [impulse_response(room, (1 + metres, 1, 1.5)) for metres in (0.5, 2, 7)]
    echoes = [float(np.sum(response[1:] ** 2)) for response in responses]
    assert [response[0] for response in responses] == [1, 1, 1]
    assert echoes == sorted(echoes)


@given(st.integers(0, 2**32), st.floats(0.15, 2))
def test_every_room_that_is_drawn_can_be_heard(seed, reverberation):
    dice = np.random.default_rng(seed)
    room = draw_room(dice, reverberation)
    response = impulse_response(room, draw_place(dice, room.size))
    assert np.isfinite(response).all() and 0 < room.absorption < 1 and not response.flags.writeable


def test_ringing_is_convolution():
    dice = np.random.default_rng(1)
    a, b = dice.standard_normal((2, 300)).astype(np.float32)
    np.testing.assert_allclose(ring(a, b[:77]), np.convolve(a, b[:77]), atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_codec_keeps_time_and_length(kind):
    """The middle of the band, where every codec hears: a chirp that is on and off."""
    time = np.arange(40_123) / 16_000
    chirp = np.sin(2 * np.pi * (500 * time + 250 * time**2)) * (np.sin(9 * time) > 0)
    samples = (0.3 * chirp).astype(np.float32)
    for amount in KINDS[kind]:
        heard = changed(samples, Change(kind=kind, amount=amount))
        size = 1 << 17
        match = np.fft.irfft(np.fft.rfft(heard, size) * np.fft.rfft(samples, size).conj())
        lag = (int(np.argmax(match)) + size // 2) % size - size // 2
        assert len(heard) == len(samples) and heard.dtype == np.float32
        assert abs(lag) <= 16, (amount, lag)  # a millisecond
        likeness = match.max() / np.linalg.norm(heard) / np.linalg.norm(samples)
        assert 0.5 < likeness < 0.99999, (amount, likeness)  # a change, but the same sound


def test_a_telephone_is_narrow_and_an_overdriven_sound_flat():
    hiss = (0.1 * np.random.default_rng(0).standard_normal(16_000)).astype(np.float32)
    power = np.abs(np.fft.rfft(changed(hiss, Change(kind="telephone", amount=3400)))) ** 2  # bins of 1 Hz
    assert power[4000:].sum() + power[:250].sum() < 1e-3 * power.sum()
    flat = changed(hiss, Change(kind="overdrive", amount=12))
    assert np.abs(flat).max() == pytest.approx(np.abs(hiss).max() / 10**0.6)
    assert np.mean(np.abs(flat) == np.abs(flat).max()) > 0.01


@given(n_part=st.integers(400, 40_000), n_samples=st.integers(1, 60_000), share=st.floats(0, 0.999))
def test_a_loop_has_no_holes_and_goes_on_where_it_ends(n_part, n_samples, share):
    """A ramp: each step is 1, but for where the loop begins anew, which is faded."""
    ramp = np.arange(1, n_part + 1, dtype=np.float32)
    length = stems.loop_length(n_part, n_samples)
    turn = int(share * (length - n_samples + 1 if length >= n_samples else length))
    track = stems.looped(ramp, n_samples, turn)
    seam = n_part - length
    assert len(track) == n_samples and (track > 0).all()
    clean = [i for i in range(0, n_samples, 97) if (i + turn) % length >= seam]
    assert all(track[i] == (i + turn) % length + 1 for i in clean)


def test_a_loop_of_noise_is_even_at_its_seams():
    part = np.random.default_rng(0).standard_normal(48_000).astype(np.float32)
    track = stems.looped(part, 480_000, 1234)
    levels = 10 * np.log10(np.mean(track.reshape(-1, 2000) ** 2, axis=1))
    assert np.abs(levels).max() < 0.7  # decibels, in pieces of 125 ms


@given(n=st.integers(1, 5000))
def test_what_is_cut_out_is_never_lost_in_its_fades(n):
    assert np.sum(stems.part(np.ones(6000, np.float32), 100, 100 + n) ** 2) > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration": 0.0},
        {"snr": (9.0, 3.0)},
        {"snr": (0.0, float("nan"))},
        {"events": (-1, 3)},
        {"events": (0.5, 3)},
        {"events": [1, 2, 3]},
        {"events": 3},
        {"speech_share": "often"},
        {"background_level": (-10.0, 3.0)},
        {"room_share": 1.5},
        {"at_once": 0},
        {"codecs": ("wax",)},
        {"noise_colours": ()},
        {"colour": "red"},
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused_in_one_line(wrong):
    with pytest.raises(OptionError) as caught:
        SceneRecipe.from_dict(wrong)
    assert next(iter(wrong)) in str(caught.value) and "\n" not in str(caught.value)
