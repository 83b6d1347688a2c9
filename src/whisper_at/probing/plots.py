"""A result as pictures: accuracy by layer beside the controls, F1 by class and layer, best layers."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from whisper_at.evaluation.plots import figure_with_grid, save
from whisper_at.probing.result import LOG_MEL, RANDOM, SHUFFLED, ProbeResult

SUFFIXES = (".png", ".svg")
BLUE, GREY, RED = "#2166ac", "#777777", "#b2182b"


def write_plots(found: ProbeResult, folder: Path) -> tuple[Path, ...]:
    """All pictures, as png and svg; gives their paths.

    Raises:
        OutputError: if one cannot be written.
        OptionError: if matplotlib is not installed.
    """
    pictures = {"layers": by_layer(found), "classes": by_class(found), "best": best_layers(found)}
    paths = {folder / f"{name}{suffix}": one for name, one in pictures.items() for suffix in SUFFIXES}
    for path, picture in paths.items():
        save(picture, path)
    return tuple(paths)


def by_layer(found: ProbeResult) -> Any:
    """Accuracy of each layer with its interval, trained and with random weights; lines across for the rest."""
    layers = found.layers()
    names = [one.name for one in layers]
    figure, axes = figure_with_grid(2.2 + max(4.0, 0.3 * len(layers)), 3.8)
    x = np.arange(len(layers))
    random = [one for one in found.probes if one.kind == RANDOM and one.name in names]
    for some, colour, style, label in (
        (layers, BLUE, "o-", found.model),
        (random, GREY, "s--", "random weights"),
    ):
        values, low, high = (
            [100 * (getattr(one.accuracy, end) or 0) for one in some] for end in ("value", "low", "high")
        )
        axes.plot(x, values, style, color=colour, markersize=4, label=label)
        axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    for one in found.probes:
        if one.kind in (LOG_MEL, SHUFFLED):
            axes.axhline(
                100 * (one.accuracy.value or 0),
                color=RED,
                linewidth=1,
                linestyle=":" if one.kind == SHUFFLED else "-.",
                label=one.kind,
            )
    axes.set_xticks(x, ["conv", *(name.removeprefix("layer ") for name in names[1:])], fontsize=8)
    axes.set(xlabel="layer", ylabel="accuracy, %", ylim=(0, 102))
    figure.legend(frameon=False, fontsize=8, loc="outside right upper")
    return figure


def by_class(found: ProbeResult) -> Any:
    """F1 of each class in each layer, as a table of colours."""
    layers, names = found.layers(), list(found.classes)
    values = np.array([[100 * (one.f1[name].value or 0) for one in layers] for name in names])
    figure, axes = figure_with_grid(3.0 + 0.45 * len(layers), 1.4 + 0.28 * len(names))
    shades = axes.imshow(values, cmap="viridis", vmin=min(50.0, float(values.min())), vmax=100, aspect="auto")
    if len(layers) <= 14:
        for (i, j), value in np.ndenumerate(values):
            axes.text(
                j,
                i,
                f"{value:.0f}",
                ha="center",
                va="center",
                fontsize=7,
                color="black" if value > 80 else "white",
            )
    figure.colorbar(shades, ax=axes, label="F1, %")
    axes.set_xticks(
        range(len(layers)), ["conv", *(one.name.removeprefix("layer ") for one in layers[1:])], fontsize=8
    )
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlabel("layer")
    axes.grid(visible=False)
    return figure


def best_layers(found: ProbeResult) -> Any:
    """How many classes are told best in each layer: the paper's Figure 3."""
    names = [one.name for one in found.layers()][1:]
    count = Counter(one.layer for one in found.best)
    figure, axes = figure_with_grid(2.0 + max(3.0, 0.3 * len(names)), 3.0)
    axes.bar(range(len(names)), [count[name] for name in names], color=BLUE)
    axes.set_xticks(range(len(names)), [name.removeprefix("layer ") for name in names], fontsize=8)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="layer", ylabel="classes that it tells best")
    return figure
