"""Writes sed.json: what sed_scores_eval and sed_eval say of small scenes, which ours are compared with.

Run it where sed-scores-eval-np2 0.0.4 (which brings sed_eval 0.2.1) and pandas before 3 are installed:

    python tests/golden/make_sed.py
"""

import json
from pathlib import Path

import numpy as np

SETTINGS = {
    "psds1": {"dtc_threshold": 0.7, "gtc_threshold": 0.7, "alpha_st": 1.0},
    "psds2": {
        "dtc_threshold": 0.1,
        "gtc_threshold": 0.1,
        "cttc_threshold": 0.3,
        "alpha_ct": 0.5,
        "alpha_st": 1.0,
    },
}
CELL = 0.4  # seconds
THRESHOLD = 0.5
# Seed, clips, labels, cells a clip, how much of the truth the probabilities know, decimals they are rounded to.
CASES = [(0, 6, 2, 15, 0.4, 1), (1, 12, 4, 25, 0.5, 3), (2, 20, 5, 20, 0.1, 2), (3, 20, 3, 20, 0.45, 3)]


def scene(seed, n_clips, n_labels, n_cells, knowledge, decimals):
    """Events [clip][label][[start, end], ...] and probabilities [clip][cell][label], from a seed."""
    rng = np.random.default_rng(seed)
    clips = []
    for _ in range(n_clips):
        events, cells = [], rng.random((n_cells, n_labels)) * (1 - knowledge)
        for label in range(n_labels):
            spans, at = [], odd(rng.uniform(0, 5))
            while rng.random() < 0.6 and at < n_cells * CELL - 2:
                end = min(odd(at + rng.uniform(0.5, 5)), n_cells * CELL)
                spans.append([at, end])
                cells[round(at / CELL) : round(end / CELL), label] += knowledge
                at = odd(end + rng.uniform(0.5, 3))
            events.append(spans)
        clips.append({"events": events, "cells": np.round(np.clip(cells, 0, 1), decimals).tolist()})
    return clips


def odd(seconds):
    """A time that is no sum of cells and collars, so that no rounding decides who is within a collar."""
    return round(float(seconds), 2) + 0.003


def answers(clips):
    """What the two libraries say."""
    import sed_eval
    from sed_scores_eval import intersection_based
    from sed_scores_eval.base_modules.scores import create_score_dataframe

    n_cells, n_labels = np.shape(clips[0]["cells"])
    names = [f"label{i}" for i in range(n_labels)]
    edges = np.round(np.arange(n_cells + 1) * CELL, 6)
    scores, truth, durations = {}, {}, {}
    for i, clip in enumerate(clips):
        scores[f"clip{i}"] = create_score_dataframe(np.array(clip["cells"]), edges, names)
        truth[f"clip{i}"] = [
            (start, end, names[k]) for k, spans in enumerate(clip["events"]) for start, end in spans
        ]
        durations[f"clip{i}"] = float(edges[-1])
    found = {
        name: float(
            intersection_based.psds(scores, truth, durations, unit_of_time="hour", max_efpr=100.0, **how)[0]
        )
        for name, how in SETTINGS.items()
    }
    segment = sed_eval.sound_event.SegmentBasedMetrics(names, time_resolution=1.0)
    event = sed_eval.sound_event.EventBasedMetrics(
        names, t_collar=0.2, percentage_of_length=0.2, event_matching_type="optimal"
    )
    for i, clip in enumerate(clips):
        true = [{"event_onset": a, "event_offset": b, "event_label": c} for a, b, c in truth[f"clip{i}"]]
        detected = [
            {"event_onset": a, "event_offset": b, "event_label": names[k]}
            for k in range(n_labels)
            for a, b in detections(np.array(clip["cells"])[:, k], edges)
        ]
        for metric, how in ((segment, {"evaluated_length_seconds": float(edges[-1])}), (event, {})):
            metric.evaluate(reference_event_list=true, estimated_event_list=detected, **how)
    for name, metric in (("segment", segment), ("event", event)):
        found[f"{name}_f1_micro"] = float(metric.results_overall_metrics()["f_measure"]["f_measure"])
        found[f"{name}_f1_of_labels"] = [
            float(metric.results_class_wise_metrics()[label]["f_measure"]["f_measure"]) for label in names
        ]
    return found


def detections(probabilities, edges):
    """Runs of cells from the threshold on."""
    on = np.concatenate([[False], probabilities >= THRESHOLD, [False]]).astype(int)
    change = np.flatnonzero(np.diff(on))
    return [(float(edges[a]), float(edges[b])) for a, b in zip(change[::2], change[1::2], strict=True)]


def main():
    cases = []
    for case in CASES:
        clips = scene(*case)
        cases.append(json.dumps({"clips": clips, "answers": answers(clips)}))
    made_with = json.dumps("sed-scores-eval-np2 0.0.4, sed_eval 0.2.1")
    lines = ",\n".join(cases)
    path = Path(__file__).with_name("sed.json")
    path.write_text(
        f'{{"made_with": {made_with}, "cell": {CELL}, "threshold": {THRESHOLD}, "cases": [\n{lines}\n]}}\n'
    )


if __name__ == "__main__":
    main()
