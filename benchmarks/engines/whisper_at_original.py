"""The original Whisper-AT (PyPI: whisper-at 0.5) in float32 on the CPU; it tags every ten seconds while it transcribes.

The recording is handed over as samples, for a path would need an ffmpeg program.
"""

import sys
import wave
from pathlib import Path

from harness import Job, Transcribe, serve


def load(job: Job) -> Transcribe:
    """The model in this process, with the head that lies beside its checkpoint, or both as the package fetches them."""
    sys.path.pop(0)  # this folder, where another script has the library's name
    import numpy as np
    import torch

    import whisper_at

    torch.set_num_threads(job["threads"])
    checkpoint = Path(job["model"])
    folder = {"download_root": str(checkpoint.parent)} if checkpoint.is_file() else {}
    model = whisper_at.load_model(checkpoint.name.removesuffix(".pt"), device="cpu", **folder)

    def transcribe(path: str, language: str) -> str:
        torch.manual_seed(job["seed"])  # anew, so that a text does not depend on the files before it
        with wave.open(path) as wav:
            samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).astype(np.float32) / 32768
        result = model.transcribe(
            samples,
            language=language,
            beam_size=job["beam_size"],
            best_of=5,
            temperature=tuple(job["temperature"]),
            fp16=False,
            at_time_res=10,
        )
        assert result["audio_tag"].shape[1] == 527, "it has tagged, and its time was measured"
        return str(result["text"])

    return transcribe


if __name__ == "__main__":
    serve(load, ["whisper-at", "torch", "numpy"])
