"""YAMNet as a teacher: a TFLite file that the user has, and 521 of AudioSet's 527 labels.

The project does not contain the file. It is the one that takes log-mel patches, published for small devices
(google-coral/coralmicro, Apache-2.0). It reckons in 8-bit integers: its probabilities are multiples of 1/256, and
another engine's rounding moves them (OpenVINO's by up to 0.08), so LiteRT runs it, for which it was made.
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from whisper_at.errors import TrainingError
from whisper_at.model.cache import sha256_of
from whisper_at.tagging import ontology
from whisper_at.timegrid import SAMPLE_RATE, SAMPLES_PER_FRAME
from whisper_at.training.teachers import FloatArray, patch_starts
from whisper_at.training.yamnet_features import FRAMES_PER_PATCH, N_MELS, SAMPLES_PER_PATCH, log_mel_columns

PUBLISHED_HOP = 0.48
HOP = 0.24  # places sounds better
CLASS_MAP = "yamnet_class_map.csv"  # looked for beside the model
# YAMNet's labels are AudioSet's in AudioSet's order, but for these six: by gender, and two too rare.
LEFT_OUT = ("/m/05zppz", "/m/02zsn", "/m/04gy_2", "/t/dd00003", "/t/dd00004", "/t/dd00032")


def yamnet_ids() -> tuple[str, ...]:
    """The mids of YAMNet's 521 outputs.

    >>> ids = yamnet_ids()
    >>> len(ids), [ontology.find(mid).name for mid in (ids[0], ids[69], ids[520])]
    (521, ['Speech', 'Dog', 'Field recording'])
    """
    return tuple(label.mid for label in ontology.labels() if label.mid not in LEFT_OUT)


class Yamnet:
    """YAMNet, hearing 0.975 s at a time.

    A sound shorter than that is heard twice, followed by silence and repeated, and the mean counts: of 1,681
    labelled sounds shorter than 0.9 s, 65 labels had macro AP 0.441 with silence, 0.445 repeated, 0.476 with both.

    Args:
        path: the TFLite file.
        hop: seconds between two patches; published with 0.48, but half of it places sounds better.
        class_map: a csv with a column `mid`, one row an output; the file `yamnet_class_map.csv` beside the model
            if there is one, else the published order.

    Raises:
        TrainingError: if the file cannot be loaded, or is another network.
    """

    name = "yamnet"
    patch = SAMPLES_PER_PATCH / SAMPLE_RATE

    def __init__(self, path: Path, *, hop: float = HOP, class_map: Path | None = None) -> None:
        path = Path(path)
        self.hop = hop
        self._net = _interpreter(path)
        self._input, self._output = _ends(self._net, path)
        n_outputs = int(self._output["shape"][-1])
        self.ids = _ids(path, class_map, n_outputs)
        self.version = sha256_of(path)

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """The probabilities [patch, label] of samples [sample] at 16 kHz."""
        samples = np.asarray(samples, np.float32)
        if len(samples) < SAMPLES_PER_PATCH:
            silence_after = np.zeros(SAMPLES_PER_PATCH, np.float32)
            silence_after[: len(samples)] = samples
            twice = self._hear(silence_after), self._hear(np.resize(samples, SAMPLES_PER_PATCH))
            return (twice[0] + twice[1]) / np.float32(2)
        return self._hear(samples)

    def _hear(self, samples: FloatArray) -> FloatArray:
        columns = log_mel_columns(samples)
        starts = patch_starts(len(samples), patch=self.patch, hop=self.hop) // SAMPLES_PER_FRAME
        heard = np.empty((len(starts), len(self.ids)), np.float32)
        for row, start in zip(heard, starts, strict=True):
            self._net.set_tensor(self._input["index"], columns[None, start : start + FRAMES_PER_PATCH])
            self._net.invoke()
            row[:] = self._net.get_tensor(self._output["index"])[0]
        return heard


def _interpreter(path: Path) -> Any:
    if not path.is_file():
        raise TrainingError(
            f"expected YAMNet's TFLite file at {path}, found none; the project does not contain it, get "
            f"yamnet_spectra_in.tflite from google-coral/coralmicro"
        )
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise TrainingError(
            f"YAMNet needs LiteRT ({error}); install it with pip install 'whisper-at[teachers]'"
        ) from error
    try:
        net = Interpreter(model_path=str(path), num_threads=1)  # whole processes share the work
        net.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise TrainingError(f"{path} is no TFLite model ({' '.join(str(error).split())})") from error
    return net


def _ends(net: Any, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What goes in and what comes out, after a look whether it is patches and probabilities."""
    inputs, outputs = net.get_input_details(), net.get_output_details()
    found = [list(map(int, end["shape"])) for end in (inputs[0], outputs[0])]
    floats = all(end["dtype"] == np.float32 for end in (inputs[0], outputs[0]))
    if len(inputs) != 1 or found[0] != [1, FRAMES_PER_PATCH, N_MELS] or len(found[1]) != 2 or not floats:
        raise TrainingError(
            f"{path} is no YAMNet on patches: wanted floats [1, {FRAMES_PER_PATCH}, {N_MELS}] in and [1, 521] out, "
            f"found {found[0]} in and {found[1]} out; use yamnet_spectra_in.tflite of google-coral/coralmicro"
        )
    return inputs[0], outputs[0]


def _ids(path: Path, class_map: Path | None, n_outputs: int) -> tuple[str, ...]:
    beside = path.with_name(CLASS_MAP)
    chosen = class_map or (beside if beside.is_file() else None)
    ids = yamnet_ids() if chosen is None else read_class_map(chosen)
    if len(ids) != n_outputs:
        raise TrainingError(
            f"{path} has {n_outputs} outputs, {chosen or 'the published list'} names {len(ids)}; "
            f"give the class map that belongs to it"
        )
    return ids


def read_class_map(path: Path) -> tuple[str, ...]:
    """The mids in a class map, in the order of the outputs.

    Raises:
        TrainingError: if it cannot be read or has no mids.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return tuple(row["mid"] for row in csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"cannot read the class map {path}: {error}") from error
    except KeyError as error:
        raise TrainingError(
            f"the class map {path} has no column 'mid'; name the columns in line 1"
        ) from error
