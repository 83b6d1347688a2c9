"""A plan in, the scene out: its samples, and the truth of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from whisper_at.datasets.clip import Clip, Sounding
from whisper_at.datasets.scenes import stems
from whisper_at.datasets.scenes.activity import Stretch, active_stretches, merged, moved, within
from whisper_at.datasets.scenes.codecs import changed
from whisper_at.datasets.scenes.plan import Placed, ScenePlan
from whisper_at.datasets.scenes.sources import Samples, Sources
from whisper_at.timegrid import SAMPLE_RATE

PEAK = 0.99  # of full scale: no scene is louder

Heard = tuple[str, Stretch]  # a label and where it is heard


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """What was said, from the second when its first sound is heard to that of its last."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A scene and its truth.

    samples: [sample], mono at 16 kHz, never beyond full scale.
    clip: labels, soundings, transcript and language; the path is only a name. The transcript is "" where
        nothing is said, and None where somebody may speak whose words nobody wrote down.
    sentences: the transcript with times.
    gain: decibels by which the whole was made softer so that it is not clipped; 0 or less.
    """

    samples: Samples
    clip: Clip
    sentences: tuple[Sentence, ...]
    gain: float
    plan: ScenePlan


def render(plan: ScenePlan, sources: Sources | None = None) -> Scene:
    """The scene of a plan.

    Args:
        plan: what sounds when.
        sources: decoded clips to look into first, for those who render many scenes.

    Raises:
        DatasetError: if a source cannot be read.
    """
    sources = sources or Sources()
    mix = stems.background(plan.backdrop, plan.gaps, plan.n_samples, sources)
    heard = list(_of_backdrop(plan, mix))
    for placed in (*plan.events, *plan.speech):
        dry = stems.dry(placed, sources)
        track = stems.in_room(dry, placed, plan.room)[: plan.n_samples - placed.at]
        mix[placed.at : placed.at + len(track)] += track
        rung = moved(active_stretches(track), placed.at) if track is not dry else ()
        heard += _of_placed(placed, merged((*placed.stretches, *rung)))
    mix, gain = _within_full_scale(mix)
    if plan.change is not None:
        mix, more = _within_full_scale(changed(mix, plan.change))
        gain += more
    sentences = tuple(map(_sentence, plan.speech))
    return Scene(samples=mix, clip=_truth(plan, heard), sentences=sentences, gain=gain, plan=plan)


def _of_backdrop(plan: ScenePlan, track: Samples) -> Iterator[Heard]:
    if plan.backdrop.clip is None:
        return
    edges = [0, *(edge for gap in plan.gaps for edge in gap), plan.n_samples]
    stretches = active_stretches(track)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        for stretch in within(stretches, start, end):
            yield from ((label, stretch) for label in plan.backdrop.clip.labels)


def _of_placed(placed: Placed, heard: tuple[Stretch, ...]) -> Iterator[Heard]:
    """Each label where its source is heard, or where the source's own truth says that it is."""
    timed = placed.clip.soundings or ()
    for one in timed:
        told = [(round(one.start * SAMPLE_RATE), round(one.end * SAMPLE_RATE))]
        for stretch in moved(within(told, placed.begin, placed.end), placed.at - placed.begin):
            yield one.label, stretch
    for label in placed.clip.labels:
        if all(one.label != label for one in timed):
            yield from ((label, stretch) for stretch in heard)


def _truth(plan: ScenePlan, heard: list[Heard]) -> Clip:
    by_label: dict[str, list[Stretch]] = {}
    for label, stretch in heard:
        by_label.setdefault(label, []).append(stretch)
    soundings = [
        Sounding(label=label, start=start / SAMPLE_RATE, end=end / SAMPLE_RATE)
        for label, stretches in by_label.items()
        for start, end in merged(stretches)
    ]
    texts = [" ".join((one.clip.transcript or "").split()) for one in plan.speech]
    return Clip(
        path=Path(f"scene-{plan.seed}-{plan.fold}-{plan.index}"),
        labels=tuple(sorted(by_label)),
        soundings=tuple(sorted(soundings, key=lambda one: (one.start, one.label))),
        complete=plan.backdrop.known and all(one.known for one in (*plan.events, *plan.speech)),
        fold=plan.fold,
        transcript=" ".join(texts) if plan.words_known else None,
        language=plan.speech[0].clip.language if plan.speech else None,
        subset="soundscapes",
    )


def _sentence(placed: Placed) -> Sentence:
    return Sentence(
        text=" ".join((placed.clip.transcript or "").split()),
        start=placed.stretches[0][0] / SAMPLE_RATE,
        end=placed.stretches[-1][1] / SAMPLE_RATE,
    )


def _within_full_scale(samples: Samples) -> tuple[Samples, float]:
    """The samples, softer as a whole if they would be clipped, and the decibels of that."""
    loudest = float(np.abs(samples).max(initial=0))
    if loudest <= PEAK:
        return samples, 0.0
    return samples * np.float32(PEAK / loudest), float(20 * np.log10(PEAK / loudest))
