"""Word errors: jiwer's totals, on the sentence where they happened, in every kind of language."""

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.evaluation.words import Normalizer, joined, sentence_errors, word_errors

words = st.sampled_from(["dog", "cat", "bird", "fish", "horse"])
texts = st.lists(words, max_size=8).map(" ".join)
sentences = st.lists(st.lists(words, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=5)


@given(sentences, st.data())
def test_the_rate_is_jiwers(spoken, data):
    heard = data.draw(st.lists(texts, min_size=len(spoken), max_size=len(spoken)))
    assert word_errors(spoken, heard, "de").wer == pytest.approx(jiwer.wer(spoken, heard))


@given(sentences, texts)
def test_errors_booked_on_sentences_sum_to_those_of_the_text(spoken, heard):
    errors = sentence_errors(spoken, heard, "de")
    assert errors.wer == pytest.approx(jiwer.wer(" ".join(spoken), heard))
    assert errors.spoken.tolist() == [len(sentence.split()) for sentence in spoken]


@pytest.mark.parametrize(
    ("heard", "wrong"),
    [
        ("one dog barks. two cats sleep! three birds sing", [0, 0, 0]),
        ("one dog barks two bats sleep three birds sing", [0, 1, 0]),
        ("one dog barks three birds sing", [0, 3, 0]),
        ("oh one dog barks two cats sleep three birds sing", [1, 0, 0]),
        ("one dog barks two cats sleep three birds sing thanks for watching", [0, 0, 3]),
        ("", [3, 3, 3]),
    ],
)
def test_errors_lie_where_they_happened(heard, wrong):
    spoken = ["One dog barks.", "Two cats sleep.", "Three birds sing."]
    assert sentence_errors(spoken, heard, "nl").wrong.tolist() == wrong


@given(sentences)
def test_what_was_said_has_no_errors(spoken):
    assert word_errors(spoken, spoken, "en").wer == 0


def test_kinds_of_errors_are_told_apart():
    found = word_errors(["a b c d"], ["a x c d e"], "de")
    assert (found.replaced.tolist(), found.missed.tolist(), found.added.tolist()) == ([1], [0], [1])
    assert found.wer == 0.5


def test_words_where_nobody_speaks_are_wrong():
    found = word_errors(["hello there", ""], ["hello there", "thanks for watching"], "en")
    assert found.wrong.tolist() == [0, 3]
    assert found.wer == 1.5


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "It's TWENTY-ONE, Mr. Smith: colour me happy", "it is 21 mister smith color me happy"),
        ("de", "Es ist Zwölf Uhr!", "es ist zwölf uhr"),
        ("ja", "犬です", "犬 で す"),
        (None, "Hello, World", "hello world"),
    ],
)
def test_texts_are_compared_as_whispers_paper_does(language, text, expected):
    assert " ".join(Normalizer(language).words(text)) == expected


def test_intervals_hold_the_rate_and_a_difference_is_of_the_same_texts():
    rng = np.random.default_rng(0)
    spoken = ["a b c d"] * 60
    good = ["a b c d" if rng.random() < 0.8 else "a b c x" for _ in spoken]
    bad = ["a b x x" if rng.random() < 0.5 else one for one in good]
    right, wrong = word_errors(spoken, good, "de"), word_errors(spoken, bad, "de")
    assert right.score().low < right.wer < right.score().high
    assert right.score() == right.score()
    gap = wrong.minus(right)
    assert gap.value == pytest.approx(wrong.wer - right.wer, abs=1e-6)
    assert gap.low > 0  # paired: far from chance
    with pytest.raises(ValueError, match="same texts"):
        right.minus(word_errors(["a"], ["a"], "de"))


def test_sets_in_several_languages_make_one():
    parts = [word_errors(["one"], ["won"], "en"), word_errors(["zwei drei"], ["zwei drei"], "de")]
    assert joined(parts).wer == pytest.approx(1 / 3)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="got 1 for 2"):
        word_errors(["a", "b"], ["a"], "de")
    with pytest.raises(ValueError, match="sentences with words"):
        sentence_errors(["..."], "a", "de")
