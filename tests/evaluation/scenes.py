"""Small scenes with truth and probabilities of one's own choosing."""

from pathlib import Path

import numpy as np

from whisper_at.datasets.clip import Clip, Dataset, LabelSet, Sounding
from whisper_at.evaluation.predictions import Predictions
from whisper_at.evaluation.truth import sounds_of

CELL = 0.4  # seconds


def label_set(n_labels):
    """Labels that imply nothing: a, b, c ..."""
    ids = tuple("abcdefghij"[:n_labels])
    return LabelSet(ids=ids, names=tuple(one.upper() for one in ids))


def scene(events, cells):
    """Predictions, truth and dataset of clips.

    events: [clip][label][[start, end], ...] in seconds. cells: probabilities [clip][cell][label].
    """
    labels = label_set(len(events[0]))
    clips = tuple(
        Clip(
            path=Path(f"{i}.ogg"),
            complete=True,
            labels=tuple(labels.ids[k] for k, spans in enumerate(clip) if len(spans)),
            soundings=tuple(
                Sounding(label=labels.ids[k], start=start, end=end)
                for k, spans in enumerate(clip)
                for start, end in spans
            ),
        )
        for i, clip in enumerate(events)
    )
    arrays = tuple(np.asarray(one, np.float32) for one in cells)
    said = Predictions(
        tagger="scene",
        names=tuple(clip.name for clip in clips),
        ids=labels.ids,
        clip=np.stack([one.max(0) for one in arrays]),
        cells=arrays,
    )
    return said, sounds_of(clips, labels, labels.ids), Dataset(name="scenes", clips=clips, labels=labels)


def random_scene(seed, n_clips=6, n_labels=3, n_cells=20):
    """Events that begin and end where cells do, and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    events, cells = [], []
    for _ in range(n_clips):
        on = np.repeat(rng.random((n_cells // 4, n_labels)) < 0.3, 4, axis=0)
        edges = np.diff(np.pad(on.astype(int), ((1, 1), (0, 0))), axis=0)
        events.append(
            [
                [
                    [a * CELL, b * CELL]
                    for a, b in zip(
                        np.flatnonzero(edges[:, k] == 1), np.flatnonzero(edges[:, k] == -1), strict=True
                    )
                ]
                for k in range(n_labels)
            ]
        )
        cells.append((rng.random(on.shape) * 0.8 + 0.2 * on).round(2))
    return events, cells


def certain(events, n_cells=20):
    """Cells [clip][cell][label] that are exactly the truth, for events on the edges of cells."""
    cells = np.zeros((len(events), n_cells, len(events[0])), np.float32)
    for i, clip in enumerate(events):
        for k, spans in enumerate(clip):
            for start, end in spans:
                cells[i, round(start / CELL) : round(end / CELL), k] = 1
    return list(cells)
