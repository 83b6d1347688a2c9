"""Copies of clips as they would sound elsewhere: slower or faster, in a room, through a codec, cut off.

    python experiments/heads/vary.py served.jsonl --out copies/ --copies 3 --fold 1 --fold 2 --fold 3

For labels with few clips. A copy has the labels and the fold of its clip. Speech is left out: there is enough of it.
What is drawn for a copy hangs on its number and the name of its clip alone. A rerun makes what is not there.

OUT/0/00017.flac     the first copy of the 18th clip
OUT/manifest.jsonl   all of them
"""

import argparse
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from whisper_at.audio import read
from whisper_at.datasets import manifest
from whisper_at.datasets.clip import Clip, Dataset
from whisper_at.datasets.opening import open_dataset
from whisper_at.datasets.scenes.codecs import KINDS, changed, draw_change
from whisper_at.datasets.scenes.files import flac
from whisper_at.datasets.scenes.rooms import draw_place, draw_room, impulse_response, ring
from whisper_at.datasets.waveforms import read_clip
from whisper_at.errors import WhisperATError
from whisper_at.files import write_atomically
from whisper_at.tagging.ontology import is_speech
from whisper_at.timegrid import SAMPLE_RATE

Samples = npt.NDArray[np.float32]

SPEEDS = (0.8, 1.25)  # as of a tape: pitch moves with it, by a third at most
IN_ROOM, THROUGH_CODEC = 0.4, 0.4  # of the copies
REVERBERATION = (0.15, 0.9)  # seconds
CODECS = tuple(KINDS)
PEAK = (-20.0, -0.5)  # decibels
SHORTEST = 0.1  # seconds


def write_copies(listed: Path, out: Path, *, many: int, folds: Sequence[str]) -> None:
    """Make copies of the clips of a manifest, and list them when all are there.

    Raises:
        DatasetError: if a clip cannot be read.
    """
    dataset = open_dataset(listed)
    made = tuple(copies(dataset, out, many=many, folds=folds))
    manifest.write(replace(dataset, name=f"{dataset.name} varied", clips=made), out / "manifest.jsonl")


def copies(dataset: Dataset, out: Path, *, many: int, folds: Sequence[str]) -> Iterator[Clip]:
    """So many copies of each clip of the folds that is not of speech alone."""
    for i, clip in enumerate(dataset.clips):
        if clip.fold not in folds or not clip.labels or all(map(is_speech, clip.labels)):
            continue
        for number in range(many):
            path = out / str(number) / f"{i:05}.flac"
            if not path.is_file():
                dice = np.random.default_rng([number, zlib.crc32(Path(clip.name).name.encode())])
                write(path, varied(read_clip(clip).samples, dice))
            yield replace(clip, path=path, start=0.0, end=None, soundings=None)


def varied(samples: Samples, dice: np.random.Generator) -> Samples:
    """A copy [sample] of samples [sample] as the dice have it."""
    low, high = np.log(SPEEDS)
    speed = float(np.exp(dice.uniform(low, high)))
    copy = read(samples, sample_rate=round(SAMPLE_RATE * speed)).samples
    if dice.random() < IN_ROOM:
        room = draw_room(dice, dice.uniform(*REVERBERATION))
        copy = ring(copy, impulse_response(room, draw_place(dice, room.size)))
    if dice.random() < THROUGH_CODEC and len(copy) >= SHORTEST * SAMPLE_RATE:
        copy = changed(copy, draw_change(dice, CODECS))
    peak = float(np.abs(copy).max(initial=0)) or 1.0
    loud: Samples = (copy * np.float32(10 ** (dice.uniform(*PEAK) / 20) / peak)).astype(np.float32)
    return loud


def write(path: Path, samples: Samples) -> None:
    """A FLAC file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(path) as file:
        file.write(flac(samples))


def main(arguments: list[str] | None = None) -> None:
    """Make the copies and list them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=3, help="of each clip")
    parser.add_argument("--fold", action="append", required=True, help="whose clips are copied")
    args = parser.parse_args(arguments)
    try:
        write_copies(args.manifest, args.out, many=args.copies, folds=args.fold)
    except WhisperATError as error:
        sys.exit(f"vary: {error}")
    print(args.out / "manifest.jsonl")


if __name__ == "__main__":
    main()
