"""Recordings to measure a speech gate with: speech made hard to hear, and sounds among which nobody speaks.

A folder with a manifest.tsv (path, set, label, fold, transcript, lang) in, `Case`s out; the same ones each time.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from whisper_at.audio import Recording, read
from whisper_at.datasets.scenes.rooms import Room, impulse_response, ring
from whisper_at.timegrid import SAMPLE_RATE

Samples = npt.NDArray[np.float32]
Row = Mapping[str, str]

SEED = 0
READ = {"en": "speech_kathleen_en", "de": "speech_kerstin_de", "nl": "speech_nathalie_nl"}
PHRASES = ("speech_tuxpaint_multi", "wakewords")  # a word or a few, by many speakers
PHRASE = 2.0  # seconds that one of them takes, about
LEVELS = (10.0, 0.0)  # decibels by which speech is above the noise
QUIET, FAR = -30.0, -20.0  # decibels that are taken from the recording
PAUSE, LONG_PAUSE = 0.6, 9.0  # seconds between sentences
NOISES = {  # sets, and what is in the label or the path
    "rain": (("esc10", "debian_fx", "ambient"), "rain"),
    "helicopter": (("esc10", "debian_fx"), "helicopter"),
    "crying": (("donateacry",), "cry"),
    "music": (("debian_more",), "music"),
}
SPEECHLESS = {
    **NOISES,
    "ESC-10": (("esc10",), ""),
    "instruments": (("freepats", "fluid_gm_samples", "hydrogen_drums"), ""),
}
HALL = Room(size=(9.0, 6.0, 3.5), reverberation=0.7, listener=(1.0, 1.5, 1.5))
SPEAKER = (7.5, 4.5, 1.6)  # 7.2 m away


@dataclass(frozen=True, kw_only=True)
class Case:
    """A recording, the sentences in it (none where nobody speaks) and their language."""

    name: str
    recording: Recording
    sentences: tuple[str, ...]
    language: str


def cases(data: Path, fold: str, languages: Sequence[str], *, seconds: float) -> Iterator[Case]:
    """All recordings of a fold: of each kind about so many seconds, in each of the languages that there are."""
    with (data / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        listed = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = [row for row in listed if row["fold"] == fold or row["set"] == "ambient"]
    noises = {
        name: joined([samples for samples, _ in _drawn(_named(rows, *what), data, seconds)])
        for name, what in NOISES.items()
    }
    known = [row for row in rows if row["set"] in PHRASES and row["lang"] in languages and row["transcript"]]
    for subset in PHRASES:
        some = _drawn([row for row in known if row["set"] == subset], data, seconds, each=PHRASE)
        for samples, row in some:
            yield _case(f"{subset}, one by one", samples, (row["transcript"],), row["lang"])
    for name, what in SPEECHLESS.items():
        clips = _drawn(_named(rows, *what), data, seconds)
        yield _case(f"{name} alone", joined([samples for samples, _ in clips]), (), "en")
        if name == "ESC-10":
            for samples, _ in clips:
                yield _case("ESC-10, one by one", samples, (), "en")
    for language, subset in READ.items():
        if language in languages:
            spoken = [row for row in rows if row["set"] == subset and row["transcript"]]
            yield from _read_aloud(_drawn(spoken, data, seconds), language, noises)


def _read_aloud(
    clips: Sequence[tuple[Samples, Row]], language: str, noises: Mapping[str, Samples]
) -> Iterator[Case]:
    """The sentences as they were read, and in all the ways in which they are hard to hear."""
    sentences = tuple(row["transcript"] for _, row in clips)
    speech = joined([samples for samples, _ in clips], PAUSE)
    made = {
        "clean": speech,
        "quiet": speech * gain(QUIET),
        "distant": as_loud_as(speech, ring(speech, impulse_response(HALL, SPEAKER))) * gain(FAR),
        "whispered": whispered(speech),
    }
    made |= {
        f"{noise}, {level:g} dB": mixed(speech, under, level)
        for noise, under in noises.items()
        for level in LEVELS
    }
    seldom = joined([samples for samples, _ in clips[::3]], LONG_PAUSE)
    for name, samples in made.items():
        yield _case(name, samples, sentences, language)
    for noise in ("rain", "music"):
        samples = mixed(seldom, noises[noise], LEVELS[0])
        yield _case(f"seldom, {noise}", samples, sentences[::3], language)


def _case(name: str, samples: Samples, sentences: tuple[str, ...], language: str) -> Case:
    recording = Recording(name=f"{name} ({language})", samples=samples.astype(np.float32))
    return Case(name=name, recording=recording, sentences=sentences, language=language)


def _named(rows: Sequence[Row], sets: Sequence[str], word: str) -> list[Row]:
    """The rows of sets with a word in their label or path."""
    chosen = [row for row in rows if row["set"] in sets and word in f"{row['label']} {row['path']}".lower()]
    if not chosen:
        raise SystemExit(f"wanted clips of {', '.join(sets)} with {word!r} in their names, found none")
    return chosen


def _drawn(
    rows: Sequence[Row], data: Path, seconds: float, *, each: float | None = None
) -> list[tuple[Samples, Row]]:
    """Clips with their rows until they are long enough together, each by its length or by what it is said to take."""
    clips: list[tuple[Samples, Row]] = []
    total = 0.0
    for i in np.random.default_rng(SEED).permutation(len(rows)):
        if total < seconds:
            recording = read(data / rows[i]["path"])
            clips.append((recording.samples, rows[i]))
            total += each or recording.duration
    return clips


def joined(clips: Sequence[Samples], pause: float = 0.0) -> Samples:
    """Clips one after the other, with so many seconds of silence after each."""
    silence = np.zeros(round(pause * SAMPLE_RATE), np.float32)
    return np.concatenate([part for clip in clips for part in (clip, silence)])


def gain(decibels: float) -> np.float32:
    """What to multiply samples by.

    >>> float(gain(-20))
    0.10000000149011612
    """
    return np.float32(10 ** (decibels / 20))


def as_loud_as(model: Samples, samples: Samples) -> Samples:
    """Samples with the mean power of others.

    >>> as_loud_as(np.float32([3, 0, 0, 1]), np.float32([1, -1])).round(3)
    array([ 1.581, -1.581], dtype=float32)
    """
    return samples * np.sqrt(np.mean(model**2) / np.mean(samples**2))


def mixed(speech: Samples, noise: Samples, level: float) -> Samples:
    """Speech over a noise that is repeated, so many decibels above it where it sounds at all.

    >>> mixed(np.float32([1, 0, 1]), np.float32([2]), 0.0).tolist()
    [2.0, 1.0, 2.0]
    """
    under = np.resize(noise, len(speech))
    loud = speech[speech != 0]
    return (speech + np.sqrt(np.mean(loud**2) / np.mean(under**2)) * gain(-level) * under).astype(np.float32)


N_FFT, HOP, OVERLAP = 512, 128, 1.5  # squared Hann windows a quarter apart sum to 1.5
QUEFRENCIES = 40  # of 1/16000 s: an envelope without pitches below 400 Hz


def whispered(speech: Samples) -> Samples:
    """Speech [sample] without a pitch: noise in its place under the same envelope of the spectrum."""
    rng = np.random.default_rng(SEED)
    padded = np.concatenate([speech, np.zeros(N_FFT, np.float32)])
    noise = rng.standard_normal(len(padded)).astype(np.float32)
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    out = np.zeros(len(padded), np.float32)
    for start in range(0, len(speech), HOP):
        stop = start + N_FFT
        shape = _envelope(padded[start:stop] * window)
        spectrum = np.fft.rfft(noise[start:stop] * window) / np.sqrt(np.sum(window**2))
        out[start:stop] += (np.fft.irfft(spectrum * shape) * window / OVERLAP).astype(np.float32)
    return out[: len(speech)]


def _envelope(samples: Samples) -> npt.NDArray[np.float64]:
    """The magnitude [bin] of a spectrum without its fine structure."""
    magnitude = np.abs(np.fft.rfft(samples))
    cepstrum = np.fft.irfft(np.log(magnitude + 1e-5))
    cepstrum[QUEFRENCIES:-QUEFRENCIES] = 0
    smooth: npt.NDArray[np.float64] = np.exp(np.fft.rfft(cepstrum).real)
    power = np.sum(smooth**2)
    return smooth * np.sqrt(np.sum(magnitude**2) / power) if power else smooth
