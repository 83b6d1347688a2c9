"""The end of a run: judge the head as it will be used, write its card, and give an account of how it came about.

In: the state of a run that has ended. Out: a head file and run.json.
"""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from whisper_at.evaluation.arrays import Scored
from whisper_at.evaluation.tags import average_precision
from whisper_at.files import write_atomically
from whisper_at.model.calibration import Calibration
from whisper_at.model.head_file import HeadCard, read_head, write_head
from whisper_at.training.calibrating import calibration_of, reported_labels, thresholds_of
from whisper_at.training.corpus import Corpus, Numbers
from whisper_at.training.loop import Job
from whisper_at.training.network import Network
from whisper_at.training.recipe import Recipe
from whisper_at.training.scoring import row_logits, scored
from whisper_at.training.state import State
from whisper_at.training.targets import Truth
from whisper_at.version import __version__

FORMAT = "whisper-at-run/1"
ACCOUNT = "run.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What was found of a head on clips that it was not trained on.

    columns: the labels that it has learned. n_training: clips to train on, for each label.
    validation, test: calibrated probabilities and the truth.
    """

    columns: Numbers
    n_training: Numbers
    calibration: Calibration
    threshold: float
    thresholds: tuple[float, ...]
    validation: Scored
    test: Scored | None


def finish(job: Job, state: State, again: State | None, path: Path) -> None:
    """Write the head to `path` and run.json beside it.

    Args:
        state: what the clips to validate on have judged.
        again: if these have been trained on after that: what the head is, and the clips to test on judge.
    """
    verdict = judge(job, state)
    if again:
        verdict = replace(verdict, test=on_test(job, again, verdict.calibration))
    card, arrays = card_of(job, verdict), halved(again or state)
    write_head(path, card, arrays)
    account = {
        "format": FORMAT,
        "head": path.name,
        "head_sha256": read_head(path).sha256,
        **account_of(job, state),
        "parameters": sum(array.size for array in arrays.values()),
        "scores": card.scores,
        "history": state.history,
        **({"history of the refit": again.history} if again else {}),
        "labels": _labels(job.corpus, verdict, card),
    }
    with write_atomically(job.out / ACCOUNT, "w") as file:
        json.dump(account, file, indent=1, ensure_ascii=False)
        file.write("\n")


def halved(state: State) -> dict[str, npt.NDArray[np.float16]]:
    """The weights as they are written, in half precision."""
    arrays = state.network.arrays(state.final_weights())
    return {name: array.astype(np.float16) for name, array in arrays.items()}


def logits_of(job: Job, state: State, clips: Numbers) -> npt.NDArray[np.float32]:
    """What the weights as they are written say of clips: [clip, label]."""
    arrays = {name: array.astype(np.float32) for name, array in halved(state).items()}
    network = state.network
    written = Network(job.recipe.head, arrays, n_layers=network.n_layers, device=network.device)
    return row_logits(written, job.corpus, clips, job.recipe)


def judge(job: Job, state: State) -> Verdict:
    """Calibration, thresholds and scores: all is chosen on the validation folds; the test folds are only looked at."""
    recipe, corpus = job.recipe, job.corpus
    logits = logits_of(job, state, corpus.validation)
    raw = scored(logits, corpus, corpus.validation)
    n_training = _clips_of_labels(job.truth, len(corpus.labels.ids))
    columns = reported_labels(raw, n_training, recipe.report)
    calibration = calibration_of(logits, raw, columns, recipe.report)
    validation = scored(calibration.apply(logits), corpus, corpus.validation)
    threshold, thresholds = thresholds_of(validation, columns)
    return Verdict(
        columns=columns,
        n_training=n_training,
        calibration=calibration,
        threshold=threshold,
        thresholds=thresholds,
        validation=validation,
        test=on_test(job, state, calibration),
    )


def on_test(job: Job, state: State, calibration: Calibration) -> Scored | None:
    """What is said of the clips to test on, if there are any."""
    corpus = job.corpus
    if not len(corpus.test):
        return None
    return scored(calibration.apply(logits_of(job, state, corpus.test)), corpus, corpus.test)


def card_of(job: Job, verdict: Verdict) -> HeadCard:
    """The card of the head."""
    recipe, corpus = job.recipe, job.corpus
    return HeadCard(
        name=recipe.name,
        architecture=recipe.head.architecture,
        encoder=corpus.card.encoder,
        n_state=corpus.card.n_state,
        n_layers=corpus.card.n_layers,
        mids=corpus.labels.ids,
        names=corpus.labels.names,
        reported=tuple(corpus.labels.ids[i] for i in verdict.columns),
        threshold=verdict.threshold,
        thresholds=verdict.thresholds,
        calibration=verdict.calibration,
        frames_per_cell=recipe.head.frames_per_cell,
        time_heads=recipe.head.time_heads,
        trained_on=_trained_on(corpus, recipe),
        licence=recipe.licence,
        notes=recipe.notes,
        scores=_scores(recipe, verdict),
    )


def account_of(job: Job, state: State) -> dict[str, Any]:
    """Everything that somebody needs to do it again."""
    recipe, corpus = job.recipe, job.corpus
    return {
        "recipe": recipe.to_dict(),
        "seed": recipe.seed,
        "commit": job.commit,
        "version": __version__,
        "data_sha256": corpus.sha256,
        "teachers": sorted({one.teacher for one in corpus.soft}),
        "encoder": corpus.card.encoder,
        "encoder_sha256": corpus.card.encoder_sha256,
        "clips": {part: len(getattr(corpus, part)) for part in ("train", "validation", "test")},
        "steps": state.step,
        "seconds": round(state.seconds, 1),
        "best_epoch": state.best.epoch,
        "machine": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "processor": platform.machine(),
            "device": state.network.device.partition(":")[0],
            "threads": torch.get_num_threads(),
            "processes": job.processes.size,
        },
    }


def _clips_of_labels(truth: Sequence[Truth], n_labels: int) -> npt.NDArray[np.int64]:
    """How many training clips hold each label [label], by itself or implied by another."""
    listed = np.concatenate([one.listed for one in truth])
    return np.bincount(listed, minlength=n_labels)


def _scores(recipe: Recipe, verdict: Verdict) -> dict[str, Any]:
    """What the card tells: mAP over the labels that it reports, and over all that occur."""
    scores: dict[str, Any] = {}
    for name, folds, said in (
        ("test", recipe.data.test, verdict.test),
        ("validation", recipe.data.validation, verdict.validation),
    ):
        if said is None:
            continue
        each = average_precision(said)
        where = f"{name} fold {', '.join(folds)}"
        for kind, some in (("reported labels", each[verdict.columns]), ("labels", each)):
            ranked = some[np.isfinite(some)]
            if len(ranked):
                scores[f"mAP, {len(ranked)} {kind}, {where}"] = round(float(ranked.mean()), 4)
        scores[f"clips, {where}"] = len(said.truth)
    return scores


def _labels(corpus: Corpus, verdict: Verdict, card: HeadCard) -> dict[str, Any]:
    """Of each label that occurs at all: clips and average precision, None where it cannot be ranked."""
    parts = {"validation": verdict.validation, **({"test": verdict.test} if verdict.test else {})}
    precision = {name: average_precision(said) for name, said in parts.items()}
    labels: dict[str, Any] = {}
    for i, mid in enumerate(corpus.labels.ids):
        if not verdict.n_training[i] and not any(said.positives[i] for said in parts.values()):
            continue
        labels[mid] = {
            "name": corpus.labels.names[i],
            "reported": mid in card.reported,
            "threshold": card.thresholds[i],
            "train": {"clips": int(verdict.n_training[i])},
        }
        for name, said in parts.items():
            ap = precision[name][i]
            labels[mid][name] = {
                "clips": int(said.positives[i]),
                "AP": None if np.isnan(ap) else round(float(ap), 4),
            }
    return labels


def _trained_on(corpus: Corpus, recipe: Recipe) -> str:
    """A line for the card."""
    names = ", ".join(dict.fromkeys(store.card.dataset for store in corpus.stores))
    teachers = ", ".join(sorted({one.teacher for one in corpus.soft}))
    taught = f", with soft labels of {teachers}" if teachers else ""
    left_out = f", without {', '.join(recipe.data.without)}" if recipe.data.without else ""
    return f"{len(corpus.train)} clips of {names}{left_out}{taught}"
