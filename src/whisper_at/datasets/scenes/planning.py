"""Draws a scene: a stock of clips, a recipe and a number in, a `ScenePlan` out.

All that is random comes from dice named after what they decide, the seed, the fold and the number of the scene,
so that a scene is the same whichever scenes were drawn before it, and by whichever process.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from whisper_at.datasets.clip import Clip, LabelSet
from whisper_at.datasets.scenes import stems
from whisper_at.datasets.scenes.activity import Stretch, mean_power, moved, within
from whisper_at.datasets.scenes.codecs import draw_change
from whisper_at.datasets.scenes.plan import Backdrop, Placed, ScenePlan
from whisper_at.datasets.scenes.recipe import Range, SceneRecipe
from whisper_at.datasets.scenes.rooms import Room, draw_place, draw_room
from whisper_at.datasets.scenes.sources import Samples, Sources
from whisper_at.datasets.scenes.stock import Stock, draw_group, draw_of, is_known
from whisper_at.timegrid import SAMPLE_RATE

Dice = np.random.Generator

TRIES = 8  # clips, until one is not silent, or lasts
PLACES = 20  # until one is free
SHORTEST_LOOP = 3 * SAMPLE_RATE
STEADY = 0.8  # of a background must be heard
PAUSING = 15.0  # decibels: a background that pauses counts as so much below its mean
MARGIN = SAMPLE_RATE // 5  # soft sounds around a sentence that belong to its words


def dice_for(seed: int, fold: str, index: int) -> Callable[[str], Dice]:
    """Dice for each thing that is to be decided about a scene.

    >>> one, other = dice_for(1, "a", 7)("room"), dice_for(1, "a", 7)("room")
    >>> one.random() == other.random() != dice_for(1, "a", 8)("room").random()
    True
    """

    def dice(topic: str) -> Dice:
        key = json.dumps([seed, fold, index, topic]).encode()
        return np.random.default_rng(int.from_bytes(hashlib.sha256(key).digest()[:16], "big"))

    return dice


class Loudness:
    """The mean power of a background over any stretches of it."""

    def __init__(self, background: Samples, level: float) -> None:
        self._sums = np.concatenate([[0.0], np.cumsum(np.square(background, dtype=np.float64))])
        self._least = 10 ** ((level - PAUSING) / 10)

    def over(self, stretches: tuple[Stretch, ...]) -> float:
        """The mean power over stretches."""
        energy = sum(float(self._sums[end] - self._sums[start]) for start, end in stretches)
        return max(energy / sum(end - start for start, end in stretches), self._least)


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Draws the scenes of one fold."""

    recipe: SceneRecipe
    stock: Stock
    labels: LabelSet
    sources: Sources

    def plan(self, *, seed: int, fold: str, index: int) -> ScenePlan:
        """The scene of a number."""
        dice = dice_for(seed, fold, index)
        n_samples = round(self.recipe.duration * SAMPLE_RATE)
        gaps = self._gaps(dice("gap"), n_samples)
        backdrop = self._backdrop(dice("background"), n_samples)
        track = stems.background(backdrop, gaps, n_samples, self.sources)
        table = _Table(n_samples=n_samples, gaps=gaps, loudness=Loudness(track, backdrop.level))
        speech = self._speech(dice("speech"), table)
        events = self._events(dice("events"), table)
        room = self._room(dice("room"))
        changing = dice("codec")
        change = (
            draw_change(changing, self.recipe.codecs) if _happens(changing, self.recipe.codec_share) else None
        )
        return ScenePlan(
            seed=seed,
            fold=fold,
            index=index,
            n_samples=n_samples,
            backdrop=backdrop,
            gaps=gaps,
            events=_in_room(room, dice("places of events"), events),
            speech=_in_room(room, dice("places of speech"), speech),
            words_known=not any(self._may_talk(clip) for clip in (backdrop.clip, *(x.clip for x in events))),
            room=room,
            change=change,
        )

    def _gaps(self, dice: Dice, n_samples: int) -> tuple[Stretch, ...]:
        if not _happens(dice, self.recipe.gap_share):
            return ()
        n_gap = min(round(dice.uniform(*self.recipe.gap_seconds) * SAMPLE_RATE), n_samples // 2)
        start = int(dice.integers(n_samples - n_gap + 1))
        return ((start, start + n_gap),)

    def _backdrop(self, dice: Dice, n_samples: int) -> Backdrop:
        seed = int(dice.integers(2**32))
        colour = self.recipe.noise_colours[int(dice.integers(len(self.recipe.noise_colours)))]
        if self.stock.backgrounds and _happens(dice, self.recipe.background_share):
            for _ in range(TRIES):
                clips = draw_group(self.stock.backgrounds, dice, self.recipe.balance)
                found = self._looped(draw_of(clips, dice), dice, n_samples)
                if found is not None:
                    return replace(found, seed=seed)
        level = _drawn(dice, self.recipe.noise_level)
        return Backdrop(
            clip=None, colour=colour, begin=0, end=0, turn=0, level=level, gain=level, seed=seed, known=True
        )

    def _looped(self, clip: Clip, dice: Dice, n_samples: int) -> Backdrop | None:
        """The clip as a background, None if it is too short or pauses too much."""
        sound = self.sources.hear(clip)
        begin, end = _span(sound.stretches)
        heard = sum(b - a for a, b in sound.stretches)
        if end - begin < SHORTEST_LOOP or heard < STEADY * (end - begin):
            return None
        n_loop = stems.loop_length(end - begin, n_samples)
        turn = int(dice.integers(n_loop - n_samples + 1 if n_loop >= n_samples else n_loop))
        track = stems.looped(sound.samples[begin:end], n_samples, turn)
        level = _drawn(dice, self.recipe.background_level)
        return Backdrop(
            clip=clip,
            colour="",
            begin=begin,
            end=end,
            turn=turn,
            level=level,
            gain=level - stems.decibels(mean_power(track, [(0, n_samples)])),
            seed=0,
            known=is_known(clip, self.recipe),
        )

    def _speech(self, dice: Dice, table: "_Table") -> tuple[Placed, ...]:
        if not (self.stock.voices and _happens(dice, self.recipe.speech_share)):
            return ()
        voice = draw_group(self.stock.voices, dice, self.recipe.balance)
        sentences: dict[Clip, Placed] = {}
        for _ in range(_count(dice, self.recipe.sentences)):
            clip = draw_of(voice, dice)
            sound = self.sources.hear(clip)
            if clip in sentences or not sound.stretches:
                continue
            begin, end = _span(sound.stretches)
            whole = max(begin - MARGIN, 0), min(end + MARGIN, len(sound.samples))
            others = [(one.at, one.stop) for one in sentences.values()]
            at = table.place(dice, whole[1] - whole[0], others, at_once=1)
            if at is not None:
                sentences[clip] = self._placed(clip, whole, at, _drawn(dice, self.recipe.speech_snr), table)
        return _by_time(sentences.values())

    def _events(self, dice: Dice, table: "_Table") -> tuple[Placed, ...]:
        events: list[Placed] = []
        for _ in range(_count(dice, self.recipe.events)):
            clip = self._audible(dice)
            if clip is None:
                continue
            begin, end = self._cut(clip, dice, table.n_samples)
            others = [(one.at, one.stop) for one in events]
            at = table.place(dice, end - begin, others, at_once=self.recipe.at_once)
            if at is not None:
                events.append(self._placed(clip, (begin, end), at, _drawn(dice, self.recipe.snr), table))
        return _by_time(events)

    def _audible(self, dice: Dice) -> Clip | None:
        """A clip for an event, None if there is none but silent ones."""
        for _ in range(TRIES):
            clips: tuple[Clip, ...] = ()
            if _happens(dice, self.recipe.unlabelled_share):
                clips = self.stock.unlabelled
            elif self.stock.events:
                clips = draw_group(self.stock.events, dice, self.recipe.balance)
            if clips and self.sources.hear(clip := draw_of(clips, dice)).stretches:
                return clip
        return None

    def _cut(self, clip: Clip, dice: Dice, n_samples: int) -> Stretch:
        """The part of the clip from its first sound to its last, or a window of the greatest length in it."""
        stretches = self.sources.hear(clip).stretches
        begin, end = _span(stretches)
        longest = min(round(self.recipe.longest_event * SAMPLE_RATE), n_samples)
        if end - begin <= longest:
            return begin, end
        lengths = np.array([b - a for a, b in stretches], np.float64)
        start, stop = stretches[int(dice.choice(len(stretches), p=lengths / lengths.sum()))]
        begin = min(int(dice.integers(start, stop)), end - longest)
        return _span(within(stretches, begin, begin + longest))

    def _placed(self, clip: Clip, cut: Stretch, at: int, snr: float, table: "_Table") -> Placed:
        begin, end = cut
        sound = self.sources.hear(clip)
        stretches = within(sound.stretches, begin, end)
        power = mean_power(stems.part(sound.samples, begin, end), moved(stretches, -begin))
        heard = moved(stretches, at - begin)
        gain = snr + stems.decibels(table.loudness.over(heard) / power)
        return Placed(
            clip=clip,
            begin=begin,
            end=end,
            at=at,
            stretches=heard,
            snr=snr,
            gain=gain,
            known=is_known(clip, self.recipe),
        )

    def _room(self, dice: Dice) -> Room | None:
        if not _happens(dice, self.recipe.room_share):
            return None
        return draw_room(dice, _drawn(dice, self.recipe.reverberation))

    def _may_talk(self, clip: Clip | None) -> bool:
        """Whether words may be heard in a clip that has no transcript."""
        if clip is None:
            return False
        wordy = not set(self.recipe.wordy).isdisjoint(self.labels.implied(clip.labels))
        return wordy or not (clip.labels or clip.complete)


@dataclass(frozen=True, kw_only=True)
class _Table:
    """What a sound is laid on: a length, gaps to stay out of, a background to be heard over."""

    n_samples: int
    gaps: tuple[Stretch, ...]
    loudness: Loudness

    def place(self, dice: Dice, length: int, others: list[Stretch], *, at_once: int) -> int | None:
        """A sample at which so long a sound fits in, beside fewer than `at_once` others; None if none is found."""
        if length > self.n_samples:
            return None
        for _ in range(PLACES):
            at = int(dice.integers(self.n_samples - length + 1))
            if not within(self.gaps, at, at + length) and _crowd(others, at, at + length) < at_once:
                return at
        return None


def _crowd(stretches: list[Stretch], start: int, end: int) -> int:
    """How many of the stretches sound at the same time, at most, between two samples.

    >>> _crowd([(0, 5), (4, 9), (9, 12)], 4, 10), _crowd([(0, 5), (6, 9)], 2, 8)
    (2, 1)
    """
    inside = within(stretches, start, end)
    return max((sum(a <= moment < b for a, b in inside) for moment, _ in inside), default=0)


def _in_room(room: Room | None, dice: Dice, sounds: tuple[Placed, ...]) -> tuple[Placed, ...]:
    if room is None:
        return sounds
    return tuple(replace(one, place=draw_place(dice, room.size)) for one in sounds)


def _by_time(sounds: Iterable[Placed]) -> tuple[Placed, ...]:
    return tuple(sorted(sounds, key=lambda one: (one.at, one.clip.name)))


def _span(stretches: tuple[Stretch, ...]) -> Stretch:
    return (stretches[0][0], stretches[-1][1]) if stretches else (0, 0)


def _happens(dice: Dice, share: float) -> bool:
    return bool(dice.random() < share)


def _count(dice: Dice, least_most: tuple[int, int]) -> int:
    return int(dice.integers(least_most[0], least_most[1] + 1))


def _drawn(dice: Dice, least_most: Range) -> float:
    return round(float(dice.uniform(*least_most)), 3)
