"""Whisper-AT: words and events in one pass, or the words alone where the job's head is null."""

import sys

from harness import Job, Transcribe, serve


def load(job: Job) -> Transcribe:
    """The model in this process, with its compute type and threads; the head is the model's own or none."""
    sys.path.pop(0)  # this folder, where the script itself has the library's name
    import whisper_at

    no_head = {} if job["head"] else {"head": None}
    model = whisper_at.load(job["model"], threads=job["threads"], compute_type=job["compute_type"], **no_head)

    how = {"batch_size": job["batch"]} if job["batch"] else {"sequential": True}

    def transcribe(path: str, language: str) -> str:
        annotation = model.annotate(
            path,
            language=language,
            beam_size=job["beam_size"],
            temperature=tuple(job["temperature"]),
            **how,
        )
        return str(annotation.text)

    return transcribe


if __name__ == "__main__":
    serve(load, ["ctranslate2", "openvino", "numpy"])
