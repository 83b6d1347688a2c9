"""What makes a head's logits honest: a scale and a shift, found on validation data and kept in the card.

After Platt (1999); with a shift of 0 it is what is called temperature scaling (Guo et al. 2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.errors import HeadError


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A straight line through the logits: one for the whole head, or one for each label.

    >>> Calibration(scale=(2.0,), bias=(-1.0,)).apply(np.float32([0, 3])).tolist()
    [-1.0, 5.0]
    """

    scale: tuple[float, ...] = (1.0,)
    bias: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        if len(self.scale) != len(self.bias) or not self.scale:
            raise HeadError(
                f"a calibration has one scale and one bias for each label or for all, got {len(self.scale)} scales "
                f"and {len(self.bias)} biases"
            )
        if not all(np.isfinite([*self.scale, *self.bias])) or min(self.scale) <= 0:
            raise HeadError(
                f"a calibration has positive scales and finite biases, got scale {min(self.scale):g}"
            )

    def apply(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Logits [..., label] that are those of probabilities."""
        scaled: npt.NDArray[np.float32] = logits * np.array(self.scale, np.float32) + np.array(
            self.bias, np.float32
        )
        return scaled

    def part(self, columns: Sequence[int] | npt.NDArray[np.int64]) -> "Calibration":
        """That of some labels, in their order."""
        if len(self.scale) == 1:
            return self
        return Calibration(
            scale=tuple(self.scale[i] for i in columns), bias=tuple(self.bias[i] for i in columns)
        )


AS_IT_IS = Calibration()
"""That of a head that nobody has calibrated."""
