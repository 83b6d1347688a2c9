"""A tokenizer of all languages without weights; a test of Whisper's own has one by the same name."""

import pytest

from tests.speech.scripted import byte_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return byte_tokenizer(tmp_path_factory.mktemp("tokenizer"))
