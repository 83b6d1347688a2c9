"""Arrays of any library, shape and type are the recording that they mean, or an error says why not."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from whisper_at.audio import read
from whisper_at.errors import AudioError

from .synth import strength, tone, wav


def test_mono_float32_at_16_khz_is_taken_as_it_is():
    samples = tone(440, 0.1, 16_000)
    recording = read(samples)
    assert recording.name == "array" and recording.notes == ()
    assert np.shares_memory(recording.samples, samples)


@given(arrays.arrays(np.int16, st.integers(1, 300)), st.sampled_from([8_000, 16_000, 44_100]))
def test_an_array_is_heard_as_the_file_with_the_same_samples(samples, rate):
    ours = read(samples, sample_rate=rate).samples
    np.testing.assert_allclose(ours, read(wav(samples, rate)).samples, atol=1e-6)


CHANNELS_FIRST = st.tuples(st.integers(2, 8), st.integers(65, 200))


@given(arrays.arrays(np.float32, CHANNELS_FIRST, elements=st.floats(-1, 1, width=32)))
def test_channels_may_come_first_or_last_and_are_averaged(channels_first):
    expected = channels_first.mean(axis=0)
    np.testing.assert_allclose(read(channels_first).samples, expected, atol=1e-6)
    np.testing.assert_allclose(read(channels_first.T).samples, expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1), (1, 500)])
def test_one_channel_is_no_question(shape):
    assert read(np.full(shape, 0.5)).samples.tolist() == [0.5] * max(shape)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_integers_are_scaled_by_their_range(dtype):
    limits = np.iinfo(dtype)
    middle = 0 if limits.min else limits.max // 2 + 1
    heard = read(np.array([limits.min, middle, limits.max], dtype)).samples
    np.testing.assert_allclose(heard, [-1, 0, 1], atol=0.01)  # 127 of 128


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
@pytest.mark.parametrize("order", [">", "<", "="])
def test_floats_are_taken_at_their_word(dtype, order):
    samples = np.array([0.5, -1.25], np.dtype(dtype).newbyteorder(order))
    assert read(samples).samples.tolist() == [0.5, -1.25]


def test_an_array_is_resampled_from_its_own_rate():
    recording = read(tone(440, 1.0, 44_100), sample_rate=44_100)
    assert len(recording.samples) == 16_000
    assert strength(recording.samples, 440) == pytest.approx(0.5, abs=1e-3)
    assert np.array_equal(recording.samples, read(tone(440, 1.0, 44_100), sample_rate=44_100.0).samples)


def test_the_callers_array_is_left_alone():
    for samples in (np.ones(300, np.int16), np.ones((2, 300), np.float32), np.ones((300, 2), np.uint8)):
        before = samples.copy()
        read(samples), read(samples, sample_rate=8_000)
        assert (samples == before).all()


def test_tensors_are_arrays_too():
    torch = pytest.importorskip("torch")
    tensor = torch.full((2, 100), 0.5, requires_grad=True)
    assert read(tensor).samples.tolist() == [0.5] * 100
    with pytest.raises(AudioError, match="cannot turn Tensor into a numpy array"):
        read(tensor.bfloat16())


def test_an_array_is_resampled_into_little_more_memory_than_its_samples():
    samples = np.zeros((44_100 * 60, 2), np.int16)
    read(samples[:100], sample_rate=44_100)
    tracemalloc.start()
    try:
        recording = read(samples, sample_rate=44_100)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * recording.samples.nbytes


SQUARE = "cannot tell channels from samples"
WRONG = {
    "no samples": (np.zeros(0), None, r"no samples: its shape is \(0,\)"),
    "no samples in two channels": (np.zeros((2, 0)), None, r"no samples: its shape is \(2, 0\)"),
    "a batch": (np.zeros((3, 2, 100)), None, r"3 axes of shape \(3, 2, 100\); give one recording at a time"),
    "a number": (np.array(0.5), None, "0 axes"),
    "two by two": (np.zeros((2, 2)), None, rf"{SQUARE} in an array of shape \(2, 2\): both axes"),
    "a picture": (np.zeros((480, 640)), None, rf"{SQUARE} in an array of shape \(480, 640\): neither axis"),
    "text": (np.array(["a", "b"]), None, "floats or integers, found an array of <U1"),
    "complex": (np.zeros(9, complex), None, "found an array of complex128"),
    "booleans": (np.zeros(9, bool), None, "found an array of bool"),
    "NaN": (
        np.array([0, 0, np.nan]),
        None,
        r"the array holds NaN at 0\.000 s \(sample 2 at 16000 Hz\); mend",
    ),
    "infinity": (
        np.repeat([0, -np.inf], 100_000),
        8000,
        r"infinity at 12\.500 s \(sample 100000 at 8000 Hz\)",
    ),
    "too large a double": (np.array([1e300]), None, "holds infinity"),
    "infinities that cancel": (np.tile([[np.inf], [-np.inf]], 99), None, "holds NaN"),
    "16-bit numbers in floats": (np.array([0, 21034.0]), None, r"reach 21034; divide them by .* 32768"),
    "16-bit numbers in numpy's own integers": (np.array([5, 21034]), 8000, "int64 array is .*such as int16"),
    "rate 0": (np.zeros(9), 0, "sample_rate must be a whole number of hertz from 1000 to 1000000, found 0"),
    "half a hertz": (np.zeros(9), 44_100.5, "found 44100.5"),
    "a rate in words": (np.zeros(9), "16k", "found '16k'"),
    "no rate": (np.zeros(9), np.nan, "found nan"),
}


@pytest.mark.parametrize(("array", "rate", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_recording_is_refused_in_one_line(array, rate, message):
    with pytest.raises(AudioError, match=message) as caught:
        read(array, sample_rate=rate)
    assert "\n" not in str(caught.value)


def test_silence_of_any_type_is_silence():
    for dtype in (np.int64, np.uint64, np.float64):
        zero = np.zeros(200, dtype) if dtype is not np.uint64 else np.full(200, 2**63, dtype)
        assert not read(zero, sample_rate=8_000).samples.any()
