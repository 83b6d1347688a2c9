"""The paper's heads and ours trained alike, and what ours owes to what: from heads-compared-*.json."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from reporting.layout import loaded, made_by, prose, score_of, table

RESULT = "heads-compared-base"
OURS = "cell-mlp"
CONTEXT = "heads-tiny.en-context-served-"
TRAINED = {"heard-in-10-s": "trained on 10 s", "heard-alone-in-30-s": "trained on 30 s"}


def section() -> str:
    """The section."""
    found = loaded(RESULT)
    rows, parts = [], []
    for one in found["summary"]:
        runs = [
            run for run in found["runs"] if (run["head"], run["ablation"]) == (one["head"], one["ablation"])
        ]
        scores = [_spread(one["mAP"]), _spread(one.get("ESC-10 accuracy")), one["seeds"]]
        if one["ablation"]:
            parts.append([one["ablation"], *scores, _same_seeds(found["runs"], runs)])
            continue
        clock = found["milliseconds of 30 s"].get(one["head"], {}).get("ms")
        share = runs[0]["share of the encoder's, rows"]
        rows.append(
            [
                f"`{one['head']}`",
                *scores,
                str(score_of(runs[0]["mAP"])),
                f"{runs[0]['parameters'] / 1e6:.2f} M",
                f"{runs[0]['multiply-adds, rows of 10 s'] / 1e6:.0f} M",
                f"{100 * share:.2f} %",
                "-" if clock is None else f"{clock:.1f}",
            ]
        )
    header = ["head", "mAP", "ESC-10", "seeds", "mAP of the first seed, by clips"]
    header += ["parameters", "multiply-adds of 30 s", "share of the encoder's", "ms of 30 s"]
    return "\n\n".join(
        [
            "## Which head reads the layers best?",
            prose(
                f"""Each head was trained on the same clips of folds 1 and 2 for {found["steps"]} steps of
                {found["batch"]} clips, on the taps of `base`; its rate was chosen on fold
                {found["folds"]["validation"]}, which also chose the epoch. What is told is of fold
                {found["folds"]["test"]}: mAP over labels of {found["fewest clips of a label"]} clips or more and the
                accuracy on ESC-10, mean of the seeds (least to most). The interval by clips says what other clips
                would change, the spread what another seed would."""
            ),
            table(header, rows),
            "### What ours owes to what",
            "One thing changed at a time in `cell-mlp`, which reads cells of 0.2 s, beside itself with the same seeds:",
            table(["", "mAP", "ESC-10", "seeds", "mAP as it is"], parts),
            made_by(found["command"], found["commit"], RESULT),
            _context(),
        ]
    )


def _context() -> str:
    """What it costs that the original trains on windows of 10 s and serves windows of 30."""
    served = {seconds: loaded(f"{CONTEXT}{seconds}") for seconds in ("10s", "30s")}
    measures = {seconds: one["measures"][0] for seconds, one in served.items()}
    rows = [
        [told, *(str(score_of(measure["scores"][head])) for measure in measures.values())]
        for head, told in TRAINED.items()
    ]
    first = served["30s"]
    files = " and ".join(f"[{one}](../experiments/results/{CONTEXT}{one}.json)" for one in served)
    return "\n\n".join(
        [
            "### Ten seconds of context or thirty",
            prose(
                f"""The original learns from windows of 10 s and serves windows of 30 s. Our head on the taps of
                `tiny.en`, trained on one and served the other ({measures["30s"]["name"]}, {measures["30s"]["over"]},
                one seed):"""
            ),
            table(["", "served 10 s", "served 30 s"], rows),
            f"`experiments/heads/scores.py` ([log](../experiments/LOG.md)), commit {first['commit'][:10]}, {files}.",
        ]
    )


def _same_seeds(runs: Sequence[Mapping[str, Any]], changed: Sequence[Mapping[str, Any]]) -> str:
    """The mean mAP of our head as it is, over the seeds of the runs in which something was changed."""
    seeds = {run["seed"] for run in changed}
    own = [run for run in runs if run["head"] == OURS and not run["ablation"] and run["seed"] in seeds]
    return f"{fmean(run['mAP']['value'] for run in own):.3f}"


def _spread(of: Mapping[str, float] | None) -> str:
    """A mean over seeds, with the least and the most where there are several.

    >>> _spread({"mean": 0.5, "least": 0.4, "most": 0.6}), _spread({"mean": 0.5, "least": 0.5, "most": 0.5})
    ('0.500 (0.400 to 0.600)', '0.500')
    """
    if of is None:
        return "-"
    if of["least"] == of["most"]:
        return f"{of['least']:.3f}"
    return f"{of['mean']:.3f} ({of['least']:.3f} to {of['most']:.3f})"
