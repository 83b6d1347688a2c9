"""A language is known by its code or its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.errors import OptionError
from whisper_at.speech.languages import LANGUAGES, OTHER_NAMES, UNSPACED, language_code

CODES = st.sampled_from(sorted(LANGUAGES))
dressed = st.sampled_from([str, str.upper, str.title, lambda name: f"  {name}\n"])


@given(CODES, dressed)
def test_a_code_is_its_own_code_in_any_dress(code, dress):
    assert language_code(dress(code)) == code


@given(CODES, dressed)
def test_a_name_leads_to_its_code_in_any_dress(code, dress):
    assert language_code(dress(LANGUAGES[code])) == code


@given(st.sampled_from(sorted(OTHER_NAMES)), dressed)
def test_another_name_leads_to_a_language_of_the_list(name, dress):
    assert language_code(dress(name)) == OTHER_NAMES[name]
    assert OTHER_NAMES[name] in LANGUAGES


def test_there_are_a_hundred_languages_with_a_name_each():
    names = [name.lower() for name in LANGUAGES.values()]
    assert len(LANGUAGES) == len(set(names)) == 100
    assert not set(names) & set(OTHER_NAMES)  # another name is another one
    assert set(LANGUAGES) >= UNSPACED


@pytest.mark.parametrize(
    ("wrong", "hint"), [("Germann", "german"), ("portugese", "portuguese"), ("klingon", ""), ("", "")]
)
def test_an_unknown_language_is_answered_with_the_nearest_ones(wrong, hint):
    with pytest.raises(OptionError, match=f"language {wrong!r}") as caught:
        language_code(wrong)
    message = str(caught.value)
    assert "\n" not in message
    assert hint in message and ("did you mean" in message or "give a code" in message)
