"""OpenAI's `.pt`: a dictionary of `dims` and `model_state_dict`, read without running code in it."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

from whisper_at.errors import WeightsError
from whisper_at.model.formats.layout import OPENAI, Canonical


def read_pt(path: Path) -> Canonical:
    """The variables of a `.pt` file under their canonical names.

    Raises:
        WeightsError: if torch is not installed, or the file holds something else than a Whisper model.
    """
    tensors = load_tensors(path)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    return Canonical(lambda name: tensors[name].float().numpy(), shapes, OPENAI, path)


def load_tensors(path: Path) -> dict[str, Any]:
    """The torch tensors in a file by name: those of its `model_state_dict` or, where it has none, its own.

    Raises:
        WeightsError: if torch is not installed, or the file is damaged or holds anything but tensors.
    """
    content = _load(path)
    state = content.get("model_state_dict", content) if isinstance(content, dict) else {}
    tensors = {name: value for name, value in state.items() if hasattr(value, "numpy")}
    if not tensors:
        raise WeightsError(f"{path} holds no tensors by name; wanted a state dictionary of PyTorch")
    return tensors


def _load(path: Path) -> Any:
    try:
        import torch
    except ImportError as error:
        raise WeightsError(
            f"reading {path.name} takes PyTorch, which is not installed: pip install 'whisper-at[train]', "
            "or use the model's CTranslate2 or safetensors folder"
        ) from error
    try:
        # Zipped files are mapped, so that 3 GB are not in memory twice; older ones cannot be.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} is no plain file of tensors: it is damaged, or it asks to run code, which is refused"
        ) from error
    except (OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path} is no file of PyTorch, or is cut short ({_first_line(error)})") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
