"""Search finds what is to be found, writes times as Whisper writes them, and no window minds another."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_at.model.decoder import Search
from whisper_at.model.search import Symbols, search_texts

SYMBOLS = Symbols(n_vocab=51864, multilingual=False)
PROMPT = [SYMBOLS.sot]
UNTIMED = [SYMBOLS.sot, SYMBOLS.no_timestamps]
EOT, TIME = SYMBOLS.eot, SYMBOLS.first_time
WORDS = [3, 1414, 40_000]


class Script:
    """Answers each text with logits that hang on the whole of it and on its window, and on nothing else.

    Only `tokens` can be written. It follows the mask, as the network does, to know what a text is.
    """

    def __init__(self, windows, tokens, sharpness=2.0, first=()):
        self.windows, self.tokens, self.first = list(windows), tokens, first
        self.sharpness, self.pool = sharpness, [[] for _ in self.windows]

    def logits(self, window, text):
        row = np.full(SYMBOLS.n_vocab, -30, np.float32)
        rng = np.random.default_rng([window, *text])
        row[self.tokens] = self.sharpness * rng.standard_normal(len(self.tokens))
        return row

    def read(self, tokens, positions, mask, wanted):
        rows = []
        for w, window in enumerate(self.windows):
            pool = self.pool[w]
            pool += tokens[w].tolist()
            texts = [[pool[i] for i in np.flatnonzero(mask[w, 0, place] == 0)] for place in wanted]
            for place, text in zip(wanted, texts, strict=True):
                if text[-1] != EOT:  # a place that nobody uses
                    assert positions[w, place] == len(text) - 1
            rows.append([self.logits(window, text) for text in texts])
        return np.array(rows)

    def keep(self, windows):
        order = list(reversed(windows))  # any order will do
        self.windows = [self.windows[i] for i in order]
        self.pool = [self.pool[i] for i in order]
        return order


def log_probability(script, window, prompt, text):
    """Of a text and its end, by the script alone."""
    total = 0.0
    for i, token in enumerate([*text, EOT]):
        row = script.logits(window, [*prompt, *text[:i]]).astype(float)
        row[SYMBOLS.no_timestamps] = -np.inf
        total += row[token] - np.logaddexp.reduce(row)
    return total


def found_in(windows, search, tokens=(*WORDS, EOT), prompts=None):
    script = Script(windows, list(tokens))
    return search_texts(script, prompts or [UNTIMED] * len(windows), SYMBOLS, search)


@pytest.mark.parametrize("window", range(4))
def test_a_beam_wide_enough_finds_the_best_of_all_texts(window):
    """Of all texts of up to four words: their mean log probability is worked out one by one."""
    search = Search(beam_size=90, max_length=8, suppress_blank=False, suppress_tokens=())
    (found,) = found_in([window], search)
    script = Script([window], [*WORDS, EOT])
    every = [text for n in range(5) for text in itertools.product(WORDS, repeat=n)]
    means = {t: log_probability(script, window, UNTIMED, t) / max(1, len(t)) for t in every if len(t) < 4}
    best = max(means, key=means.__getitem__)
    assert means[best] <= found.total / max(1, len(found.tokens)) + 1e-4
    if len(found.tokens) < 4:
        assert found.tokens == best
        assert found.total == pytest.approx(log_probability(script, window, UNTIMED, best), abs=1e-3)


@settings(deadline=None, max_examples=15)
@given(
    windows=st.lists(st.integers(0, 99), min_size=1, max_size=4),
    lengths=st.lists(st.integers(0, 9), min_size=4, max_size=4),
    search=st.sampled_from(
        [Search(beam_size=3, max_length=40), Search(temperature=0.8, best_of=3, max_length=40)]
    ),
)
def test_a_window_is_the_same_alone_and_in_any_batch(windows, lengths, search):
    """Whatever the prompts of the others, and however early they end."""
    prompts = [[7] * n + UNTIMED for n in lengths[: len(windows)]]
    together = found_in(windows, search, prompts=prompts)
    for window, prompt, found in zip(windows, prompts, together, strict=True):
        assert found_in([window], search, prompts=[prompt]) == [found]


@settings(deadline=None, max_examples=15)
@given(window=st.integers(0, 999), temperature=st.sampled_from([0.0, 0.7]), latest=st.integers(0, 50))
def test_times_come_in_pairs_and_never_go_back(window, temperature, latest):
    tokens = [*WORDS, EOT, *range(TIME, TIME + 60, 7)]
    search = Search(
        beam_size=2, best_of=2, temperature=temperature, max_length=60, max_initial_timestamp_index=latest
    )
    (found,) = found_in([window], search, tokens, [PROMPT])
    times = [token for token in found.tokens if token >= TIME]
    assert times == sorted(times)
    assert not found.tokens or TIME <= found.tokens[0] <= TIME + latest
    runs = [
        list(run) for is_time, run in itertools.groupby(found.tokens, lambda token: token >= TIME) if is_time
    ]
    assert all(len(run) == 2 for run in runs[1:-1])
    assert len(runs[0]) == 1 if runs else True


def test_a_time_is_written_where_times_together_are_likelier_than_any_word():
    class Shared(Script):
        def logits(self, window, text):
            row = np.full(SYMBOLS.n_vocab, -30, np.float32)
            if len(text) == 2:
                row[TIME : TIME + 50] = 1.0  # the first time
            elif len(text) == 3:
                row[3] = 9
            else:
                row[3], row[TIME + 50 : TIME + 100] = (
                    2.0,
                    0.0,
                )  # fifty times of 0 weigh more than one word of 2
                row[EOT] = 1
            return row

    (found,) = search_texts(
        Shared([0], []), [[7, SYMBOLS.sot]], SYMBOLS, Search(beam_size=1, max_length=12, suppress_blank=False)
    )
    assert found.tokens[1] == 3 and found.tokens[2] >= TIME + 50


def test_samples_follow_their_probabilities():
    """Of two first words with shares 3 to 1, over a thousand seeds."""

    class Coin(Script):
        def logits(self, window, text):
            row = np.full(SYMBOLS.n_vocab, -np.inf, np.float32)
            if len(text) == 2:
                row[3], row[1414] = np.log(3), 0
            else:
                row[EOT] = 0
            return row

    found = [
        search_texts(Coin([0], []), [UNTIMED], SYMBOLS, Search(temperature=1.0, best_of=1), [seed])[0].tokens
        for seed in range(400)
    ]
    assert {text[0] for text in found} == {3, 1414}
    assert sum(text[0] == 3 for text in found) / len(found) == pytest.approx(0.75, abs=0.07)


def test_what_is_suppressed_is_not_written_and_all_of_it_leaves_silence():
    search = Search(beam_size=3, max_length=16, suppress_tokens=(3, 1414))
    for window in range(5):
        assert not {3, 1414} & set(found_in([window], search)[0].tokens)
    nothing = Search(beam_size=3, suppress_tokens=tuple(range(SYMBOLS.n_vocab)))
    assert found_in([0], nothing)[0].tokens == ()


def test_no_text_is_longer_than_half_the_context_nor_than_what_the_prompt_leaves():
    endless = [*WORDS]
    for n_prompt, longest in ((0, 20), (30, 8)):
        (found,) = found_in([0], Search(beam_size=2, max_length=40), endless, [[7] * n_prompt + UNTIMED])
        assert len(found.tokens) == longest


def test_no_speech_is_read_at_the_start_of_the_transcript_whatever_comes_before_it():
    class Silent(Script):
        def logits(self, window, text):
            row = np.full(SYMBOLS.n_vocab, -np.inf, np.float32)
            row[EOT] = 0
            row[SYMBOLS.no_speech] = np.log(3) if text[-1] == SYMBOLS.sot else -9
            return row

    for prompt in (PROMPT, [7, 7, *UNTIMED]):
        (found,) = search_texts(Silent([0], []), [prompt], SYMBOLS, Search(suppress_blank=False))
        assert found.no_speech_prob == pytest.approx(0.75)


@settings(deadline=None, max_examples=15)
@given(window=st.integers(0, 999), temperature=st.sampled_from([0.0, 0.9]), n=st.integers(1, 3))
def test_no_run_of_tokens_comes_twice_where_that_is_forbidden(window, temperature, n):
    search = Search(beam_size=2, best_of=2, temperature=temperature, max_length=60, no_repeat_ngram_size=n)
    (found,) = found_in([window], search, [*WORDS, EOT], [UNTIMED])
    runs = [found.tokens[i : i + n] for i in range(len(found.tokens) - n + 1)]
    assert len(runs) == len(set(runs))


@settings(deadline=None, max_examples=30)
@given(window=st.integers(0, 999), spoken=st.integers(0, 30), temperature=st.sampled_from([0.0, 0.9]))
def test_a_text_with_times_does_not_end_a_second_before_the_last_voice(window, spoken, temperature):
    """Unless it has become as long as it may."""
    tokens = [*WORDS, EOT, *range(TIME, TIME + 1501, 25)]
    search = Search(beam_size=2, best_of=2, temperature=temperature, max_length=60)
    reader = Script([window], tokens)
    (found,) = search_texts(reader, [PROMPT], SYMBOLS, search, until=[float(spoken)])
    if len(found.tokens) >= 2 and found.tokens[-1] >= TIME and len(found.tokens) < 30:
        assert spoken - (found.tokens[-1] - TIME) * 0.02 < 1.0
