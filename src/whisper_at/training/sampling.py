"""Which clips are heard when: drawn from the seed and the number of the epoch, so nothing has to be remembered.

A run that was killed goes on with the draws that it would have had, for a step knows its clips from its number alone.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from whisper_at.errors import TrainingError
from whisper_at.training.recipe import Sampling
from whisper_at.training.targets import Truth

Numbers = npt.NDArray[np.int64]


def generator(*numbers: int) -> np.random.Generator:
    """The random numbers that belong to some numbers, such as seed, epoch and step.

    >>> generator(0, 1).random() == generator(0, 1).random(), generator(0, 1).random() == generator(0, 2).random()
    (True, False)
    """
    return np.random.default_rng(np.random.SeedSequence(numbers))


def clip_weights(
    truth: Sequence[Truth], n_labels: int, sampling: Sampling, store: Numbers | None = None
) -> npt.NDArray[np.float64]:
    """How often each clip is drawn beside the others; the sum is 1.

    Rare labels are drawn more often, by the labels as they stand in the clip, without what they imply.

    Args:
        store: of each clip the number of its folder of features, where the recipe shares the draws out among them.

    Raises:
        TrainingError: if a folder is to have a share and has nothing to draw.
    """
    weights = _by_label(truth, n_labels, sampling)
    if sampling.shares and store is not None:
        share = np.array(sampling.shares)
        there = np.bincount(store, weights, minlength=len(share))
        if len(nothing := np.flatnonzero(there == 0)):
            raise TrainingError(
                f"sampling.shares gives {share[nothing[0]]:g} to folder {nothing[0] + 1} of data.features, which has "
                f"no clip to draw; clips without labels want sampling.unlabelled, or leave the folder out"
            )
        weights *= (share / there)[store]
    weights /= weights.sum()
    return weights


def _by_label(truth: Sequence[Truth], n_labels: int, sampling: Sampling) -> npt.NDArray[np.float64]:
    if sampling.balance == "none":
        return np.full(len(truth), 1 / len(truth))
    counts = np.bincount(np.concatenate([one.named for one in truth]), minlength=n_labels)
    each = 1000 / (counts + 0.01) if sampling.balance == "published" else 1 / np.sqrt(np.maximum(counts, 1))
    weights = np.array([each[one.named].sum() for one in truth])
    bare = np.array([len(one.named) == 0 for one in truth])
    if bare.all():
        return np.full(len(truth), 1 / len(truth))
    weights /= weights.sum()
    if sampling.unlabelled and bare.any():
        weights = weights * (1 - sampling.unlabelled) + bare * (sampling.unlabelled / bare.sum())
    return weights


def steps_of_epoch(n_clips: int, sampling: Sampling) -> int:
    """Steps of an epoch that goes over a share of the clips, in whole batches (at least one).

    The published loop stops *behind* the first step whose number, from 0, is above its share of the steps: a tenth of
    the 40,689 batches of AudioSet is 4,070 steps. So a share below 1 has one step more than one would think, or two.

    >>> steps_of_epoch(1_953_082, Sampling(batch=48, share=0.1))
    4070
    """
    whole = max(1, n_clips // sampling.batch)
    if sampling.share >= 1:
        return round(whole * sampling.share)
    return min(whole, int(sampling.share * whole) + 2)


def draws(
    weights: npt.NDArray[np.float64], epoch: int, steps: int, *, seed: int, sampling: Sampling
) -> Numbers:
    """The clips [step, row] of an epoch: drawn with replacement, or each once in turn where nothing is balanced."""
    rng = generator(seed, epoch)
    n = steps * sampling.batch
    if sampling.balance == "none":
        turns = -(-n // len(weights))
        drawn = np.concatenate([rng.permutation(len(weights)) for _ in range(turns)])[:n]
    else:
        drawn = rng.choice(len(weights), n, p=weights)
    return drawn.reshape(steps, sampling.batch)
