"""Sounds are called by what they mean, in every language, and no two alike."""

import unicodedata

import pytest

from whisper_at.errors import OptionError
from whisper_at.tagging import groups, ontology
from whisper_at.tagging.wording import continues, group_name, language_of, languages, wording

PROMISED = {"ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "ru", "zh", "zh-Hant"}
WIDEST = 36  # columns, for a caption stands on a line of 42 in brackets

each_language = pytest.mark.parametrize("language", sorted(PROMISED))


def columns(text):
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(bool(unicodedata.combining(character)) for character in text)


def test_the_languages_that_are_promised_are_there():
    assert set(languages()) == PROMISED


@each_language
def test_every_label_and_group_has_its_words_and_no_two_the_same(language):
    words = [wording(label.mid, "", language) for label in ontology.labels()]
    for what in ("name", "caption"):
        texts = [getattr(one, what) for one in words]
        assert all(text and text == text.strip() and unicodedata.is_normalized("NFC", text) for text in texts)
        assert len({text.casefold() for text in texts}) == len(texts) == 527
    assert len({group_name(key, language) for key in groups.GROUPS}) == len(groups.GROUPS)


@each_language
def test_captions_fit_on_a_line_and_bring_no_marks_of_their_own(language):
    for label in ontology.labels():
        caption = wording(label.mid, "", language).caption
        assert columns(caption) <= WIDEST, caption
        assert not set(caption) & set('[]()♪#"{}'), caption


@each_language
def test_what_goes_on_is_said_with_the_sound(language):
    told = continues("X", language)
    assert "X" in told and told != "X"


@each_language
def test_scripts_are_those_of_the_language(language):
    """Most letters of most captions; loans such as "R&B" are Latin anywhere."""
    script = {
        "ar": "ARABIC", "hi": "DEVANAGARI", "ru": "CYRILLIC", "ko": "HANGUL", "zh": "CJK", "zh-Hant": "CJK",
    }.get(language, "LATIN")  # fmt: skip
    if language == "ja":
        script = ("CJK", "HIRAGANA", "KATAKANA")
    captions = [wording(label.mid, "", language).caption for label in ontology.labels()]
    letters = [unicodedata.name(c, "") for caption in captions for c in caption if c.isalpha()]
    assert sum(name.startswith(script) for name in letters) > 0.9 * len(letters)


def test_english_names_are_audiosets():
    for label in ontology.labels():
        assert wording(label.mid, "").name == label.name


def test_meaning_comes_before_the_letters():
    """A table made by machine calls the music "sound of garbage", and the knock a faucet."""
    grunge, tap = ontology.find("Grunge").mid, ontology.find("Tap").mid
    assert "乐" in wording(grunge, "", "zh").caption
    assert "grunge" in wording(grunge, "", "fr").caption.lower()
    assert "hahn" not in wording(tap, "", "de").caption.lower()
    assert "grifo" not in wording(tap, "", "es").caption.lower()


def test_a_label_of_ones_own_is_called_what_it_is_called():
    own = wording("squeaky gate", "Squeaky gate", "de")
    assert (own.name, own.caption) == ("Squeaky gate", "squeaky gate")


@pytest.mark.parametrize(
    ("asked", "text", "language"),
    [
        (None, "de", "de"), (None, "cy", "en"), (None, None, "en"), ("pt-BR", "de", "pt"),
        ("zh_TW", None, "zh-Hant"), ("zh-Hans", None, "zh"), ("ZH", None, "zh"), (None, "zh", "zh"),
    ],
)  # fmt: skip
def test_the_language_is_the_one_asked_for_or_that_of_the_text(asked, text, language):
    assert language_of(asked, text) == language


def test_an_unknown_language_is_answered_with_those_there_are():
    with pytest.raises(OptionError, match="ar, de, en"):
        language_of("tlh")
