"""The published Whisper-AT checkpoints (`.pth`) to head files.

They are plain dictionaries of tensors whose names begin with `at_model.`, or with `module.` before that; training
checkpoints come without a prefix. Our weights carry the same names without any.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.errors import HeadError
from whisper_at.model.formats.openai_pt import load_tensors
from whisper_at.model.head_file import HeadCard, write_head

PREFIXES = ("module.", "at_model.")
LAYERS_OF_STATE = {
    384: 4,
    512: 6,
    768: 12,
    1024: 24,
    1280: 32,
}  # in every Whisper (distilled ones too: encoders are kept)


def convert_head(
    path: Path, target: Path, card: Callable[..., HeadCard], *, architecture: str | None = None
) -> None:
    """Write the head in a `.pth` file to `target`, with the card that is made of what the tensors tell.

    Args:
        card: called with architecture, n_state, n_layers and n_labels.
        architecture: where the tensors leave it open: they do between last and mean.

    Raises:
        HeadError: if the file holds no head that we know.
    """
    arrays = {_bare(name): array for name, array in _arrays(path).items()}
    if "mlp_layer.1.weight" not in arrays:
        raise HeadError(f"{path.name} is no Whisper-AT head: it has no mlp_layer.1.weight")
    n_labels, width = arrays["mlp_layer.1.weight"].shape
    n_state = len(arrays["down_layer.0.weight"]) if "down_layer.0.weight" in arrays else width
    if n_state not in LAYERS_OF_STATE:
        raise HeadError(
            f"{path.name} reads taps of width {n_state}; Whisper's are {', '.join(map(str, LAYERS_OF_STATE))}"
        )
    made = card(
        architecture=architecture or _architecture(arrays),
        n_state=n_state,
        n_layers=LAYERS_OF_STATE[n_state],
        n_labels=n_labels,
    )
    write_head(target, made, arrays)


def _architecture(arrays: Mapping[str, Any]) -> str:
    if "layer_tr.mlp.0.weight" in arrays:
        return "tl-tr"
    layers = "wa" if "layer_weight" in arrays else "last"
    return f"{layers}-tr" if "time_tr.mlp.0.weight" in arrays else f"{layers}-mlp"


def _bare(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _arrays(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    if not path.is_file():
        raise HeadError(f"expected a .pth file with a head, but there is none at {path}")
    return {name: tensor.float().numpy() for name, tensor in load_tensors(path).items()}
