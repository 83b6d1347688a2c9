"""Transcripts and what was heard in, word error rates out.

Words are compared after Whisper's own normalizers, as in its paper (Radford et al. 2022, arXiv 2212.04356, appendix
C): the English one (numbers, contractions, spelling) for English, the basic one (case and punctuation) for all others,
which takes letters for words where a language writes none apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.evaluation.need import need
from whisper_at.evaluation.score import RESAMPLES, SEED, Score, draw, score

LETTERS = ("zh", "ja", "th", "lo", "my", "yue")  # languages that write no blanks between words

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class WordErrors:
    """What went wrong in each text: words replaced, left out and put in, of so many spoken ones; [text] each."""

    replaced: Counts
    missed: Counts
    added: Counts
    spoken: Counts

    @property
    def wrong(self) -> Counts:
        """All three."""
        return self.replaced + self.missed + self.added

    @property
    def wer(self) -> float:
        """Wrong words a spoken one, over all texts; NaN if nobody spoke.

        >>> one, none = np.array([1, 0]), np.array([0, 0])
        >>> WordErrors(replaced=one, missed=none, added=none, spoken=np.array([2, 6])).wer
        0.125
        """
        n = int(self.spoken.sum())
        return float(self.wrong.sum() / n) if n else float("nan")

    def score(self, *, resamples: int = RESAMPLES, seed: int = SEED) -> Score:
        """The word error rate with its interval; texts are drawn."""
        weights = draw(len(self.spoken), resamples, seed)
        with np.errstate(divide="ignore", invalid="ignore"):
            return score(self.wer, (self.wrong @ weights) / (self.spoken @ weights))

    def minus(self, other: "WordErrors", *, resamples: int = RESAMPLES, seed: int = SEED) -> Score:
        """This rate less another one of the same texts; the same texts are drawn for both.

        An interval that holds 0 says that other texts of this kind might well turn the order round.

        Raises:
            ValueError: if the texts were not the same.
        """
        if not np.array_equal(self.spoken, other.spoken):
            raise ValueError("wanted the errors in the same texts, found texts of other lengths")
        weights = draw(len(self.spoken), resamples, seed)
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = ((self.wrong - other.wrong) @ weights) / (self.spoken @ weights)
        return score(self.wer - other.wer, drawn)


class Normalizer:
    """A text as the words that are compared."""

    def __init__(self, language: str | None) -> None:
        if language == "en":
            self._normalize = need("whisper_normalizer.english").EnglishTextNormalizer()
        else:
            basic = need("whisper_normalizer.basic").BasicTextNormalizer
            self._normalize = basic(split_letters=language in LETTERS)

    def words(self, text: str) -> list[str]:
        """The words without case, punctuation and (in English) spelling variants.

        >>> Normalizer("en").words("Mr. Smith's colour: twenty-one!")
        ['mister', 'smith', 'is', 'color', '21']
        """
        return str(self._normalize(text)).split()


def word_errors(spoken: Sequence[str], heard: Sequence[str], language: str | None) -> WordErrors:
    """The errors of each text, aligned by itself. A text in which nobody speaks counts what was put in.

    Args:
        language: its code; None for the basic normalizer.

    Raises:
        ValueError: if there are not as many of the one as of the other.
    """
    if len(spoken) != len(heard) or not spoken:
        raise ValueError(f"wanted what was heard for each of the texts, got {len(heard)} for {len(spoken)}")
    normalizer = Normalizer(language)
    rows = [_compare(normalizer.words(a), normalizer.words(b)) for a, b in zip(spoken, heard, strict=True)]
    replaced, missed, added, n = np.array(rows, np.int64).T
    return WordErrors(replaced=replaced, missed=missed, added=added, spoken=n)


def sentence_errors(sentences: Sequence[str], heard: str, language: str | None) -> WordErrors:
    """The errors of one long text, each booked on the sentence in which it falls.

    The text is aligned as a whole, for nobody knows where sentences end in what was heard. A word too many is booked on
    the sentence of the spoken word before which it stands, or on the last one.

    Raises:
        ValueError: if the sentences hold no words.
    """
    normalizer = Normalizer(language)
    spoken = [normalizer.words(sentence) for sentence in sentences]
    owner = np.array([i for i, words in enumerate(spoken) for _ in words], np.int64)
    if not len(owner):
        raise ValueError(f"wanted sentences with words in them, found {list(sentences)!r:.80}")
    text = " ".join(word for words in spoken for word in words)
    counted = {kind: np.zeros(len(sentences), np.int64) for kind in ("substitute", "delete", "insert")}
    aligned = need("jiwer").process_words(text, " ".join(normalizer.words(heard)))
    for chunk in aligned.alignments[0]:
        if chunk.type == "insert":
            at = min(chunk.ref_start_idx, len(owner) - 1)
            counted["insert"][owner[at]] += chunk.hyp_end_idx - chunk.hyp_start_idx
        elif chunk.type != "equal":
            np.add.at(counted[chunk.type], owner[chunk.ref_start_idx : chunk.ref_end_idx], 1)
    return WordErrors(
        replaced=counted["substitute"],
        missed=counted["delete"],
        added=counted["insert"],
        spoken=np.array([len(words) for words in spoken], np.int64),
    )


def joined(parts: Sequence[WordErrors]) -> WordErrors:
    """The errors of several sets of texts, perhaps in several languages, as those of one set."""
    return WordErrors(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("replaced", "missed", "added", "spoken")
        }
    )


def _compare(spoken: list[str], heard: list[str]) -> tuple[int, int, int, int]:
    """Words replaced, missed, added and spoken."""
    if not spoken:  # jiwer takes no empty reference
        return 0, 0, len(heard), 0
    found = need("jiwer").process_words(" ".join(spoken), " ".join(heard))
    return found.substitutions, found.deletions, found.insertions, len(spoken)
