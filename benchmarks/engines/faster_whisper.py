"""faster-whisper: sequential, its `WhisperModel`, with all of Whisper's long-form rules; or its batched pipeline.

The pipeline cuts at pauses that its voice activity filter has found, as it comes.
"""

import sys

from harness import Job, Transcribe, serve


def load(job: Job) -> Transcribe:
    """The model in this process, with its compute type, its threads set and its sampling seeded."""
    sys.path.pop(0)  # this folder, where the script itself has the library's name
    import ctranslate2
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    ctranslate2.set_random_seed(job["seed"])
    model = WhisperModel(
        job["model"],
        device="cpu",
        compute_type=job["compute_type"],
        cpu_threads=job["threads"],
        num_workers=1,
    )

    batched = {"batch_size": job["batch"]} if job["batch"] else {}
    pipeline = BatchedInferencePipeline(model) if job["batch"] else model

    def transcribe(path: str, language: str) -> str:
        segments, _ = pipeline.transcribe(
            path,
            language=language,
            beam_size=job["beam_size"],
            best_of=5,
            temperature=list(job["temperature"]),
            **batched,
        )
        return "".join(segment.text for segment in segments)

    return transcribe


if __name__ == "__main__":
    serve(load, ["faster-whisper", "ctranslate2", "numpy"])
