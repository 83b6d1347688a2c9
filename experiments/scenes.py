"""Three scenes of real recordings, with what is written of them: captions and pictures for docs/scenes.md.

    python experiments/scenes.py DATA --output docs/scenes --model base

DATA is a folder with a manifest.tsv (path, set, label, fold, transcript, lang, ...). Clips of fold 4 are laid one
after the other with pauses, by a plan that is written below: sentences at the same loudness, sounds so many decibels
louder or softer than they. For each scene OUTPUT gets `NAME.srt`, `NAME.png` and `NAME.json`, the plan beside what was
heard. The sound is not kept. Needs whisper-at[plot].
"""

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whisper_at import load
from whisper_at.audio import read
from whisper_at.files import write_atomically
from whisper_at.plotting import plot
from whisper_at.timegrid import SAMPLE_RATE
from whisper_at.version import commit
from whisper_at.writers import WRITERS
from whisper_at.writers.options import WriteOptions

FOLD = "4"
PAUSE = 0.8  # seconds between what follows each other
LOUDNESS = 0.06  # root mean square of speech


@dataclass(frozen=True, kw_only=True)
class Part:
    """A clip of a set and label, the n-th there; decibels beside speech; laid under what follows if `under`."""

    set: str
    label: str = ""
    n: int = 0
    decibels: float = 0.0
    under: bool = False


def speech(name: str, n: int) -> Part:
    return Part(set=name, n=n)


SCENES = {
    "yard": (
        speech("speech_kathleen_en", 3),
        Part(set="esc10", label="Dog bark", n=1),
        speech("speech_kathleen_en", 9),
        Part(set="esc10", label="Rooster", n=0),
        speech("speech_kathleen_en", 15),
        Part(set="esc10", label="Chainsaw", n=2, decibels=-3),
    ),
    "night": (
        Part(set="esc10", label="Rain", n=3, decibels=-12, under=True),
        speech("speech_kerstin_de", 2),
        Part(set="donateacry", n=4),
        speech("speech_kerstin_de", 11),
        Part(set="esc10", label="Clock tick", n=1),
        speech("speech_kerstin_de", 20),
    ),
    "shore": (
        Part(set="esc10", label="Sea waves", n=2, decibels=-6),
        speech("speech_kathleen_en", 30),
        Part(set="esc10", label="Helicopter", n=1, decibels=-3),
        speech("speech_kathleen_en", 41),
        Part(set="esc10", label="Person sneeze", n=0),
        Part(set="esc10", label="Fire crackling", n=1, decibels=-3),
    ),
}


def rows(data: Path) -> list[dict[str, str]]:
    """The manifest, in its order."""
    with (data / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def chosen(manifest: list[dict[str, str]], part: Part) -> dict[str, str]:
    """The clip that a part means."""
    found = [
        r for r in manifest if r["set"] == part.set and r["fold"] == FOLD and part.label in ("", r["label"])
    ]
    if part.n >= len(found):
        raise SystemExit(
            f"wanted clip {part.n} of {part.set} {part.label}, found {len(found)} in fold {FOLD}"
        )
    return found[part.n]


def laid(
    data: Path, manifest: list[dict[str, str]], parts: tuple[Part, ...]
) -> tuple[NDArray[np.float32], list[dict]]:
    """The samples of a scene, and what lies where, in seconds."""
    pieces: list[tuple[int, NDArray[np.float32]]] = []
    plan = []
    at = round(0.5 * SAMPLE_RATE)
    for part in parts:
        row = chosen(manifest, part)
        samples = read(data / row["path"]).samples
        loudness = float(np.sqrt(np.mean(samples**2))) or 1.0
        samples = samples * np.float32(LOUDNESS * 10 ** (part.decibels / 20) / loudness)
        times = {"start": round(at / SAMPLE_RATE, 2), "end": round((at + len(samples)) / SAMPLE_RATE, 2)}
        plan.append({**times, "what": row["transcript"] or row["label"] or part.set, "clip": row["path"]})
        pieces.append((at, samples))
        at += round(0.2 * SAMPLE_RATE) if part.under else len(samples) + round(PAUSE * SAMPLE_RATE)
    scene = np.zeros(max(start + len(samples) for start, samples in pieces) + SAMPLE_RATE, np.float32)
    for start, samples in pieces:
        scene[start : start + len(samples)] += samples
    peak = float(np.abs(scene).max())
    return scene / max(1.0, peak / 0.95), plan


def told(events: tuple) -> Iterator[dict]:
    for e in events:
        yield {"start": e.start, "end": e.end, "label": e.label, "probability": e.probability}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--model", default="base")
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args()
    manifest = rows(given.data)
    model = load(given.model, threads=given.threads)
    given.output.mkdir(parents=True, exist_ok=True)
    for name, parts in SCENES.items():
        samples, plan = laid(given.data, manifest, parts)
        annotation = model.annotate(samples, word_timestamps=True, curves=24)
        plot(annotation, given.output / f"{name}.png", waveform=samples)
        with write_atomically(given.output / f"{name}.srt", "w") as file:
            file.write(WRITERS["srt"](annotation, WriteOptions()))
        said = [{"start": s.start, "end": s.end, "text": s.text.strip()} for s in annotation.segments]
        heard = list(told(annotation.events))
        result = {"commit": commit(), "model": given.model, "plan": plan, "said": said, "heard": heard}
        with write_atomically(given.output / f"{name}.json", "w") as file:
            file.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
        print(f"{name}: {annotation.duration:.1f} s, {len(annotation.events)} events")


if __name__ == "__main__":
    main()
