"""What layers know: from probe-*.json."""

from typing import Any

from reporting.layout import loaded, made_by, prose, table
from whisper_at.probing.plots import by_class, by_layer
from whisper_at.probing.result import LAYER, LOG_MEL, OTHER, RANDOM, SHUFFLED, ProbeResult

MODELS = ("base", "tiny.en")


def results() -> dict[str, ProbeResult]:
    """By model."""
    return {model: ProbeResult.from_dict(loaded(f"probe-{model}-esc10")) for model in MODELS}


def section() -> str:
    """The section."""
    found = results()
    parts = [
        "## What do the layers know of sounds?",
        prose(
            """A linear classifier reads the mean over a clip of what each layer says, and tells the ten classes of
            ESC-10, of which four folds are at hand. Beside the layers stand what is in the sound by itself (mean
            log-mel), what the shape of the network gives (the same encoder with random weights), and luck (shuffled
            labels). [How](probing.md)."""
        ),
    ]
    for model, one in found.items():
        command = f"whisper-at probe DATA/manifest.tsv --subset esc10 --model {model} --out DIR"
        parts += [
            f"### `{model}`",
            _answer(one),
            f"![Accuracy by layer](results/probe-{model}-layers.png)",
            table(["", "accuracy, %", "random weights, %"], _rows(one)),
            f"{one.clips} clips, seed {one.seed}; " + made_by(command, one.commit, f"probe-{model}-esc10"),
        ]
    classes = found[MODELS[0]].classes
    parts += [
        "### Which layer is best for which sound",
        f"![F1 by class and layer](results/probe-{MODELS[0]}-classes.png)",
        table(
            ["", *(f"`{model}`: best layer, its F1, resamples in which it is the best" for model in found)],
            [[name, *(_best(one, name) for one in found.values())] for name in classes],
        ),
        _beside_the_paper(),
    ]
    return "\n\n".join(parts)


def pictures() -> dict[str, Any]:
    """Figures by the name of their file."""
    found = results()
    drawn = {f"probe-{model}-layers": by_layer(one) for model, one in found.items()}
    return drawn | {f"probe-{MODELS[0]}-classes": by_class(found[MODELS[0]])}


def _answer(one: ProbeResult) -> str:
    """The best layer, the last one, and what the controls reach."""
    layers = one.layers()
    best = max(layers, key=lambda probe: probe.accuracy.value or 0)
    chance = max(
        (probe for probe in one.probes if probe.kind == RANDOM), key=lambda probe: probe.accuracy.value or 0
    )
    sound = next(probe for probe in one.probes if probe.kind == LOG_MEL)
    return prose(
        f"""Best is {best.name} with {best.accuracy.percent()} %; the last one, {layers[-1].name}, has
        {layers[-1].accuracy.percent()} %. With random weights no representation is above {chance.accuracy.percent()}
        %, and the mean log-mel has {sound.accuracy.percent()} %."""
    )


def _rows(one: ProbeResult) -> list[list[str]]:
    by = {(probe.name, probe.kind): probe for probe in one.probes}
    rows = [
        [probe.name, probe.accuracy.percent(), by[probe.name, RANDOM].accuracy.percent()]
        for probe in one.probes
        if probe.kind in (LAYER, OTHER)
    ]
    luck = next(probe for probe in one.probes if probe.kind == SHUFFLED)
    rows.append([f"{luck.name}, shuffled labels", luck.accuracy.percent(), ""])
    rows.append([f"mean {LOG_MEL}", by[LOG_MEL, LOG_MEL].accuracy.percent(), ""])
    return rows


def _best(one: ProbeResult, name: str) -> str:
    best = next(best for best in one.best if best.class_name == name)
    return f"{best.layer.removeprefix('layer ')}, {100 * best.f1:.0f} %, {100 * best.share:.0f} %"


def _beside_the_paper() -> str:
    paper = loaded("paper")["probe accuracy by layer, ESC-50, large-v1, %"]
    highest = max(range(len(paper)), key=paper.__getitem__)
    return prose(
        f"""The paper probes `large-v1` on ESC-50: {paper[0]} % in the first of {len(paper)} layers, {paper[highest]} %
        in layer {highest + 1}, {paper[-1]} % in the last one. It had no controls, and took the best layer of each
        class without asking how sure that is. What differs here: smaller models, ten classes instead of fifty, clips
        heard in windows of 30 s instead of 10 s, and a penalty on the weights that is chosen without the tested
        fold."""
    )
