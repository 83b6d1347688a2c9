"""A recipe: everything that decides what a run of training ends with, in one file.

In: TOML. Out: a frozen `Recipe`, every key and value of it checked. What a recipe does not say has the value that
stands here; experiments/recipes/ holds the published one and ours. Two runs of one recipe on the same features, with
as many threads, end with the same weights.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from whisper_at.errors import TrainingError
from whisper_at.model.heads import ARCHITECTURES, CELL_HEADS
from whisper_at.training.checked import choice, made, need


@dataclass(frozen=True, kw_only=True)
class Data:
    """What is trained on.

    features: folders that `whisper-at features` has written.
    soft_labels: folders with a teacher's probabilities for the clips of these; a clip without any has no teacher.
    train: folds; none named are all but those of validation and test. Clips without a fold are trained on then too.
    validation: folds that choose epoch, calibration and thresholds; test: folds that choose nothing.
    without: subsets of clips, or ids of labels, that are left out altogether, to measure what is heard of sounds never
        trained on. Of a label, all clips are that carry it or what implies it; unlabelled clips stay.
    """

    features: tuple[str, ...]
    soft_labels: tuple[str, ...] = ()
    train: tuple[str, ...] = ()
    validation: tuple[str, ...]
    test: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need(bool(self.features), "data.features", "a list of at least one folder", self.features)
        need(bool(self.validation), "data.validation", "a list of at least one fold", self.validation)
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
            if both := sorted(set(parts[one]) & set(parts[other])):
                raise TrainingError(
                    f"fold {', '.join(both)} is in data.{one} and in data.{other}; a fold has one part to play"
                )


@dataclass(frozen=True, kw_only=True)
class Head:
    """The network; see `model/heads.py`.

    hidden, blocks: width and number of residual blocks of `cell-mlp`.
    down: width of the projection before any other head, or 0 for none.
    frames_per_cell: a multiple of that of the features; 20 are 0.2 s, published heads have 40.
    dropout: share of the values behind each GELU that are dropped in training.
    standardise: begin with norms after which each dimension has mean 0 and variance 1 over the clips.
    quiet: begin with labels that are hardly ever heard (a bias of -4) instead of even odds.
    """

    architecture: str
    hidden: int = 384
    blocks: int = 0
    down: int = 0
    frames_per_cell: int = 40
    time_heads: int = 1
    dropout: float = 0.0
    standardise: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        choice("head.architecture", self.architecture, ARCHITECTURES)
        need(self.hidden > 0, "head.hidden", "at least 1", self.hidden)
        need(self.frames_per_cell > 0, "head.frames_per_cell", "at least 1", self.frames_per_cell)
        need(0 <= self.dropout < 1, "head.dropout", "from 0 up to 1", self.dropout)

    @property
    def by_cell(self) -> bool:
        """Whether it is trained on cells too, and not on rows alone."""
        return self.architecture in CELL_HEADS


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What the head is told. Weights are those of the terms of the loss, 0 (masked) to 1.

    loss: binary cross-entropy, or the focal one, whose easy examples count less by the power `focal`.
    label_smoothing: e; what is true is 1 - e, what is not e / labels, as published.
    parents: what a label implies is true with it (a bark is a dog).
    unknown: weight of "not heard" where a label is not listed and the clip is not complete; 1 is the published belief.
    kinds: the same for the kinds of a label that is listed (a dog may well be a bark), complete or not; never more
        than other labels that are not listed have.
    teacher: how its probabilities enter: `unknown` where nobody has said, `max` with the label, `mix` as a mean by its
        weight.
    teacher_weight: of its word.
    cells: weight of the cells beside the rows, for heads by cell.
    weak_on_cells: weight with which a label without times is true in every cell of its clip.
    """

    loss: Literal["bce", "focal"] = "bce"
    focal: float = 2.0
    label_smoothing: float = 0.0
    parents: bool = False
    unknown: float = 1.0
    kinds: float = 1.0
    teacher: Literal["unknown", "max", "mix"] = "unknown"
    teacher_weight: float = 1.0
    cells: float = 1.0
    weak_on_cells: float = 0.0

    def __post_init__(self) -> None:
        for name in ("label_smoothing", "unknown", "kinds", "teacher_weight", "weak_on_cells"):
            need(0 <= getattr(self, name) <= 1, f"objective.{name}", "from 0 to 1", getattr(self, name))
        need(self.cells >= 0, "objective.cells", "0 or more", self.cells)


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Which clips are drawn, with replacement unless `balance` is `none`.

    balance: `published` weighs a clip by the sum over its labels of 1000 / (clips of the label + 0.01), `sqrt` by the
        sum of 1 / sqrt(clips of the label), `none` takes each clip once an epoch.
    unlabelled: share of the draws that go to clips without a label; they are of use with a teacher.
    shares: of the draws that go to each of `data.features`, in their order; none are as the clips' weights have it.
    batch: clips of one step, over all processes together.
    epochs, share: an epoch goes over this share of the clips, see `batches.steps_of_epoch`.
    """

    balance: Literal["published", "sqrt", "none"] = "published"
    unlabelled: float = 0.0
    shares: tuple[float, ...] = ()
    batch: int = 48
    epochs: int = 50
    share: float = 1.0

    def __post_init__(self) -> None:
        need(0 <= self.unlabelled < 1, "sampling.unlabelled", "from 0 up to 1", self.unlabelled)
        positive = all(share > 0 for share in self.shares)
        need(positive, "sampling.shares", "numbers above 0, one for each of data.features", self.shares)
        need(self.batch > 0, "sampling.batch", "at least 1", self.batch)
        need(self.epochs > 0, "sampling.epochs", "at least 1", self.epochs)
        need(self.share > 0, "sampling.share", "more than 0", self.share)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is done to a clip before the head hears it.

    cells: length of a row; longer clips are cut.
    crop: where a longer one is cut: from its `start`, as published, or anywhere (`random`).
    short: what shorter ones are filled up with: `zeros`, as published; the clip again (`repeat`); or nothing
        (`mask`), which only heads by cell can hear.
    mixup: share of the clips that are mixed with another one, by a share drawn from Beta(mixup_beta, mixup_beta).
    time_mask: a stretch of up to this share of the cells is blanked out; 0.4 is the published 10 of 25.
    """

    cells: int = 25
    crop: Literal["start", "random"] = "start"
    short: Literal["zeros", "repeat", "mask"] = "zeros"
    mixup: float = 0.0
    mixup_beta: float = 10.0
    time_mask: float = 0.0

    def __post_init__(self) -> None:
        need(self.cells > 0, "augmentation.cells", "at least 1", self.cells)
        need(0 <= self.mixup <= 1, "augmentation.mixup", "from 0 to 1", self.mixup)
        need(self.mixup_beta > 0, "augmentation.mixup_beta", "more than 0", self.mixup_beta)
        need(0 <= self.time_mask < 1, "augmentation.time_mask", "from 0 up to 1", self.time_mask)


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """How weights are moved.

    name: `adam` adds the weight decay to the gradient, as published, `adamw` to the step.
    schedule: `steps` multiplies the rate by `gamma` after epoch `first` and every `every` epochs, as published;
        `cosine` rises over the share `warm_up` of all steps and falls to nothing; `constant` does neither.
    clip: longest gradient, or 0 for any.
    """

    name: Literal["adam", "adamw"] = "adam"
    rate: float = 1e-4
    betas: tuple[float, ...] = (0.95, 0.999)
    weight_decay: float = 5e-7
    schedule: Literal["steps", "cosine", "constant"] = "steps"
    first: int = 15
    every: int = 5
    gamma: float = 0.75
    warm_up: float = 0.1
    clip: float = 0.0

    def __post_init__(self) -> None:
        need(self.rate > 0, "optimiser.rate", "more than 0", self.rate)
        need(len(self.betas) == 2, "optimiser.betas", "two numbers", self.betas)
        need(self.every > 0, "optimiser.every", "at least 1", self.every)


@dataclass(frozen=True, kw_only=True)
class Averaging:
    """Which weights are kept.

    kind: `checkpoints` means those at the ends of the epochs `first` to `last`, as published; `ema` keeps a running
        mean that moves by 1 - `decay` each step, at its best epoch; `none` takes the weights of the best epoch.
    """

    kind: Literal["checkpoints", "ema", "none"] = "none"
    first: int = 1
    last: int = 1
    decay: float = 0.999

    def __post_init__(self) -> None:
        need(1 <= self.first <= self.last, "averaging.first", f"from 1 to last = {self.last}", self.first)
        need(0 <= self.decay < 1, "averaging.decay", "from 0 up to 1", self.decay)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the card promises, found on the validation folds.

    patience: epochs without a better validation mAP after which the run ends; 0 for never.
    fewest: clips of a label to train on, below which it is not reported.
    precision: average precision on the validation folds, below which it is not reported.
    calibration: `platt` (a scale and a shift of the logits), `temperature` (a scale alone) or `none`.
    refit: when all this is found, train anew on the validation folds too, up to the epoch that did best. What the card
        promises stays as it was found on clips that had not been heard.
    """

    patience: int = 0
    fewest: int = 8
    precision: float = 0.3
    calibration: Literal["platt", "temperature", "none"] = "platt"
    refit: bool = False


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The whole of it.

    precision: that of the forward pass; weights, sums and steps are single precision always.
    checkpoint_every: steps after which the state of the run is kept, beside the ends of epochs.
    notes, licence: for the card.
    """

    name: str
    seed: int = 0
    precision: Literal["float32", "bfloat16"] = "float32"
    checkpoint_every: int = 500
    notes: str = ""
    licence: str = ""
    data: Data
    head: Head
    objective: Objective = field(default_factory=Objective)
    sampling: Sampling = field(default_factory=Sampling)
    augmentation: Augmentation = field(default_factory=Augmentation)
    optimiser: Optimiser = field(default_factory=Optimiser)
    averaging: Averaging = field(default_factory=Averaging)
    report: Report = field(default_factory=Report)

    def __post_init__(self) -> None:
        need(self.checkpoint_every > 0, "checkpoint_every", "at least 1", self.checkpoint_every)
        if self.sampling.shares and len(self.sampling.shares) != len(self.data.features):
            raise TrainingError(
                f"sampling.shares has {len(self.sampling.shares)} numbers, data.features {len(self.data.features)} "
                f"folders; give each folder its share, or none"
            )
        if self.sampling.shares and self.sampling.balance == "none":
            raise TrainingError(
                "sampling.balance = 'none' takes each clip once, so there are no shares; take 'sqrt'"
            )
        if self.augmentation.short == "mask" and not self.head.by_cell:
            raise TrainingError(
                f"augmentation.short = 'mask' is for heads by cell ({', '.join(CELL_HEADS)}); "
                f"with {self.head.architecture} take 'zeros' or 'repeat'"
            )
        if self.averaging.kind == "checkpoints" and self.averaging.first > self.sampling.epochs:
            raise TrainingError(
                f"averaging.first is epoch {self.averaging.first}, but the run has {self.sampling.epochs} epochs"
            )

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON knows it; `Recipe.of` reads it back."""
        value: dict[str, Any] = asdict(self)
        return value

    @classmethod
    def of(cls, data: Mapping[str, Any], *, source: str = "recipe") -> "Recipe":
        """A recipe from the tables of its file.

        Raises:
            TrainingError: for a key that does not exist, a value of the wrong kind, or one that makes no sense.
        """
        try:
            recipe: Recipe = made(cls, data, at="")
        except TrainingError as error:
            raise TrainingError(f"{source}: {error}") from error
        return recipe


def read_recipe(path: Path, settings: Sequence[str] = ()) -> Recipe:
    """The recipe in a file, with some keys set anew, each as `section.key=value`.

    Raises:
        TrainingError: if there is no such file, it is no TOML, or no recipe.
    """
    toml = _toml()
    try:
        data: dict[str, Any] = toml.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TrainingError(f"expected a recipe at {path}, but {error.strerror or error}") from error
    except ValueError as error:
        raise TrainingError(f"{path.name} is no TOML: {error}") from error
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise TrainingError(f"a setting reads section.key=value, got {setting!r}")
        *sections, last = key.strip().split(".")
        table = data
        for section in sections:
            table = table.setdefault(section, {})
            need(isinstance(table, dict), section, "a section", table)
        table[last] = _value(text.strip(), toml)
    return Recipe.of(data, source=path.name)


def differences(one: Recipe, other: Recipe) -> list[str]:
    """The keys in which two recipes differ.

    >>> one = Recipe(name="a", data=Data(features=("x",), validation=("1",)), head=Head(architecture="last-mlp"))
    >>> from dataclasses import replace
    >>> differences(one, replace(one, seed=3, head=replace(one.head, down=64)))
    ['seed', 'head.down']
    """
    a, b = _flat(one.to_dict()), _flat(other.to_dict())
    return [key for key in a if a[key] != b[key]]


def _toml() -> Any:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib


def _value(text: str, toml: Any) -> Any:
    """The value of a setting: TOML if it is, else a string without its quotes."""
    try:
        return toml.loads(f"value = {text}")["value"]
    except ValueError:
        return text


def _flat(data: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        flat |= _flat(value, f"{at}{key}.") if isinstance(value, Mapping) else {at + key: value}
    return flat
