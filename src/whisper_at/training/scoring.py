"""How well a head does on clips that it was not trained on: what it says of them, and average precision.

Truth and measure are those of `evaluation/`; here they choose epochs, calibration and thresholds.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from whisper_at.evaluation.arrays import Scored
from whisper_at.evaluation.tags import average_precision
from whisper_at.evaluation.truth import truth_of
from whisper_at.tagging.pooling import pooled
from whisper_at.training.batches import prefetched
from whisper_at.training.corpus import Corpus, Numbers
from whisper_at.training.network import Network
from whisper_at.training.recipe import Recipe

Float = npt.NDArray[np.float32]
CELLS_AT_ONCE = 4000


def row_logits(network: Network, corpus: Corpus, clips: Numbers, recipe: Recipe) -> Float:
    """The logits [clip, label] of whole clips, each as one row of all its cells, as it is when the head is used.

    Only where training filled clips up with zeros they are cut and filled up here too.
    """
    factor = recipe.head.frames_per_cell // corpus.card.frames_per_cell
    logits = np.zeros((len(clips), len(corpus.labels.ids)), np.float32)
    n_fixed = recipe.augmentation.cells if recipe.augmentation.short == "zeros" else None

    def load(group: Sequence[int]) -> tuple[Sequence[int], Float]:
        return group, np.stack([_taps(corpus, int(clips[i]), factor, n_fixed) for i in group])

    lengths = np.array([n_fixed or corpus.n_cells(int(i), factor) for i in clips])
    with torch.no_grad():
        for group, taps in prefetched(load(group) for group in _groups(lengths)):
            n_rows, n_cells = taps.shape[:2]
            row, place = np.divmod(np.arange(n_rows * n_cells), n_cells)
            said = network(
                torch.from_numpy(taps.reshape(-1, *taps.shape[2:])).to(network.device),
                torch.from_numpy(row).to(network.device),
                torch.from_numpy(place).to(network.device),
                n_rows,
            )
            logits[group] = said.rows.cpu().numpy()
    return logits


def scored(logits: Float, corpus: Corpus, clips: Numbers) -> Scored:
    """What was said of clips beside what is true; kinds of a label that is listed are not known."""
    ids = corpus.labels.ids
    truth = truth_of([corpus.clips[i] for i in clips], corpus.labels, ids)
    probabilities = 0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64)))
    return Scored(probabilities, truth.present, truth.known)


def mean_average_precision(said: Scored) -> float:
    """The mean over the labels that can be ranked; 0 if none can."""
    each = average_precision(said)
    return float(np.nanmean(each)) if np.isfinite(each).any() else 0.0


def _taps(corpus: Corpus, clip: int, factor: int, n_fixed: int | None) -> Float:
    """All cells [cell, layer, dim] of a clip, or a fixed number of them."""
    taps = corpus.taps(clip)
    if n_fixed is None:
        return pooled(taps, factor)
    cells = pooled(taps[: n_fixed * factor], factor)
    missing = np.zeros((n_fixed - len(cells), *cells.shape[1:]), np.float32)
    return np.concatenate([cells, missing])


def _groups(lengths: Numbers) -> list[list[int]]:
    """Rows of equal length together, so that nothing is filled up, and not too many at once."""
    groups: list[list[int]] = []
    for length in np.unique(lengths):
        members = np.flatnonzero(lengths == length)
        at_once = max(1, CELLS_AT_ONCE // int(length))
        groups += [members[i : i + at_once].tolist() for i in range(0, len(members), at_once)]
    return groups
