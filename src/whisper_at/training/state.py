"""The state of a run: all that the next step depends on, kept on the disk so that a killed run goes on as if it never
had been.

Draws, augmentation and rates follow from the seed and the number of the step (`sampling.py`, `optimiser.py`), so the
state is: the number, the weights, the optimiser's moments, the averages and what has been judged so far.
"""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from whisper_at.errors import TrainingError
from whisper_at.files import write_atomically
from whisper_at.training.averaging import Average
from whisper_at.training.network import Network, Weights
from whisper_at.training.optimiser import open_optimiser
from whisper_at.training.recipe import Recipe, differences

FORMAT = "whisper-at-training/1"
MAY_DIFFER = ("notes", "licence", "checkpoint_every")


@dataclass
class Best:
    """The epoch that did best on the validation folds, and its weights."""

    score: float = -1.0
    epoch: int = 0
    weights: Weights = field(default_factory=dict)


class State:
    """Where a run stands.

    step: of the whole run, counted from 0: the next one to be made. loss: the sum over the steps of this epoch.
    history: one entry for each epoch that has ended.
    """

    def __init__(self, recipe: Recipe, network: Network, *, data_sha256: str) -> None:
        self.recipe, self.network, self.data_sha256 = recipe, network, data_sha256
        self.optimiser = open_optimiser(network.weights.values(), recipe.optimiser)
        self.average = Average(recipe.averaging, network.weights)
        self.step = 0
        self.loss = 0.0
        self.seconds = 0.0
        self.history: list[dict[str, Any]] = []
        self.best = Best()
        self.over = False

    def keep(self, path: Path) -> None:
        """Put the state into a file, whole or not at all."""
        buffer = io.BytesIO()
        kept = {
            "format": FORMAT,
            "recipe": self.recipe.to_dict(),
            "data_sha256": self.data_sha256,
            "weights": {name: tensor.detach() for name, tensor in self.network.weights.items()},
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.state(),
            "best": vars(self.best),
            **{name: getattr(self, name) for name in ("step", "loss", "seconds", "history", "over")},
        }
        torch.save(kept, buffer)
        with write_atomically(path) as file:
            file.write(buffer.getvalue())

    def go_on_from(self, path: Path) -> None:
        """Take the state that a run of the same recipe has left.

        Raises:
            TrainingError: if it was another recipe or other data, or the file is none of these.
        """
        try:
            kept = torch.load(path, map_location=self.network.device, weights_only=True)
            if kept["format"] != FORMAT:
                raise ValueError(f"format {kept['format']!r}")
        except Exception as error:  # torch raises what it likes
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise TrainingError(
                f"{path} is no state of a run ({said}); begin anew in another folder"
            ) from error
        changed = differences(Recipe.of(kept["recipe"]), self.recipe)
        if odd := [key for key in changed if key not in MAY_DIFFER]:
            raise TrainingError(
                f"the run in {path.parent} was begun with other {', '.join(odd)}; resume it with its own recipe, or "
                f"begin anew in another folder"
            )
        if kept["data_sha256"] != self.data_sha256:
            raise TrainingError(
                f"the run in {path.parent} was begun on other features; bring those back, or begin anew elsewhere"
            )
        self.network.load(kept["weights"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.average.load(kept["average"])
        self.best = Best(**kept["best"])
        for name in ("step", "loss", "seconds", "history", "over"):
            setattr(self, name, kept[name])

    def final_weights(self) -> Weights:
        """What the recipe's averaging keeps of the run."""
        if self.recipe.averaging.kind == "checkpoints" and (mean := self.average.weights()) is not None:
            return mean
        return self.best.weights
