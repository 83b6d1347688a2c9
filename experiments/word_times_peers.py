"""Words with their times from faster-whisper or openai-whisper, for word_times.py; runs in their environment.

    job      {"engine": "faster-whisper" or "openai-whisper", "model", "threads", "files"}, on stdin
    report   for each file its words, each with start and end in seconds, on stdout

Both decode with five beams, one window after the other, all else as it comes.
"""

import json
import os
import sys
import wave
from collections.abc import Callable
from typing import Any

Words = list[tuple[str, float, float]]


def faster_whisper(model: str, threads: int) -> Callable[[str], Words]:
    """Its sequential model, in int8."""
    from faster_whisper import WhisperModel

    loaded = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=threads)

    def hear(path: str) -> Words:
        segments, _ = loaded.transcribe(path, language="en", beam_size=5, word_timestamps=True)
        return [(w.word, float(w.start), float(w.end)) for segment in segments for w in segment.words or ()]

    return hear


def openai_whisper(model: str, threads: int) -> Callable[[str], Words]:
    """The original, in float32, from samples: a path would need an ffmpeg program."""
    import numpy as np
    import torch
    import whisper

    if threads:
        torch.set_num_threads(threads)
    loaded = whisper.load_model(model, device="cpu")

    def hear(path: str) -> Words:
        with wave.open(path) as wav:
            samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).astype(np.float32) / 32768
        found = loaded.transcribe(samples, language="en", beam_size=5, word_timestamps=True, fp16=False)
        words = (word for segment in found["segments"] for word in segment["words"])
        return [(w["word"], float(w["start"]), float(w["end"])) for w in words]

    return hear


ENGINES = {"faster-whisper": faster_whisper, "openai-whisper": openai_whisper}


def main() -> None:
    """One job."""
    job: dict[str, Any] = json.load(sys.stdin)
    report_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what an engine prints is talk, not data
    hear = ENGINES[job["engine"]](job["model"], job["threads"])
    with report_to:
        json.dump([hear(path) for path in job["files"]], report_to)


if __name__ == "__main__":
    main()
