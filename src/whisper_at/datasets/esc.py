"""ESC-50 and ESC-10: environmental sounds of five seconds, one class each, in five folds.

    meta/esc50.csv, audio/*.wav                        ESC-50; its column esc10 marks the clips of ESC-10
    001 - Dog bark/1-100032-A.ogg, 002 - Rain/...      ESC-10 as it was published by itself: the fold comes first

The labels are the fifty classes themselves unless AudioSet's are asked for: the benchmark is to tell these fifty
apart, and four of them are nothing that AudioSet has a label for. A clip has exactly one class, so its labels are
complete. With labels="audioset" they are complete over the labels that the fifty classes touch, and no others:
that holds as far as ESC-50 does, of whose thunderstorms some hold rain. For a stricter view give complete=False.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from whisper_at.audio import MEDIA_SUFFIXES
from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.datasets.labelling import Labels, some_of_audioset
from whisper_at.datasets.table import rows
from whisper_at.errors import DatasetError
from whisper_at.tagging import ontology

TABLE = Path("meta", "esc50.csv")
COLUMNS = ("filename", "fold", "category", "esc10")
CLASS_FOLDER = re.compile(r"\d{3}[ _]-[ _](.+)")
FOLD_OF_FILE = re.compile(r"(\d)-")

# The classes in the order of their numbers, and what AudioSet calls them, nothing where it has no such label.
AUDIOSET_NAMES: Mapping[str, tuple[str, ...]] = {
    "dog": ("Dog", "Bark"),
    "rooster": ("Chicken, rooster", "Crowing, cock-a-doodle-doo"),
    "pig": ("Pig",),
    "cow": ("Cattle, bovinae", "Moo"),
    "frog": ("Frog",),
    "cat": ("Cat", "Meow"),
    "hen": ("Chicken, rooster", "Cluck"),
    "insects": ("Insect",),
    "sheep": ("Sheep",),
    "crow": ("Crow", "Caw"),
    "rain": ("Rain",),
    "sea_waves": ("Ocean", "Waves, surf"),
    "crackling_fire": ("Fire", "Crackle"),
    "crickets": ("Cricket",),
    "chirping_birds": ("Bird", "Chirp, tweet"),
    "water_drops": ("Drip",),
    "wind": ("Wind",),
    "pouring_water": ("Pour",),
    "toilet_flush": ("Toilet flush",),
    "thunderstorm": ("Thunderstorm", "Thunder"),
    "crying_baby": ("Baby cry, infant cry", "Crying, sobbing"),
    "sneezing": ("Sneeze",),
    "clapping": ("Clapping",),
    "breathing": ("Breathing",),
    "coughing": ("Cough",),
    "footsteps": ("Walk, footsteps",),
    "laughing": ("Laughter",),
    "brushing_teeth": ("Toothbrush",),
    "snoring": ("Snoring",),
    "drinking_sipping": (),
    "door_wood_knock": ("Knock",),
    "mouse_click": (),
    "keyboard_typing": ("Computer keyboard", "Typing"),
    "door_wood_creaks": ("Door", "Creak"),
    "can_opening": (),
    "washing_machine": (),
    "vacuum_cleaner": ("Vacuum cleaner",),
    "clock_alarm": ("Alarm clock",),
    "clock_tick": ("Clock", "Tick", "Tick-tock"),
    "glass_breaking": ("Glass", "Shatter"),
    "helicopter": ("Helicopter",),
    "chainsaw": ("Chainsaw",),
    "siren": ("Siren",),
    "car_horn": ("Vehicle horn, car horn, honking",),
    "engine": ("Engine",),
    "train": ("Train",),
    "church_bells": ("Church bell",),
    "airplane": ("Fixed-wing aircraft, airplane",),
    "fireworks": ("Fireworks",),
    "hand_saw": ("Sawing",),
}

# The ten classes, by the names that they had before there were fifty.
ESC10: Mapping[str, str] = {
    "dog bark": "dog",
    "rain": "rain",
    "sea waves": "sea_waves",
    "baby cry": "crying_baby",
    "clock tick": "clock_tick",
    "person sneeze": "sneezing",
    "helicopter": "helicopter",
    "chainsaw": "chainsaw",
    "rooster": "rooster",
    "fire crackling": "crackling_fire",
}


@dataclass(frozen=True)
class _Recording:
    path: Path
    category: str
    fold: str
    in_esc10: bool


def read(folder: Path, *, only_esc10: bool = False, labels: Labels = "auto") -> Dataset:
    """The clips of ESC-50, or of ESC-10 where only that is wanted or there.

    Args:
        folder: of one of the two layouts above.
        only_esc10: leave out the forty other classes.
        labels: "own" (as is "auto") for the classes, "audioset" for mids.

    Raises:
        DatasetError: if a row or a folder names no class; names it.
    """
    table = folder / TABLE
    recordings = list(_of_table(table, folder / "audio") if table.is_file() else _of_folders(folder))
    if only_esc10:
        recordings = [recording for recording in recordings if recording.in_esc10]
    clips = tuple(
        Clip(
            path=recording.path,
            labels=mids_of(recording.category) if labels == "audioset" else (recording.category,),
            complete=True,
            fold=recording.fold,
            subset="esc10" if recording.in_esc10 else "esc50",
        )
        for recording in recordings
    )
    if not clips:
        raise DatasetError(
            f"{folder} holds no clips of ESC-{10 if only_esc10 else 50}; check that it is whole"
        )
    classes = {recording.category for recording in recordings}
    if labels == "audioset":
        label_set = some_of_audioset(mid for category in classes for mid in mids_of(category))
    else:
        ordered = tuple(category for category in AUDIOSET_NAMES if category in classes)
        label_set = LabelSet(ids=ordered, names=tuple(name.replace("_", " ") for name in ordered))
    whole = all(recording.in_esc10 for recording in recordings)
    return Dataset(name="ESC-10" if whole else "ESC-50", clips=clips, labels=label_set)


def mids_of(category: str) -> tuple[str, ...]:
    """What AudioSet calls a class of ESC-50; nothing if it has no label for it.

    >>> mids_of("rain"), mids_of("can_opening")
    (('/m/06mb1',), ())
    """
    return tuple(ontology.find(name).mid for name in AUDIOSET_NAMES[category])


def is_by_folders(folder: Path) -> bool:
    """Whether a folder holds one that is named as those of ESC-10 are."""
    return any(named in ESC10 for named, _ in _class_folders(folder))


def _of_table(table: Path, audio: Path) -> Iterator[_Recording]:
    for number, row in rows(table):
        missing = [column for column in COLUMNS if not row.get(column)]
        if missing:
            raise DatasetError(
                f"{table}, line {number}: no {' and no '.join(missing)}; give the published table"
            )
        filename, fold, category, in_esc10 = (row[column] for column in COLUMNS)
        if category not in AUDIOSET_NAMES:
            raise DatasetError(f"{table}, line {number}: '{category}' is none of the fifty classes of ESC-50")
        yield _Recording(audio / filename, category, fold, in_esc10.lower() == "true")


def _of_folders(folder: Path) -> Iterator[_Recording]:
    for named, one in _class_folders(folder):
        if named not in ESC10:
            raise DatasetError(f"{one}: '{named}' is none of the ten classes of ESC-10 ({', '.join(ESC10)})")
        for path in sorted(one.iterdir()):
            if path.suffix.lower() not in MEDIA_SUFFIXES:
                continue
            fold = FOLD_OF_FILE.match(path.name)
            if fold is None:
                raise DatasetError(f"{path}: its name should begin with its fold, such as 1-100032-A.ogg")
            yield _Recording(path, ESC10[named], fold[1], True)


def _class_folders(folder: Path) -> Iterator[tuple[str, Path]]:
    for one in sorted(folder.iterdir()):
        named = CLASS_FOLDER.fullmatch(one.name) if one.is_dir() else None
        if named:
            yield named[1].replace("_", " ").lower(), one
