"""A head is a file of its own beside an untouched Whisper checkpoint: weights and a card, in safetensors.

The card says which encoder and which layers the head was trained on, how long a cell is, which labels it may name,
what it was trained on and how it scored.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.errors import HeadError, HeadMismatch
from whisper_at.files import write_atomically
from whisper_at.model.cache import sha256_of
from whisper_at.model.calibration import AS_IT_IS, Calibration
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.heads import ARCHITECTURES

FORMAT = "whisper-at-head/1"


@dataclass(frozen=True, kw_only=True)
class HeadCard:
    """What one must know of a head to use it and to trust it.

    mids: the labels of the logits, in order; names: theirs.
    reported: the mids that the head has learned and may name; the others stay silent unless asked for.
    threshold: the probability from which a label counts as heard; thresholds: the same for each label by itself, in
        the order of the logits, or () where one serves all.
    calibration: from logits to those of probabilities.
    trained_on, scores, licence, notes: for people; see docs/file-formats.md.
    """

    name: str
    architecture: str
    encoder: str
    n_state: int
    n_layers: int
    mids: tuple[str, ...]
    names: tuple[str, ...]
    reported: tuple[str, ...]
    threshold: float = 0.5
    thresholds: tuple[float, ...] = ()
    calibration: Calibration = AS_IT_IS
    frames_per_cell: int = 40
    time_heads: int = 1
    trained_on: str = ""
    licence: str = ""
    notes: str = ""
    scores: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise HeadError(
                f"head {self.name} is of architecture {self.architecture!r}; known are {', '.join(ARCHITECTURES)}"
            )
        if len(self.mids) != len(self.names):
            raise HeadError(f"head {self.name} has {len(self.mids)} mids but {len(self.names)} names")
        if len(self.thresholds) not in (0, len(self.mids)):
            raise HeadError(
                f"head {self.name} has {len(self.mids)} labels but {len(self.thresholds)} thresholds"
            )
        if len(self.calibration.scale) not in (1, len(self.mids)):
            raise HeadError(
                f"head {self.name} has {len(self.mids)} labels but a calibration of {len(self.calibration.scale)}"
            )

    def check(self, encoder: str, dims: Dimensions) -> None:
        """Whether the head can read this encoder's taps.

        Raises:
            HeadMismatch: if the taps have another width or number; says what was wanted and found.
        """
        if (self.n_state, self.n_layers) != (dims.n_state, dims.n_layers):
            raise HeadMismatch(
                f"head {self.name} reads {self.n_layers} taps of width {self.n_state} (Whisper {self.encoder}), "
                f"but {encoder} gives {dims.n_layers} of width {dims.n_state}; choose another --head, or --head none"
            )


@dataclass(frozen=True, kw_only=True)
class Head:
    """A card and its weights, as they lie in a file."""

    card: HeadCard
    arrays: Mapping[str, npt.NDArray[np.float32]]
    sha256: str


def write_head(path: Path, card: HeadCard, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Put a head into a file, whole or not at all; half-precision arrays stay so."""
    from safetensors.numpy import save

    metadata = {"format": FORMAT, "card": json.dumps(asdict(card), ensure_ascii=False)}
    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with write_atomically(path) as file:
        file.write(save(kept, metadata))


def read_head(path: Path) -> Head:
    """The head in a file.

    Raises:
        HeadError: if the file is missing, or no head of ours.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise HeadError(f"expected a head file, but there is none at {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        hint = "; convert a published .pth first: whisper-at heads import" if path.suffix == ".pth" else ""
        raise HeadError(f"{path.name} is no head file ({str(error).splitlines()[0]}){hint}") from error
    if metadata.get("format") != FORMAT:
        raise HeadError(
            f"{path.name} is a safetensors file but no head: its metadata lacks format={FORMAT!r}"
        )
    return Head(card=_card(json.loads(metadata["card"])), arrays=arrays, sha256=sha256_of(path))


def _card(data: Mapping[str, Any]) -> HeadCard:
    """A card from its JSON: what it does not say (it may be an old one) is as it was before cards said it."""
    known = {f.name for f in fields(HeadCard)}
    values: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in data.items() if name in known
    }
    if "calibration" in values:
        values["calibration"] = Calibration(**{k: tuple(v) for k, v in values["calibration"].items()})
    return HeadCard(**values)
