"""How far the times of words are from the truth: spoken words and sentences planted at known times, engine by engine.

    python experiments/word_times.py DATA --model base --output experiments/results/word-times-base.json

DATA is a folder with a manifest.tsv (path, set, fold, transcript). Single words (digits and wake words, all clips of
the held-out fold) and read sentences are cut to what is spoken in them, brought to one loudness and joined with pauses:
0.1 to 2 s, every eighth 3 to 8 s; once over digital silence and once over pink noise 20 dB below the speech.

    spoken   from the first to the last 10 ms of a clip that are less than 30 dB below its loudest 10 ms. Of clips with
             room around the speech, those that are loud up to an edge are left out: nobody knows when they start.
    matched  words heard are aligned to words spoken by the fewest edits; of equally few, the nearest in time
    error    of the start and of the end of a matched single word; of a sentence's first start and last end
    astray   words heard of which more than 0.1 s lies in a planted pause longer than 0.5 s

With --peers PYTHON, one that has faster-whisper and openai-whisper, these hear the same recordings: see
word_times_peers.py. Needs whisper-at[evaluate].
"""

import argparse
import csv
import json
import subprocess
import tempfile
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at import load
from whisper_at.annotation import Annotation
from whisper_at.audio import Recording, read
from whisper_at.evaluation.words import Normalizer
from whisper_at.files import write_atomically
from whisper_at.timegrid import SAMPLE_RATE, SAMPLES_PER_FRAME
from whisper_at.version import commit

Samples = npt.NDArray[np.float32]

SEED = 0
WORDS = {"fsdd_digits": "test", "wakewords": "4"}  # sets of single words, and the fold that is heard
SENTENCES = {"speech_kathleen_en": "4"}
TRIMMED = "fsdd_digits"  # was cut to the words by those who made it, so there is no room around them
BELOW_PEAK = 30.0  # decibels; what is quieter is not spoken
LOUDNESS = 0.05  # root mean square of all that is planted
NOISE = 20.0  # decibels below it
PAUSES, LONG_PAUSES, EVERY = (0.1, 2.0), (3.0, 8.0), 8
SILENT = 0.5  # seconds of a pause in which no word may lie ...
SLACK = 0.1  # ... by more than this, for the ends of speech are soft


@dataclass(frozen=True, kw_only=True)
class Said:
    """A word or a sentence, and when it is said, in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Case:
    """A recording and what is said in it."""

    recording: Recording
    said: tuple[Said, ...]


@dataclass(frozen=True, kw_only=True)
class Word:
    """A normalized word of what was said or heard. Times are None where nobody knows them: within a sentence."""

    text: str
    start: float | None
    end: float | None


def cases(data: Path, folds: Mapping[str, str], clips: int) -> list[Case]:
    """The four recordings, each of at most so many clips."""
    with (data / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if folds.get(row["set"]) == row["fold"] and row["transcript"]
        ]
    single = [row for row in rows if row["set"] in WORDS and len(row["transcript"].split()) == 1]
    read_out = [row for row in rows if row["set"] in SENTENCES]
    made = []
    for name, chosen in (("words", single), ("sentences", read_out)):
        rng = np.random.default_rng(SEED)
        taken: list[tuple[str, Samples]] = []
        for i in rng.permutation(len(chosen)):
            row = chosen[i]
            piece = spoken(read(data / row["path"]).samples, has_room=row["set"] != TRIMMED)
            if piece is not None and len(taken) < clips:
                taken.append((row["transcript"], piece))
        samples, said = planted(taken, rng)
        for place, mixed in (("silence", samples), ("noise", samples + noise(len(samples), rng))):
            recording = Recording(name=f"{name} in {place}", samples=mixed)
            made.append(Case(recording=recording, said=tuple(said)))
    return made


def spoken(samples: Samples, *, has_room: bool) -> Samples | None:
    """What is spoken in a clip, at the one loudness; None if it is cut off by an edge though there should be room.

    >>> rest, tone = np.zeros(800, np.float32), np.ones(1600, np.float32)
    >>> len(spoken(np.concatenate([rest, tone, rest]), has_room=True)), spoken(tone, has_room=True)
    (1600, None)
    """
    n = len(samples) // SAMPLES_PER_FRAME
    frames = samples[: n * SAMPLES_PER_FRAME].reshape(n, SAMPLES_PER_FRAME)
    rms = np.sqrt((frames**2).mean(axis=1))
    loud = np.flatnonzero(rms > rms.max() * 10 ** (-BELOW_PEAK / 20))
    if not len(loud) or (has_room and (loud[0] == 0 or loud[-1] == n - 1)):
        return None
    piece = samples[loud[0] * SAMPLES_PER_FRAME : (loud[-1] + 1) * SAMPLES_PER_FRAME]
    return (piece * (LOUDNESS / np.sqrt(np.mean(piece**2)))).astype(np.float32)


def planted(clips: Sequence[tuple[str, Samples]], rng: np.random.Generator) -> tuple[Samples, list[Said]]:
    """Clips with random pauses before, between and behind them."""
    parts: list[Samples] = []
    said: list[Said] = []
    at = 0
    for i, (text, piece) in enumerate([*clips, ("", np.zeros(0, np.float32))]):
        pause = rng.uniform(*(LONG_PAUSES if i % EVERY == EVERY - 1 else PAUSES))
        parts += [np.zeros(round(pause * SAMPLE_RATE), np.float32), piece]
        at += len(parts[-2])
        if text:
            said.append(Said(text=text, start=at / SAMPLE_RATE, end=(at + len(piece)) / SAMPLE_RATE))
        at += len(piece)
    return np.concatenate(parts), said


def noise(n: int, rng: np.random.Generator) -> Samples:
    """Pink noise, as weak as it shall be."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum /= np.sqrt(np.arange(len(spectrum)) + 1)
    pink = np.fft.irfft(spectrum, n)
    return (pink * (LOUDNESS * 10 ** (-NOISE / 20) / np.sqrt(np.mean(pink**2)))).astype(np.float32)


def words_of(texts: Sequence[Said], normalizer: Normalizer, *, times_within: bool) -> list[Word]:
    """Normalized words of texts: the first has the start, the last the end, those within have times if wished."""
    words = []
    for said in texts:
        parts = [part for word in said.text.split() for part in normalizer.words(word)]
        for i, part in enumerate(parts):
            start = said.start if i == 0 or times_within else None
            end = said.end if i == len(parts) - 1 or times_within else None
            words.append(Word(text=part, start=start, end=end))
    return words


def matched(true: Sequence[Word], heard: Sequence[Word]) -> list[tuple[Word, Word]]:
    """Words said with the same words heard: by the fewest edits, and among these the least distance in time.

    >>> one, two = (Word(text="one", start=t, end=t) for t in (1.0, 5.0))
    >>> [(a.start, b.start) for a, b in matched([one, two], [Word(text="one", start=4.9, end=5.2)])]
    [(5.0, 4.9)]
    """
    cost = np.zeros((len(true) + 1, len(heard) + 1))
    cost[:, 0], cost[0] = np.arange(len(true) + 1), np.arange(len(heard) + 1)
    for i, a in enumerate(true):
        for j, b in enumerate(heard):
            cost[i + 1, j + 1] = min(cost[i, j] + _step(a, b), cost[i, j + 1] + 1, cost[i + 1, j] + 1)
    pairs, i, j = [], len(true), len(heard)
    while i and j:
        a, b = true[i - 1], heard[j - 1]
        if cost[i, j] == cost[i - 1, j - 1] + _step(a, b):
            i, j = i - 1, j - 1
            if a.text == b.text:
                pairs.append((a, b))
        elif cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _step(a: Word, b: Word) -> float:
    """An edit, or up to a thousandth of one for words that are ten seconds and more apart."""
    if a.text != b.text:
        return 1.0
    known = [(x, y) for x, y in ((a.start, b.start), (a.end, b.end)) if x is not None and y is not None]
    return max((min(abs(x - y), 10.0) / 10_000 for x, y in known), default=0.0)


def is_astray(word: Said, said: Sequence[Said]) -> bool:
    """Whether a heard word lies in a long pause, by more than the slack."""
    for before, after in pairwise(said):
        inside = min(word.end, after.start) - max(word.start, before.end)
        if after.start - before.end > SILENT and inside > SLACK:
            return True
    return False


def found_in(case: Case, heard: Sequence[Said]) -> dict[str, Any]:
    """What the times of the words heard in a recording are worth; errors in ms, late is positive."""
    normalizer = Normalizer("en")
    true = words_of(case.said, normalizer, times_within=False)
    pairs = matched(true, words_of(heard, normalizer, times_within=True))
    starts = [b.start - a.start for a, b in pairs if a.start is not None and b.start is not None]
    ends = [b.end - a.end for a, b in pairs if a.end is not None and b.end is not None]
    return {
        "recording": case.recording.name,
        "spoken": len(true),
        "matched": len(pairs),
        "heard": len(heard),
        "astray": sum(is_astray(word, case.said) for word in heard),
        "start_ms": [round(1000 * error) for error in starts],
        "end_ms": [round(1000 * error) for error in ends],
    }


def summary(parts: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Shares in %, errors in ms: half of them and 95 % of them are no larger; the bias is the median with its sign."""
    errors = {kind: np.array([e for part in parts for e in part[f"{kind}_ms"]]) for kind in ("start", "end")}
    both = np.abs(np.concatenate(list(errors.values())))
    row = {"median": float(np.median(both)), "95 %": float(np.percentile(both, 95))}
    for kind, some in errors.items():
        row |= {
            f"{kind}, median": float(np.median(np.abs(some))),
            f"{kind}, 95 %": float(np.percentile(np.abs(some), 95)),
            f"{kind}, bias": float(np.median(some)),
        }
    row["matched"] = 100 * sum(part["matched"] for part in parts) / sum(part["spoken"] for part in parts)
    row["astray"] = 100 * sum(part["astray"] for part in parts) / sum(part["heard"] for part in parts)
    return {name: round(value, 1) for name, value in row.items()}


def heard_by(model: Any, made: Sequence[Case], *, sequential: bool) -> list[list[Said]]:
    """The words that our own engine hears in each recording."""
    annotations = model.annotate_all(
        (case.recording for case in made), language="en", word_timestamps=True, sequential=sequential
    )
    return [_said(annotation) for annotation in annotations]


def _said(annotation: Annotation) -> list[Said]:
    words = [word for segment in annotation.segments for word in segment.words or ()]
    return [Said(text=word.word, start=word.start, end=word.end) for word in words]


def heard_by_peer(
    python: Path, made: Sequence[Case], engine: str, model: Path, threads: int
) -> list[list[Said]]:
    """The words that another engine hears in the same recordings."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / f"{i}.wav") for i in range(len(made))]
        for path, case in zip(paths, made, strict=True):
            with wave.open(path, "wb") as wav:
                wav.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
                wav.writeframes((case.recording.samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
        job = {"engine": engine, "model": str(model), "threads": threads, "files": paths}
        script = Path(__file__).with_name("word_times_peers.py")
        done = subprocess.run(
            [python, script], input=json.dumps(job), stdout=subprocess.PIPE, check=True, text=True
        )
    return [
        [Said(text=text, start=start, end=end) for text, start, end in words]
        for words in json.loads(done.stdout)
    ]


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="base")
    parser.add_argument("--head", default="default")
    parser.add_argument(
        "--folds", choices=["held-out", "others"], default="held-out", help="others: to try rules on"
    )
    parser.add_argument("--clips", type=int, default=50, help="words, and as many sentences")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--only", choices=["batches", "sequential"], help="one of the two ways of our own")
    parser.add_argument("--peers", type=Path, metavar="PYTHON", help="one that has the peers")
    parser.add_argument(
        "--faster-whisper", type=Path, metavar="FOLDER", help="the same weights for CTranslate2"
    )
    parser.add_argument("--openai-whisper", type=Path, metavar="FILE", help="the same weights for torch")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(arguments)
    folds = WORDS | SENTENCES
    if args.folds == "others":
        folds = {"fsdd_digits": "train", "wakewords": "3", "speech_kathleen_en": "3"}
    made = cases(args.data, folds, args.clips)
    engines: dict[str, Callable[[], list[list[Said]]]] = {}
    model = load(args.model, head=args.head, threads=args.threads)
    for way in (args.only,) if args.only else ("batches", "sequential"):
        engines[way] = partial(heard_by, model, made, sequential=way == "sequential")
    peers = {"faster-whisper": args.faster_whisper, "openai-whisper": args.openai_whisper}
    for name, weights in peers.items():
        if args.peers and weights:
            engines[name] = partial(heard_by_peer, args.peers, made, name, weights, args.threads)
    account: dict[str, Any] = {
        "format": "whisper-at-word-times/1",
        "commit": commit(),
        "model": args.model,
        "folds": folds,
        "seconds": [round(case.recording.duration, 1) for case in made],
        "summary": {},
        "engines": {},
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    for name, hear in engines.items():
        parts = [found_in(case, words) for case, words in zip(made, hear(), strict=True)]
        rows = {part["recording"]: summary([part]) for part in parts} | {"all": summary(parts)}
        account["engines"][name] = parts
        account["summary"] |= {f"{name}, {kind}": row for kind, row in rows.items()}
        for kind, row in rows.items():
            print(
                f"{name + ', ' + kind:36}" + "  ".join(f"{key} {value:g}" for key, value in row.items()),
                flush=True,
            )
        with write_atomically(args.output, "w") as file:  # engine by engine, for they take their time
            file.write(json.dumps(account, indent=1, ensure_ascii=False) + "\n")
    print(args.output)


if __name__ == "__main__":
    main()
