"""Train the first tagging head: the simplest honest one (WA-MLP), for a model, on labelled clips.

    python experiments/first_head.py DATA --model base \
        --out src/whisper_at/tagging/packaged/base-wa-mlp.safetensors

DATA is a folder with a manifest.tsv: path, set, audioset_mids (joined by |), fold, yamnet_agree.
Clips are laid into windows of 30 s with gaps, some over another clip of the same fold, so that the head is trained
on what it will be served. Fold 4 is never trained on: the card's scores are from there. Fold 3 chooses epoch and
threshold.
Needs whisper-at[train] and scikit-learn.
"""

import argparse
import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import nn

import whisper_at
from whisper_at.audio import log_mel, read
from whisper_at.model.head_file import HeadCard, write_head
from whisper_at.tagging import ontology
from whisper_at.timegrid import SAMPLE_RATE, SAMPLES_PER_WINDOW, TagGrid

CELL = 6400  # samples
CELLS_PER_WINDOW = 75
TEST, VALIDATION = "4", "3"
MOST_OF_A_SET = {"speech_kathleen_en": 300, "speech_kerstin_de": 150, "speech_nathalie_nl": 150,
                 "speech_tuxpaint_multi": 300, "fsdd_digits": 100}  # fmt: skip
OVERLAY = 0.35  # share of clips with another one over them
FEWEST = 8  # clips of a label to train on, or it is not learned


@dataclass
class Example:
    """A clip as the head sees it: cells [cell, layer, dim], the labels that are true, and those that may be."""

    cells: np.ndarray
    positive: np.ndarray
    unknown: np.ndarray
    fold: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="base")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--taps", type=Path, help="keep the taps in this file, or take them from it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    torch.manual_seed(args.seed)
    examples, dims, encoder = taps(args, rng)
    learned, weights, scores = train(examples, dims.n_layers, rng)
    labels = ontology.labels()
    card = HeadCard(
        name=args.out.stem,
        architecture="wa-mlp",
        encoder=encoder,
        n_state=dims.n_state,
        n_layers=dims.n_layers,
        mids=tuple(label.mid for label in labels),
        names=tuple(label.name for label in labels),
        reported=tuple(labels[i].mid for i in learned),
        threshold=scores.pop("threshold"),
        trained_on=f"{sum(e.fold not in (TEST, VALIDATION) and e.positive.any() for e in examples)} freely "
        "licensed clips: ESC-10, free games and desktop sounds, instruments, baby cries, read speech; some laid "
        "over others; labels from file names",
        licence="MIT (weights); the clips have licences of their own and are not contained",
        notes="a first head, simple and honest: it knows few labels and was trained on little",
        scores=scores,
    )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_head(args.out, card, {name: array.astype(np.float16) for name, array in weights.items()})
    print(
        json.dumps(
            {"head": card.name, "labels": len(learned), "threshold": card.threshold, **scores}, indent=1
        )
    )


def taps(args: argparse.Namespace, rng: np.random.Generator) -> tuple[list[Example], object, str]:
    """Every clip through the encoder once, in windows of one fold each."""
    model = whisper_at.load(args.model, head=None, threads=args.threads)
    dims, encoder = model.checkpoint.dims, model.checkpoint.name
    if args.taps and args.taps.exists():
        return list(np.load(args.taps, allow_pickle=True)["examples"]), dims, encoder
    clips = [clip for clip in labelled(args.data, rng) if len(clip[0]) > 800]
    windows = list(packed(clips, rng))
    pool = TagGrid().pool(seek=0, heard=0, end=3000)[1][None]
    examples, started = [], time.time()
    for i, (samples, placed) in enumerate(windows):
        encoded = model.encoder(log_mel(samples, n_mels=dims.n_mels).window(0).padded[None], pool)
        cells = encoded.taps[0].transpose(1, 0, 2).astype(np.float16)
        examples += [Example(cells[a:b], positive, unknown, fold) for a, b, positive, unknown, fold in placed]
        if i % 20 == 0:
            left = (time.time() - started) / (i + 1) * (len(windows) - i - 1)
            print(f"window {i + 1} of {len(windows)}, {left:.0f} s left", file=sys.stderr)
    if args.taps:
        np.savez(args.taps, examples=np.array(examples, dtype=object))
    return examples, dims, encoder


def labelled(data: Path, rng: np.random.Generator) -> list[tuple[np.ndarray, list[str], str]]:
    """(samples, mids, fold) of the clips with labels that can be trusted somewhat."""
    with (data / "manifest.tsv").open() as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["audioset_mids"]]
    noisy = ("debian_fx", "debian_more")
    rows = [row for row in rows if row["set"] not in noisy or row["yamnet_agree"] == "1"]
    rng.shuffle(rows)
    taken: Counter[str] = Counter()
    clips = []
    for row in rows:
        taken[row["set"]] += 1
        if taken[row["set"]] <= MOST_OF_A_SET.get(row["set"], 10**6):
            samples = read(data / row["path"]).samples[: 20 * SAMPLE_RATE]
            clips.append((samples, row["audioset_mids"].split("|"), row["fold"] or "1"))
    return clips


def packed(clips, rng):
    """Windows of 30 s and what lies in them: (first cell, end, positive, unknown, fold)."""
    by_fold: dict[str, list] = {}
    for clip in clips:
        by_fold.setdefault(clip[2], []).append(clip)
    for fold, members in by_fold.items():
        window, placed, at = np.zeros(SAMPLES_PER_WINDOW, np.float32), [], 0
        for samples, mids, _ in members:
            n = max(1, -(-len(samples) // CELL))
            gap = int(rng.integers(1, 4))
            if at + gap + n > CELLS_PER_WINDOW:
                yield window, placed
                window, placed, at = np.zeros(SAMPLES_PER_WINDOW, np.float32), [], 0
            start = (at + gap) * CELL
            level = 10 ** (rng.uniform(-24, -3) / 20) / max(np.abs(samples).max(), 1e-3)
            window[start : start + len(samples)] += level * samples
            if rng.random() < OVERLAY:
                over, more, _ = members[rng.integers(len(members))]
                over = over[: n * CELL] * 10 ** (rng.uniform(-24, -3) / 20) / max(np.abs(over).max(), 1e-3)
                if len(over) > 0.6 * len(samples):  # a short sound over a long one is not in every cell
                    window[start : start + len(over)] += over
                    mids = mids + more
            nothing = np.zeros(527, bool)
            placed.append((at, at + gap, nothing, nothing, fold))  # the gap: nothing is heard
            placed.append((at + gap, at + gap + n, *truth(mids), fold))
            at += gap + n
        yield window, placed


def truth(mids: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and what they imply are true; kinds of a true label may be true too, which nobody has said."""
    known = {label.mid for label in ontology.labels()}
    positive, unknown = np.zeros(527, bool), np.zeros(527, bool)
    index = {label.mid: label.index for label in ontology.labels()}
    for mid in (mid for mid in mids if mid in known):
        positive[[index[mid], *(label.index for label in ontology.ancestors(mid))]] = True
        unknown[[label.index for label in ontology.descendants(mid)]] = True
    return positive, unknown & ~positive


class Head(nn.Module):
    """WA-MLP under the names of its file."""

    def __init__(self, n_layers: int, dim: int) -> None:
        super().__init__()
        self.layer_weight = nn.Parameter(torch.full((n_layers,), 1 / n_layers))
        self.mlp_layer = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 527))
        nn.init.constant_(self.mlp_layer[1].bias, -4.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [example, layer, dim]
        share = self.layer_weight / self.layer_weight.sum()
        return self.mlp_layer((x * share[:, None]).sum(1))


def train(examples: list[Example], n_layers: int, rng: np.random.Generator):
    """The learned labels, the weights of the best epoch, and its scores."""
    folds = {name: [e for e in examples if e.fold == name] for name in (TEST, VALIDATION)}
    seen = [e for e in examples if e.fold not in (TEST, VALIDATION)]
    sums = [running_sums(e) for e in seen]
    counts = sum(e.positive.astype(int) for e in seen)
    enough = counts >= FEWEST
    balance = np.array([(1 / counts[e.positive & enough]).sum() or 0.02 for e in seen])
    balance /= balance.sum()
    head = Head(n_layers, examples[0].cells.shape[2])
    standardise(head, seen)
    optimiser = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=1e-2)
    epochs, steps, batch = 30, 120, 128
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=epochs * steps)
    best = (0.0, None)
    for epoch in range(epochs):
        for _ in range(steps):
            picked = rng.choice(len(seen), batch, p=balance)
            chosen = [seen[i] for i in picked]
            x = torch.from_numpy(np.stack([crop(sums[i], rng) for i in picked]))
            y = torch.from_numpy(np.stack([e.positive for e in chosen])).float()
            known = torch.from_numpy(np.stack([~e.unknown & enough for e in chosen])).float()
            loss = (
                nn.functional.binary_cross_entropy_with_logits(head(x), y, reduction="none") * known
            ).sum() / batch
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        mean_ap = np.mean(list(precisions(head, folds[VALIDATION], np.flatnonzero(enough)).values()))
        print(f"epoch {epoch}: loss {loss.item():.3f}, validation mAP {mean_ap:.3f}", file=sys.stderr)
        if mean_ap > best[0]:
            best = (mean_ap, {k: v.clone() for k, v in head.state_dict().items()})
    head.load_state_dict(best[1])
    on_validation = precisions(head, folds[VALIDATION], np.flatnonzero(enough))
    learned = [int(i) for i, precision in on_validation.items() if precision >= 0.3]
    threshold = best_threshold(head, folds[VALIDATION], learned)
    weights = {k: v.numpy().copy() for k, v in head.state_dict().items()}
    silent = [i for i in range(527) if i not in learned]
    weights["mlp_layer.1.weight"][silent] = 0  # what was not learned is never said
    weights["mlp_layer.1.bias"][silent] = -20
    on_test = precisions(head, folds[TEST], learned)
    p, r = precision_recall(head, folds[TEST], learned, threshold)
    scores = {
        "threshold": threshold,
        f"mAP, {len(on_test)} labels, held-out fold": round(float(np.mean(list(on_test.values()))), 3),
        "precision, held-out fold": round(p, 3),
        "recall, held-out fold": round(r, 3),
        "clips, held-out fold": sum(e.positive.any() for e in folds[TEST]),
    }
    return learned, weights, {k: (v if not isinstance(v, np.integer) else int(v)) for k, v in scores.items()}


@torch.no_grad()
def standardise(head: Head, examples: list[Example]) -> None:
    """Begin with a norm after which each dimension has mean 0 and variance 1 over the clips.

    A few of Whisper's dimensions are a hundred times as large as the others and would drown them.
    """
    x = torch.from_numpy(np.stack([e.cells.astype(np.float32).mean(0) for e in examples])).mean(1)
    plain = nn.functional.layer_norm(x, x.shape[-1:])
    norm = head.mlp_layer[0]
    norm.weight.copy_(1 / plain.std(0))
    norm.bias.copy_(-plain.mean(0) / plain.std(0))


def crop(sums: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The mean of some cells in a row, from running sums: heads are asked for single cells and for long rows."""
    n = len(sums) - 1
    length = int(rng.integers(1, n + 1))
    start = int(rng.integers(0, n - length + 1))
    return (sums[start + length] - sums[start]) / length


def running_sums(example: Example) -> np.ndarray:
    return np.concatenate(
        [np.zeros_like(example.cells[:1], np.float32), example.cells.cumsum(0, dtype=np.float32)]
    )


@torch.no_grad()
def logits(head: Head, examples: list[Example]) -> np.ndarray:
    return head(torch.from_numpy(np.stack([e.cells.astype(np.float32).mean(0) for e in examples]))).numpy()


def precisions(head: Head, examples: list[Example], only: Iterable[int]) -> dict[int, float]:
    """Average precision of each label that occurs, over the clips where it is not unknown."""
    said = logits(head, examples)
    true, unknown = (np.stack([getattr(e, name) for e in examples]) for name in ("positive", "unknown"))
    return {
        i: average_precision_score(true[~unknown[:, i], i], said[~unknown[:, i], i])
        for i in only
        if true[:, i].any()
    }


def precision_recall(
    head: Head, examples: list[Example], learned: list[int], threshold: float
) -> tuple[float, float]:
    said = logits(head, examples)[:, learned] >= np.log(threshold / (1 - threshold))
    true = np.stack([e.positive for e in examples])[:, learned]
    known = ~np.stack([e.unknown for e in examples])[:, learned]
    hits = (said & true & known).sum()
    return float(hits / max(1, (said & known).sum())), float(hits / max(1, true.sum()))


def best_threshold(head: Head, examples: list[Example], learned: list[int]) -> float:
    """Where precision and recall make the best F1 over all learned labels."""

    def f1(threshold: float) -> float:
        p, r = precision_recall(head, examples, learned, threshold)
        return 2 * p * r / max(p + r, 1e-9)

    return float(max(np.round(np.arange(0.05, 0.96, 0.05), 2), key=f1))


if __name__ == "__main__":
    main()
