"""Measure heads beside YAMNet: in one run, on the same clips, with the same truth and the same rules.

    python experiments/heads/scores.py HEAD... --work DIR --teacher yamnet:yamnet_spectra_in.tflite \\
        --output experiments/results/heads-base.json

DIR is what build.py has left: features of clips, each alone in its window, and of scenes. HEADs must not have been
trained on the test fold, which is 4 here. What is chosen on the validation fold, 3, is chosen alike for all; a
head that was refitted has been trained on it by then. Then

    tags      mAP on the labelled clips of the test fold, over the labels that YAMNet knows too
    ESC-10    its clips there
    folds     with --cross HEAD:FOLD for each fold: tags and ESC-10 of each fold by the head that never heard it
    events    on the test scenes. Thresholds and a median over cells are found on the validation scenes, for each tagger
              in the same way; so is YAMNet's hop
    speech    in each cell of clips and scenes (cells in which it begins or ends left out), and beside what may be
              taken for it; in clips it is where something is heard
    left out  with --without HEAD:SET,SET: on clips of sets that the head was trained without, among those of the test
              fold; over all of their labels, and over those that no clip it was trained on carries. Soundscapes are
              made of all sets, so such a head is trained without them too: data.without=["SET", "soundscapes"].
              Ids of labels may stand for sets: the clips that carry one of them, or what implies it
    cost      parameters, multiply-adds, milliseconds

What YAMNet says of a clip is the mean or the greatest of its patches, 0.48 s apart as published: whichever has the
better mAP on the validation fold. Needs whisper-at[train,teachers].
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import measures as m
import numpy as np
from bench import Bench, check_account
from peer import FINE, POOLS, PUBLISHED, Listener

from whisper_at.datasets.clip import Clip, Dataset
from whisper_at.errors import WhisperATError
from whisper_at.evaluation.cost import costs, measured
from whisper_at.evaluation.predictions import Predictions, joined
from whisper_at.evaluation.score import RESAMPLES, Score
from whisper_at.evaluation.truth import kinds_of, sounds_of
from whisper_at.files import write_atomically
from whisper_at.model.engine import fastest_precision, open_engine
from whisper_at.model.head_file import read_head
from whisper_at.model.weights import find
from whisper_at.tagging.ontology import SPEECH
from whisper_at.timegrid import SAMPLE_RATE
from whisper_at.training.corpus import is_left_out
from whisper_at.training.store import FeatureStore
from whisper_at.training.teachers import open_teacher
from whisper_at.version import commit

ESC10, SCENES = "esc10", "soundscapes"  # subsets
CROSS = "cross-validation"
NAMES = ("clips", "scenes", "test_scenes")  # stores of features
NOISY = ("debian_fx", "debian_more")  # labels guessed from file names: some speech in them is not listed
LIKE_SPEECH = {  # labels of sounds that may be taken for it; their kinds belong to them
    "singing": ("/m/015lz1",),
    "babble": ("/m/07qfr4h", "/m/03qtwd", "/m/07rkbfh"),  # hubbub, crowd, chatter
    "cries, laughter, shouts": ("/m/0463cq4", "/m/01j3sz", "/m/07p6fty", "/m/03qc9zr"),
    "music": ("/m/04rlf",),
}
RULES = (
    "a label that is not listed counts as not heard, but for kinds of a listed one; unlabelled clips count for nothing",
    "a label is heard where one is heard that implies it",
    "intervals are of 95 %, by bootstrap over clips; those of gaps and ratios are paired",
    "truth is as the corpus has it: nothing is filtered by what YAMNet says",
)


def tags(bench: Bench, clips: Dataset, pool: str) -> tuple[m.Tagged, dict[str, Predictions]]:
    """What everybody says of clips, ranked."""
    said = {name: bench.said(head, bench.clips, clips.clips) for name, head in bench.heads.items()}
    said[bench.peer] = bench.heard_by_peer(bench.clips, clips.clips).clips(pool)
    return m.Tagged.of(said, clips, bench.ids, resamples=bench.resamples), said


def best_pool(bench: Bench) -> tuple[str, dict[str, float]]:
    """What the peer says of a clip: the way with the better mAP on the validation fold, and those of all."""
    clips = bench.labelled(bench.validation)
    patches = bench.heard_by_peer(bench.clips, clips.clips)
    ranked = m.Tagged.of({pool: patches.clips(pool) for pool in POOLS}, clips, bench.ids, resamples=0)
    found = ranked.mean_ap("mAP", "mean", fewest=m.FEWEST).scores
    areas = {pool: float(one.value or 0) for pool, one in found.items()}
    return max(areas, key=areas.__getitem__), areas


def on_clips(bench: Bench, pool: str) -> tuple[list[m.Measure], list[dict[str, object]]]:
    """Tags on the labelled clips of the test fold, and on those of ESC-10; and the table of labels."""
    clips = bench.labelled(bench.test)
    ranked, said = tags(bench, clips, pool)
    found = [
        ranked.mean_ap(f"mAP, labels of {fewest} or more clips", bench.peer, fewest=fewest)
        for fewest in (m.FEWEST, 2, 1)
    ]
    return [*found, *esc10(bench, said, clips.clips, f"ESC-10, fold {bench.test}")], ranked.rows()


def esc10(bench: Bench, said: m.Taggers, clips: Sequence[Clip], name: str) -> list[m.Measure]:
    """Accuracy of the likeliest class, and mAP over the labels that the classes carry; nothing without clips."""
    chosen = bench.dataset([clip for clip in clips if clip.subset == ESC10])
    if len({clip.labels for clip in chosen.clips}) < 2:
        return []
    own = {one for clip in chosen.clips for one in clip.labels}
    ranked = m.Tagged.of(said, chosen, bench.ids, resamples=bench.resamples)
    return [
        m.closed_set(f"{name}, accuracy", said, chosen, bench.peer, resamples=bench.resamples),
        ranked.mean_ap(f"{name}, mAP", bench.peer, among=tuple(own)),
    ]


def cross(bench: Bench, heads: Mapping[str, Path], pool: str) -> list[m.Measure]:
    """Tags and ESC-10 in cross-validation: each fold by the head that was not trained on it.

    Raises:
        DatasetError: if the account of a run says that it was.
    """
    parts, ranked, clips = [], [], []
    for fold, path in heads.items():
        check_account(path, lambda data, fold=fold: fold in data["test"], f"tested on fold {fold}")
        own = bench.labelled(fold)
        said = replace(bench.said(read_head(path), bench.clips, own.clips), tagger=CROSS)
        peer = bench.heard_by_peer(bench.clips, own.clips).clips(pool)
        ranked.append(m.Tagged.of({CROSS: said, bench.peer: peer}, own, bench.ids, resamples=bench.resamples))
        parts.append(said)
        clips += own.clips
    folds = ", ".join(heads)
    of_folds = [
        m.mean_over_folds(
            f"mAP, labels of {fewest} or more clips, mean over folds {folds}",
            ranked,
            bench.peer,
            fewest=fewest,
        )
        for fewest in (m.FEWEST, 2)
    ]
    peer = bench.heard_by_peer(bench.clips, clips).clips(pool)
    said = {CROSS: joined(parts), bench.peer: peer}
    return [*of_folds, *esc10(bench, said, clips, f"ESC-10, folds {folds}")]


def left_out(bench: Bench, path: Path, sets: Sequence[str], pool: str) -> list[m.Measure]:
    """Labels of sets that a head was trained without: among clips of these sets and of the test fold.

    Args:
        sets: subsets of clips, or ids of labels.
    """
    of_subsets = not set(sets) <= set(
        bench.labels.ids
    )  # what carries a label has been left out of scenes too
    check_account(
        path,
        lambda data: has_not_heard(data, sets, scenes=of_subsets),
        f"trained without {', '.join(sets)}{' and scenes' if of_subsets else ''}",
    )
    held_out = {clip for clip in bench.clips.clips if is_left_out(clip, sets, bench.labels)}
    clips = [
        clip
        for clip in bench.clips.clips
        if (clip.labels or clip.complete) and (clip in held_out or clip.fold == bench.test)
    ]
    alone = replace(bench, heads={path.stem: read_head(path)})
    ranked, _ = tags(alone, bench.dataset(clips), pool)
    theirs = {one for clip in clips if clip in held_out for one in bench.labels.implied(clip.labels)}
    held = (bench.test, bench.validation)
    others = (clip for clip in bench.clips.clips if clip not in held_out and clip.fold not in held)
    carried = {one for clip in others for one in bench.labels.implied(clip.labels)}
    where = f"without {', '.join(sets)}"
    return [
        ranked.mean_ap(f"{where}: mAP of their labels", bench.peer, fewest=m.FEWEST, among=tuple(theirs)),
        ranked.mean_ap(
            f"{where}: mAP of those that no clip to train on carries",
            bench.peer,
            fewest=m.FEWEST,
            among=tuple(theirs - carried),
        ),
    ]


def has_not_heard(data: Mapping[str, Any], sets: Sequence[str], *, scenes: bool) -> bool:
    """Whether sets were left out; and with `scenes` soundscapes too, which are made of all sets."""
    heard_scenes = scenes and len(data["features"]) > 1 and SCENES not in data["without"]
    return set(sets) <= set(data["without"]) and not heard_scenes


def on_scenes(bench: Bench) -> tuple[list[m.Measure], dict[str, Any]]:
    """Events on the test scenes, speech in their cells; and how each tagger's events were found."""
    assert bench.scenes is not None
    store, test_store = bench.scenes
    validation = [clip for clip in store.clips if clip.fold == bench.validation]
    sounds = sounds_of(validation, bench.labels, bench.ids)
    peer = bench.heard_by_peer(store, validation)
    detectors, how = {}, {}
    for name, head in bench.heads.items():
        say(f"thresholds of {name}")
        detectors[name] = m.Detector.found(bench.said(head, store, validation), sounds)
    of_hop = {}
    for every in (PUBLISHED, FINE):
        say(f"thresholds of {bench.peer}, a patch every {peer.hop * every:g} s")
        of_hop[every] = m.Detector.found(peer.cells(every, 20, bench.ids), sounds)
    every = max(of_hop, key=lambda one: of_hop[one].macro)
    detectors[bench.peer] = of_hop[every]
    test = bench.dataset(test_store.clips)
    said = {name: bench.said(head, test_store, test.clips) for name, head in bench.heads.items()}
    said[bench.peer] = bench.heard_by_peer(test_store, test.clips).cells(every, 20, bench.ids)
    for name, one in detectors.items():
        own = {i: round(float(at), 4) for i, at in zip(bench.ids, one.thresholds, strict=True)}
        how[name] = {
            "median over cells": one.cells,
            "event F1, validation": round(one.macro, 4),
            "threshold": round(one.common, 4),
            "thresholds of their own": {i: at for i, at in own.items() if at != round(one.common, 4)},
        }
    how[bench.peer]["hop"] = peer.hop * every
    how[bench.peer]["event F1, validation, of each hop"] = {
        f"{peer.hop * one:g} s": round(found.macro, 4) for one, found in of_hop.items()
    }
    found = m.scenes(said, detectors, test, bench.ids, bench.peer, resamples=bench.resamples, tell=say)
    return [*found, m.speech("speech in scenes", said, test, bench.peer, resamples=bench.resamples)], how


def on_speech(bench: Bench) -> list[m.Measure]:
    """Speech in the cells of clips: of the test fold, and beside what may be taken for it.

    Clips that may be taken for it are few, so those of the validation fold are measured with them.
    """
    kinds = kinds_of(bench.labels)
    clips = [*bench.labelled(bench.test).clips, *bench.labelled(bench.validation).clips]
    timed = m.with_speech_timed(clips, bench.labels.implied)
    said = {name: bench.said(head, bench.clips, clips) for name, head in bench.heads.items()}
    said[bench.peer] = bench.heard_by_peer(bench.clips, clips).cells(FINE, 20, [SPEECH])
    of_test = [clip for clip in timed if clip.fold == bench.test]
    parts = {
        "speech in clips": of_test,
        "speech in clips, noisy sets left out": [clip for clip in of_test if clip.subset not in NOISY],
    }
    groups = {}
    for name, roots in LIKE_SPEECH.items():
        like = {kind for root in roots for kind in (root, *kinds.get(root, ()))}
        groups[f"speech beside {name}"] = [
            clip for clip in timed if SPEECH in bench.labels.implied(clip.labels) or like & set(clip.labels)
        ]
    return [
        m.speech(
            name, said, bench.dataset(part), bench.peer, resamples=bench.resamples, beside=name in groups
        )
        for name, part in (*parts.items(), *groups.items())
    ]


def cost(bench: Bench) -> dict[str, Any]:
    """Of each head and its encoder, and the peer's time for 30 s of noise."""
    engine = open_engine("openvino", device="cpu", threads=bench.threads, precision=fastest_precision())
    found: dict[str, Any] = {}
    for name, head in bench.heads.items():
        checkpoint = find(head.card.encoder, offline=True)
        encoder = engine.encoder(checkpoint.dims, checkpoint.variables())
        found[name] = asdict(
            costs(
                head,
                checkpoint.dims,
                checkpoint.variables(),
                run_head=engine.head(head),
                run_encoder=encoder,
            )
        )
    noise = np.random.default_rng(0).standard_normal(30 * SAMPLE_RATE).astype(np.float32) * np.float32(0.1)
    seconds = measured(lambda: bench.listener.teacher.probabilities(noise))
    found[bench.peer] = {"seconds": round(seconds, 4), "hop": bench.listener.teacher.hop}
    return found


def table(found: Sequence[m.Measure], peer: str) -> str:
    """The measures, one a line for each head."""
    lines = []
    for one in found:
        for tagger, value in one.scores.items():
            if tagger != peer:
                gap, ratio = one.gaps.get(tagger, Score(None)), one.ratios.get(tagger, Score(None))
                times = f", {ratio.value:.2f} times" if ratio.value is not None else ""
                lines.append(
                    (
                        one.name,
                        f"{tagger} {value}",
                        f"{peer} {one.scores[peer]}",
                        f"gap {gap}{times}",
                        one.over,
                    )
                )
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))] if lines else []
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def report(
    bench: Bench, crossed: Mapping[str, Path], without: Mapping[Path, Sequence[str]]
) -> dict[str, Any]:
    """Everything, ready for JSON."""
    pool, pools = best_pool(bench)
    say(f"{bench.peer} on a clip: the {pool} of its patches")
    found, rows = on_clips(bench, pool)
    found += cross(bench, crossed, pool) if crossed else []
    for path, sets in without.items():
        found += left_out(bench, path, sets, pool)
    found += on_speech(bench)
    timed, how = on_scenes(bench) if bench.scenes else ([], {})
    found += timed
    print(table(found, bench.peer))
    return {
        "peer": {
            "name": bench.peer,
            "version": bench.listener.teacher.version,
            "of clips": f"{pool} of patches every {bench.listener.teacher.hop * PUBLISHED:g} s (the published hop)",
            "mAP, validation, of each way": {name: round(area, 4) for name, area in pools.items()},
        },
        "heads": {name: {"sha256": head.sha256} for name, head in bench.heads.items()},
        "folds": {"validation": bench.validation, "test": bench.test},
        "data_sha256": {
            name: store.card.data_sha256
            for name, store in zip(NAMES, (bench.clips, *(bench.scenes or ())), strict=False)
        },
        "context of clips": bench.clips.card.context,
        "rules": RULES,
        "resamples": bench.resamples,
        "detectors": how,
        "measures": [asdict(one) for one in found],
        "labels": rows,
        "cost": cost(bench),
    }


def say(what: str) -> None:
    """Talk, which goes to stderr."""
    print(f"scores: {what}", file=sys.stderr)


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("heads", nargs="+", type=Path, metavar="HEAD", help="files of heads")
    parser.add_argument("--work", type=Path, required=True, help="the folder of build.py")
    parser.add_argument("--taps", type=Path, help="that of the features [default: that of --work]")
    parser.add_argument("--teacher", required=True, help="the peer, yamnet:FILE")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--cross", nargs="+", action="extend", default=[], metavar="HEAD:FOLD")
    parser.add_argument("--without", nargs="+", action="extend", default=[], metavar="HEAD:SET,SET")
    parser.add_argument("--no-scenes", dest="scenes", action="store_false", help="only clips")
    parser.add_argument("--validation", default="3")
    parser.add_argument("--test", default="4")
    parser.add_argument("--resamples", type=int, default=RESAMPLES)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args(arguments)
    if len({path.stem for path in args.heads}) < len(args.heads):
        parser.error("heads are told apart by the names of their files; found two alike")
    return args


def bench_of(args: argparse.Namespace) -> Bench:
    """What the command line names, opened."""
    heads = {path.stem: read_head(path) for path in args.heads}
    teacher = open_teacher(args.teacher)
    taps = args.taps or args.work
    clips = FeatureStore.open(taps / "f-served")
    known = set.intersection(set(teacher.ids), *(set(head.card.mids) for head in heads.values()))
    return Bench(
        heads=heads,
        listener=Listener(teacher, args.work / "peer", say),
        ids=tuple(one for one in clips.card.labels.ids if one in known),
        clips=clips,
        scenes=(FeatureStore.open(taps / "f-scenes"), FeatureStore.open(taps / "f-scenes-test"))
        if args.scenes
        else None,
        validation=args.validation,
        test=args.test,
        resamples=args.resamples,
        threads=args.threads,
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table, write JSON."""
    args = parsed(arguments)
    crossed = {fold: Path(head) for head, _, fold in (one.rpartition(":") for one in args.cross)}
    without = {Path(head): sets.split(",") for head, _, sets in (one.rpartition(":") for one in args.without)}
    try:
        found = report(bench_of(args), crossed, without)
    except WhisperATError as error:
        sys.exit(f"scores: {error}")
    account = {
        "format": "whisper-at-head-scores/1",
        "commit": commit(),
        "machine": {
            "python": platform.python_version(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "threads": args.threads,
        },
        **found,
    }
    args.output.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(args.output, "w") as file:
        file.write(json.dumps(account, indent=1, ensure_ascii=False) + "\n")
    print(args.output)


if __name__ == "__main__":
    main()
