"""A path in, the dataset behind it out, whatever the layout: the one door that commands and recipes use.

audioset      *_segments.csv, strong labels as tsv, or the original's JSON; a folder with one of the first two
esc50, esc10  a folder with meta/esc50.csv and audio/, or with folders such as "001 - Dog bark"
fsd50k        a folder with FSD50K.ground_truth
librispeech   a folder with *.trans.txt somewhere below
manifest      csv, tsv or jsonl with a column `path`, or a folder with manifest.csv, .tsv or .jsonl
"""

import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from whisper_at.datasets import audioset, esc, fsd50k, librispeech, manifest
from whisper_at.datasets.checking import Problem, check, sift, summary
from whisper_at.datasets.clip import Dataset
from whisper_at.datasets.labelling import Labels
from whisper_at.datasets.table import JSONL_SUFFIXES, TABLE_SUFFIXES, columns_of
from whisper_at.errors import DatasetError, OptionError

Report: TypeAlias = Callable[[Dataset, tuple[Problem, ...]], None]

MANIFESTS = tuple(f"manifest{suffix}" for suffix in (".jsonl", ".tsv", ".csv"))
STRONG, SEGMENTS = "*_strong.tsv", "*_segments.csv"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for: the path, and how to read it."""

    path: Path
    labels: Labels = "auto"
    complete: bool | Collection[str] | None = None
    audio: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A kind of corpus: what it is known by, in words and as a test, and its reader."""

    name: str
    known_by: str
    fits: Callable[[Path], bool]
    read: Callable[[Request], Dataset]


def open_dataset(
    path: str | Path,
    kind: str = "auto",
    *,
    labels: Labels = "auto",
    complete: bool | Collection[str] | None = None,
    audio: str | Path | None = None,
    skip_missing: bool = False,
    report: Report | None = None,
) -> Dataset:
    """The clips of a corpus, all of which are there.

    Args:
        path: of a file or a folder, see above.
        kind: the layout; "auto" takes the first that fits.
        labels: "audioset", "own" or "auto": whose labels the clips get, where the corpus leaves a choice.
        complete: whether absent labels are known to be absent, or the subsets of which that is true; None
            leaves it to the corpus.
        audio: the folder with AudioSet's recordings, if they are not beside the list.
        skip_missing: leave out the clips without a file, or with an empty one, instead of failing.
        report: is given the dataset and the problems of the clips left out, if any; a warning if not given.

    Raises:
        BrokenClips: if clips are missing; its `problems` name them one by one.
        DatasetError: if the layout is not known, or the corpus says what cannot be understood.
    """
    asked = Request(
        path=Path(path), labels=labels, complete=complete, audio=None if audio is None else Path(audio)
    )
    layout = _layout(asked.path, kind)
    if audio is not None and layout.name != "audioset":
        raise OptionError(
            f"audio={str(audio)!r} is for AudioSet; the recordings of {layout.name} have their places"
        )
    dataset = layout.read(asked)
    if complete is not None and layout.name != "manifest":  # a manifest may say it row by row
        clips = (replace(c, complete=manifest.is_complete(c.subset, complete)) for c in dataset.clips)
        dataset = replace(dataset, clips=tuple(clips))
    if not skip_missing:
        check(dataset)
        return dataset
    left, problems = sift(dataset)
    if problems and report is not None:
        report(dataset, problems)
    elif problems:
        warnings.warn(f"{summary(dataset, problems)}; they are left out", stacklevel=2)
    return left


def _layout(path: Path, kind: str) -> Layout:
    if kind != "auto":
        if kind not in LAYOUTS:
            raise OptionError(f"there is no layout '{kind}'; there are auto, {', '.join(LAYOUTS)}")
        return LAYOUTS[kind]
    if not path.exists():
        raise DatasetError(f"there is no file or folder {path}; check the path of the dataset")
    for layout in LAYOUTS.values():
        if layout.fits(path):
            return layout
    looked_for = "; ".join(f"{layout.known_by} ({layout.name})" for layout in LAYOUTS.values())
    raise DatasetError(f"{path} is no layout that is known here; looked for {looked_for}")


# --- what each layout is known by ---


def _is_segments(path: Path) -> bool:
    """A csv whose first line is a comment or a segment: no header names its columns."""
    if path.suffix.lower() != ".csv":
        return False
    columns = columns_of(path)
    named = len(columns) >= 4 and columns[0].lstrip("# ").upper() == "YTID"
    timed = len(columns) >= 4 and len(columns[0]) == 11 and _is_number(columns[1]) and _is_number(columns[2])
    return named or timed or (bool(columns) and columns[0].startswith("# Segments csv"))


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _is_strong(path: Path) -> bool:
    return path.suffix.lower() == ".tsv" and columns_of(path)[:1] == ("segment_id",)


def _is_audioset(path: Path) -> bool:
    if path.is_dir():
        return any(path.glob(SEGMENTS)) or any(path.glob(STRONG))
    return path.suffix.lower() == ".json" or _is_segments(path) or _is_strong(path)


def _read_audioset(asked: Request) -> Dataset:
    path = asked.path
    if path.is_dir():
        path = _only([*path.glob(SEGMENTS), *path.glob(STRONG)], path)
    if path.suffix.lower() == ".json":
        return audioset.read_json(path, audio=asked.audio)
    if path.suffix.lower() == ".tsv":
        return audioset.read_strong(path, audio=asked.audio, labels=asked.labels)
    return audioset.read_segments(path, audio=asked.audio)


def _is_esc(path: Path) -> bool:
    if not path.is_dir():
        return path.name == esc.TABLE.name
    return (path / esc.TABLE).is_file() or esc.is_by_folders(path)


def _read_esc(asked: Request, *, only_esc10: bool) -> Dataset:
    folder = asked.path if asked.path.is_dir() else asked.path.absolute().parents[1]
    return esc.read(folder, only_esc10=only_esc10, labels=asked.labels)


def _is_manifest(path: Path) -> bool:
    if path.is_dir():
        return any((path / name).is_file() for name in MANIFESTS)
    suffix = path.suffix.lower()
    return suffix in JSONL_SUFFIXES or (suffix in TABLE_SUFFIXES and "path" in columns_of(path))


def _read_manifest(asked: Request) -> Dataset:
    path = asked.path
    if path.is_dir():
        path = _only([path / name for name in MANIFESTS if (path / name).is_file()], path)
    complete = False if asked.complete is None else asked.complete
    return manifest.read(path, labels=asked.labels, complete=complete)


def _only(found: list[Path], folder: Path) -> Path:
    if len(found) != 1:
        names = ", ".join(sorted(path.name for path in found)) or "none"
        raise DatasetError(f"{folder} should hold one list of clips, found {names}; give the path of one")
    return found[0]


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout(
            name="esc50",
            known_by="meta/esc50.csv or folders such as '001 - Dog bark'",
            fits=_is_esc,
            read=lambda asked: _read_esc(asked, only_esc10=False),
        ),
        Layout(
            name="esc10",
            known_by="the same, when asked for by name",
            fits=lambda path: False,
            read=lambda asked: _read_esc(asked, only_esc10=True),
        ),
        Layout(
            name="fsd50k",
            known_by=f"{fsd50k.GROUND_TRUTH}/",
            fits=lambda path: (path / fsd50k.GROUND_TRUTH).is_dir(),
            read=lambda asked: fsd50k.read(asked.path, labels=asked.labels),
        ),
        Layout(
            name="manifest",
            known_by="manifest.jsonl, .tsv or .csv, or such a file with a column 'path'",
            fits=_is_manifest,
            read=_read_manifest,
        ),
        Layout(
            name="audioset",
            known_by=f"{SEGMENTS}, {STRONG} or a .json",
            fits=_is_audioset,
            read=_read_audioset,
        ),
        Layout(
            name="librispeech",
            known_by=f"{librispeech.TRANSCRIPTS} below",
            fits=lambda path: path.is_dir() and next(path.rglob(librispeech.TRANSCRIPTS), None) is not None,
            read=lambda asked: librispeech.read(asked.path),
        ),
    )
}
