"""A clip in, what an encoder says of it out: the mean over its own time of each layer. Padding counts for nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from whisper_at.audio.logmel import log_mel
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.engine import EncoderFunction, fastest_precision, open_engine
from whisper_at.model.weights import Checkpoint
from whisper_at.timegrid import FRAMES_PER_STEP, FRAMES_PER_WINDOW, STEPS_PER_WINDOW

Float = npt.NDArray[np.float32]
CONVOLUTION = "convolution"


class ProbedEncoder(Protocol):
    """An encoder that is looked into."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def sha256(self) -> str:
        """Of its weights; "" where they are random."""
        ...

    @property
    def layers(self) -> tuple[str, ...]:
        """What comes out of it, in order: `convolution`, `layer 1` ..."""
        ...

    def means(self, samples: Float) -> Float:
        """The mean [layer, dim] of each over the samples [sample] at 16 kHz."""
        ...

    def random(self, seed: int) -> "ProbedEncoder":
        """The same encoder with weights that have learned nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class WhisperEncoder:
    """Whisper's encoder, in windows of 30 s as it is served, in single precision (or what has its digits)."""

    name: str
    sha256: str
    layers: tuple[str, ...]
    dims: Dimensions
    variables: Mapping[str, npt.NDArray[Any]]
    run: EncoderFunction
    threads: int = 0

    @classmethod
    def of(cls, checkpoint: Checkpoint, *, threads: int = 0) -> "WhisperEncoder":
        """The encoder of a checkpoint."""
        own = {name: array for name, array in checkpoint.variables().items() if name.startswith("encoder/")}
        return cls._of(checkpoint.name, checkpoint.sha256, checkpoint.dims, own, threads)

    @classmethod
    def _of(
        cls,
        name: str,
        sha256: str,
        dims: Dimensions,
        variables: Mapping[str, npt.NDArray[Any]],
        threads: int,
    ) -> "WhisperEncoder":
        engine = open_engine("openvino", device="cpu", threads=threads, precision=fastest_precision())
        return cls(
            name=name,
            sha256=sha256,
            layers=(CONVOLUTION, *(f"layer {i + 1}" for i in range(dims.n_layers))),
            dims=dims,
            variables=variables,
            run=engine.encoder(dims, variables, stem=True),
            threads=threads,
        )

    def means(self, samples: Float) -> Float:
        """The mean [layer, dim] of each layer over the samples [sample]; of several windows each by its length."""
        mel = log_mel(samples, n_mels=self.dims.n_mels)
        n = mel.n_frames
        found = np.zeros((len(self.layers), self.dims.n_state), np.float32)
        for seek in range(0, n, FRAMES_PER_WINDOW):
            window = mel.window(seek)
            steps = np.arange(window.n_frames) // FRAMES_PER_STEP
            pool = np.bincount(steps, minlength=STEPS_PER_WINDOW) / n
            found += self.run(window.padded[None], pool.astype(np.float32)[None, None]).taps[0, :, 0]
        return found

    def random(self, seed: int) -> "WhisperEncoder":
        """The same numbers in each matrix and vector in an order of chance: the scale stays, what they say goes."""
        rng = np.random.default_rng(seed)
        shuffled = {
            name: rng.permutation(array.reshape(-1)).reshape(array.shape) if array.ndim else array
            for name, array in sorted(self.variables.items())
        }
        return self._of(f"{self.name}, random weights", "", self.dims, shuffled, self.threads)


def mean_log_mel(samples: Float, *, n_mels: int = 80) -> Float:
    """The mean [mel] of what the encoder hears: what any layer must be better than."""
    mel = log_mel(samples, n_mels=n_mels)
    return np.asarray(mel.columns.mean(axis=1), np.float32)
