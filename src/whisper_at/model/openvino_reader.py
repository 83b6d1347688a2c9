"""The text decoder's two compiled graphs as something that reads: windows first, then their tokens."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]


class OpenVinoReader:
    """Reads the windows of one batch after the other; see `search.Reader`.

    Args:
        remember: compiled, features to keys and values of each layer.
        read: compiled, tokens to logits, with a memory of what was read.
    """

    def __init__(self, remember: Any, read: Any) -> None:
        self._remember, self._read = remember.create_infer_request(), read.create_infer_request()
        self._n_memories = len(remember.outputs)
        self._going_on = np.zeros(0, np.int32)

    def remember(self, features: Float) -> None:
        """Take a batch of windows [window, step, dim], one after the other: what lies between takes memory."""
        from openvino import Shape, Tensor

        self._all: list[Any] = []
        for i in range(len(features)):
            self._remember.infer([Tensor(np.ascontiguousarray(features[i : i + 1]), shared_memory=True)])
            made = [self._remember.get_output_tensor(k) for k in range(self._n_memories)]
            if not i:
                self._all = [
                    Tensor(one.element_type, Shape([len(features), *list(one.shape)[1:]])) for one in made
                ]
            for whole, one in zip(self._all, made, strict=True):
                _bits(whole)[i] = _bits(one)[0]

    def begin(self, rows: Sequence[int] | None = None) -> None:
        """Forget the tokens that were read, not the windows; from now on some of these are read, or all."""
        self._read.reset_state()
        n_windows = self._all[0].shape[0]
        chosen = list(range(n_windows) if rows is None else rows)
        self._going_on = np.arange(len(chosen), dtype=np.int32)
        some = chosen != list(range(n_windows))
        self._set_memories([_rows(memory, chosen) for memory in self._all] if some else self._all)

    def read(
        self,
        tokens: npt.NDArray[np.int64],
        positions: npt.NDArray[np.int64],
        mask: Float,
        wanted: npt.NDArray[np.int64],
    ) -> Float:
        """Logits [window, place, vocab], good until the next call."""
        from openvino import Tensor

        inputs = {"tokens": tokens, "positions": positions, "mask": mask, "wanted": wanted}
        for name, array in {**inputs, "going_on": self._going_on}.items():
            self._read.set_tensor(name, Tensor(np.ascontiguousarray(array), shared_memory=True))
        self._read.infer()
        self._going_on = np.arange(len(tokens), dtype=np.int32)
        logits: Float = self._read.get_output_tensor(0).data
        return logits

    def keep(self, windows: Sequence[int]) -> None:
        """Go on with some of the windows only."""
        chosen = list(windows)
        self._going_on = self._going_on[chosen]
        self._set_memories([_rows(memory, chosen) for memory in self._memories])

    def _set_memories(self, memories: list[Any]) -> None:
        self._memories = memories
        for i, memory in enumerate(memories):
            self._read.set_tensor(f"memory_{i}", memory)


def _rows(tensor: Any, rows: list[int]) -> Any:
    """Some rows of a tensor, in a new one; numpy has no bfloat16, so its bits are taken for whole numbers."""
    from openvino import Shape, Tensor

    chosen = Tensor(tensor.element_type, Shape([len(rows), *list(tensor.shape)[1:]]))
    _bits(chosen)[:] = _bits(tensor)[rows]
    return chosen


def _bits(tensor: Any) -> npt.NDArray[Any]:
    data: npt.NDArray[Any] = tensor.data
    return data.view({2: np.uint16, 4: np.uint32}[data.dtype.itemsize])
