"""A recording in two languages is written down in both, where each window may have its own."""

import csv

import numpy as np
import pytest

import whisper_at
from tests.datasets.corpora import recordings
from whisper_at.audio import read

pytestmark = [pytest.mark.model, pytest.mark.data]

PAUSE = np.zeros(16_000, np.float32)


def read_aloud(speaker, seconds):
    """Sentences [sample] of a speaker one after the other, about so long, and their words."""
    folder = recordings()
    with (folder / "manifest.tsv").open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["set"] == speaker]
    samples, words = np.zeros(0, np.float32), []
    for row in rows:
        clip = read(folder / row["path"]).samples
        if len(samples) + len(clip) > seconds * 16_000:
            break
        samples = np.concatenate([samples, clip])
        words += words_of(row["transcript"])
    return samples, words


def words_of(text):
    return "".join(c for c in text.lower() if c.isalnum() or c.isspace()).split()


def share_found(words, segments):
    found = {word for segment in segments for word in words_of(segment.text)}
    return sum(word in found for word in words) / len(words)


def test_each_half_is_written_in_its_own_language():
    german, german_words = read_aloud("speech_kerstin_de", 24)
    english, english_words = read_aloud("speech_kathleen_en", 24)
    both = np.concatenate([german, PAUSE, english])
    annotation = whisper_at.load("base").annotate(both, multilingual=True, languages=("en", "de"))
    border = (len(german) + len(PAUSE) / 2) / 16_000
    first = [s for s in annotation.segments if s.start < border]
    second = [s for s in annotation.segments if s.start >= border]
    assert {s.language for s in first} == {"de"} and {s.language for s in second} == {"en"}
    assert share_found(german_words, first) > 0.75 and share_found(english_words, second) > 0.75
    assert annotation.language == "de"
