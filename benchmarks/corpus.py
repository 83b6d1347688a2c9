"""Which recordings are compared: clips of three languages, and one long recording joined from clips.

In: a folder with a `manifest.tsv` (columns path, set, transcript, lang, duration in seconds).
Out: 16 kHz mono 16-bit WAV files in a work folder, each with the sentences that are said in it.
Every engine reads the same samples, so no engine is judged by its media decoder.
The choice depends on the manifest and on `SEED` alone.
"""

import csv
import hashlib
import itertools
import random
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from whisper_at.files import write_atomically

SAMPLE_RATE = 16_000
SEED = 0
LONG_SECONDS = 600.0
PAUSE_SECONDS = (0.4, 0.8)
SETS = {"en": "speech_kathleen_en", "de": "speech_kerstin_de", "nl": "speech_nathalie_nl"}

Waveform = npt.NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A row of the manifest: a short recording of one read sentence."""

    path: str
    transcript: str
    duration: float


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A WAV file with what is said in it: one sentence, or the sentences of the clips it was joined from.

    `name` tells it apart from the others of its set; `sha256` is the file's, under which texts are kept.
    """

    name: str
    path: Path
    language: str
    sentences: tuple[str, ...]
    seconds: float
    sha256: str


def read_clips(data: Path, set_name: str) -> list[Clip]:
    """The transcribed clips of a set, sorted by path, each sentence once.

    A sentence that was read several times would count several times, and its errors are not independent.
    """
    manifest = data / "manifest.tsv"
    if not manifest.is_file():
        raise SystemExit(f"wanted a folder with manifest.tsv, found none in {data}; give it with --data DIR")
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    clips: dict[str, Clip] = {}
    for row in sorted(rows, key=lambda row: row["path"]):
        if row["set"] == set_name and row["transcript"]:
            clip = Clip(path=row["path"], transcript=row["transcript"], duration=float(row["duration"]))
            clips.setdefault(clip.transcript, clip)
    return list(clips.values())


def evenly_spaced(clips: Sequence[Clip], n: int) -> list[Clip]:
    """At most `n` clips, in order and equally far from each other.

    >>> [clip.path for clip in evenly_spaced([Clip(path=p, transcript=p, duration=1) for p in "abcdef"], 3)]
    ['a', 'c', 'e']
    """
    n = min(n, len(clips))
    return [clips[i * len(clips) // n] for i in range(n)]


def choose_long(clips: Sequence[Clip], seconds: float, seed: int = SEED) -> tuple[list[Clip], list[int]]:
    """Clips in a shuffled order, and the samples of silence after each but the last.

    As many as are needed for `seconds`, or all there are.
    """
    chance = random.Random(seed)
    shuffled = chance.sample(clips, len(clips))
    low, high = (round(s * SAMPLE_RATE) for s in PAUSE_SECONDS)
    pauses = [chance.randint(low, high) for _ in clips]
    lengths = (clip.duration + pause / SAMPLE_RATE for clip, pause in zip(shuffled, pauses, strict=True))
    n = sum(1 for total in itertools.accumulate(lengths) if total < seconds) + 1
    chosen = shuffled[:n]
    return chosen, pauses[: len(chosen) - 1]


def join(waveforms: Sequence[Waveform], pauses: Sequence[int]) -> Waveform:
    """The waveforms one after the other, with that many samples of silence between them.

    >>> join([np.int16([1, 2]), np.int16([3])], [2]).tolist()
    [1, 2, 0, 0, 3]
    """
    parts = [waveforms[0]]
    for pause, waveform in zip(pauses, waveforms[1:], strict=True):
        parts += [np.zeros(pause, np.int16), waveform]
    return np.concatenate(parts)


def build(data: Path, work: Path, sets: Iterable[str], n_clips: int) -> dict[str, list[Recording]]:
    """The recordings of each set, written as WAV files below the work folder.

    `long` is the English recording of about ten minutes; the others are at most `n_clips` clips each.
    """
    recordings = {}
    for name in sets:
        folder = work / "corpus" / name
        folder.mkdir(parents=True, exist_ok=True)
        language = "en" if name == "long" else name
        clips = read_clips(data, SETS[language])
        if not clips:
            raise SystemExit(f"wanted transcribed clips of the set {SETS[language]}, found none in {data}")
        if name == "long":
            chosen, pauses = choose_long(clips, LONG_SECONDS)
            waveform = join([decode(data / clip.path) for clip in chosen], pauses)
            sentences = tuple(clip.transcript for clip in chosen)
            recordings[name] = [save(folder / "long.wav", waveform, language, sentences)]
        else:
            recordings[name] = [
                save(
                    folder / f"{i:03}.wav", decode(data / clip.path), language, (clip.transcript,), clip.path
                )
                for i, clip in enumerate(evenly_spaced(clips, n_clips))
            ]
    return recordings


def decode(path: Path) -> Waveform:
    """Any recording as 16 kHz mono samples."""
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def save(
    path: Path, waveform: Waveform, language: str, sentences: tuple[str, ...], name: str = ""
) -> Recording:
    """Writes the WAV file, whole or not at all (others may be reading it); says what it holds."""
    with write_atomically(path) as file, wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE)
        wav.writeframes(waveform.tobytes())
    return Recording(
        name=name or path.stem,
        path=path,
        language=language,
        sentences=sentences,
        seconds=len(waveform) / SAMPLE_RATE,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
