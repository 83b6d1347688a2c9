"""Other encoders from folders that transformers can load: wav2vec 2.0, HuBERT, WavLM and their like.

In: a folder with config.json and weights, as `save_pretrained` writes it or the Hub has it. Nothing is fetched, and no
code that lies in the folder is run. What comes out of the convolutions, as the layers hear it, is `convolution`.
"""

from pathlib import Path
from typing import Any

import numpy as np

from whisper_at.errors import OptionError, WeightsError
from whisper_at.model.cache import sha256_of
from whisper_at.probing.means import CONVOLUTION, Float

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
SHORTEST = 400  # samples that the convolutions need for a step


class TransformersEncoder:
    """An encoder that hears samples at 16 kHz and has hidden states.

    Args:
        path: the folder.

    Raises:
        OptionError: if transformers or torch are not installed.
        WeightsError: if the folder cannot be loaded, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.name, self._path = path.name, path
        weights = next((path / name for name in WEIGHTS if (path / name).is_file()), None)
        if weights is None or not (path / "config.json").is_file():
            raise WeightsError(
                f"{path} holds no encoder of transformers: wanted config.json and {' or '.join(WEIGHTS)}; "
                "give the folder that save_pretrained wrote or that was downloaded"
            )
        auto = _transformers()
        try:
            model = auto.AutoModel.from_pretrained(path, local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise WeightsError(
                f"{path} cannot be loaded by transformers: {' '.join(str(error).split())[:300]}"
            ) from error
        self.sha256 = sha256_of(weights)
        self._use(model)

    def _use(self, model: Any) -> None:
        config = model.config
        if not hasattr(config, "conv_stride"):
            raise WeightsError(
                f"{self._path} is of kind {config.model_type}; wanted one that hears samples, "
                "such as wav2vec2, hubert or wavlm"
            )
        self._model = model.eval()
        self._normal = config.feat_extract_norm == "layer"  # such models were trained on sounds of variance 1
        self.layers = (CONVOLUTION, *(f"layer {i + 1}" for i in range(config.num_hidden_layers)))

    def means(self, samples: Float) -> Float:
        """The mean [layer, dim] of each hidden state over the samples [sample]."""
        import torch

        heard = np.pad(np.asarray(samples, np.float32), (0, max(0, SHORTEST - len(samples))))
        if self._normal:
            heard = (heard - heard.mean()) / np.sqrt(heard.var() + 1e-7)
        with torch.inference_mode():
            states = self._model(torch.from_numpy(heard)[None], output_hidden_states=True).hidden_states
        found: Float = np.stack([state[0].mean(dim=0).numpy() for state in states])
        return found

    def random(self, seed: int) -> "TransformersEncoder":
        """The same network as it is before any training."""
        import torch

        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = _transformers().AutoModel.from_config(self._model.config)
        other = object.__new__(TransformersEncoder)
        other.name, other.sha256, other._path = f"{self.name}, random weights", "", self._path
        other._use(model)
        return other


def _transformers() -> Any:
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise OptionError(
            f"this encoder needs transformers and torch ({error}); install them with pip install 'whisper-at[teachers]'"
        ) from error
    return transformers
