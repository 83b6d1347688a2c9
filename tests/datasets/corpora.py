"""Tiny corpora in the layouts of the large ones, every recording a tenth of a second of a tone."""

import os
from pathlib import Path

import pytest

from tests.datasets.sounds import burst, save


def sound(path: Path, seconds: float = 0.1) -> Path:
    """A recording at a path, with the folders that lead to it."""
    return save(path, burst(seconds, 440))


def text(path: Path, *lines: str) -> Path:
    """A text file of lines, with the folders that lead to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def esc50(folder: Path) -> Path:
    """Four clips of three classes in two folds."""
    names = ["1-1-A-0.wav", "2-2-A-0.wav", "1-3-A-10.wav", "2-4-A-34.wav"]
    rows = [
        f"{name},{name[0]},{target},{category},{esc10},{name[2]},A"
        for name, target, category, esc10 in zip(
            names,
            (0, 0, 10, 34),
            ("dog", "dog", "rain", "can_opening"),
            (True, True, True, False),
            strict=True,
        )
    ]
    text(folder / "meta/esc50.csv", "filename,fold,target,category,esc10,src_file,take", *rows)
    for name in names:
        sound(folder / "audio" / name)
    return folder


def esc10_by_folders(folder: Path) -> Path:
    """Three clips of two classes, as ESC-10 was published first."""
    sound(folder / "001 - Dog bark" / "1-30226-A.wav")
    sound(folder / "001 - Dog bark" / "5-30344-A.wav")
    sound(folder / "003_-_Sea_waves" / "2-28314-A.wav")
    text(folder / "LICENSE", "CC BY")
    return folder


def fsd50k(folder: Path) -> Path:
    """Two clips for development and one for evaluation."""
    truth = folder / "FSD50K.ground_truth"
    text(truth / "vocabulary.csv", "0,Bark,/m/05tny_", "1,Dog,/m/0bt9lr", "2,Human_voice,/m/09l8g")
    text(
        truth / "dev.csv",
        "fname,labels,mids,split",
        '64760,"Bark,Dog","/m/05tny_,/m/0bt9lr",train',
        "16399,Human_voice,/m/09l8g,val",
    )
    text(truth / "eval.csv", "fname,labels,mids", "37199,Dog,/m/0bt9lr")
    for name in ("dev_audio/64760", "dev_audio/16399", "eval_audio/37199"):
        sound(folder / f"FSD50K.{name}.wav")
    return folder


def librispeech(folder: Path) -> Path:
    """Two sentences to train with, one to test with."""
    chapter = folder / "train-clean-100/103/1240"
    text(
        chapter / "103-1240.trans.txt",
        "103-1240-0000 CHAPTER ONE",
        "103-1240-0001 THAT HAD ITS SOURCE AWAY BACK",
    )
    sound(chapter / "103-1240-0000.flac")
    sound(chapter / "103-1240-0001.flac")
    text(folder / "test-other/8/9/8-9.trans.txt", "8-9-0000 YES")
    sound(folder / "test-other/8/9/8-9-0000.wav")
    return folder


def audioset_segments(folder: Path) -> Path:
    """The head of a segment csv, with recordings named as various downloads name them."""
    sound(folder / "audio/Y--PJHxphWEs.wav")
    sound(folder / "audio/deeper/--ZhevVpy1s_50.000_60.000.wav")
    sound(folder / "audio/--aE2O5G5WE.wav")
    return text(
        folder / "balanced_train_segments.csv",
        "# Segments csv created Sun Mar  5 10:54:31 2017",
        "# num_ytids=3, num_segs=3, num_unique_labels=5, num_positive_labels=6",
        "# YTID, start_seconds, end_seconds, positive_labels",
        '--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"',
        '--ZhevVpy1s, 50.000, 60.000, "/m/012xff"',
        '--aE2O5G5WE, 0.000, 10.000, "/m/03fwl,/m/04rlf,/m/09x0r"',
    )


def recordings() -> Path:
    """The folder of real recordings, which the project does not contain; skips where it is not."""
    folder = Path(os.environ.get("WHISPER_AT_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (folder / "manifest.tsv").is_file():
        pytest.skip(f"needs recordings, found no manifest.tsv in {folder}; set WHISPER_AT_DATA")
    return folder
