"""What the speech gate costs on speech and spares where nobody speaks: word errors and invented words, gate by gate.

    python experiments/speech_gate.py DATA --model base --output experiments/results/speech-gate-base.json

DATA is a folder with a manifest.tsv (path, set, label, fold, transcript, duration). Only its fold 4 is heard, which the
packaged heads have never been trained on. Read sentences of three languages are joined to recordings, alone and under
noises of rain, a helicopter, crying and music at 10 and 0 dB; then there are recordings in which nobody speaks. Every
one is heard in batches with the gate off, on auto and on strict. Needs whisper-at[evaluate].
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at import load
from whisper_at.audio import Recording, read
from whisper_at.evaluation.words import sentence_errors
from whisper_at.files import write_atomically
from whisper_at.speech.options import SPEECH_GATES
from whisper_at.timegrid import SAMPLE_RATE
from whisper_at.training.finishing import commit

Samples = npt.NDArray[np.float32]
Row = Mapping[str, str]

FOLD, SEED = "4", 0
LANGUAGES = {"en": "speech_kathleen_en", "de": "speech_kerstin_de", "nl": "speech_nathalie_nl"}
LEVELS = (10.0, 0.0)  # decibels by which speech is above the noise
PAUSE = 0.6  # seconds between sentences
NOISES = {  # set, and what is in the label or the path
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


@dataclass(frozen=True, kw_only=True)
class Case:
    """A recording, the sentences in it (none where nobody speaks) and their language."""

    name: str
    recording: Recording
    sentences: tuple[str, ...]
    language: str


def cases(data: Path, seconds: float) -> list[Case]:
    """All recordings, of about so many seconds each."""
    with (data / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if row["fold"] == FOLD or row["set"] == "ambient"
        ]
    noises = {name: _joined(_drawn(rows, data, *what, seconds=seconds)) for name, what in NOISES.items()}
    made = []
    for language, subset in LANGUAGES.items():
        spoken = [row for row in rows if row["set"] == subset and row["transcript"]]
        clips, sentences, total = [], [], 0.0
        for i in np.random.default_rng(SEED).permutation(len(spoken)):
            if total < seconds:
                clips.append(read(data / spoken[i]["path"]).samples)
                sentences.append(spoken[i]["transcript"])
                total += len(clips[-1]) / SAMPLE_RATE + PAUSE
        speech = _joined(clips, PAUSE)
        mixes = {"clean": speech} | {
            f"{noise}, {level:g} dB": mixed(speech, samples, level)
            for noise, samples in noises.items()
            for level in LEVELS
        }
        for name, samples in mixes.items():
            recording = Recording(name=f"{language}: {name}", samples=samples)
            made.append(Case(name=name, recording=recording, sentences=tuple(sentences), language=language))
    for name, (sets, word) in SPEECHLESS.items():
        samples = _joined(_drawn(rows, data, sets, word, seconds=seconds))
        made.append(
            Case(name=name, recording=Recording(name=name, samples=samples), sentences=(), language="en")
        )
    return made


def _drawn(
    rows: Sequence[Row], data: Path, sets: Sequence[str], word: str, *, seconds: float
) -> list[Samples]:
    """Clips of sets with a word in their label or path, until they are long enough."""
    chosen = [row for row in rows if row["set"] in sets and word in f"{row['label']} {row['path']}".lower()]
    if not chosen:
        raise SystemExit(f"wanted clips of {', '.join(sets)} with {word!r} in fold {FOLD}, found none")
    clips: list[Samples] = []
    for i in np.random.default_rng(SEED).permutation(len(chosen)):
        if sum(map(len, clips)) < seconds * SAMPLE_RATE:
            clips.append(read(data / chosen[i]["path"]).samples)
    return clips


def _joined(clips: Sequence[Samples], pause: float = 0.0) -> Samples:
    silence = np.zeros(round(pause * SAMPLE_RATE), np.float32)
    return np.concatenate([part for clip in clips for part in (clip, silence)])


def mixed(speech: Samples, noise: Samples, level: float) -> Samples:
    """Speech over a noise that is repeated, so many decibels above it.

    >>> mixed(np.float32([1, 1]), np.float32([2]), 0.0).tolist()
    [2.0, 2.0]
    """
    under = np.resize(noise, len(speech))
    factor = np.sqrt(np.mean(speech**2) / np.mean(under**2)) * 10 ** (-level / 20)
    return (speech + np.float32(factor) * under).astype(np.float32)


def measured(
    model: Any, made: Sequence[Case], gate: str, language: str
) -> tuple[list[dict[str, Any]], float]:
    """What is heard in the cases of a language; and the seconds that it took."""
    started = time.perf_counter()
    annotations = list(
        model.annotate_all((case.recording for case in made), language=language, speech_gate=gate)
    )
    took = time.perf_counter() - started
    found = []
    for case, annotation in zip(made, annotations, strict=True):
        errors = sentence_errors(case.sentences, annotation.text, language) if case.sentences else None
        found.append(
            {
                "name": case.name,
                "language": language,
                "seconds": round(case.recording.duration, 1),
                "spoken": int(errors.spoken.sum()) if errors else 0,
                "wrong": int((errors.replaced + errors.missed + errors.added).sum()) if errors else None,
                "written": len(annotation.text.split()),
                "dropped": [one.text for one in annotation.dropped if one.text],
                "not decoded, s": round(
                    sum(one.end - one.start for one in annotation.dropped if not one.text), 1
                ),
            }
        )
    return found, took


def summary(found: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """WER in % of each kind of speech, over the languages; words a minute where nobody speaks; gate by gate."""
    table: dict[str, dict[str, Any]] = {}
    for gate, parts in found.items():
        for name in dict.fromkeys((part["name"], part["spoken"] > 0) for part in parts):
            chosen = [part for part in parts if (part["name"], part["spoken"] > 0) == name]
            spoken = sum(part["spoken"] for part in chosen)
            if spoken:
                value = 100 * sum(part["wrong"] for part in chosen) / spoken
                table.setdefault(f"WER, {name[0]}", {})[gate] = round(value, 2)
            else:
                minutes = sum(part["seconds"] for part in chosen) / 60
                words = sum(part["written"] for part in chosen)
                table.setdefault(f"words a minute, {name[0]} alone", {})[gate] = round(words / minutes, 1)
    for kind in ("WER, ", "words a minute, "):
        rows = [row for name, row in table.items() if name.startswith(kind)]
        table[f"{kind}mean"] = {gate: round(float(np.mean([row[gate] for row in rows])), 2) for gate in found}
    return table


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="base")
    parser.add_argument("--head", default="default")
    parser.add_argument("--seconds", type=float, default=180.0, help="of each recording")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(arguments)
    made = cases(args.data, args.seconds)
    model = load(args.model, head=args.head, threads=args.threads)
    known = [language for language in LANGUAGES if language in model.tokenizer.languages]
    found: dict[str, list[dict[str, Any]]] = {gate: [] for gate in SPEECH_GATES}
    took = dict.fromkeys(SPEECH_GATES, 0.0)
    for language in known:
        for gate in SPEECH_GATES:
            print(f"speech_gate: {language}, {gate}", file=sys.stderr)
            some, seconds = measured(model, [c for c in made if c.language == language], gate, language)
            found[gate] += some
            took[gate] += seconds
    table = summary(found)
    for name, row in table.items():
        print(f"{name:40}" + "".join(f"{gate} {value:<10}" for gate, value in row.items()))
    account = {
        "format": "whisper-at-speech-gate/1",
        "commit": commit(),
        "model": args.model,
        "head_sha256": model.head.sha256 if model.head else None,
        "seconds": {gate: round(value, 1) for gate, value in took.items()},
        "summary": table,
        "recordings": found,
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(args.output, "w") as file:
        file.write(json.dumps(account, indent=1, ensure_ascii=False) + "\n")
    print(args.output)


if __name__ == "__main__":
    main()
