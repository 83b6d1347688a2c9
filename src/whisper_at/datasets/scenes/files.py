"""Scenes as files: FLAC and a manifest with strong labels, one line of JSON a scene.

    OUT/soundscapes.json          what the scenes were made of, so that no others are mixed in
    OUT/fold-1/scene-000000.flac
    OUT/manifest.jsonl            a plain manifest (see `manifest`), with a column of its own: sentences,
                                  [[text, start, end], ...]
    OUT/manifest.jsonl.part       lines of scenes that are finished while the others are not

A run that was stopped goes on where it was: a scene is finished when its file and then its line are there.
"""

import hashlib
import io
import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from whisper_at.datasets.clip import Dataset, LabelSet
from whisper_at.datasets.manifest import SCHEMA
from whisper_at.datasets.scenes.recipe import SceneRecipe
from whisper_at.datasets.scenes.rendering import Scene
from whisper_at.datasets.scenes.series import AS_USUAL, Soundscapes
from whisper_at.errors import DatasetError, OptionError, OutputError
from whisper_at.files import write_atomically
from whisper_at.timegrid import SAMPLE_RATE

Row = dict[str, Any]
Task = tuple[str, int]  # fold, number
Progress = Callable[[int, int], None]  # scenes done, scenes there are to be

SETTINGS, MANIFEST, UNFINISHED = "soundscapes.json", "manifest.jsonl", "manifest.jsonl.part"
GENERATION = 1  # goes up when the same settings give other scenes


def write_soundscapes(
    dataset: Dataset,
    folder: Path,
    n: int,
    recipe: SceneRecipe = AS_USUAL,
    *,
    seed: int = 0,
    folds: Sequence[str] = ("",),
    workers: int = 1,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Writes the first `n` scenes of each fold, and gives the manifest of all that are in the folder.

    What is there already is kept, so a run may be stopped, and more scenes or folds be asked for later.
    With several workers, a script must keep its calls under `if __name__ == "__main__"`.

    Raises:
        OptionError: if n or workers are no counts.
        DatasetError: if a fold has no clips, if the folder holds scenes made otherwise, or if a source cannot
            be read; what was finished stays.
        OutputError: if the folder cannot be written to.
    """
    for name, count in (("scenes", n), ("workers", workers)):
        if count < 1:
            raise OptionError(f"{name} must be a whole number above 0; got {count}")
    if not folds:
        raise OptionError("no fold was named to make scenes of; name one, or '' for clips that have none")
    for fold in folds:
        Soundscapes(dataset, recipe, seed=seed, fold=fold)  # refuses what cannot work
    folder = Path(folder)
    with _told(folder):
        _settle(folder, {"generation": GENERATION, "seed": seed, **_told_of(dataset, recipe)})
        rows = _finished(folder)
        tasks = [(fold, i) for i in range(n) for fold in folds if _path(fold, i) not in rows]
        done, total = n * len(folds) - len(tasks), n * len(folds)
        with (folder / UNFINISHED).open("a", encoding="utf-8", newline="\n") as log:
            for row in _work(_Maker(dataset, recipe, seed, folder), tasks, workers):
                rows[row["path"]] = row
                log.write(_line(row))
                log.flush()
                progress(done := done + 1, total)
        with write_atomically(folder / MANIFEST, "w") as file:
            file.write(_line(_head(dataset.labels)))
            file.writelines(_line(rows[path]) for path in sorted(rows))
        (folder / UNFINISHED).unlink()
    return folder / MANIFEST


def flac(samples: npt.NDArray[np.float32]) -> bytes:
    """Samples [sample] at 16 kHz as a FLAC file of 16 bits.

    >>> from whisper_at.audio import read
    >>> read(flac(np.array([0, 0.5, -0.25], np.float32))).samples.tolist()
    [0.0, 0.5, -0.25]
    """
    import av
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream

    whole = np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
    with av.open(buffer := io.BytesIO(), "w", format="flac") as output:
        stream = output.add_stream("flac", rate=SAMPLE_RATE)
        assert isinstance(stream, AudioStream)
        stream.codec_context.layout = "mono"
        stream.codec_context.format = "s16"
        block = 4096  # the frames of a FLAC file
        for start in range(0, len(whole), block):
            frame = AudioFrame.from_ndarray(whole[None, start : start + block], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def row_of(scene: Scene, path: str) -> Row:
    """A scene's line of the manifest."""
    clip = scene.clip
    return {
        "path": path,
        "subset": clip.subset,
        "fold": clip.fold,
        "labels": list(clip.labels),
        "soundings": [[one.label, one.start, one.end] for one in clip.soundings or ()],
        "transcript": clip.transcript,
        "language": clip.language,
        "complete": clip.complete,
        "sentences": [[one.text, one.start, one.end] for one in scene.sentences],
    }


class _Maker:
    """Makes scenes and writes their files; goes to other processes as it is, before it has made any."""

    def __init__(self, dataset: Dataset, recipe: SceneRecipe, seed: int, folder: Path) -> None:
        self._dataset, self._recipe, self._seed, self._folder = dataset, recipe, seed, folder
        self._series: dict[str, Soundscapes] = {}

    def __call__(self, task: Task) -> Row:
        fold, index = task
        if fold not in self._series:
            shared = next((one.sources for one in self._series.values()), None)
            self._series[fold] = Soundscapes(
                self._dataset, self._recipe, seed=self._seed, fold=fold, sources=shared
            )
        scene = self._series[fold].scene(index)
        path = _path(fold, index)
        (self._folder / path).parent.mkdir(exist_ok=True)
        with write_atomically(self._folder / path) as file:
            file.write(flac(scene.samples))
        return row_of(scene, path)


def _work(maker: _Maker, tasks: list[Task], workers: int) -> Iterator[Row]:
    if workers == 1 or len(tasks) < 2:
        yield from map(maker, tasks)
        return
    context = multiprocessing.get_context("spawn")  # FFmpeg's threads do not survive a fork
    pool = ProcessPoolExecutor(min(workers, len(tasks)), context, initializer=_employ, initargs=(maker,))
    try:
        for future in as_completed([pool.submit(_make, task) for task in tasks]):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


_employed: list[_Maker] = []  # of a worker process: its own


def _employ(maker: _Maker) -> None:
    _employed.append(maker)


def _make(task: Task) -> Row:
    return _employed[0](task)


def _path(fold: str, index: int) -> str:
    return f"fold-{quote(fold, safe='')}/scene-{index:06d}.flac"


def _head(labels: LabelSet) -> Row:
    """The first line: whose the labels are."""
    own = {"ids": labels.ids, "names": labels.names, "ancestors": dict(labels.ancestors)}
    whole = labels == LabelSet.audioset()
    return {"schema": SCHEMA, "name": "soundscapes", "labels": "audioset" if whole else own}


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _finished(folder: Path) -> dict[str, Row]:
    """The lines of scenes whose files are there; one that was torn when the process ended does not count."""
    rows: dict[str, Row] = {}
    for line in (*_lines(folder / MANIFEST), *_lines(folder / UNFINISHED)):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if "path" in row and (folder / row["path"]).is_file():
            rows[row["path"]] = row
    return rows


def _lines(path: Path) -> list[str]:
    """The lines of a log, which ends with a whole one afterwards."""
    if not path.exists():
        return []
    text = path.read_text("utf-8", errors="replace")
    if text and not text.endswith("\n"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")
    return text.splitlines()


def _told_of(dataset: Dataset, recipe: SceneRecipe) -> Row:
    """The recipe, and a number for the clips, whatever their order and the folder that they lie in."""
    root = os.path.commonpath([clip.path.absolute().parent for clip in dataset.clips])
    told = sorted(repr((os.path.relpath(clip.path, root), clip)).replace(root, "") for clip in dataset.clips)
    return {"recipe": recipe.to_dict(), "clips": hashlib.sha256("\n".join(told).encode()).hexdigest()}


def _settle(folder: Path, settings: Row) -> None:
    """Notes what the folder's scenes are made of, or makes sure that it is that."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SETTINGS
    if not path.exists():
        if any(folder.glob("fold-*/scene-*")):
            raise DatasetError(f"{folder} holds scenes but no {SETTINGS}; choose an empty folder")
        with write_atomically(path, "w") as file:
            file.write(json.dumps(settings, ensure_ascii=False, indent=1) + "\n")
        return
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DatasetError(f"{path} is damaged ({error}); choose an empty folder") from error
    other = ", ".join(_differences(found, settings))
    if other:
        raise DatasetError(f"{folder} holds scenes with another {other}; choose an empty folder or the same")


def _differences(found: Row, wanted: Row) -> Iterable[str]:
    for key, value in wanted.items():
        if key == "recipe" and isinstance(found.get(key), dict):
            yield from _differences(found[key], value)
        elif found.get(key) != value:
            yield key


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Answers what the disk says with an error of ours."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"scenes could not be written to {folder} ({error.strerror or error}); free space or choose another"
        ) from error
