"""From the decoder's logits to the best text of each window: beam search, or the best of several samples.

In: a network that reads tokens (`Reader`) and the prompts of a batch of windows. Out: one `Found` a window.
Rules and scores are openai-whisper's (its decoding.py: ApplyTimestampRules, BeamSearchDecoder,
MaximumLikelihoodRanker). No row of a batch depends on another: not on its window, not on its draw of samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from whisper_at.model.decoder import Search

Float = npt.NDArray[np.float32]
UNSEEN = np.float32(-np.inf)
N_TIMESTAMPS = 1501
TIME_STEP = 0.02  # seconds from one timestamp to the next
TOO_EARLY = 50  # timestamps before the last voice: no text ends there


class Reader(Protocol):
    """Reads tokens of a batch of windows and remembers them."""

    def read(
        self,
        tokens: npt.NDArray[np.int64],
        positions: npt.NDArray[np.int64],
        mask: Float,
        wanted: npt.NDArray[np.int64],
    ) -> Float:
        """Logits [window, place, vocab] of what follows the wanted places; see `text_decoder.read_tokens`.

        The array is the caller's until the next call.
        """
        ...

    def keep(self, windows: Sequence[int]) -> Sequence[int]:
        """Forget the windows that are not listed; the others stand in the order that is answered."""
        ...


@dataclass(frozen=True, kw_only=True)
class Symbols:
    """The numbers of the special tokens, which lie at the end of the vocabulary; and those never to be written.

    suppressed: never; suppressed_first: not as the first token (the blank, and the end of the text).
    """

    n_vocab: int
    multilingual: bool
    suppressed: tuple[int, ...] = ()
    suppressed_first: tuple[int, ...] = ()

    @property
    def eot(self) -> int:
        """End of the text; every token below it is text."""
        return 50257 if self.multilingual else 50256

    @property
    def sot(self) -> int:
        """Start of the transcript; the languages follow."""
        return self.eot + 1

    @property
    def first_time(self) -> int:
        """The timestamp 0.00."""
        return self.n_vocab - N_TIMESTAMPS

    @property
    def no_timestamps(self) -> int:
        """A prompt that ends with it asks for text without times."""
        return self.first_time - 1

    @property
    def no_speech(self) -> int:
        """Likely at the start where nobody speaks."""
        return self.first_time - 2

    @property
    def languages(self) -> range:
        """The language tokens, in the order of the vocabulary."""
        return range(self.sot + 1, self.first_time - 6)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A finished text: its tokens without the end, the sum of all their log probabilities, and no-speech."""

    tokens: tuple[int, ...]
    total: float
    no_speech_prob: float


@dataclass
class _Text:
    """A text that is being written: which entries of its window's pool it sees, and what it has cost."""

    tokens: tuple[int, ...]
    sees: tuple[int, ...]
    total: float


@dataclass
class _Window:
    """The search in one window."""

    number: int  # in the caller's batch
    prompt: Sequence[int]
    generator: np.random.Generator
    until: int = 0  # the timestamp up to which somebody speaks
    no_speech_prob: float = 0.0
    live: list[_Text] = field(default_factory=list)
    finished: dict[tuple[int, ...], float] = field(default_factory=dict)

    def is_done(self, search: Search) -> bool:
        """Whether enough texts have ended, or one has become as long as it may."""
        if not self.live or len(self.finished) >= _enough(search):
            return True
        longest = min(search.max_length // 2, search.max_length - len(self.prompt))
        return len(self.live[0].tokens) >= longest

    def best(self, search: Search) -> Found:
        """The text of the best mean; unfinished ones count where too few have ended."""
        texts = dict(self.finished)
        for text in sorted(self.live, key=lambda text: -text.total):
            if len(texts) < _enough(search):
                texts.setdefault(text.tokens, text.total)
        texts = texts or {(): 0.0}  # every token was forbidden
        tokens = max(texts, key=lambda tokens: texts[tokens] / max(1, len(tokens)) ** search.length_penalty)
        return Found(tokens=tokens, total=texts[tokens], no_speech_prob=self.no_speech_prob)


def search_texts(
    reader: Reader,
    prompts: Sequence[Sequence[int]],
    symbols: Symbols,
    search: Search,
    seeds: Sequence[int] | None = None,
    until: Sequence[float] | None = None,
) -> list[Found]:
    """The best text of each window, whose features the reader has.

    Samples of a window are drawn by its own seed, 0 if not given, so they are the same whatever shares its batch.
    """
    n = len(prompts)
    each = zip(prompts, seeds or [0] * n, until or [0.0] * n, strict=True)
    windows = [
        _Window(
            number=i, prompt=prompt, generator=np.random.default_rng(seed), until=round(spoken / TIME_STEP)
        )
        for i, (prompt, seed, spoken) in enumerate(each)
    ]
    found: dict[int, Found] = {}
    n_read = _read_prompts(reader, windows, symbols, search)
    while windows:
        done = [window for window in windows if window.is_done(search)]
        found |= {window.number: window.best(search) for window in done}
        going = [i for i, window in enumerate(windows) if window.number not in found]
        if not going:
            break
        if done:
            windows = [windows[i] for i in reader.keep(going)]
        n_read = _read_on(reader, windows, n_read, symbols, search)
    return [found[i] for i in range(len(prompts))]


def _enough(search: Search) -> int:
    return search.best_of if search.temperature > 0 else round(search.beam_size * search.patience)


def _read_prompts(reader: Reader, windows: list[_Window], symbols: Symbols, search: Search) -> int:
    """Read the prompts, which may differ in length, and write the first tokens."""
    n = max(len(window.prompt) for window in windows)
    tokens = np.full((len(windows), n), symbols.eot, np.int64)
    causal = np.where(np.tri(n, dtype=bool), np.float32(0), UNSEEN)
    mask = np.broadcast_to(causal, (len(windows), 1, n, n)).astype(np.float32)
    starts, ends = [], []
    for row, window in zip(tokens, windows, strict=True):
        row[: len(window.prompt)] = window.prompt
        starts.append(window.prompt.index(symbols.sot))
        ends.append(len(window.prompt) - 1)
    places = sorted({*starts, *ends})
    logits = reader.read(tokens, np.tile(np.arange(n), (len(windows), 1)), mask, np.array(places, np.int64))
    for window, rows, start, end in zip(windows, logits, starts, ends, strict=True):
        at_start = rows[places.index(start)]
        window.no_speech_prob = float(np.exp(at_start[symbols.no_speech] - _logsumexp(at_start)))
        window.live = [_Text(tokens=(), sees=tuple(range(end + 1)), total=0.0)]
        _write(window, rows[None, places.index(end)].copy(), symbols, search)
    return n


def _read_on(reader: Reader, windows: list[_Window], n_read: int, symbols: Symbols, search: Search) -> int:
    """Read the newest token of each text, and write the next ones."""
    width = max(len(window.live) for window in windows)
    tokens = np.full((len(windows), width), symbols.eot, np.int64)
    positions = np.zeros((len(windows), width), np.int64)
    mask = np.full((len(windows), 1, width, n_read + width), UNSEEN, np.float32)
    itself = np.arange(width)
    mask[:, 0, itself, n_read + itself] = 0
    for w, window in enumerate(windows):
        for i, text in enumerate(window.live):
            tokens[w, i] = text.tokens[-1]
            positions[w, i] = len(window.prompt) + len(text.tokens) - 1
            mask[w, 0, i, list(text.sees)] = 0
            text.sees = (*text.sees, n_read + i)
    logits = reader.read(tokens, positions, mask, itself)
    for window, rows in zip(windows, logits, strict=True):
        _write(window, rows[: len(window.live)], symbols, search)
    return n_read + width


def _write(window: _Window, logits: Float, symbols: Symbols, search: Search) -> None:
    """Continue the texts of a window by the logits [text, vocab] of their next tokens, which are changed."""
    _apply_rules(logits, window, symbols, search)
    if search.temperature > 0:
        _sample(window, logits, symbols, search)
    else:
        _choose(window, logits, symbols, search)


def _choose(window: _Window, logits: Float, symbols: Symbols, search: Search) -> None:
    """The best continuations of all texts together; those that end are finished."""
    rows, tokens = _largest(logits, search.beam_size + 1)
    norms = np.array([_logsumexp(row) for row in logits])
    before = np.array([text.total for text in window.live])
    scores = before[rows] + logits[rows, tokens] - norms[rows]
    live: list[_Text] = []
    for i in np.argsort(-scores, kind="stable"):
        text, token = window.live[rows[i]], int(tokens[i])
        if token == symbols.eot:
            if len(window.finished) < _enough(search):
                window.finished[text.tokens] = float(scores[i])
            continue
        live.append(_Text(tokens=(*text.tokens, token), sees=text.sees, total=float(scores[i])))
        if len(live) == search.beam_size:
            break
    window.live = live


def _sample(window: _Window, logits: Float, symbols: Symbols, search: Search) -> None:
    """One token for each text, drawn by its probability at the temperature."""
    if not window.live[0].tokens:  # all samples start from the one prompt
        prompt = window.live[0]
        window.live = [_Text(tokens=(), sees=prompt.sees, total=0.0) for _ in range(search.best_of)]
        logits = np.repeat(logits, search.best_of, axis=0)
    live = []
    for text, row in zip(window.live, logits, strict=True):
        shares = np.exp((row - row.max()) / search.temperature).cumsum(dtype=np.float64)
        token = int(np.searchsorted(shares, window.generator.random() * shares[-1], side="right"))
        total = text.total + float(row[token] - _logsumexp(row))
        if token == symbols.eot:
            window.finished[text.tokens] = max(total, window.finished.get(text.tokens, -np.inf))
        else:
            live.append(_Text(tokens=(*text.tokens, token), sees=text.sees, total=total))
    window.live = live


def _apply_rules(logits: Float, window: _Window, symbols: Symbols, search: Search) -> None:
    """Forbid what may not come next, in each row, by minus infinity."""
    config = [
        t for token in search.suppress_tokens for t in (symbols.suppressed if token == -1 else (token,))
    ]
    logits[:, config] = UNSEEN
    if search.no_repeat_ngram_size:
        for row, text in zip(logits, window.live, strict=True):
            row[_repeating(text.tokens, search.no_repeat_ngram_size)] = UNSEEN
    first = not window.live[0].tokens
    if first and search.suppress_blank:
        logits[:, list(symbols.suppressed_first)] = UNSEEN
    if symbols.no_timestamps in window.prompt:
        return
    logits[:, symbols.no_timestamps] = UNSEEN
    times = symbols.first_time
    if first:
        logits[:, :times] = UNSEEN
        logits[:, times + search.max_initial_timestamp_index + 1 :] = UNSEEN
        return
    for row, text in zip(logits, window.live, strict=True):
        _apply_timestamp_rules(row, text.tokens, symbols)
        if window.until and _ends_early(text.tokens, window.until, symbols):
            row[symbols.eot] = UNSEEN


def _repeating(tokens: tuple[int, ...], n: int) -> list[int]:
    """The tokens that would complete a run of n tokens which is there already.

    >>> _repeating((1, 2, 3, 1, 2), 3), _repeating((1, 2, 1), 1), _repeating((), 2)
    ([3], [1, 2, 1], [])
    """
    last = tokens[len(tokens) - n + 1 :]
    return [tokens[i + n - 1] for i in range(len(tokens) - n + 1) if tokens[i : i + n - 1] == last]


def _ends_early(tokens: tuple[int, ...], until: int, symbols: Symbols) -> bool:
    """Whether a text that may end here would leave out words: its last time lies before the last voice."""
    if len(tokens) < 2 or tokens[-1] < symbols.first_time:
        return False
    return until - (tokens[-1] - symbols.first_time) >= TOO_EARLY


def _apply_timestamp_rules(row: Float, tokens: tuple[int, ...], symbols: Symbols) -> None:
    """Times come in pairs and never go back; where a time is likelier than any text, it is one."""
    times = symbols.first_time
    after_time = tokens[-1] >= times
    after_pair = len(tokens) < 2 or tokens[-2] >= times
    if after_time and after_pair:
        row[times:] = UNSEEN  # text has to follow
        return
    if after_time:
        row[: symbols.eot] = UNSEEN  # the second of a pair has to follow, or the end
    last = next((token for token in reversed(tokens) if token >= times), None)
    if last is not None:
        row[times : last + (0 if after_time else 1)] = UNSEEN
    if _logsumexp(row[times:]) > row[:times].max():
        row[:times] = UNSEEN


def _logsumexp(row: Float) -> float:
    most = row.max()
    if most == UNSEEN:
        return float(UNSEEN)
    return float(most + np.log(np.exp(row - most).sum(dtype=np.float64)))


def _largest(logits: Float, k: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row and column of the k largest entries of each row, and perhaps a few more; minus infinity never.

    The k-th largest of the maxima of 256 columns each cannot be above the k-th largest entry: what lies below it
    is passed over without sorting.
    """
    maxima = np.maximum.reduceat(logits, np.arange(0, logits.shape[1], 256), axis=1)
    k = min(k, maxima.shape[1])
    bounds = np.maximum(np.partition(maxima, -k, axis=1)[:, -k], np.finfo(np.float32).min)
    columns = [np.flatnonzero(row >= bound) for row, bound in zip(logits, bounds, strict=True)]
    return np.repeat(np.arange(len(columns)), [len(c) for c in columns]), np.concatenate(columns)
