"""Features with a truth planted in them: each label is a direction, and a cell in which it is heard lies along it."""

from pathlib import Path

import numpy as np

from whisper_at.datasets.clip import Clip, LabelSet, Sounding
from whisper_at.training.corpus import Corpus
from whisper_at.training.placing import alone
from whisper_at.training.recipe import Recipe
from whisper_at.training.shards import shard_name, write_shard
from whisper_at.training.store import FeatureStore, Index, StoreCard, write_index

LABELS = LabelSet.of(["bell", "dog", "rain"])
N_LAYERS, N_STATE = 2, 16
SAMPLES_PER_CELL = 3200


def write_store(
    folder: Path,
    clips: list[Clip],
    taps: list[np.ndarray],
    *,
    labels: LabelSet = LABELS,
    name: str = "planted",
) -> Path:
    """A store of cells of 0.2 s, as `whisper-at features` would write it."""
    card = StoreCard(
        dataset=name,
        data_sha256=name,
        labels=labels,
        encoder="tiny-random",
        encoder_sha256="0",
        n_layers=taps[0].shape[1],
        n_state=taps[0].shape[2],
    )
    samples = tuple(len(one) * SAMPLES_PER_CELL for one in taps)
    reels = tuple(alone([len(one) * 20 for one in taps]))
    index = Index(card=card, clips=tuple(clips), samples=samples, shards=(reels,))
    folder.mkdir(parents=True, exist_ok=True)
    write_index(folder, index)
    values = {i: one.astype(np.float16) for i, one in enumerate(taps)}
    write_shard(folder / shard_name(0), values, store=index.sha256)
    return folder


def planted_store(folder: Path, *, n_clips: int = 120, seed: int = 0, timed: float = 0.5) -> Path:
    """Clips of 2 to 9 cells in folds 1 to 4; each label sounds in a third of them, from some cell to some other.

    Args:
        timed: share of the clips whose labels have times; all are complete.
    """
    rng = np.random.default_rng(seed)
    direction = 4 * rng.standard_normal((len(LABELS.ids), N_LAYERS, N_STATE))
    clips, taps = [], []
    for i in range(n_clips):
        n = int(rng.integers(2, 10))
        cells = rng.standard_normal((n, N_LAYERS, N_STATE))
        soundings = []
        for label, way in zip(LABELS.ids, direction, strict=True):
            if rng.random() < 1 / 3:
                first = int(rng.integers(n))
                last = int(rng.integers(first, n))
                cells[first : last + 1] += way
                soundings.append(Sounding(label=label, start=first * 0.2, end=(last + 1) * 0.2))
        clips.append(
            Clip(
                path=Path(f"{i}.wav"),
                labels=tuple(one.label for one in soundings),
                soundings=tuple(soundings) if rng.random() < timed else None,
                complete=True,
                fold=str(i % 4 + 1),
            )
        )
        taps.append(cells)
    return write_store(folder, clips, taps)


def recipe_of(folder: Path | str, **sections: dict[str, object]) -> Recipe:
    """A quick recipe for planted features; sections are changed key by key."""
    data: dict[str, dict[str, object]] = {
        "data": {"features": [str(folder)], "validation": ["3"], "test": ["4"]},
        "head": {"architecture": "cell-mlp", "hidden": 24, "frames_per_cell": 20, "standardise": True},
        "sampling": {"balance": "sqrt", "batch": 16, "epochs": 6},
        "augmentation": {"cells": 8, "crop": "random", "short": "mask", "mixup": 0.3, "time_mask": 0.2},
        "optimiser": {"name": "adamw", "rate": 1e-2, "schedule": "cosine"},
        "averaging": {"kind": "ema", "decay": 0.9},
    }
    for section, keys in sections.items():
        data.setdefault(section, {}).update(keys)
    return Recipe.of({"name": "planted", "checkpoint_every": 4, **data})


def corpus_of(recipe: Recipe) -> Corpus:
    """The corpus that a recipe names."""
    return Corpus.of([FeatureStore.open(Path(folder)) for folder in recipe.data.features], recipe.data)
