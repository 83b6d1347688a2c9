"""Scenes by number: a dataset, a recipe, a seed and a fold in, as many scenes as one likes out."""

from whisper_at.datasets.clip import Dataset
from whisper_at.datasets.scenes.plan import ScenePlan
from whisper_at.datasets.scenes.planning import Planner
from whisper_at.datasets.scenes.recipe import SceneRecipe
from whisper_at.datasets.scenes.rendering import Scene, render
from whisper_at.datasets.scenes.sources import Sources
from whisper_at.datasets.scenes.stock import Stock

AS_USUAL = SceneRecipe()


class Soundscapes:
    """The scenes of a fold, by number; each depends on its number and not on those drawn before.

    >>> from pathlib import Path
    >>> from whisper_at.datasets.clip import Clip, LabelSet
    >>> clips = (Clip(path=Path("a.ogg"), labels=("dog",), fold="1"),)
    >>> dogs = Dataset(name="dogs", clips=clips, labels=LabelSet.of(["dog"]))
    >>> scenes = Soundscapes(dogs, SceneRecipe(events=(0, 0)), seed=5, fold="1")
    >>> scenes.plan(3) == scenes.plan(3), scenes.scene(3).samples.shape
    (True, (480000,))
    """

    def __init__(
        self,
        dataset: Dataset,
        recipe: SceneRecipe = AS_USUAL,
        *,
        seed: int = 0,
        fold: str = "",
        sources: Sources | None = None,
    ) -> None:
        """Sorts the clips; reads none of them.

        Raises:
            DatasetError: if the fold has no clips that the recipe could use.
        """
        self.seed = seed
        self.fold = fold
        self.sources = sources or Sources()
        stock = Stock.of(dataset, recipe, fold)
        self._planner = Planner(recipe=recipe, stock=stock, labels=dataset.labels, sources=self.sources)

    def plan(self, index: int) -> ScenePlan:
        """What sounds when in the scene of this number.

        Raises:
            DatasetError: if a source cannot be read.
        """
        return self._planner.plan(seed=self.seed, fold=self.fold, index=index)

    def scene(self, index: int) -> Scene:
        """The scene of this number."""
        return render(self.plan(index), self.sources)


def plan_scene(
    dataset: Dataset,
    recipe: SceneRecipe = AS_USUAL,
    *,
    seed: int = 0,
    fold: str = "",
    index: int = 0,
    sources: Sources | None = None,
) -> ScenePlan:
    """One scene of a fold; for many, `Soundscapes` sorts the clips once.

    Raises:
        DatasetError: if the fold has no clips that the recipe could use, or a source cannot be read.
    """
    return Soundscapes(dataset, recipe, seed=seed, fold=fold, sources=sources).plan(index)
