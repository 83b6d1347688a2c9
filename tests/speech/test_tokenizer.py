"""Text to Whisper's tokens and back, with the published vocabularies and with one of bytes alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.speech.scripted import byte_tokenizer
from whisper_at.errors import OptionError, WeightsError
from whisper_at.model.weights import find
from whisper_at.speech.languages import LANGUAGES
from whisper_at.speech.tokenizer import Tokenizer

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@pytest.fixture(scope="module")
def base():
    return Tokenizer(find("base").tokenizer_path)


@pytest.fixture(scope="module")
def tiny_en():
    return Tokenizer(find("tiny.en").tokenizer_path)


@pytest.fixture(scope="module", params=["base", "tiny.en"])
def real(request):
    return request.getfixturevalue(request.param.replace(".", "_"))


@pytest.mark.model
@given(TEXT)
def test_text_comes_back(real, text):
    assert real.decode(real.encode(text)) == text


@pytest.mark.model
@given(TEXT)
def test_text_becomes_text_tokens_alone(real, text):
    assert all(token < real.eot for token in real.encode(text))


@pytest.mark.model
def test_the_names_of_special_tokens_are_text_in_a_text(real):
    """Nobody ends a transcript by writing <|endoftext|> into the initial prompt."""
    for name in ("endoftext", "startoftranscript", "startofprev", "notimestamps", "1.00"):
        text = f"say <|{name}|>"
        assert all(token < real.eot for token in real.encode(text))
        assert real.decode(real.encode(text)) == text


@pytest.mark.model
@pytest.mark.parametrize(
    ("name", "eot", "sot", "timestamp_begin", "multilingual"),
    [("base", 50257, 50258, 50364, True), ("tiny_en", 50256, 50257, 50363, False)],
)
def test_special_tokens_have_their_published_numbers(request, name, eot, sot, timestamp_begin, multilingual):
    tokenizer = request.getfixturevalue(name)
    assert (tokenizer.eot, tokenizer.sot, tokenizer.timestamp_begin) == (eot, sot, timestamp_begin)
    assert tokenizer.sot_prev == tokenizer.timestamp_begin - 3
    assert tokenizer.multilingual is multilingual


@pytest.mark.model
def test_base_knows_99_languages_in_the_order_of_their_tokens(base):
    assert base.languages == tuple(LANGUAGES)[:99]
    numbers = [base.special(code) for code in base.languages]
    assert numbers == list(range(base.sot + 1, base.sot + 100))


@pytest.mark.model
def test_a_transcript_starts_with_language_and_task_where_the_model_has_them(base, tiny_en):
    assert base.start("de", "translate") == [50258, 50261, 50358]
    assert base.start("en", "transcribe") == [50258, 50259, 50359]
    assert tiny_en.start("en", "transcribe") == [50257]


@pytest.mark.model
def test_timestamps_and_special_tokens_are_passed_over(real):
    hello = real.encode(" Hello.")
    tokens = [real.sot, real.timestamp_begin, *hello, real.timestamp_begin + 100, real.eot]
    assert real.decode(tokens) == " Hello."


@pytest.mark.model
def test_languages_are_asked_for_by_code_or_name(base, tiny_en):
    assert base.language("German") == "de" and tiny_en.language("english") == "en"
    with pytest.raises(OptionError, match="this model does not know it"):
        base.language("yue")
    with pytest.raises(OptionError, match="knows English only"):
        tiny_en.language("German")


@pytest.mark.model
@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", " I don't know, Mr. Smith", [" I", " don't", " know", ",", " Mr", ".", " Smith"]),
        ("de", " Der größte Käse.", [" Der", " größte", " Käse", "."]),
        ("ru", " Всё хорошо", [" Всё", " хорошо"]),
        ("zh", "龘靐齉爩", ["龘", "靐", "齉", "爩"]),
    ],
)
def test_words_are_what_a_reader_sees(base, language, text, words):
    assert [word for word, _ in base.words(base.encode(text), language)] == words


@pytest.mark.model
@given(TEXT, st.sampled_from(["en", "zh"]))
def test_words_hold_all_of_the_text_and_its_tokens_in_order(real, text, language):
    tokens = real.encode(text)
    words = real.words(tokens, language)
    assert "".join(word for word, _ in words) == text
    assert [token for _, part in words for token in part] == tokens
    assert all("\ufffd" not in word for word, _ in words if "\ufffd" not in text)


@given(st.lists(st.integers(0, 255), max_size=12), st.sampled_from(["en", "ja"]))
def test_no_token_is_lost_where_bytes_are_no_text(bytewise, tokens, language):
    """A window may end amid a character, or a model write nonsense."""
    words = bytewise.words(tokens, language)
    assert [token for _, part in words for token in part] == tokens


@pytest.fixture(scope="module")
def bytewise(tmp_path_factory):
    return byte_tokenizer(tmp_path_factory.mktemp("tokenizer"))


def test_a_character_that_is_cut_off_does_not_spoil_the_ones_before(bytewise):
    *whole, _ = bytewise.encode("好你")
    (first, part), *rest = bytewise.words(whole, "zh")
    assert (first, part) == ("好", bytewise.encode("好"))
    assert {character for word, _ in rest for character in word} == {"\ufffd"}


@pytest.mark.parametrize("content", [None, "", "{}", "not json"])
def test_a_file_that_is_no_tokenizer_is_named(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(WeightsError, match=r"expected a tokenizer in .*tokenizer\.json"):
        Tokenizer(path)


def test_another_models_tokenizer_is_refused(tmp_path):
    import tokenizers

    path = tmp_path / "tokenizer.json"
    tokenizers.Tokenizer(tokenizers.models.BPE({"a": 0}, [])).save(str(path))
    with pytest.raises(WeightsError, match=r"has no token <\|endoftext\|>: is it a Whisper model's"):
        Tokenizer(path)
