"""Word errors agree with jiwer's total and lie on the sentence where they happened."""

import doctest

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scoring
from scoring import Errors, Normalizer, count_errors

words = st.sampled_from(["dog", "cat", "bird", "fish", "horse"])
texts = st.lists(words, max_size=12)
sentences = st.lists(st.lists(words, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=5)
PLAIN = Normalizer("de")


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(scoring).failed == 0


@given(sentences, texts)
def test_booked_errors_sum_to_the_word_error_rate(spoken: list[str], heard: list[str]) -> None:
    errors = count_errors(spoken, " ".join(heard), PLAIN)
    assert errors.wer == pytest.approx(100 * jiwer.wer(" ".join(spoken), " ".join(heard)))
    assert errors.spoken.tolist() == [len(sentence.split()) for sentence in spoken]


@pytest.mark.parametrize(
    ("heard", "wrong"),
    [
        ("ein hund bellt. zwei katzen schlafen! drei vögel singen", [0, 0, 0]),
        ("ein hund bellt zwei tatzen schlafen drei vögel singen", [0, 1, 0]),
        ("ein hund bellt drei vögel singen", [0, 3, 0]),
        ("ach ein hund bellt zwei katzen schlafen drei vögel singen", [1, 0, 0]),
        ("ein hund bellt zwei katzen schlafen drei vögel singen untertitel von", [0, 0, 2]),
        ("", [3, 3, 3]),
    ],
)
def test_an_error_is_booked_where_it_happened(heard: str, wrong: list[int]) -> None:
    spoken = ["Ein Hund bellt.", "Zwei Katzen schlafen!", "Drei Vögel singen?"]
    assert count_errors(spoken, heard, PLAIN).wrong.tolist() == wrong


def test_english_is_compared_without_its_spellings() -> None:
    english = Normalizer("en")
    assert not count_errors(["Twenty-one colours, isn't it?"], " 21 colors is not it", english).wrong.any()


def test_a_silent_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted sentences with words in them"):
        count_errors(["..."], "dog", PLAIN)


def test_the_difference_of_an_engine_from_itself_is_nothing() -> None:
    errors = Errors(wrong=np.array([0, 2, 1]), spoken=np.array([5, 6, 7]))
    assert scoring.difference(errors, errors) == (0, 0, 0)


def test_exchanged_engines_have_the_opposite_difference() -> None:
    chance = np.random.default_rng(1)
    spoken = chance.integers(4, 12, 50)
    a, b = (Errors(wrong=chance.integers(0, 3, 50), spoken=spoken) for _ in range(2))
    points, low, high = scoring.difference(a, b)
    assert scoring.difference(b, a) == pytest.approx((-points, -high, -low), abs=0.05)
    assert low < points < high


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance = np.random.default_rng(2)
    spoken = np.full(200, 10)
    held = 0
    for trial in range(200):  # engine a errs in 6 of 100 words, engine b in 5
        a, b = (Errors(wrong=chance.binomial(10, rate, 200), spoken=spoken) for rate in (0.06, 0.05))
        _, low, high = scoring.difference(a, b, resamples=400, seed=trial)
        held += low <= 1.0 <= high
    assert 0.9 <= held / 200 <= 0.99


def test_errors_on_different_sentences_are_not_compared() -> None:
    a = Errors(wrong=np.array([0, 1]), spoken=np.array([3, 4]))
    b = Errors(wrong=np.array([0, 1]), spoken=np.array([3, 5]))
    with pytest.raises(ValueError, match="the same sentences"):
        scoring.difference(a, b)
