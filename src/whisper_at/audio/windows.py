"""What the encoder hears at once: 30 s of log-mel, cut from a recording at any frame."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """Up to 3000 columns of a recording, from the frame `seek` on.

    The first `n_frames` columns of `padded` [mel, 3000] are the recording's. The rest is 0.0, as Whisper
    pads, which is not what silence measures.
    """

    seek: int
    n_frames: int
    padded: npt.NDArray[np.float32]
