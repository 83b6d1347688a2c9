"""Events on scenes with exact truth: as runs of cells above the threshold, as they are reported, and YAMNet's.

    python experiments/events.py base-cell-mlp --scenes build/test-scenes-features --fold 4 \\
        --teacher yamnet:yamnet_spectra_in.tflite --output experiments/results/events-base.json

SCENES are the features of soundscapes, as `whisper-at features --context alone` takes them from what `whisper-at
soundscapes` makes; the scenes themselves must lie where they lay. Each tagger's events are those of every label, kinds
and what they are kinds of alike, for so is the truth. Counted are the labels that both taggers know, that the head
reports, and that the scenes have five times or more.

    event F1      begins within 200 ms of a true event and ends within 200 ms or a fifth of its length
    segment F1    second by second
    onset error   of the detection that begins nearest to a true event, where one begins within a second of it

YAMNet hears patches of 0.96 s, 0.48 s apart as published; its events are runs of patches above a threshold, which is
0.5, and also the one that gives the best event F1 on these very scenes, which is in its favour. Needs
whisper-at[train,teachers].
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from whisper_at.audio.edges import EdgeFinder
from whisper_at.audio.logmel import log_mel
from whisper_at.datasets.clip import Clip
from whisper_at.datasets.waveforms import read_clip
from whisper_at.evaluation.events import f1, matched
from whisper_at.evaluation.truth import Sounds, Spans, sounds_of
from whisper_at.files import write_atomically
from whisper_at.model.engine import HeadFunction, open_engine
from whisper_at.model.head_file import Head, read_head
from whisper_at.tagging.detection import runs
from whisper_at.tagging.events import Reporting, events_from, probabilities
from whisper_at.tagging.heads import packaged_heads
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.said_once import said_once
from whisper_at.tagging.track import Track
from whisper_at.timegrid import FRAMES_PER_WINDOW, SAMPLE_RATE, TagGrid
from whisper_at.timeline import Event
from whisper_at.training.store import FeatureStore
from whisper_at.training.survey import hear
from whisper_at.training.teachers import Teacher, open_teacher, patch_starts
from whisper_at.version import commit

FEWEST = 5  # events of a label that counts
NEAR = 1.0  # seconds
FIXED = 0.5
THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
PUBLISHED_HOP = 0.48

Detected = list[dict[int, Spans]]
"""For each scene, by column of the label, spans [event, (start, end)] in seconds."""


@dataclass(kw_only=True)
class Tally:
    """What a way of telling events has found, label by label."""

    n_labels: int
    events: np.ndarray = field(init=False)
    segments: np.ndarray = field(init=False)
    onsets: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.events, self.segments = np.zeros((self.n_labels, 3)), np.zeros((self.n_labels, 3))

    def add(self, column: int, true: Spans, found: Spans) -> None:
        """Count one label in one scene."""
        self.events[column] += len(matched(true, found)), len(found), len(true)
        heard, told = _seconds(true), _seconds(found)
        self.segments[column] += len(heard & told), len(told), len(heard)
        for start in true[:, 0] if len(found) else ():
            error = float(np.abs(found[:, 0] - start).min())
            if error <= NEAR:
                self.onsets.append(error)

    def scores(self) -> dict[str, float | int]:
        """F1 and errors; times in milliseconds."""
        return {
            "event F1, micro": round(float(f1(self.events.sum(0))), 4),
            "event F1, macro": round(float(np.nanmean(f1(self.events))), 4),
            "segment F1, micro": round(float(f1(self.segments.sum(0))), 4),
            "segment F1, macro": round(float(np.nanmean(f1(self.segments))), 4),
            "detected": int(self.events[:, 1].sum()),
            "true": int(self.events[:, 2].sum()),
            "onset error, median, ms": round(1000 * float(np.median(self.onsets))) if self.onsets else -1,
            "onsets within a second": len(self.onsets),
        }


def _seconds(spans: Spans) -> set[int]:
    return {s for start, end in spans.tolist() for s in range(int(start + 1e-6), int(-(-(end - 1e-6) // 1)))}


def tally(detected: Detected, sounds: Sounds, columns: Sequence[int]) -> dict[str, float | int]:
    """All scenes, over some labels."""
    told, nothing = Tally(n_labels=len(columns)), np.zeros((0, 2))
    for found, spans, known in zip(detected, sounds.spans, sounds.known, strict=True):
        for i, column in enumerate(columns):
            if known[column]:
                told.add(i, spans.get(column, nothing), found.get(column, nothing))
    return told.scores()


def tracks(head: Head, run: HeadFunction, store: FeatureStore, clips: Sequence[Clip]) -> Iterator[Track]:
    """What the head says of each scene, and where the scene grows louder and quieter."""
    number = {clip.name: i for i, clip in enumerate(store.clips)}
    grid = TagGrid(frames_per_cell=head.card.frames_per_cell)
    for clip in clips:
        logits = run(np.ascontiguousarray(store.taps(number[clip.name])[:, :, None, :].astype(np.float32)))
        mel, edges = log_mel(read_clip(clip).samples), EdgeFinder()
        for seek in range(0, mel.n_frames, FRAMES_PER_WINDOW):
            edges.hear(mel.window(seek))
        yield Track(
            grid=grid,
            cells_per_row=1,
            n_frames=mel.n_frames,
            rows=logits,
            cells=logits,
            edges=edges.edges(mel.n_frames),
        )


def as_spans(events: Sequence[Event], column: dict[str, int]) -> dict[int, Spans]:
    """Events by the column of their label."""
    found: dict[int, list[tuple[float, float]]] = {}
    for event in events:
        if event.mid in column:
            found.setdefault(column[event.mid], []).append((event.start, event.end))
    return {c: np.array(sorted(spans)) for c, spans in found.items()}


def runs_above(shares: np.ndarray, limits: np.ndarray, edges: np.ndarray) -> dict[int, Spans]:
    """Runs of cells [cell, label] above thresholds, between edges in seconds."""
    return {
        column: np.array(
            [(edges[run.start], edges[run.stop]) for run in runs(shares[:, column] >= limits[column])]
        )
        for column in np.flatnonzero((shares >= limits).any(0)).tolist()
    }


def patches(teacher: Teacher, clips: Sequence[Clip]) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each scene what the teacher says of its patches [patch, label], and their edges: a hop each."""
    heard = []
    for clip in clips:
        samples = hear(clip).samples
        said = teacher.probabilities(samples)
        fine = patch_starts(len(samples), patch=teacher.patch, hop=teacher.hop)
        starts = patch_starts(len(samples), patch=teacher.patch, hop=PUBLISHED_HOP)
        middles = starts / SAMPLE_RATE + teacher.patch / 2
        between = (middles[1:] + middles[:-1]) / 2
        heard.append(
            (said[np.searchsorted(fine, starts)], np.array([0.0, *between, len(samples) / SAMPLE_RATE]))
        )
    return heard


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("head", help="name of a packaged head, or a file")
    parser.add_argument("--scenes", type=Path, required=True, help="features of soundscapes")
    parser.add_argument("--fold", default="4")
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    head = read_head(packaged_heads().get(given.head) or Path(given.head))
    teacher = open_teacher(given.teacher)
    store = FeatureStore.open(given.scenes)
    clips = [clip for clip in store.clips if clip.fold == given.fold]
    ids = tuple(mid for mid in head.card.reported if mid in teacher.ids and mid in store.card.labels.ids)
    sounds = sounds_of(clips, store.card.labels, ids)
    columns = np.flatnonzero(sounds.n_events >= FEWEST).tolist()
    column = {mid: i for i, mid in enumerate(ids)}

    reporting = Reporting.of(head.card, TagOptions(labels=ids, parents=True))
    engine = open_engine("openvino", device="cpu", threads=given.threads, precision="float32")
    before: Detected = []
    after: Detected = []
    n_said_once = n_events = 0
    for track in tracks(head, engine.head(head), store, clips):
        cells = track.cells[:, reporting.columns]
        track = Track(**{**vars(track), "rows": cells, "cells": cells})
        cell = track.grid.frames_per_cell / 100
        edges = np.minimum(np.arange(len(cells) + 1) * cell, track.n_frames / 100)
        before.append(runs_above(probabilities(cells, reporting.calibration), reporting.thresholds, edges))
        events = events_from(track, reporting)
        after.append(as_spans(events, column))
        n_events += len(events)
        n_said_once += len(said_once(events))
    heard = patches(teacher, clips)
    own = [teacher.ids.index(mid) for mid in ids]

    def yamnet(threshold: float) -> dict[str, float | int]:
        limits = np.full(len(ids), threshold)
        return tally([runs_above(said[:, own], limits, edges) for said, edges in heard], sounds, columns)

    of_yamnet = {threshold: yamnet(threshold) for threshold in THRESHOLDS}
    best = max(of_yamnet, key=lambda threshold: of_yamnet[threshold]["event F1, micro"])
    result = {
        "command": "python experiments/events.py "
        + " ".join([Path(given.head).name, "--scenes SCENES", f"--fold {given.fold}", "--teacher YAMNET"]),
        "commit": commit(),
        "head": head.card.name,
        "head_sha256": head.sha256,
        "scenes": len(clips),
        "labels": len(columns),
        "taggers": {
            "runs of cells above the threshold": tally(before, sounds, columns),
            "events as they are reported": tally(after, sounds, columns),
            f"{teacher.name}, patches above {FIXED:g}": of_yamnet[FIXED],
            f"{teacher.name}, patches above {best:g}, the best here": of_yamnet[best],
        },
        "events": {"of all labels": n_events, "said once": n_said_once},
    }
    with write_atomically(given.output, "w") as file:
        file.write(json.dumps(result, indent=1) + "\n")
    for name, scores in result["taggers"].items():
        print(f"{name:45}", scores)
    print(result["events"])


if __name__ == "__main__":
    main()
