"""The plain manifest, a table with a row a clip: read from csv, tsv or jsonl, written as jsonl.

    path        of the recording, from the folder of the manifest on; the only column that must be there
    labels      of what is heard, joined by | (in jsonl also a list); mids, audioset_labels, audioset_mids likewise
    soundings   with times: [[label, start, end], ...]
    complete    whether a label that is not listed is absent (1, true, yes) or unknown (0, false, no)
    start, end  seconds within the file
    fold, subset (or set), transcript, language (or lang)

Other columns are not looked at. Where several speak of labels, AudioSet's are read from the first there is of
audioset_mids, audioset_labels, mids, labels and label, a set of one's own from labels or label.
"""

import json
import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from whisper_at.datasets.clip import Clip, Dataset, LabelSet, Sounding
from whisper_at.datasets.labelling import Labelling, Labels, label_ids
from whisper_at.datasets.table import JSONL_SUFFIXES, Row, columns_of, rows
from whisper_at.errors import DatasetError, OutputError
from whisper_at.files import write_atomically

SCHEMA = "whisper-at-clips/1"

SURELY_AUDIOSET = ("audioset_mids", "audioset_labels", "mids")
OWN = ("labels", "label")
YES, NO = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no"})


def read(path: Path, *, labels: Labels = "auto", complete: bool | Collection[str] = False) -> Dataset:
    """The clips of a manifest.

    Args:
        path: the manifest; recordings lie beside it, or where their paths lead from there.
        labels: whose they are, see `labelling`; what a manifest of ours says of itself goes before "auto".
        complete: for rows that do not say: whether the absent labels are known to be absent; or the subsets
            of which that is true.

    Raises:
        DatasetError: if a row cannot be understood (names its line), or a clip is there twice.
    """
    _refuse_without_paths(path)
    head = _head(path)
    labelling = _labelling(path, head, labels)
    columns = OWN if labels == "own" else SURELY_AUDIOSET + OWN
    clips: list[Clip] = []
    lines: dict[tuple[Path, float, float | None], int] = {}
    for number, row in _clip_rows(path):
        try:
            clip = _clip(row, path.parent, labelling.ids, columns, complete)
        except ValueError as error:
            raise DatasetError(f"{path}, line {number}: {error}") from error
        first = lines.setdefault((clip.path, clip.start, clip.end), number)
        if first != number:
            raise DatasetError(
                f"{path}, line {number}: {clip.name} is there already, in line {first}; "
                f"a clip is one row, join its labels with |"
            )
        clips.append(clip)
    if not clips:
        raise DatasetError(f"{path} names no clips; each row is one, with its path")
    name = path.resolve().parent.name if path.stem == "manifest" else path.stem
    return Dataset(name=str(head.get("name", name)), clips=tuple(clips), labels=labelling.labels)


def write(dataset: Dataset, path: Path) -> None:
    """A manifest as jsonl that `read` gives back as it was: its first line holds the name and the labels.

    Paths below the folder of the manifest are written from there on, so that both can be moved together;
    others are written in full.

    Raises:
        OutputError: if the file cannot be written.
    """
    if path.suffix.lower() not in JSONL_SUFFIXES:
        raise OutputError(f"a manifest is written as .jsonl, soundings fit in no other; got {path.name}")
    whole = dataset.labels == LabelSet.audioset()
    head = {"schema": SCHEMA, "name": dataset.name, "labels": "audioset" if whole else _plain(dataset.labels)}
    try:
        with write_atomically(path, "w") as file:
            file.write(_line(head))
            file.writelines(_line(_row(clip, path.parent)) for clip in dataset.clips)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; check the folder") from error


def is_complete(subset: str, complete: bool | Collection[str]) -> bool:
    """Whether absent labels are known to be absent, where that is said for all clips or for some subsets.

    >>> is_complete("esc10", ["esc10", "drums"]), is_complete("esc", "esc10"), is_complete("", True)
    (True, False, True)
    """
    if isinstance(complete, bool):
        return complete
    return subset in ((complete,) if isinstance(complete, str) else complete)


def _refuse_without_paths(path: Path) -> None:
    if path.suffix.lower() not in JSONL_SUFFIXES and "path" not in (found := columns_of(path)):
        raise DatasetError(
            f"{path} has no column 'path'; found {', '.join(found) or 'nothing'}: name the columns in the "
            f"first line, see the file formats"
        )


def _head(path: Path) -> Row:
    """What a manifest of ours says of itself; nothing if it is none."""
    if path.suffix.lower() not in JSONL_SUFFIXES:
        return {}
    _, row = next(rows(path), (0, {}))
    if "schema" not in row:
        return {}
    if row["schema"] != SCHEMA:
        raise DatasetError(f"{path} is of schema {row['schema']!r}, this version reads {SCHEMA}")
    return row


def _clip_rows(path: Path) -> Iterator[tuple[int, Row]]:
    return ((number, row) for number, row in rows(path) if "schema" not in row)


def _labelling(path: Path, head: Row, wanted: Labels) -> Labelling:
    """Reads the whole manifest once, for its labels alone: whose they are is told by all of them."""
    columns = OWN if wanted == "own" else SURELY_AUDIOSET + OWN
    found: dict[str, int] = {}
    used: set[str] = set()
    for number, row in _clip_rows(path):
        try:
            column, labels = _labels(row, columns)
            labels = [*labels, *(one[0] for one in _soundings(row) or ())]
        except ValueError as error:
            raise DatasetError(f"{path}, line {number}: {error}") from error
        used.add(column)
        for label in labels:
            found.setdefault(label, number)
    if wanted == "own" and used == {""} and not found:
        raise DatasetError(f"{path} has no column 'labels' to read labels of its own from; add it")
    if wanted == "auto" and "labels" in head:
        return _told(head["labels"], found, path)
    if wanted == "auto" and used & set(SURELY_AUDIOSET):
        wanted = "audioset"
    return label_ids(found, wanted, str(path))


def _told(told: Any, found: Mapping[str, int], path: Path) -> Labelling:
    if told == "audioset":
        return label_ids(found, "audioset", str(path))
    try:
        labels = LabelSet(
            ids=tuple(told["ids"]),
            names=tuple(told["names"]),
            ancestors={one: tuple(above) for one, above in told["ancestors"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path}, line 1: 'labels' is no label set ({error}); write it anew") from error
    listed = set(labels.ids)
    strange = [label for label in found if label not in listed]
    if strange:
        raise DatasetError(
            f"{path}, line {found[strange[0]]}: the label '{strange[0]}' is none of the {len(labels.ids)} that "
            f"line 1 lists; add it there, or correct it"
        )
    return Labelling(labels=labels, ids={label: label for label in found})


# --- a row in, a clip out ---


def _clip(
    row: Row, folder: Path, ids: Mapping[str, str], columns: tuple[str, ...], complete: bool | Collection[str]
) -> Clip:
    _, labels = _labels(row, columns)
    soundings = _soundings(row)
    if soundings is not None and not any(column in row for column in columns):
        labels = [label for label, _, _ in soundings]
    start, end = _seconds(row, "start"), _seconds(row, "end")
    if end is not None and end <= (start or 0.0):
        raise ValueError(f"the clip ends at {end:g} s, before it starts at {start or 0.0:g} s")
    subset = _text(row, "subset", "set") or ""
    stated = _yes_or_no(row)
    return Clip(
        path=folder / _path(row),
        labels=tuple(dict.fromkeys(ids[label] for label in labels)),
        soundings=None
        if soundings is None
        else tuple(Sounding(label=ids[label], start=a, end=b) for label, a, b in soundings),
        complete=is_complete(subset, complete) if stated is None else stated,
        start=start or 0.0,
        end=end,
        fold=_text(row, "fold") or "",
        transcript=_text(row, "transcript"),
        language=_text(row, "language", "lang"),
        subset=subset,
    )


def _path(row: Row) -> str:
    path = row.get("path")
    if not isinstance(path, str) or not path:
        raise ValueError(f"the path of the recording must be given, found {path!r}")
    return path


def _labels(row: Row, columns: tuple[str, ...]) -> tuple[str, list[str]]:
    """Which column was read ("" for none), and the labels in it as they are written."""
    column = next((column for column in columns if column in row), "")
    value = row.get(column)
    if value is None:
        return column, []
    if isinstance(value, str):
        return column, [label.strip() for label in value.split("|") if label.strip()]
    if isinstance(value, list) and all(isinstance(label, str) and label for label in value):
        return column, value
    raise ValueError(f"'{column}' must be labels joined by | or a list of labels, found {value!r:.60}")


def _soundings(row: Row) -> list[tuple[str, float, float]] | None:
    value = row.get("soundings")
    if value is None:
        return None
    try:
        listed = json.loads(value) if isinstance(value, str) else value
        found = [(label, float(start), float(end)) for label, start, end in listed]
    except (TypeError, ValueError) as error:
        raise ValueError(f"'soundings' must be [[label, start, end], ...], found {value!r:.60}") from error
    for label, start, end in found:
        if not (isinstance(label, str) and 0 <= start <= end < math.inf):
            raise ValueError(
                f"a sounding is a label and seconds from start to end, found {[label, start, end]}"
            )
    return found


def _seconds(row: Row, column: str) -> float | None:
    value = row.get(column)
    if value is None:
        return None
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"'{column}' must be seconds from 0 on, found {value!r}")
    return seconds


def _yes_or_no(row: Row) -> bool | None:
    value = row.get("complete")
    text = "" if value is None else str(value).strip().lower()
    if text and text not in YES | NO:
        raise ValueError(f"'complete' must be 1 or 0, true or false, yes or no; found {value!r}")
    return text in YES if text else None


def _text(row: Row, *columns: str) -> str | None:
    """The first of the columns that is there; a number is taken as it is written."""
    value = next((row[column] for column in columns if column in row), None)
    if isinstance(value, dict | list):
        raise ValueError(f"'{columns[0]}' must be text, found {value!r:.60}")
    return None if value is None else str(value)


# --- a clip in, a row out ---


def _row(clip: Clip, folder: Path) -> Row:
    row: Row = {"path": _from_folder(clip.path, folder), "labels": clip.labels, "complete": clip.complete}
    if clip.soundings is not None:
        row["soundings"] = [(one.label, one.start, one.end) for one in clip.soundings]
    if clip.start:
        row["start"] = clip.start
    for column in ("end", "transcript", "language"):
        if (value := getattr(clip, column)) is not None:
            row[column] = value
    return row | {column: value for column in ("fold", "subset") if (value := getattr(clip, column))}


def _from_folder(path: Path, folder: Path) -> str:
    for beside in (path, path.absolute()):
        for top in (folder, folder.absolute()):
            if beside.is_relative_to(top):
                return beside.relative_to(top).as_posix()
    return path.absolute().as_posix()


def _plain(labels: LabelSet) -> Row:
    return {"ids": labels.ids, "names": labels.names, "ancestors": dict(labels.ancestors)}


def _line(row: Row) -> str:
    """A line of JSON; names of files that are no UTF-8 are escaped, so that they come back too."""
    text = json.dumps(row, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(row, allow_nan=False)
    return text + "\n"
