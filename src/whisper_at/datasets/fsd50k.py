"""FSD50K: sounds from Freesound with 200 labels of the AudioSet ontology.

    FSD50K.ground_truth/  dev.csv (fname, labels, mids, split), eval.csv (fname, labels, mids), vocabulary.csv
    FSD50K.dev_audio/, FSD50K.eval_audio/    fname.wav; names that go on, such as FSD50K.dev_audio_16k, will do

The fold is the split: train and val of the development set, and test for the evaluation set. All labels above a
label are listed with it. The evaluation set was labelled exhaustively, so its clips are complete; in the
development set what is listed is right, and something may be missing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.datasets.labelling import Labels
from whisper_at.datasets.table import opened, records, rows
from whisper_at.errors import DatasetError
from whisper_at.tagging import ontology

GROUND_TRUTH = "FSD50K.ground_truth"
PARTS = ("dev", "eval")


def read(folder: Path, *, labels: Labels = "auto") -> Dataset:
    """The clips of both sets, or of the one that is there.

    Args:
        folder: the one that holds FSD50K.ground_truth.
        labels: "audioset" leaves out the labels that are nodes of the ontology and none of the 527, such as
            Human voice.

    Raises:
        DatasetError: if a row is not understood; names the line.
    """
    published = read_vocabulary(folder / GROUND_TRUTH / "vocabulary.csv")
    known = set(LabelSet.audioset().ids if labels == "audioset" else published)
    vocabulary = {mid: name for mid, name in published.items() if mid in known}
    tables = [(part, table) for part in PARTS if (table := folder / GROUND_TRUTH / f"{part}.csv").is_file()]
    if not tables:
        raise DatasetError(
            f"{folder / GROUND_TRUTH} holds neither dev.csv nor eval.csv; check that it is whole"
        )
    clips = tuple(clip for part, table in tables for clip in _clips(part, table, folder, published))
    if len(vocabulary) < len(published):
        clips = tuple(
            replace(clip, labels=tuple(mid for mid in clip.labels if mid in vocabulary)) for clip in clips
        )
    return Dataset(
        name="FSD50K",
        clips=clips,
        labels=LabelSet(
            ids=tuple(vocabulary),
            names=tuple(vocabulary.values()),
            ancestors={mid: _above(mid) for mid in vocabulary},
        ),
    )


def read_vocabulary(path: Path) -> dict[str, str]:
    """The name of each mid, in the published order: AudioSet's name where it has one."""
    names = {label.mid: label.name for label in ontology.labels()}
    found: dict[str, str] = {}
    with opened(path) as file:
        for number, fields in records(file, path, ","):
            if number == 1 and "mid" in fields:
                continue
            if len(fields) != 3 or not fields[2].startswith("/"):
                raise DatasetError(
                    f"{path}, line {number}: wanted index,label,mid, found {','.join(fields)[:60]}"
                )
            found[fields[2]] = names.get(fields[2], fields[1].replace("_", " "))
    return found


def _clips(part: str, table: Path, folder: Path, vocabulary: Mapping[str, str]) -> Iterator[Clip]:
    audio = _audio_folder(folder, part)
    for number, row in rows(table):
        if not row.get("fname") or "mids" not in row or (part == "dev" and not row.get("split")):
            raise DatasetError(f"{table}, line {number}: wanted fname, labels, mids and for dev the split")
        mids = [mid.strip() for mid in (row["mids"] or "").split(",") if mid.strip()]
        strange = [mid for mid in mids if mid not in vocabulary]
        if strange:
            raise DatasetError(f"{table}, line {number}: the mid '{strange[0]}' is not in vocabulary.csv")
        yield Clip(
            path=audio / f"{row['fname']}.wav",
            labels=tuple(mids),
            complete=part == "eval",
            fold="test" if part == "eval" else row["split"],
            subset=part,
        )


def _audio_folder(folder: Path, part: str) -> Path:
    published = folder / f"FSD50K.{part}_audio"
    return (
        published if published.is_dir() else next(iter(sorted(folder.glob(f"{published.name}*"))), published)
    )


def _above(mid: str) -> tuple[str, ...]:
    return tuple(label.mid for label in ontology.ancestors(mid))
