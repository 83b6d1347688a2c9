"""Writes logmel.json: log-mel values of openai-whisper, which ours are compared with.

Run it where openai-whisper 20250625 is installed:

    python tests/golden/make_logmel.py
"""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

N_PADDING = 480_000  # the silence that openai-whisper's transcribe() appends
# Number of samples, number of mel bands, and the columns to keep: the edges, the middle, block borders.
CASES = [
    (1, 80, [0]),
    (100, 128, [0]),
    (16_159, 80, [0, 1, 50, 98, 99]),
    (16_159, 128, [0, 99]),
    (200_000, 80, [999, 1000, 1249]),
]


def waveform(n_samples: int) -> npt.NDArray[np.float32]:
    """A rising tone over noise, from integers alone, so that every machine and numpy makes the same."""
    sample = np.arange(1, n_samples + 1, dtype=np.int64)
    noise = (sample * 12_345 + 6_789) * sample % 65_537 / 65_537 - 0.5
    tone = np.sin(2 * np.pi * (200 * sample / 16_000 + 500 * (sample / 16_000) ** 2))
    return (0.5 * tone + 0.02 * noise).astype(np.float32)


def main() -> None:
    import whisper
    from whisper.audio import log_mel_spectrogram

    cases = []
    for n_samples, n_mels, kept in CASES:
        columns = log_mel_spectrogram(waveform(n_samples), n_mels, padding=N_PADDING).numpy()
        values = {frame: [round(float(value), 6) for value in columns[:, frame]] for frame in kept}
        cases.append(json.dumps({"n_samples": n_samples, "n_mels": n_mels, "columns": values}))
    made_with = json.dumps(f"openai-whisper {whisper.__version__}")
    lines = ",\n".join(cases)
    path = Path(__file__).with_name("logmel.json")
    path.write_text(f'{{"made_with": {made_with}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
