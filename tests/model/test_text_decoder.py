"""The text decoder says the same, whoever runs it and in whatever order its tokens are read."""

import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.model.tiny import TINY, decoder_variables
from whisper_at.model.engine import OpenVinoEngine
from whisper_at.model.openvino_reader import OpenVinoReader
from whisper_at.model.ops.numpy import NumpyOps
from whisper_at.model.ops.torch import TorchOps
from whisper_at.model.text_decoder import decoder_weights, read_tokens, remember_window

DIMS = replace(TINY, n_text_layers=2, n_vocab=640)
SENTENCE = [5, 600, 17, 17, 301, 2, 99]
UNSEEN = np.float32(-np.inf)


@pytest.fixture(scope="module")
def variables():
    return decoder_variables(DIMS)


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(2).standard_normal((2, 1500, DIMS.n_state)).astype(np.float32)


class Oracle:
    """The same network in double precision, or in torch."""

    def __init__(self, ops, variables, features):
        self.ops, self.weights = ops, decoder_weights(ops, variables)
        self.memories = remember_window(ops, self.weights, DIMS, ops.weight(features))

    def read(self, tokens, positions, mask, wanted):
        if isinstance(self.ops, TorchOps):
            import torch

            tokens, positions, wanted = (torch.from_numpy(x) for x in (tokens, positions, wanted))
        mask = self.ops.weight(mask)
        return np.asarray(
            read_tokens(self.ops, self.weights, DIMS, tokens, positions, mask, wanted, self.memories)
        )


def causal(n, windows):
    return np.broadcast_to(np.where(np.tri(n, dtype=bool), 0, UNSEEN), (windows, 1, n, n)).astype(np.float32)


def whole(reader, tokens):
    """Logits after every token of each window, read at once."""
    tokens = np.array(tokens, np.int64)
    n = tokens.shape[1]
    places = np.tile(np.arange(n), (len(tokens), 1))
    return np.array(reader.read(tokens, places, causal(n, len(tokens)), np.arange(n)))


def one_by_one(reader, tokens):
    tokens = np.array(tokens, np.int64)
    windows, n = tokens.shape
    logits = []
    for i in range(n):
        mask = np.zeros((windows, 1, 1, i + 1), np.float32)
        at = np.full((windows, 1), i)
        logits.append(np.array(reader.read(tokens[:, i : i + 1], at, mask, np.zeros(1, np.int64)))[:, 0])
    return np.stack(logits, axis=1)


@pytest.fixture(scope="module")
def compiled(variables):
    return OpenVinoEngine(threads=2).decoder(DIMS, variables, int8=False)


@pytest.fixture
def reader(compiled, features):
    compiled.remember(features)
    compiled.begin()
    return compiled


@pytest.fixture(scope="module")
def wanted(variables, features):
    return whole(Oracle(NumpyOps(), variables, features), [SENTENCE, SENTENCE[::-1]])


def test_openvino_gives_the_oracles_logits(reader, wanted):
    assert_allclose(whole(reader, [SENTENCE, SENTENCE[::-1]]), wanted, atol=2e-4)


def test_what_is_read_is_there_for_as_long_as_it_is_read(monkeypatch):
    """The mask of several windows is copied into the order of memory, and OpenVINO keeps no copy alive."""
    given = []

    class Tensor:
        def __init__(self, array, shared_memory):
            given.append(weakref.ref(array))

    class Request:
        def set_tensor(self, name, tensor): ...

        def infer(self):
            assert len(given) == 5 and all(array() is not None for array in given)

        def get_output_tensor(self, _):
            return SimpleNamespace(data=np.zeros((2, 1, 1), np.float32))

    compiled = SimpleNamespace(create_infer_request=Request, outputs=[])
    monkeypatch.setattr("openvino.Tensor", Tensor)
    mask = causal(4, windows=2)
    assert not mask.flags.c_contiguous
    tokens = np.zeros((2, 4), np.int64)
    OpenVinoReader(compiled, compiled).read(tokens, tokens, mask, np.zeros(1, np.int64))


def test_torch_gives_the_oracles_logits(variables, features, wanted):
    found = whole(Oracle(TorchOps(), variables, features), [SENTENCE, SENTENCE[::-1]])
    assert_allclose(found, wanted, atol=2e-4)


def test_reading_token_by_token_is_reading_at_once(reader, wanted, variables, features):
    assert_allclose(one_by_one(reader, [SENTENCE, SENTENCE[::-1]]), wanted, atol=2e-4)
    oracle = Oracle(NumpyOps(), variables, features)
    assert_allclose(one_by_one(oracle, [SENTENCE, SENTENCE[::-1]]), wanted, atol=1e-9)


def test_hypotheses_read_side_by_side_are_as_if_each_were_alone(reader, features, compiled):
    """Two texts share a prompt, part, and one of them parts again: a mask keeps them from seeing each other."""
    prompt = [5, 600, 17]
    n = len(prompt)
    tokens = np.array([prompt] * 2)
    reader.read(tokens, np.tile(np.arange(n), (2, 1)), causal(n, 2), np.array([n - 1]))
    seen = {"a": [0, 1, 2], "b": [0, 1, 2]}

    def mask(texts, total, width):
        rows = np.full((2, 1, width, total + width), UNSEEN, np.float32)
        for i, text in enumerate(texts):
            rows[:, 0, i, [*seen[text], total + i]] = 0
        return rows

    pair = np.array([[7, 8]] * 2)
    reader.read(pair, np.full((2, 2), n), mask("ab", 3, 2), np.arange(2))
    seen["a"], seen["b"] = [0, 1, 2, 3], [0, 1, 2, 4]
    seen["c"] = seen["b"]
    triple = np.array([[9, 10, 11]] * 2)
    together = np.array(reader.read(triple, np.full((2, 3), n + 1), mask("abc", 5, 3), np.arange(3)))
    for i, text in enumerate(([7, 9], [8, 10], [8, 11])):
        reader.begin()
        alone = whole(reader, [prompt + text] * 2)[:, -1]
        assert_allclose(together[:, i], alone, atol=2e-4)


def test_windows_that_are_kept_go_on_as_if_they_were_alone(reader, features, compiled):
    first = np.array([[5, 600], [7, 9]])
    reader.read(first, np.array([[0, 1]] * 2), causal(2, 2), np.array([1]))
    reader.keep([1])
    left = np.array(
        reader.read(np.array([[8]]), np.array([[2]]), np.zeros((1, 1, 1, 3), np.float32), np.array([0]))
    )
    compiled.remember(features[1:])
    compiled.begin()
    assert_allclose(left[:, 0], whole(compiled, [[7, 9, 8]])[:, -1], atol=2e-4)


def test_whole_numbers_are_near(variables, features, wanted):
    """Weights of 8 bits, keys and values of 16: the logits move by little, and they do move."""
    reader = OpenVinoEngine(threads=2).decoder(DIMS, variables, int8=True)
    reader.remember(features)
    reader.begin()
    found = whole(reader, [SENTENCE, SENTENCE[::-1]])
    error = np.abs(found - wanted).mean() / np.abs(wanted).mean()
    assert 1e-4 < error < 0.05
