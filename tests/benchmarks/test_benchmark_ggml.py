"""The file for whisper.cpp holds the model's own numbers, and whisper.cpp hears with them what we hear."""

import doctest
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import ggml
import peers
import scoring
import whisper_at
from corpus import decode, save
from runs import Station
from tests.model.whisper_files import as_openai, small_whisper, write_ctranslate2
from whisper_at.audio.logmel import mel_filters
from whisper_at.model.weights import find

STREET = Path(__file__).parents[2] / "examples" / "street.ogg"
ENVIRONMENT = Path(__file__).parents[2] / ".venv-peers" / "benchmarks"


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(ggml).failed == 0


def read(path: Path) -> tuple[list[int], np.ndarray, list[bytes], dict[str, tuple[int, np.ndarray]]]:
    """Sizes, mel filters, tokens, and the tensors with their types, by the layout that whisper.cpp reads."""
    data, at = path.read_bytes(), 0

    def take(n: int) -> bytes:
        nonlocal at
        at += n
        assert at <= len(data), "the file is cut short"
        return data[at - n : at]

    def numbers(n: int) -> tuple[int, ...]:
        return struct.unpack(f"<{n}i", take(4 * n))

    assert take(4) == b"lmgg"
    sizes, (n_mels, n_bins) = [*numbers(11)], numbers(2)
    filters = np.frombuffer(take(4 * n_mels * n_bins), "<f4").reshape(n_mels, n_bins)
    words = [take(*numbers(1)) for _ in range(*numbers(1))]
    tensors = {}
    while at < len(data):
        rank, length, kind = numbers(3)
        shape = numbers(rank)[::-1]
        name, count = take(length).decode(), int(np.prod(shape))
        if kind == 8:
            blocks = np.frombuffer(take(count // 32 * 34), np.dtype([("d", "<f2"), ("q", "i1", 32)]))
            array = blocks["d"].astype(np.float32)[:, None] * blocks["q"]
        else:
            array = np.frombuffer(take(count * (4, 2)[kind]), ("<f4", "<f2")[kind])
        tensors[name] = kind, array.reshape(shape)
    return sizes, filters, words, tensors


@pytest.mark.parametrize("compute_type", ["float16", "int8"])
def test_a_file_for_whisper_cpp_holds_what_the_model_holds(
    tmp_path: Path, cache: Path, compute_type: str
) -> None:
    variables = small_whisper(n_state=128, n_layers=3, n_text_layers=2)
    model = find(write_ctranslate2(tmp_path / "model", variables))
    ggml.convert(model, tmp_path / "made.bin", compute_type)
    sizes, filters, words, tensors = read(tmp_path / "made.bin")
    n_vocab = len(model.vocabulary())
    file_type = {"float16": 1, "int8": 7}[compute_type]
    assert sizes == [n_vocab, 1500, 128, 2, 3, 448, 128, 2, 2, 80, file_type]
    assert_array_equal(filters, mel_filters(80))
    assert sorted(words) == [bytes([i]) for i in range(256)]  # the small vocabulary is of single bytes
    wanted = as_openai(variables)
    assert set(tensors) == set(wanted)
    for name, (kind, array) in tensors.items():
        true = wanted[name].astype(np.float32)
        if kind == 8:
            step = np.abs(true).max() / 127
            assert_allclose(array, true, atol=0.51 * step)
        else:
            assert_array_equal(array.squeeze(), true)
    kinds = {kind for kind, _ in tensors.values()}
    assert kinds == {"float16": {0, 1}, "int8": {0, 1, 8}}[compute_type]
    assert tensors["encoder.conv1.bias"][1].shape == (128, 1)


def test_a_block_of_zeros_stays_zero() -> None:
    assert ggml.in_blocks(np.zeros((2, 32), np.float32)) == bytes(2 * 34)


@pytest.mark.peer
@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("name", ["whisper.cpp", "whisper.cpp-int8"])
def test_whisper_cpp_hears_with_the_converted_file_what_we_hear(tmp_path: Path, name: str) -> None:
    engine = peers.ENGINES[name]
    given = {engine.package: Path(os.environ["PYWHISPERCPP"])} if "PYWHISPERCPP" in os.environ else {}
    try:
        python = peers.find_python(engine.package, given, ENVIRONMENT)
    except SystemExit as problem:
        pytest.skip(str(problem))
    assert python is not None
    recording = save(tmp_path / "street.wav", decode(STREET), "en", ("",))
    weights = peers.weights("tiny.en", engine, python, tmp_path)
    station = Station(engine=engine, python=python, version="", weights=weights, weights_sha256=None)
    (heard,) = station.run([recording], threads=1)["files"]
    ours = whisper_at.load("tiny.en", head=None, threads=1).annotate(recording.path, language="en")
    normalizer = scoring.Normalizer("en")
    errors = scoring.count_errors([ours.text], heard["text"], normalizer)
    assert errors.spoken.sum() > 10
    assert errors.wer <= 20
