"""A recipe says all, or says what is wrong with it."""

from pathlib import Path

import pytest

from whisper_at.errors import TrainingError
from whisper_at.training.recipe import Recipe, differences, read_recipe

RECIPES = sorted((Path(__file__).parents[2] / "experiments/recipes").glob("*.toml"))
LEAST = {
    "name": "mine",
    "data": {"features": ["x"], "validation": ["3"]},
    "head": {"architecture": "last-mlp"},
}


def changed(section: str, **keys: object) -> dict[str, object]:
    return {**LEAST, section: {**LEAST.get(section, {}), **keys}}  # type: ignore[dict-item]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_recipes_of_the_project_are_read_and_read_back(path: Path) -> None:
    recipe = read_recipe(path)
    assert Recipe.of(recipe.to_dict()) == recipe
    assert differences(recipe, recipe) == []


def test_the_published_recipe_is_the_published_one() -> None:
    """The numbers of the paper's training script, its logs and its code."""
    recipe = read_recipe(Path(__file__).parents[2] / "experiments/recipes/published.toml")
    head, objective, sampling = recipe.head, recipe.objective, recipe.sampling
    assert (head.architecture, head.time_heads, head.frames_per_cell) == ("tl-tr", 1, 40)
    assert not (head.standardise or head.quiet or head.dropout or head.down)
    assert (objective.loss, objective.label_smoothing, objective.teacher_weight) == ("bce", 0.1, 1)
    assert (objective.unknown, objective.kinds, objective.parents) == (1, 1, False)
    assert (sampling.balance, sampling.batch, sampling.epochs, sampling.share) == ("published", 48, 50, 0.1)
    augmentation, optimiser, averaging = recipe.augmentation, recipe.optimiser, recipe.averaging
    assert (augmentation.cells, augmentation.crop, augmentation.short) == (25, "start", "zeros")
    assert (augmentation.mixup, augmentation.mixup_beta) == (0.5, 10)
    assert augmentation.time_mask * augmentation.cells == 10
    assert (optimiser.name, optimiser.rate, optimiser.betas) == ("adam", 1e-4, (0.95, 0.999))
    assert (optimiser.weight_decay, optimiser.schedule, optimiser.clip) == (5e-7, "steps", 0)
    assert (optimiser.first, optimiser.every, optimiser.gamma) == (15, 5, 0.75)
    assert (averaging.kind, averaging.first, averaging.last) == ("checkpoints", 21, 50)
    assert recipe.report.patience == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed("optimiser", rat=1e-3), r"\[optimiser\] has no key 'rat'; did you mean rate\?"),
        ({**LEAST, "optimizer": {}}, r"the recipe has no key 'optimizer'; did you mean optimiser\?"),
        ({**LEAST, "xyzzy": 1}, "the recipe has no key 'xyzzy'; it has name, seed"),
        (changed("optimiser", rate="fast"), "optimiser.rate must be a number; got 'fast'"),
        (changed("optimiser", rate=0), "optimiser.rate must be more than 0; got 0"),
        (changed("optimiser", betas=[0.9]), "optimiser.betas must be two numbers"),
        (changed("sampling", batch=1.5), "sampling.batch must be a whole number; got 1.5"),
        (changed("sampling", batch=True), "sampling.batch must be a whole number; got True"),
        (changed("objective", parents=1), "objective.parents must be true or false; got 1"),
        (changed("objective", unknown=2), "objective.unknown must be from 0 to 1; got 2"),
        (
            changed("objective", loss="bse"),
            "objective.loss must be one of bce, focal; got 'bse'; did you mean bce",
        ),
        (changed("head", architecture="tl-rt"), "one of .* got 'tl-rt'; did you mean tl-tr"),
        (changed("data", features="x"), "data.features must be a list; got 'x'"),
        (changed("data", features=[3]), "data.features must be a string; got 3"),
        (changed("data", test=["3"]), "fold 3 is in data.validation and in data.test"),
        (changed("data", train=["1", "3"]), "fold 3 is in data.train and in data.validation"),
        (changed("data", validation=[]), "data.validation must be a list of at least one fold"),
        (changed("sampling", shares=[1, 2]), "shares has 2 numbers, data.features 1 folders"),
        (changed("sampling", shares=[1], balance="none"), "takes each clip once, so there are no shares"),
        (changed("augmentation", short="mask"), r"'mask' is for heads by cell \(cell-mlp\)"),
        (changed("averaging", kind="checkpoints", first=51, last=60), "the run has 50 epochs"),
        (changed("averaging", first=3, last=2), "averaging.first must be from 1 to last = 2; got 3"),
        ({**LEAST, "head": 3}, "head must be a section; got 3"),
        ({"name": "mine", "data": LEAST["data"]}, "the recipe lacks head"),
        ({**LEAST, "data": {"features": ["x"]}}, r"\[data\] lacks validation"),
    ],
)
def test_what_is_wrong_is_said(data: dict[str, object], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        Recipe.of(data)


def test_settings_are_read_as_toml_and_else_as_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\n[data]\nfeatures = ["x"]\nvalidation = ["3"]\n[head]\narchitecture = "wa-mlp"\n'
    )
    settings = ["optimiser.rate=1e-3", "data.features=['a', 'b']", "head.architecture=last-mlp", "seed = 7"]
    recipe = read_recipe(path, settings)
    assert (recipe.optimiser.rate, recipe.seed) == (1e-3, 7)
    assert (recipe.data.features, recipe.head.architecture) == (("a", "b"), "last-mlp")
    with pytest.raises(TrainingError, match=r"mine.toml: \[optimiser\] has no key 'ratee'"):
        read_recipe(path, ["optimiser.ratee=1"])
    with pytest.raises(TrainingError, match=r"a setting reads section.key=value, got 'seed'"):
        read_recipe(path, ["seed"])
    with pytest.raises(TrainingError, match="seed must be a section; got 1"):
        read_recipe(path, ["seed=1", "seed.x=1"])


def test_no_recipe_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"expected a recipe at .*no\.toml, but No such file"):
        read_recipe(tmp_path / "no.toml")
    (tmp_path / "odd.toml").write_text("name = ")
    with pytest.raises(TrainingError, match=r"odd\.toml is no TOML: "):
        read_recipe(tmp_path / "odd.toml")
