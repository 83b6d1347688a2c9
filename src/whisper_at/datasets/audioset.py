"""AudioSet: its segments, its strong labels, or the original Whisper-AT's JSON in; clips of ten seconds out.

    segments   csv  YTID, start, end, "mid,mid,..."               comments begin with #
    strong     tsv  segment_id, start_time_seconds, end_time_seconds, label;   segment_id is YTID_milliseconds
    json       {"data": [{"wav": path, "labels": "mid,mid,..."}, ...]}

AudioSet is a list of videos and not of files: recordings are found by their YTID below a folder. A file is
taken for the segment alone, as downloads are cut, and not for the whole video. Segments without a file keep the
path where it was looked for, so that they are counted among the missing. Absent labels are unknown: raters were
asked about some labels of a clip, not about all.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whisper_at.audio import MEDIA_SUFFIXES
from whisper_at.datasets.clip import Clip, Dataset, LabelSet, Sounding
from whisper_at.datasets.labelling import Labels, UnknownLabels
from whisper_at.datasets.table import columns_of, opened, records, rows
from whisper_at.errors import DatasetError
from whisper_at.tagging import ontology

STRONG_COLUMNS = ("segment_id", "start_time_seconds", "end_time_seconds", "label")
NAMES = "mid_to_display_name.tsv"  # published beside the strong labels
SEGMENT_ID = re.compile(r"(?P<video>.{11})_(?P<milliseconds>\d+)")
JSON_HEAD = re.compile(r'\s*\{\s*"data"\s*:\s*\[')
SPOILT = "#NAME?"  # what a spreadsheet makes of a YTID that begins with a minus
CHUNK = 1 << 20  # characters of JSON that are looked at together; an entry is far shorter

# YTID, or with one or two times after it: Y--4gqARaEJE_0.000_10.000, --4gqARaEJE_30000, id_--4gqARaEJE
PREFIXES = ("", "Y", "id_")
TIMES = re.compile(r"(?:[_-](?P<start>\d+(?:\.\d+)?))?(?:[_-]\d+(?:\.\d+)?)?")


def read_segments(path: Path, *, audio: Path | None = None) -> Dataset:
    """The clips of a segment csv.

    Args:
        path: the csv, as published or as a spreadsheet has saved it.
        audio: the folder with the recordings, to any depth; the folder of the csv if not given.

    Raises:
        DatasetError: if a row is no segment, or a mid none of the 527; names the line.
    """
    mids = _Mids()
    segments: dict[str, tuple[float, tuple[str, ...]]] = {}
    with opened(path) as file:
        for number, fields in records(file, path, ","):
            comment = fields[0].startswith("#") and fields[0] != SPOILT
            if comment or (number == 1 and fields[0].upper() == "YTID"):
                continue
            video, start, labels = _segment(fields, number, path)
            if video in segments:
                raise DatasetError(f"{path}, line {number}: the video {video} is there already; keep one row")
            segments[video] = start, mids(labels, number)
    mids.refuse_unknown(path)
    found = find_audio(audio or path.parent, {video: start for video, (start, _) in segments.items()})
    fold = fold_of(path)
    clips = (Clip(path=found[video], labels=labels, fold=fold) for video, (_, labels) in segments.items())
    return Dataset(name=path.stem, clips=tuple(clips), labels=LabelSet.audioset())


def read_strong(path: Path, *, audio: Path | None = None, labels: Labels = "auto") -> Dataset:
    """The clips of a tsv of strong labels, with the times of all that is heard in them.

    The strong labels name 74 sounds that are none of the 527. They follow these in the label set, named by
    `mid_to_display_name.tsv` where that lies beside; with labels="audioset" they are left out.

    Raises:
        DatasetError: if a row is no label of a segment; names the line.
    """
    columns = columns_of(path)
    if columns != STRONG_COLUMNS:
        raise DatasetError(
            f"{path} has the columns {', '.join(columns)}, strong labels have {', '.join(STRONG_COLUMNS)}; "
            f"give {path.name.replace('_framed_posneg', '')} as published"
        )
    known = frozenset(LabelSet.audioset().ids) if labels == "audioset" else None
    starts: dict[str, float] = {}
    heard: dict[str, list[Sounding]] = {}
    for number, row in rows(path):
        video, start, sounding = _strong(row, number, path)
        if starts.setdefault(video, start) != start:
            raise DatasetError(
                f"{path}, line {number}: another segment of the video {video}; keep one of them"
            )
        soundings = heard.setdefault(video, [])
        if known is None or sounding.label in known:
            soundings.append(sounding)
    found = find_audio(audio or path.parent, starts)
    fold = fold_of(path)
    clips = tuple(
        Clip(
            path=found[video],
            labels=tuple(dict.fromkeys(one.label for one in soundings)),
            soundings=tuple(soundings),
            fold=fold,
        )
        for video, soundings in heard.items()
    )
    label_set = strong_labels((mid for clip in clips for mid in clip.labels), path.with_name(NAMES))
    return Dataset(name=path.stem, clips=clips, labels=label_set)


def read_json(path: Path, *, audio: Path | None = None) -> Dataset:
    """The clips of the original's JSON, read piece by piece: two million entries are never there as JSON.

    Args:
        path: the JSON; a relative `wav` starts from its folder.
        audio: a folder where the recordings lie under the names that the JSON gives, whatever their folders.

    Raises:
        DatasetError: if an entry has no `wav` and `labels`, or a mid is none of the 527.
    """
    mids = _Mids()
    clips: list[Clip] = []
    fold = fold_of(path)
    for number, entry in enumerate(json_entries(path), start=1):
        try:
            wav = Path(path.parent, entry["wav"])
            labels = mids(entry["labels"], number)
        except (KeyError, TypeError, AttributeError) as error:
            raise DatasetError(
                f"{path}, entry {number}: wanted {{'wav': path, 'labels': 'mid,mid'}}, found {entry!r:.80}"
            ) from error
        clips.append(Clip(path=audio / wav.name if audio else wav, labels=labels, fold=fold))
    mids.refuse_unknown(path, "entry")
    return Dataset(name=path.stem, clips=tuple(clips), labels=LabelSet.audioset())


def json_entries(path: Path) -> Iterator[Any]:
    """The entries of {"data": [...]}, one by one.

    Raises:
        DatasetError: if it is not of that form, or breaks off; names how many entries were whole.
    """
    decoder, n_read = json.JSONDecoder(), 0
    with opened(path) as file:
        buffer = file.read(CHUNK)
        head = JSON_HEAD.match(buffer)
        if head is None:
            raise DatasetError(f'{path} does not begin with {{"data": [; found {buffer[:40]!r}')
        at = head.end()
        while True:
            at = _past_blanks(buffer, at)
            if buffer[at : at + 1] == "]":
                return
            try:
                entry, at = decoder.raw_decode(buffer, at)
            except json.JSONDecodeError as error:
                more = file.read(CHUNK)
                if not more or len(buffer) - at > CHUNK:
                    raise DatasetError(
                        f"{path} is no JSON after {n_read} entries ({error.msg}); check that it is whole"
                    ) from error
                buffer, at = buffer[at:] + more, 0
                continue
            n_read += 1
            yield entry


def find_audio(folder: Path, starts: Mapping[str, float]) -> dict[str, Path]:
    """The recording of each video below a folder; where there is none, the path that it would have.

    Args:
        folder: looked through to any depth.
        starts: YTID, and the second of the video at which its segment starts. A file that names another
            start, in seconds or milliseconds, is another segment.
    """
    found: dict[str, Path] = {}
    for top, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            stem, _, suffix = name.rpartition(".")
            video = _video(stem, starts) if f".{suffix.lower()}" in MEDIA_SUFFIXES else None
            if video is not None:
                found.setdefault(video, Path(top, name))
    return {video: found.get(video) or folder / f"{video}.wav" for video in starts}


def strong_labels(mids: Iterable[str], names: Path) -> LabelSet:
    """AudioSet's labels, and after them the mids that are none of these, in order of the alphabet."""
    known = LabelSet.audioset()
    more = sorted(set(mids) - set(known.ids))
    if not more:
        return known
    told = dict(_names(names)) if names.is_file() else {}
    return LabelSet(
        ids=(*known.ids, *more),
        names=(*known.names, *(told.get(mid, mid) for mid in more)),
        ancestors={**known.ancestors, **{mid: _above(mid) for mid in more}},
    )


def fold_of(path: Path) -> str:
    """The part of AudioSet that a file is named for.

    >>> fold_of(Path("unbalanced_train_segments.csv")), fold_of(Path("audioset_eval_strong.tsv"))
    ('train', 'eval')
    """
    return next((part for part in ("train", "eval") if part in path.stem.lower()), "")


@dataclass
class _Mids:
    """Lists of mids, taken apart: equal ones are one object, and the unknown are gathered with their lines."""

    known: Mapping[str, str] = field(default_factory=lambda: {mid: mid for mid in LabelSet.audioset().ids})
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    def __call__(self, text: str, number: int) -> tuple[str, ...]:
        if (already := self.lists.get(text)) is not None:
            return already
        mids = [mid.strip(' "') for mid in text.split(",")]
        for mid in mids:
            if mid and mid not in self.known:
                self.unknown.setdefault(mid, number)
        taken = tuple(dict.fromkeys(self.known[mid] for mid in mids if mid in self.known))
        self.lists[text] = taken
        return taken

    def refuse_unknown(self, path: Path, place: str = "line") -> None:
        if self.unknown:
            first, number = next(iter(self.unknown.items()))
            raise UnknownLabels(
                f"{path}: {len(self.unknown)} mids are none of AudioSet's 527, the first is '{first}' in "
                f"{place} {number}; a mid looks like /m/0bt9lr",
                {mid: f"{place} {number}" for mid, number in self.unknown.items()},
            )


def _segment(fields: list[str], number: int, path: Path) -> tuple[str, float, str]:
    """A spreadsheet makes several fields of one list, each with quotes of its own; so they are joined again."""
    try:
        video, start, end, *labels = fields
        if float(start) < float(end) and any(label.strip() for label in labels):
            return video, float(start), ",".join(labels)
    except ValueError:
        pass
    raise DatasetError(
        f'{path}, line {number}: wanted YTID, start, end, "mid,mid", found {",".join(fields)[:80]}'
    )


def _strong(row: Mapping[str, Any], number: int, path: Path) -> tuple[str, float, Sounding]:
    segment_id, start, end, mid = (row[column] or "" for column in STRONG_COLUMNS)
    named = SEGMENT_ID.fullmatch(segment_id)
    try:
        sounding = Sounding(label=mid, start=float(start), end=float(end))
        if named and mid and 0 <= sounding.start <= sounding.end:
            return named["video"], int(named["milliseconds"]) / 1000, sounding
    except ValueError:
        pass
    raise DatasetError(
        f"{path}, line {number}: wanted YTID_milliseconds, start, end, mid, "
        f"found {segment_id}, {start}, {end}, {mid}"
    )


def _video(stem: str, starts: Mapping[str, float]) -> str | None:
    """Which of the videos a file is named for."""
    for prefix in PREFIXES:
        video, rest = stem[len(prefix) : len(prefix) + 11], stem[len(prefix) + 11 :]
        if not stem.startswith(prefix) or video not in starts:
            continue
        times = TIMES.fullmatch(rest)
        if times and (times["start"] is None or _is_start(float(times["start"]), starts[video])):
            return video
    return None


def _is_start(named: float, start: float) -> bool:
    return abs(named - start) < 1 or abs(named - 1000 * start) < 1


def _past_blanks(buffer: str, at: int) -> int:
    while at < len(buffer) and buffer[at] in " \t\r\n,":
        at += 1
    return at


def _names(path: Path) -> Iterator[tuple[str, str]]:
    with opened(path) as file:
        for _, fields in records(file, path, "\t"):
            if len(fields) == 2:
                yield fields[0], fields[1]


def _above(mid: str) -> tuple[str, ...]:
    """The labels above a node of the ontology; some strong labels are no nodes either."""
    try:
        return tuple(label.mid for label in ontology.ancestors(mid))
    except ValueError:
        return ()
