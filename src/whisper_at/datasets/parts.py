"""Parts of a corpus: the clips of a fold, or of a subset."""

from collections import Counter
from dataclasses import replace

from whisper_at.datasets.clip import Dataset
from whisper_at.errors import DatasetError


def of_fold(dataset: Dataset, fold: str | None) -> Dataset:
    """The clips of one fold; all of them where none is named.

    Raises:
        DatasetError: if there is no such fold; names those there are.
    """
    if fold is None:
        return dataset
    clips = tuple(clip for clip in dataset.clips if clip.fold == fold)
    if not clips:
        folds = Counter(clip.fold for clip in dataset.clips if clip.fold)
        there = ", ".join(f"{name} ({n} clips)" for name, n in sorted(folds.items())) or "no folds at all"
        raise DatasetError(f"{dataset.name} has no fold {fold!r}; there are {there}")
    return replace(dataset, clips=clips)


def of_subset(dataset: Dataset, subset: str | None) -> Dataset:
    """The clips of one subset; all of them where none is named.

    Raises:
        DatasetError: if there is no such subset; names those there are.
    """
    if subset is None:
        return dataset
    clips = tuple(clip for clip in dataset.clips if clip.subset == subset)
    if not clips:
        there = (
            ", ".join(sorted({clip.subset for clip in dataset.clips if clip.subset})) or "no subsets at all"
        )
        raise DatasetError(f"{dataset.name} has no subset {subset!r}; there are {there}")
    return replace(dataset, clips=clips)
