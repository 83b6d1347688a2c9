"""Parts of a corpus that commands are asked for."""

from dataclasses import replace
from typing import TYPE_CHECKING

from whisper_at.errors import DatasetError

if TYPE_CHECKING:
    from whisper_at.datasets.clip import Dataset


def part(dataset: "Dataset", *, subset: str | None = None, fold: str | None = None) -> "Dataset":
    """The clips of a subset and a fold; all of them where none is named.

    Raises:
        DatasetError: if there are none; names the subsets and folds there are.
    """
    clips = tuple(
        clip
        for clip in dataset.clips
        if (subset is None or clip.subset == subset) and (fold is None or clip.fold == fold)
    )
    if not clips:
        subsets = ", ".join(sorted({clip.subset for clip in dataset.clips if clip.subset})) or "none"
        folds = ", ".join(sorted({clip.fold for clip in dataset.clips if clip.fold})) or "none"
        raise DatasetError(
            f"{dataset.name} has no clip of subset {subset or 'any'} and fold {fold or 'any'}; "
            f"its subsets are {subsets}; its folds {folds}"
        )
    return replace(dataset, clips=clips)
