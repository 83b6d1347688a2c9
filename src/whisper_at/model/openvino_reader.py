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
        self._memories: list[Any] = []  # room for the windows of a batch, and of the largest one so far
        self._places: list[int] = []  # which window lies where in that room
        self._going_on = np.zeros(0, np.int32)

    def remember(self, features: Float) -> None:
        """Take a batch of windows [window, step, dim], one after the other: what lies between takes memory."""
        from openvino import Shape, Tensor

        for i in range(len(features)):
            self._remember.infer([Tensor(np.ascontiguousarray(features[i : i + 1]), shared_memory=True)])
            made = [self._remember.get_output_tensor(k) for k in range(self._n_memories)]
            if not self._memories or self._memories[0].shape[0] < len(features):
                self._memories = [
                    Tensor(one.element_type, Shape([len(features), *list(one.shape)[1:]])) for one in made
                ]
            for room, one in zip(self._memories, made, strict=True):
                _bits(room)[i] = _bits(one)[0]
        self._places = list(range(len(features)))

    def begin(self, rows: Sequence[int] | None = None) -> None:
        """Forget the tokens that were read, not the windows; from now on some of these are read, or all."""
        self._read.reset_state()
        chosen = sorted(self._places) if rows is None else list(rows)
        for place, window in enumerate(chosen):
            self._swap(place, self._places.index(window))
        self._go_on(np.arange(len(chosen), dtype=np.int32))

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
        inputs["going_on"] = self._going_on
        # OpenVINO does not keep what it reads: a copy that nobody holds would be freed under it.
        held = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        for name, array in held.items():
            self._read.set_tensor(name, Tensor(array, shared_memory=True))
        self._read.infer()
        self._going_on = np.arange(len(tokens), dtype=np.int32)
        logits: Float = self._read.get_output_tensor(0).data
        return logits

    def keep(self, windows: Sequence[int]) -> list[int]:
        """Go on with some of the windows only; those at the end take the places of those that are left out.

        Nothing else is moved: keys and values of a window are 18 MB for `base`.
        """
        order = list(range(len(self._going_on)))
        wanted = set(windows)
        for place in range(len(wanted)):
            if order[place] not in wanted:
                last = max(i for i, window in enumerate(order) if window in wanted)
                order[place], order[last] = order[last], order[place]
                self._swap(place, last)
        self._go_on(self._going_on[order[: len(wanted)]])
        return order[: len(wanted)]

    def _swap(self, place: int, other: int) -> None:
        """Two windows change places."""
        if place == other:
            return
        self._places[place], self._places[other] = self._places[other], self._places[place]
        for memory in map(_bits, self._memories):
            memory[[place, other]] = memory[[other, place]]

    def _go_on(self, going_on: npt.NDArray[np.int32]) -> None:
        """The windows that are read lie first; `going_on` says where what was read of each lay before."""
        from openvino import Coordinate, Tensor

        self._going_on = going_on
        for i, memory in enumerate(self._memories):
            end = [len(going_on), *list(memory.shape)[1:]]
            part = Tensor(memory, Coordinate([0] * len(end)), Coordinate(end))
            self._read.set_tensor(f"memory_{i}", part)


def _bits(tensor: Any) -> npt.NDArray[Any]:
    """What a tensor holds, as whole numbers: numpy has no bfloat16."""
    data: npt.NDArray[Any] = tensor.data
    return data.view({2: np.uint16, 4: np.uint32}[data.dtype.itemsize])
