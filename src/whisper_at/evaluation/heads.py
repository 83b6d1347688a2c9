"""What a head says of clips whose taps are at hand, or can be taken.

FeatureStore, or EncodedClips ── taps of a clip ──► head ──► Predictions
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from whisper_at.audio import log_mel
from whisper_at.datasets.clip import Clip
from whisper_at.datasets.waveforms import read_clip
from whisper_at.errors import DatasetError, HeadMismatch
from whisper_at.evaluation.predictions import Predictions
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.engine import EncoderFunction, HeadFunction
from whisper_at.model.head_file import Head
from whisper_at.model.heads import CELL_HEADS, rows_of_cells
from whisper_at.tagging.events import probabilities
from whisper_at.tagging.pooling import TapPool, pooled
from whisper_at.timegrid import FRAMES_PER_WINDOW, TagGrid, seconds

Taps = npt.NDArray[np.floating[Any]]
"""[cell, layer, dim]"""
Progress = Callable[[float, float], None]
"""Called with the seconds of clips that are done, and those that there seem to be."""


class TapsCard(Protocol):
    """What must be known of taps before a head may read them."""

    @property
    def encoder(self) -> str: ...
    @property
    def n_layers(self) -> int: ...
    @property
    def n_state(self) -> int: ...
    @property
    def frames_per_cell(self) -> int: ...


class TapStore(Protocol):
    """Taps of clips, by number: a store of features, or an encoder that takes them when they are asked for."""

    @property
    def card(self) -> TapsCard: ...
    @property
    def clips(self) -> tuple[Clip, ...]: ...

    def n_frames(self, i: int) -> int:
        """Length of a clip in frames of 10 ms."""
        ...

    def taps(self, i: int) -> Taps:
        """Its taps [cell, layer, dim]."""
        ...


def predict(
    head: Head,
    run: HeadFunction,
    store: TapStore,
    *,
    clips: Sequence[Clip] | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """What a head says of clips: of each as one row, and of each of its cells.

    A clip longer than 30 s is cut in rows of 30 s, and holds a label as surely as its surest row does.

    Args:
        run: the head, made ready by an engine.
        clips: which ones; None for all of the store.

    Raises:
        HeadMismatch: if the taps are not what the head was trained on.
        DatasetError: if the store lacks a clip, or taps are no numbers.
    """
    factor = check(head, store.card)
    wanted = store.clips if clips is None else tuple(clips)
    if not wanted:
        raise DatasetError("wanted clips to predict, found none; check the manifest and the fold")
    said, durations = [], []
    for i in _numbers(store, wanted):
        taps = pooled(store.taps(i), factor)
        if not len(taps) or not np.isfinite(taps).all():
            raise DatasetError(f"the taps of {store.clips[i].name} are empty or no numbers; take them again")
        said.append(of_clip(head, run, taps))
        durations.append(seconds(store.n_frames(i)))
        if progress:
            progress(sum(durations), sum(durations) / len(said) * len(wanted))
    return Predictions(
        tagger=head.card.name,
        names=tuple(clip.name for clip in wanted),
        ids=head.card.mids,
        clip=np.stack([clip for clip, _ in said]),
        cells=tuple(cells for _, cells in said),
        frames_per_cell=head.card.frames_per_cell,
        durations=tuple(durations),
    )


def _numbers(store: TapStore, wanted: Sequence[Clip]) -> list[int]:
    """Where clips are in a store, by the part of the file that they are, however its path was written."""

    def key(clip: Clip) -> tuple[str, float, float | None]:
        return os.path.realpath(clip.path), clip.start, clip.end

    number = {key(clip): i for i, clip in enumerate(store.clips)}
    found = [number.get(key(clip)) for clip in wanted]
    missing = [clip.name for clip, i in zip(wanted, found, strict=True) if i is None]
    if missing:
        raise DatasetError(
            f"the features lack {len(missing)} of {len(wanted)} clips, the first is {missing[0]}; "
            "take them again with whisper-at features, or leave these clips out"
        )
    return [i for i in found if i is not None]


def of_clip(
    head: Head, run: HeadFunction, taps: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Probabilities of a clip [label] and of its cells [cell, label] from taps [cell, layer, dim]."""
    cells = run(np.ascontiguousarray(taps[:, :, None, :]))
    longest = max(1, FRAMES_PER_WINDOW // head.card.frames_per_cell)
    parts = range(0, len(taps), longest)
    if head.card.architecture in CELL_HEADS:
        rows = [rows_of_cells(cells[None, at : at + longest]) for at in parts]
    else:
        rows = [run(np.ascontiguousarray(taps[at : at + longest].transpose(1, 0, 2)[None])) for at in parts]
    calibration = head.card.calibration
    return probabilities(np.concatenate(rows), calibration).max(0), probabilities(cells, calibration)


def thresholds_of(head: Head) -> npt.NDArray[np.float64]:
    """From which probability each label counts as heard: [label]."""
    return np.array(head.card.thresholds or [head.card.threshold] * len(head.card.mids), np.float64)


def check(head: Head, taps: TapsCard) -> int:
    """How many cells of the taps make one of the head's.

    Raises:
        HeadMismatch: if the taps are of another encoder, or their cells make none of the head's.
    """
    card = head.card
    if (card.encoder, card.n_state, card.n_layers) != (taps.encoder, taps.n_state, taps.n_layers):
        raise HeadMismatch(
            f"head {card.name} reads {card.n_layers} taps of width {card.n_state} of {card.encoder}, found "
            f"{taps.n_layers} of width {taps.n_state} of {taps.encoder}; take the features of {card.encoder}"
        )
    if card.frames_per_cell % taps.frames_per_cell:
        raise HeadMismatch(
            f"head {card.name} reads cells of {card.frames_per_cell} frames, which cells of {taps.frames_per_cell} "
            f"do not make; take features with cells of {card.frames_per_cell}"
        )
    return card.frames_per_cell // taps.frames_per_cell


@dataclass(frozen=True, kw_only=True)
class EncoderCard:
    """An encoder's taps as a `TapsCard`."""

    encoder: str
    n_layers: int
    n_state: int
    frames_per_cell: int


class EncodedClips:
    """Taps of clips, taken when they are asked for: each clip alone in windows of 30 s, as it is served."""

    def __init__(
        self,
        clips: Sequence[Clip],
        encoder: EncoderFunction,
        dims: Dimensions,
        *,
        name: str,
        frames_per_cell: int,
    ) -> None:
        self.clips = tuple(clips)
        self.card = EncoderCard(
            encoder=name, n_layers=dims.n_layers, n_state=dims.n_state, frames_per_cell=frames_per_cell
        )
        self._encoder, self._dims = encoder, dims
        self._n_frames: dict[int, int] = {}

    def n_frames(self, i: int) -> int:
        """Length of a clip in frames; it is read if its taps have not been taken yet."""
        if i not in self._n_frames:
            self.taps(i)
        return self._n_frames[i]

    def taps(self, i: int) -> npt.NDArray[np.float32]:
        """Its taps [cell, layer, dim].

        Raises:
            DatasetError: if it cannot be read, or nothing lies between its start and its end.
        """
        mel = log_mel(read_clip(self.clips[i]).samples, n_mels=self._dims.n_mels)
        pool = TapPool(TagGrid(frames_per_cell=self.card.frames_per_cell), mel.n_frames)
        cells = []
        for seek in range(0, mel.n_frames, FRAMES_PER_WINDOW):
            matrix = pool.plan(seek)
            taps = self._encoder(mel.window(seek).padded[None], matrix[None]).taps[0]
            cells.append(pool.hear(seek, matrix, taps.transpose(1, 0, 2)))
        self._n_frames[i] = mel.n_frames
        return np.concatenate(cells)
