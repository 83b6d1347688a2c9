"""openai-whisper in float32 on the CPU.

The recording is handed over as samples, for a path would need an ffmpeg program.
"""

import wave

from harness import Job, Transcribe, serve


def load(job: Job) -> Transcribe:
    """The model in this process, its threads set and its sampling seeded."""
    import numpy as np
    import torch
    import whisper

    torch.set_num_threads(job["threads"])
    model = whisper.load_model(job["model"], device="cpu")

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
        )
        return str(result["text"])

    return transcribe


if __name__ == "__main__":
    serve(load, ["openai-whisper", "torch", "numpy"])
