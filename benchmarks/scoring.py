"""Texts and truths in, word error rates out, with what chance may have done to their differences.

Words are compared after Whisper's own normalizers: the English one (numbers, contractions, spelling) for
English, the basic one (case and punctuation) for all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jiwer
import numpy as np
import numpy.typing as npt
from whisper_normalizer.basic import BasicTextNormalizer  # type: ignore[import-untyped]
from whisper_normalizer.english import EnglishTextNormalizer  # type: ignore[import-untyped]

SEED = 0
RESAMPLES = 10_000

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Wrong words and spoken words of each sentence of a set: [sentence] each."""

    wrong: Counts
    spoken: Counts

    @property
    def wer(self) -> float:
        """Wrong words in a hundred spoken ones, over all sentences.

        >>> Errors(wrong=np.array([1, 0]), spoken=np.array([2, 6])).wer
        12.5
        """
        return 100 * float(self.wrong.sum() / self.spoken.sum())


class Normalizer:
    """A text as the words that are compared."""

    def __init__(self, language: str) -> None:
        self._normalize = EnglishTextNormalizer() if language == "en" else BasicTextNormalizer()

    def words(self, text: str) -> list[str]:
        """The words without case, punctuation and (in English) spelling variants.

        >>> Normalizer("en").words("Mr. Smith's colour: twenty-one!")
        ['mister', 'smith', 'is', 'color', '21']
        """
        return str(self._normalize(text)).split()


def count_errors(sentences: Sequence[str], text: str, normalizer: Normalizer) -> Errors:
    """The errors of a text, each booked on the sentence in which it falls.

    The text of a long recording is aligned as a whole; a word too many is booked on the sentence of the
    spoken word before which it stands, or on the last one.
    """
    spoken = [normalizer.words(sentence) for sentence in sentences]
    owner = [i for i, words in enumerate(spoken) for _ in words]
    reference = " ".join(word for words in spoken for word in words)
    wrong = np.zeros(len(sentences), np.int64)
    if not owner:
        raise ValueError(f"wanted sentences with words in them, found {list(sentences)!r}")
    aligned = jiwer.process_words(reference, " ".join(normalizer.words(text)))
    for chunk in aligned.alignments[0]:
        if chunk.type == "insert":
            at = min(chunk.ref_start_idx, len(owner) - 1)
            wrong[owner[at]] += chunk.hyp_end_idx - chunk.hyp_start_idx
        elif chunk.type != "equal":
            np.add.at(wrong, owner[chunk.ref_start_idx : chunk.ref_end_idx], 1)
    return Errors(wrong=wrong, spoken=np.array([len(words) for words in spoken]))


def concatenate(parts: Sequence[Errors]) -> Errors:
    """The errors of several recordings as those of one set."""
    return Errors(
        wrong=np.concatenate([part.wrong for part in parts]),
        spoken=np.concatenate([part.spoken for part in parts]),
    )


def difference(
    a: Errors, b: Errors, *, resamples: int = RESAMPLES, seed: int = SEED
) -> tuple[float, float, float]:
    """WER of `a` minus WER of `b` in points, and the ends of its 95 % bootstrap interval.

    Sentences are drawn with replacement, the same ones for both: an interval that holds 0 says that other
    sentences of this kind might well turn the order round.
    """
    if not np.array_equal(a.spoken, b.spoken):
        raise ValueError("wanted the errors of two engines on the same sentences, found different ones")
    draws = np.random.default_rng(seed).multinomial(
        len(a.spoken), np.full(len(a.spoken), 1 / len(a.spoken)), resamples
    )
    deltas = 100 * (draws @ (a.wrong - b.wrong)) / (draws @ a.spoken)
    low, high = np.percentile(deltas, [2.5, 97.5])
    return a.wer - b.wer, float(low), float(high)
