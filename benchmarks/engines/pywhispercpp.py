"""whisper.cpp on the CPU, through pywhispercpp's wheel; the model is a ggml file with our weights (`ggml.py`).

It has rules of its own where an answer looks bad (entropy of the tokens instead of compression) and fixed seeds.
"""

import sys
import wave

from harness import Job, Transcribe, serve


def load(job: Job) -> Transcribe:
    """The model in this process, with its threads set; within a recording it reads the text before as prompt."""
    sys.path.pop(0)  # this folder, where the script itself has the library's name
    import numpy as np
    from pywhispercpp.model import Model

    first, second, *_ = job["temperature"]
    model = Model(
        job["model"],
        params_sampling_strategy=1,  # beams
        n_threads=job["threads"],
        beam_search={"beam_size": job["beam_size"], "patience": -1.0},
        greedy={"best_of": 5},  # above the first temperature
        temperature=first,
        temperature_inc=second - first,
        no_context=True,  # nothing of the recording before
        print_progress=False,
    )

    def transcribe(path: str, language: str) -> str:
        with wave.open(path) as wav:
            samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).astype(np.float32) / 32768
        segments = model.transcribe(samples, language=language)
        return " ".join(segment.text for segment in segments)  # it has stripped them

    return transcribe


if __name__ == "__main__":
    serve(load, ["pywhispercpp", "numpy"])
