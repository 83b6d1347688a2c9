"""A summary as pictures: words and names by ratio, words by class, what noise alone is taken for, cost and F1."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from whisper_at.evaluation.plots import figure_with_grid, save
from whisper_at.evaluation.score import Score
from whisper_at.robustness.summary import ALL, FROM, TO, Summary

SUFFIXES = (".png", ".svg")
BLUE, RED, GREEN, GREY = "#2166ac", "#b2182b", "#1b7837", "#777777"
STYLES = {"off": (RED, "o--"), "auto": (BLUE, "s-"), "strict": (GREEN, "^:")}


def write_plots(found: Summary, folder: Path) -> tuple[Path, ...]:
    """All pictures that there is something for, as png and svg; gives their paths.

    Raises:
        OutputError: if one cannot be written.
        OptionError: if matplotlib is not installed.
    """
    pictures = {"words": words_by_ratio(found), "classes": words_by_class(found)}
    if found.named:
        pictures["named"] = named_by_ratio(found)
    if found.invented:
        pictures["invented"] = invented_by_class(found)
    if found.correlations:
        pictures["correlation"] = cost_and_f1(found)
    paths = {folder / f"{name}{suffix}": one for name, one in pictures.items() for suffix in SUFFIXES}
    for path, picture in paths.items():
        save(picture, path)
    return tuple(paths)


def words_by_ratio(found: Summary) -> Any:
    """Word error rate against the ratio, over all noise classes, gate by gate; clean speech as a line across."""
    figure, axes = figure_with_grid(6.0, 4.0)
    for gate in dict.fromkeys(one.gate for one in found.words):
        colour, style = STYLES[gate]
        of_all = [one for one in found.words if one.gate == gate and one.noise_class == ALL]
        mixed = [one for one in of_all if one.snr is not None]
        _band(axes, [one.snr for one in mixed], [one.wer for one in mixed], colour, style, f"gate {gate}")
        for one in of_all:
            if one.snr is None:
                axes.axhline(100 * (one.wer.value or 0), color=colour, linewidth=0.8, linestyle=":")
    axes.set(xlabel="speech over noise, dB", ylabel="word error rate, %", ylim=(0, None))
    axes.invert_xaxis()
    axes.legend(frameon=False, fontsize=9, title="dotted across: clean speech", title_fontsize=8)
    return figure


def words_by_class(found: Summary) -> Any:
    """Word error rate of each noise class at each ratio, as a table of colours; of the first gate."""
    gate = found.words[0].gate
    of_gate = {(one.noise_class, one.snr): one.wer.value for one in found.words if one.gate == gate}
    ratios = sorted({snr for _, snr in of_gate if snr is not None}, reverse=True)
    names = [
        name
        for name in dict.fromkeys(name for name, _ in of_gate)
        if name != ALL and (name, ratios[0]) in of_gate
    ]
    names.sort(key=lambda name: of_gate[name, ratios[-1]] or 0)
    values = np.array([[100 * (of_gate[name, snr] or 0) for snr in ratios] for name in names])
    figure, axes = figure_with_grid(2.6 + 0.55 * len(ratios), 1.3 + 0.3 * len(names))
    axes.imshow(values, cmap="YlOrRd", vmin=0, vmax=max(100.0, float(values.max())), aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        axes.text(
            j,
            i,
            f"{value:.0f}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if value > 70 else "black",
        )
    axes.set_xticks(range(len(ratios)), [f"{snr:g}" for snr in ratios])
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(xlabel="speech over noise, dB")
    figure.suptitle(f"Word error rate, %, gate {gate}", fontsize=10)
    axes.grid(visible=False)
    return figure


def named_by_ratio(found: Summary) -> Any:
    """In which share of recordings the noise is named right among all classes, and in which it is reported."""
    figure, axes = figure_with_grid(6.0, 4.0)
    of_all = [one for one in found.named if one.noise_class == ALL]
    mixed = [one for one in of_all if one.snr is not None]
    kinds = (("likeliest of the classes", "right", BLUE, "o-"), ("reported", "reported", GREEN, "s--"))
    for label, name, colour, style in kinds:
        _band(axes, [one.snr for one in mixed], [getattr(one, name) for one in mixed], colour, style, label)
        for one in of_all:
            if one.snr is None:
                axes.axhline(
                    100 * (getattr(one, name).value or 0), color=colour, linewidth=0.8, linestyle=":"
                )
    axes.set(xlabel="speech over noise, dB", ylabel="recordings, %", ylim=(0, 100))
    axes.invert_xaxis()
    axes.legend(frameon=False, fontsize=9, title="dotted across: noise alone", title_fontsize=8)
    return figure


def invented_by_class(found: Summary) -> Any:
    """Words a minute that were written of noise alone, class by class and gate by gate."""
    names = [name for name in dict.fromkeys(one.noise_class for one in found.invented)]
    gates = list(dict.fromkeys(one.gate for one in found.invented))
    figure, axes = figure_with_grid(6.4, 1.4 + 0.34 * len(names))
    height = 0.8 / len(gates)
    for i, gate in enumerate(gates):
        scores = {one.noise_class: one.a_minute for one in found.invented if one.gate == gate}
        at = np.arange(len(names)) + (i - (len(gates) - 1) / 2) * height
        values = [scores[name].value or 0.0 for name in names]
        axes.barh(
            at,
            values,
            height,
            color=STYLES[gate][0],
            label=f"gate {gate}",
            xerr=_reach(scores[n] for n in names),
        )
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel="words a minute, of noise alone", xlim=(0, None))
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    return figure


def cost_and_f1(found: Summary) -> Any:
    """What a class costs against how well a linear probe tells it: the paper's Figure 2, no class left out."""
    figure, axes = figure_with_grid(6.0, 4.2)
    last = found.correlations[-1]
    some = [one for one in found.increases if one.f1 is not None]
    axes.plot([100 * (one.f1 or 0) for one in some], [100 * one.increase for one in some], "o", color=BLUE)
    middle = 100 * np.mean([one.f1 or 0 for one in some])
    for i, one in enumerate(sorted(some, key=lambda one: one.increase)):
        at = (100 * (one.f1 or 0), 100 * one.increase)
        side, by = ("right", -6) if at[0] > middle else ("left", 6)  # names stay within the axes
        axes.annotate(
            _short(one.noise_class),
            at,
            xytext=(by, (3, -9)[i % 2]),
            textcoords="offset points",
            ha=side,
            fontsize=8,
        )
    axes.set(
        xlabel=f"F1 in a linear probe of {last.representation}, %",
        ylabel=f"increase of WER from {FROM:g} to {TO:g} dB, points",
        title=f"Pearson's r {last.pearson}, {last.classes} classes",
    )
    axes.title.set_fontsize(9)
    axes.margins(x=0.12, y=0.1)
    return figure


def _short(name: str) -> str:
    """The first words of a class.

    >>> _short("Baby cry, infant cry / Crying, sobbing")
    'Baby cry'
    """
    return name.partition(" / ")[0].partition(",")[0]


def _band(
    axes: Any, x: Sequence[float | None], scores: Sequence[Score], colour: str, style: str, label: str
) -> None:
    """A line in % with its interval."""
    axes.plot(x, [100 * (one.value or 0) for one in scores], style, color=colour, markersize=4, label=label)
    low, high = ([100 * (getattr(one, end) or 0) for one in scores] for end in ("low", "high"))
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)


def _reach(scores: Iterable[Score]) -> list[list[float]]:
    """How far intervals reach below and above their values."""
    some = [(one.value or 0.0, one) for one in scores]
    return [
        [value - (value if one.low is None else one.low) for value, one in some],
        [(value if one.high is None else one.high) - value for value, one in some],
    ]
