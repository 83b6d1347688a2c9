"""What is done to clips before the head hears them: where they are cut, what they are mixed with, what is blanked out.

All of it is decided for a whole batch at once, from random numbers of the step, and each process then does its part.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from whisper_at.training.recipe import Augmentation

Numbers = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What is done to each row of a batch. Shares are between 0 and 1; all arrays are [row].

    clip, other: numbers among the clips that are trained on; other is mixed in where the clip's share is below 1.
    share: of the clip in the mixture.
    cut, other_cut: where a clip that is too long is cut: 0 from its start, 1 to its end.
    mask, mask_at: length of the stretch that is blanked out, as a share of `time_mask`, and where it lies.
    """

    clip: Numbers
    other: Numbers
    share: Shares
    cut: Shares
    other_cut: Shares
    mask: Shares
    mask_at: Shares

    @property
    def is_mixed(self) -> npt.NDArray[np.bool_]:
        """Which rows are mixtures."""
        return self.share < 1

    def part(self, rank: int, of: int) -> "Plan":
        """The rows of one of several processes, which together have them all."""
        return Plan(**{field.name: getattr(self, field.name)[rank::of] for field in fields(self)})


def plan(clip: Numbers, n_clips: int, augmentation: Augmentation, rng: np.random.Generator) -> Plan:
    """What is done to a batch of clips: partners are any of the n clips, whatever their labels, as published."""
    n = len(clip)
    random: Mapping[str, Shares] = {name: rng.random(n) for name in ("cut", "other_cut", "mask", "mask_at")}
    share = rng.beta(augmentation.mixup_beta, augmentation.mixup_beta, n)
    other = rng.integers(0, n_clips, n)
    share[rng.random(n) >= augmentation.mixup] = 1
    at_random = augmentation.crop == "random"
    return Plan(
        clip=clip,
        other=other,
        share=share,
        cut=random["cut"] * at_random,
        other_cut=random["other_cut"] * at_random,
        mask=random["mask"],
        mask_at=random["mask_at"],
    )


def first_cell(n_cells: int, wanted: int, cut: float) -> int:
    """Where a clip is cut to the wanted number of cells.

    >>> first_cell(10, 4, 0.0), first_cell(10, 4, 0.999), first_cell(3, 4, 0.5)
    (0, 6, 0)
    """
    return int(cut * max(0, n_cells - wanted + 1))


def masked(n_cells: int, most: float, mask: float, mask_at: float) -> slice:
    """The stretch of a row that is blanked out: at most a share of it, of any length below, anywhere.

    These are the draws of torchaudio's TimeMasking, which the published recipe used with at most 10 cells of 25.

    >>> masked(25, 0.4, 0.99, 0.5), masked(25, 0.4, 0.05, 0.5), masked(1, 0.4, 0.99, 0.5)
    (slice(7, 16, None), slice(12, 12, None), slice(0, 0, None))
    """
    length = mask * most * n_cells
    start = int(mask_at * (n_cells - length))
    return slice(start, start + int(length))
