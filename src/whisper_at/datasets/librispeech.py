"""LibriSpeech and what is laid out like it: read speech with its words.

    test-clean/1089/134686/1089-134686.trans.txt       a line each: 1089-134686-0000 HE HOPED THERE WOULD BE
    test-clean/1089/134686/1089-134686-0000.flac

That it is speech is the one label that is known; others are not said to be absent. Transcripts stay as they are,
in capitals. The subset is the part of the corpus, such as test-clean, and the fold its beginning: train, dev or
test, in which no speaker of another occurs.
"""

from collections.abc import Iterator
from pathlib import Path

from whisper_at.audio import MEDIA_SUFFIXES
from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.datasets.table import opened
from whisper_at.errors import DatasetError
from whisper_at.tagging import ontology

TRANSCRIPTS = "*.trans.txt"
FOLDS = ("train", "dev", "test")


def read(folder: Path, *, language: str = "en") -> Dataset:
    """The clips below a folder: the whole corpus, a subset, or less.

    Raises:
        DatasetError: if there are no transcripts, or a line is none; names it.
    """
    transcripts = sorted(folder.rglob(TRANSCRIPTS))
    if not transcripts:
        raise DatasetError(f"{folder} holds no {TRANSCRIPTS}; give the folder that test-clean, say, lies in")
    clips = tuple(clip for path in transcripts for clip in _clips(path, language))
    return Dataset(name=folder.resolve().name, clips=clips, labels=LabelSet.audioset())


def subset_of(transcripts: Path) -> str:
    """The part of the corpus that transcripts lie in, nothing if the third folder above does not tell.

    >>> subset_of(Path("LibriSpeech/dev-other/116/288045/116-288045.trans.txt"))
    'dev-other'
    """
    name = "".join(transcripts.parts[-4:-3])
    return name if name.split("-")[0] in FOLDS else ""


def _clips(transcripts: Path, language: str) -> Iterator[Clip]:
    subset = subset_of(transcripts.absolute())
    recordings = {
        path.stem: path
        for path in sorted(transcripts.parent.iterdir())
        if path.suffix.lower() in MEDIA_SUFFIXES
    }
    with opened(transcripts) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            name, _, words = line.strip().partition(" ")
            if not words:
                raise DatasetError(
                    f"{transcripts}, line {number}: wanted a name and its words, found '{name[:60]}'"
                )
            yield Clip(
                path=recordings.get(name, transcripts.with_name(f"{name}.flac")),
                labels=(ontology.SPEECH,),
                fold=subset.split("-")[0],
                transcript=words.strip(),
                language=language,
                subset=subset,
            )
