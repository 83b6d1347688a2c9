"""Teachers from a folder that transformers can load: AST, and whatever else classifies sounds there.

In: a folder with config.json, preprocessor_config.json and weights, as `save_pretrained` writes it or the Hub
has it. Nothing is fetched, and no code that lies in the folder is run.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.errors import OptionError, TrainingError
from whisper_at.model.cache import sha256_of
from whisper_at.tagging import ontology
from whisper_at.timegrid import SAMPLE_RATE, SAMPLES_PER_FRAME
from whisper_at.training.teachers import FloatArray, patch_starts

BATCH = 8  # patches
ANY_LENGTH = 10.0  # seconds that are heard at once where the model does not mind: AudioSet's clips
SHORTEST = SAMPLE_RATE // 10  # samples; what is shorter is followed by silence, for convolutions need some


class TransformersTeacher:
    """A model for audio classification, hearing as much at a time as it was made for.

    Its labels are mids where their names are AudioSet's, else the names. Probabilities are by label (sigmoid)
    or over all labels (softmax), as the model's `problem_type` says. Where it says nothing, as AST's does not, a
    model of AudioSet's labels has several at a time, any other has one.

    Args:
        path: the folder.
        hop: seconds between two patches; half a patch unless given.

    Raises:
        TrainingError: if the folder cannot be loaded.
    """

    def __init__(self, path: Path, *, hop: float | None = None) -> None:
        path = Path(path)
        if not (path / "config.json").is_file():
            raise TrainingError(
                f"expected a folder with a transformers model, found no config.json in {path}; give the folder "
                f"that save_pretrained wrote or that was downloaded"
            )
        self._extractor, self._model = _load(path)
        rate = getattr(self._extractor, "sampling_rate", SAMPLE_RATE)
        if rate != SAMPLE_RATE:
            raise TrainingError(
                f"{path} hears sound at {rate} Hz; a teacher must hear it at {SAMPLE_RATE} Hz"
            )
        config = self._model.config
        names = [str(config.id2label[i]) for i in range(config.num_labels)]
        self.name = str(getattr(config, "model_type", "")) or path.name
        self.version = _version(path)
        self.ids = tuple(_id(name) for name in names)
        self.patch = _patch(self._extractor)
        self.hop = self.patch / 2 if hop is None else hop
        self._one_label = _one_label(config.problem_type, self.ids)

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """The probabilities [patch, label] of samples [sample] at 16 kHz."""
        samples = np.asarray(samples, np.float32)
        starts = patch_starts(len(samples), patch=self.patch, hop=self.hop)
        samples = np.pad(samples, (0, max(0, SHORTEST - len(samples))))
        length = round(self.patch * SAMPLE_RATE)
        patches = [samples[start : start + length] for start in starts]
        batches = (patches[at : at + BATCH] for at in range(0, len(patches), BATCH))
        return np.concatenate([self._hear(batch) for batch in batches])

    def _hear(self, patches: list[FloatArray]) -> FloatArray:
        import torch

        inputs = self._extractor(patches, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(**inputs.to(self._model.device)).logits.float()
            heard = logits.softmax(-1) if self._one_label else logits.sigmoid()
        result: npt.NDArray[np.float32] = heard.cpu().numpy()
        return result


def _load(path: Path) -> tuple[Any, Any]:
    try:
        import torch
        from transformers import AutoFeatureExtractor, AutoModelForAudioClassification
    except ImportError as error:
        raise TrainingError(
            f"this teacher needs transformers and torch ({error}); install them with "
            f"pip install 'whisper-at[teachers]'"
        ) from error
    try:
        extractor = AutoFeatureExtractor.from_pretrained(path, local_files_only=True)
        model = AutoModelForAudioClassification.from_pretrained(path, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise TrainingError(
            f"{path} holds no model for audio classification that transformers can load: "
            f"{' '.join(str(error).split())[:300]}"
        ) from error
    return extractor, model.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def _patch(extractor: Any) -> float:
    """Seconds heard at once: AST counts them in frames, Whisper in seconds, wav2vec 2.0 takes any length."""
    frames, seconds = getattr(extractor, "max_length", None), getattr(extractor, "chunk_length", None)
    if isinstance(frames, int) and hasattr(extractor, "num_mel_bins"):
        return frames * SAMPLES_PER_FRAME / SAMPLE_RATE
    return float(seconds) if isinstance(seconds, int | float) else ANY_LENGTH


def _id(name: str) -> str:
    try:
        return ontology.find(name).mid
    except OptionError:
        return name


def _one_label(problem_type: str | None, ids: tuple[str, ...]) -> bool:
    if problem_type is not None:
        return problem_type == "single_label_classification"
    known = {label.mid for label in ontology.labels()}
    return sum(one in known for one in ids) < len(ids) / 2


def _version(path: Path) -> str:
    files = sorted({*path.glob("*.safetensors"), *path.glob("*.bin"), path / "config.json"})
    return "-".join(sha256_of(file)[:16] for file in files)
