"""A task in, a row for each of its recordings out: what was said and heard, and how wrong it is."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from whisper_at.audio import Recording
from whisper_at.datasets.clip import Clip
from whisper_at.datasets.scenes.sources import Sources
from whisper_at.datasets.waveforms import read_clip
from whisper_at.evaluation.words import word_errors
from whisper_at.hearing.in_batches import hear_in_batches
from whisper_at.hearing.options import Options
from whisper_at.hearing.session import Ears, Heard
from whisper_at.model.encoder import Encoded
from whisper_at.robustness.mixing import mix
from whisper_at.robustness.plan import Pair, Task
from whisper_at.tagging.events import Reporting, probabilities
from whisper_at.timegrid import SAMPLE_RATE

Row = dict[str, Any]
Float = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Hears tasks with a model.

    classes: of the noise, with the ids of their labels. gates: speech gates to hear each recording with.
    language: of the speech, where its clips do not tell. sources: what clips are read with; keeps them.
    """

    model: Ears
    classes: Mapping[str, Sequence[str]]
    gates: Sequence[str]
    language: str | None = None
    sources: Sources = field(default_factory=Sources)

    def rows(self, task: Task, report: Callable[[float], None] = lambda done: None) -> list[Row]:
        """A row for each pair and gate, in their order; `report` is called with how many recordings are done.

        Each recording is encoded once for all gates.
        """
        by_language: dict[str | None, list[int]] = defaultdict(list)
        for i, pair in enumerate(task.pairs):
            by_language[self._language(pair)].append(i)
        rows: dict[tuple[int, str], Row] = {}
        for language, numbers in by_language.items():
            sounds = [_Sound.of(task, task.pairs[i], self.sources) for i in numbers]
            ears = _remembering(self.model)
            for gate in self.gates:
                options = Options(language=language, speech_gate=gate, labels=self._known)
                streams = (one.recording.stream() for one in sounds)
                heard = hear_in_batches(streams, ears, options, tags=self._known is not None)
                for i, sound, one in zip(numbers, sounds, heard, strict=True):
                    rows[i, gate] = self._row(task, task.pairs[i], sound, one, options)
                    report(len(rows) / len(self.gates))
        return [rows[i, gate] for i in range(len(task.pairs)) for gate in self.gates]

    @property
    def _known(self) -> tuple[str, ...] | None:
        """The labels of the classes that the head has; None if it has none of them, or there is no head."""
        if self.model.head is None:
            return None
        wanted = dict.fromkeys(one for ids in self.classes.values() for one in ids)
        return tuple(one for one in wanted if one in self.model.head.card.mids) or None

    def _language(self, pair: Pair) -> str | None:
        told = pair.speech.language if pair.speech else None
        return told or self.language

    def _row(self, task: Task, pair: Pair, sound: "_Sound", heard: Heard, options: Options) -> Row:
        assert heard.transcript is not None
        said = (pair.speech.transcript or "") if pair.speech else ""
        text = heard.transcript.text.strip()
        wrong = word_errors([said], [text], heard.transcript.language)
        return {
            "kind": task.kind,
            "gate": options.speech_gate,
            "class": task.noise_class,
            "snr": task.snr,
            "speech": _called(pair.speech),
            "noise": _called(pair.noise),
            "language": heard.transcript.language,
            "seconds": round(len(sound.recording.samples) / SAMPLE_RATE, 3),
            "gain": sound.gain,
            "spoken": int(wrong.spoken[0]),
            "replaced": int(wrong.replaced[0]),
            "missed": int(wrong.missed[0]),
            "added": int(wrong.added[0]),
            "said": said,
            "text": text,
            **self._named(task, heard, options),
        }

    def _named(self, task: Task, heard: Heard, options: Options) -> Row:
        """How probable each class is somewhere in the recording, which is the likeliest, and whether the right one is
        reported."""
        if heard.tracks is None or self.model.head is None:
            return {"named": None, "reported": None, "probabilities": None}
        reporting = Reporting.of(self.model.head.card, options)
        cells = np.concatenate([track.cells for track in heard.tracks])
        best = probabilities(cells, reporting.calibration).max(axis=0, initial=0)
        sure = {name: _greatest(best, reporting, ids) for name, ids in self.classes.items()}
        own = self.classes.get(task.noise_class, ())
        over = best >= reporting.thresholds
        return {
            "named": max(sure, key=lambda name: sure[name]),
            "reported": any(over[reporting.mids.index(one)] for one in own if one in reporting.mids),
            "probabilities": [round(value, 4) for value in sure.values()],
        }


def _remembering(model: Ears) -> Ears:
    """The model with an encoder that gives what it has said of a window before, whatever it is batched with."""
    known: dict[bytes, Encoded] = {}

    def encoder(mel: Float, pool: Float) -> Encoded:
        keys = [one.tobytes() + matrix.tobytes() for one, matrix in zip(mel, pool, strict=True)]
        new = [i for i, key in enumerate(keys) if key not in known]
        if new:
            encoded = model.encoder(mel[new], pool[new])
            for i, features, taps in zip(new, encoded.features, encoded.taps, strict=True):
                known[keys[i]] = Encoded(features=features.copy(), taps=taps.copy())
        return Encoded(
            features=np.stack([known[key].features for key in keys]),
            taps=np.stack([known[key].taps for key in keys]),
        )

    ears = copy(model)
    ears.encoder = encoder
    return ears


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sound:
    """A recording, and the decibels by which it was made softer."""

    recording: Recording
    gain: float = 0.0

    @classmethod
    def of(cls, task: Task, pair: Pair, sources: Sources) -> "_Sound":
        if pair.speech is None or pair.noise is None:
            clip = pair.speech or pair.noise
            assert clip is not None, "a pair has speech or noise"
            return cls(recording=read_clip(clip))
        assert task.snr is not None, "what is mixed has a ratio"
        made = mix(
            sources.hear(pair.speech), sources.hear(pair.noise), task.snr, np.random.default_rng(pair.seed)
        )
        name = f"{pair.speech.name} + {pair.noise.name}"
        return cls(recording=Recording(name=name, samples=made.samples), gain=made.gain)


def _called(clip: Clip | None) -> str:
    """A clip by its folder and file, so that results tell nothing of the disk that they were made on.

    >>> from pathlib import Path
    >>> _called(Clip(path=Path("/corpora/esc/dog.ogg"), end=2.0))
    'esc/dog.ogg#0-2'
    """
    return "" if clip is None else "/".join(clip.name.split("/")[-2:])


def _greatest(best: Float, reporting: Reporting, ids: Sequence[str]) -> float:
    """The probability of the likeliest of some labels; -1 where the head has none of them."""
    columns = [reporting.mids.index(one) for one in ids if one in reporting.mids]
    return float(best[columns].max()) if columns else -1.0
