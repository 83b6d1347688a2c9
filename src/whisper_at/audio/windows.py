"""What the encoder hears at once: 30 s of log-mel, cut from a recording at any frame."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whisper_at.timegrid import FRAMES_PER_WINDOW


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """Up to 3000 columns of a recording, from the frame `seek` on.

    The first `n_frames` columns of `padded` [mel, 3000] are the recording's. The rest is 0.0, as Whisper
    pads, which is not what silence measures.
    """

    seek: int
    n_frames: int
    padded: npt.NDArray[np.float32]

    @classmethod
    def of(cls, columns: npt.NDArray[np.float32], seek: int) -> "Window":
        """The columns [mel, frame] of a recording from the frame `seek` on, no more of them than a window has.

        >>> Window.of(np.ones((80, 10), np.float32), seek=500).padded.shape
        (80, 3000)
        """
        padded = np.zeros((len(columns), FRAMES_PER_WINDOW), np.float32)
        padded[:, : columns.shape[1]] = columns
        return cls(seek=seek, n_frames=columns.shape[1], padded=padded)
