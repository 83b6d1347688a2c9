"""What the speech gate costs on speech and spares where nobody speaks: word errors and invented words, gate by gate.

    python experiments/speech_gate.py DATA --model base --output experiments/results/speech-gate-base.json

DATA is a folder with a manifest.tsv (see speech_cases.py). One of its folds is heard: the fourth, which the packaged
heads have never been trained on, or the third to choose thresholds by. Each recording is heard with the gate off, on
auto and on strict, and by the tags alone for the evidence of a voice in each segment: so the file tells what would have
been lost and spared at other thresholds too. It is written anew after every recording. Needs whisper-at[evaluate].
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from speech_cases import Case, cases

from whisper_at import Annotation, load
from whisper_at.annotation import Segment
from whisper_at.evaluation.need import need
from whisper_at.evaluation.words import Normalizer, sentence_errors
from whisper_at.files import write_atomically
from whisper_at.hearing.in_batches import hear_in_batches
from whisper_at.hearing.options import Options
from whisper_at.pipeline import Model
from whisper_at.speech.gate import DOUBTFUL, GATES, SLACK, UNLIKELY, Evidence
from whisper_at.speech.options import SPEECH_GATES
from whisper_at.tagging.events import probabilities
from whisper_at.tagging.voice import VoiceLabels
from whisper_at.timegrid import FRAMES_PER_SECOND
from whisper_at.version import commit

THRESHOLDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A segment, kept or dropped: how many words it has, and how many of them were spoken.

    `voice` is the evidence for it; `doubted` says whether the decoder doubts it itself, which is known only of what was
    kept.
    """

    start: float
    end: float
    text: str
    kept: bool
    voice: float
    doubted: bool | None
    words: int
    right: int


def evidence_of(model: Model, case: Case) -> Evidence:
    """What the tags alone hear of voices."""
    voices = VoiceLabels.of(model.head.card) if model.head else None
    if model.head is None or voices is None:
        raise SystemExit("wanted a head that knows speech; this one does not, choose another --head")
    options = Options(labels=tuple(model.head.card.mids[column] for column in voices.columns))
    (heard,) = hear_in_batches([case.recording.stream()], model, options, words=False)
    assert heard.tracks is not None
    (track,) = heard.tracks
    sure = probabilities(track.cells, voices.calibration).max(axis=1)
    return Evidence(frames_per_cell=track.grid.frames_per_cell, voice=sure)


def wrong_words(case: Case, text: str) -> int:
    """The word errors of a text; where nobody speaks, its words."""
    if not case.sentences:
        return len(Normalizer(case.language).words(text))
    return int(sentence_errors(case.sentences, text, case.language).wrong.sum())


def parts_of(case: Case, annotation: Annotation, evidence: Evidence) -> list[Part]:
    """The segments that were kept and those that were dropped, in the order of time."""
    texts = [one for one in annotation.dropped if one.text]
    segments = sorted([*annotation.segments, *texts], key=lambda one: (one.start, one.end))
    normalizer = Normalizer(case.language)
    words = [normalizer.words(one.text) for one in segments]
    spoken = [word for sentence in case.sentences for word in normalizer.words(sentence)]
    parts = []
    for one, said, right in zip(segments, words, right_words(spoken, words), strict=True):
        first, last = (round(at * FRAMES_PER_SECOND) for at in (one.start, one.end))
        kept = isinstance(one, Segment)
        parts.append(
            Part(
                start=one.start,
                end=one.end,
                text=one.text,
                kept=kept,
                voice=round(evidence.between(max(0, first - SLACK), last + SLACK), 4),
                doubted=one.avg_logprob < DOUBTFUL or one.no_speech_prob > UNLIKELY if kept else None,
                words=len(said),
                right=right,
            )
        )
    return parts


def right_words(spoken: Sequence[str], heard: Sequence[Sequence[str]]) -> list[int]:
    """How many words of each segment were spoken there, as all of them together are aligned.

    >>> right_words(["the", "cat", "sleeps"], [["the", "dog"], ["sleeps", "thank", "you"]])
    [1, 1]
    """
    owner = np.array([i for i, words in enumerate(heard) for _ in words], np.int64)
    right = np.zeros(len(heard), np.int64)
    if spoken and len(owner):
        said = " ".join(word for words in heard for word in words)
        for chunk in need("jiwer").process_words(" ".join(spoken), said).alignments[0]:
            if chunk.type == "equal":
                np.add.at(right, owner[chunk.hyp_start_idx : chunk.hyp_end_idx], 1)
    return [int(n) for n in right]


def heard(model: Model, case: Case, gate: str, evidence: Evidence) -> dict[str, Any]:
    """What comes of a recording behind a gate."""
    started = time.perf_counter()
    annotation = model.transcribe(case.recording.samples, language=case.language, speech_gate=gate)
    took = time.perf_counter() - started
    spoken = sum(len(Normalizer(case.language).words(sentence)) for sentence in case.sentences)
    return {
        "case": case.name,
        "language": case.language,
        "gate": gate,
        "seconds": round(case.recording.duration, 1),
        "took": round(took, 2),
        "spoken": spoken,
        "wrong": wrong_words(case, annotation.text),
        "not_decoded": round(sum(one.end - one.start for one in annotation.dropped if not one.text), 1),
        "parts": [vars(part) for part in parts_of(case, annotation, evidence)],
    }


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Kind by kind and gate by gate: WER in % over the languages, or words a minute where nobody speaks."""
    table: dict[str, dict[str, Any]] = {}
    names = list(dict.fromkeys((row["case"], row["spoken"] > 0) for row in rows))
    kinds = {name: ([name], speaks) for name, speaks in names}
    for title, speaks in (("all speech", True), ("nobody speaks", False)):
        kinds[title] = ([name for name, also in names if also == speaks], speaks)
    for title, (members, speaks) in kinds.items():
        of_kind = [row for row in rows if row["case"] in members]
        if of_kind:
            table[title] = {"counts": "WER, %" if speaks else "words a minute"}
        for gate in SPEECH_GATES:
            if some := [row for row in of_kind if row["gate"] == gate]:
                wrong, spoken = (sum(row[what] for row in some) for what in ("wrong", "spoken"))
                minutes = sum(row["seconds"] for row in some) / 60
                table[title][gate] = round(100 * wrong / spoken if speaks else wrong / minutes, 2)
                table[title][f"{gate}, s"] = round(sum(row["took"] for row in some), 1)
                table[title][f"{gate}, words lost"] = sum(
                    part["right"] for row in some for part in row["parts"] if not part["kept"]
                )
    return table


def losses(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What each threshold would take away of what is heard with the gate off, in words.

    lost: right words. spared: words of segments without a right one. Both of segments that the decoder doubts, and of
    those that it does not doubt.
    """
    parts = [part for row in rows if row["gate"] == "off" for part in row["parts"]]
    table = []
    for threshold in THRESHOLDS:
        row: dict[str, Any] = {"threshold": threshold}
        for doubted, name in ((True, "doubted"), (False, "not doubted")):
            some = [one for one in parts if one["voice"] < threshold and one["doubted"] == doubted]
            row[f"lost, {name}"] = sum(one["right"] for one in some)
            row[f"spared, {name}"] = sum(one["words"] for one in some if not one["right"])
        table.append(row)
    return table


def measured(model: Model, made: Iterable[Case], gates: Sequence[str]) -> Iterator[dict[str, Any]]:
    """All recordings behind all gates; says how far it has come."""
    for case in made:
        evidence = evidence_of(model, case)
        rows: dict[str, dict[str, Any]] = {}
        for gate in gates:
            if gate == "strict" and "auto" in rows and _is_surely_spoken(rows["auto"]):
                rows[gate] = {**rows["auto"], "gate": gate}  # the same texts, and none to be dropped
            else:
                rows[gate] = heard(model, case, gate, evidence)
            row = rows[gate]
            wrong = (
                f"{row['wrong']} of {row['spoken']} wrong" if case.sentences else f"{row['wrong']} invented"
            )
            print(f"speech_gate: {case.recording.name}, {gate}: {wrong}, {row['took']} s", file=sys.stderr)
            yield row


def _is_surely_spoken(row: Mapping[str, Any]) -> bool:
    """Whether nothing was left out, and no gate would have left out anything."""
    most = max(max(vars(gate).values()) for gate in GATES.values() if gate)
    return not row["not_decoded"] and all(part["kept"] and part["voice"] >= most for part in row["parts"])


def account(rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> str:
    """All of it as JSON, a line for each recording."""
    head = {**settings, "summary": summary(rows), "losses": losses(rows)}
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return json.dumps(head, indent=1, ensure_ascii=False)[:-2] + f',\n "recordings": [\n{lines}\n]\n}}\n'


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="base")
    parser.add_argument("--head", default="default")
    parser.add_argument("--fold", default="4")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each kind of recording")
    parser.add_argument("--gate", action="append", choices=SPEECH_GATES, help="[default: all three]")
    parser.add_argument("--only", default="", help="recordings whose names hold this")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(arguments)
    model = load(args.model, head=args.head, threads=args.threads)
    made = cases(args.data, args.fold, model.tokenizer.languages, seconds=args.seconds)
    settings = {
        "format": "whisper-at-speech-gate/2",
        "commit": commit(),
        "model": args.model,
        "head_sha256": model.head.sha256 if model.head else None,
        "fold": args.fold,
        "seconds": args.seconds,
        "only": args.only,
        "gates": {name: gate and vars(gate) for name, gate in GATES.items()},
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    wanted = (case for case in made if args.only in case.recording.name)
    for row in measured(model, wanted, args.gate or SPEECH_GATES):
        rows.append(row)
        with write_atomically(args.output, "w") as file:
            file.write(account(rows, settings))
    for name, values in summary(rows).items():
        found = "".join(f"{gate} {values.get(gate, '-')!s:8}" for gate in SPEECH_GATES)
        print(f"{name:36}{found}{values['counts']}")
    print(*losses(rows), args.output, sep="\n")


if __name__ == "__main__":
    main()
