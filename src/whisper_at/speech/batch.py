"""Windows to transcripts, many at once: of one recording or of many, each by itself.

No window has another one's text for a prompt, so neither the batch nor its order makes a difference. What a window was
not heard to the end of is answered with, to be heard as a window of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from whisper_at.audio.silence import silences
from whisper_at.audio.windows import Window
from whisper_at.model.decoder import Decoder, Features
from whisper_at.speech.decoding import Asked, Decoded, decode_with_fallback, search_of
from whisper_at.speech.draft import Draft
from whisper_at.speech.gate import Evidence
from whisper_at.speech.options import SpeechOptions
from whisper_at.speech.prompt import Prompt
from whisper_at.speech.segments import cut_window
from whisper_at.speech.tokenizer import Tokenizer
from whisper_at.speech.transcriber import SHORTEST
from whisper_at.timegrid import seconds

REST = 50  # frames: in less than half a second after the last word there is none
PROGRESS = 100  # frames that a window must have brought us on, else its rest would be heard for ever


@dataclass(frozen=True, kw_only=True)
class Task:
    """A window to be written down in a draft, and what the tags have heard of its recording so far."""

    draft: Draft
    window: Window
    evidence: Evidence | None = None


class BatchTranscriber:
    """Hears batches of windows."""

    def __init__(self, decoder: Decoder, tokenizer: Tokenizer, options: SpeechOptions) -> None:
        self._decoder, self._tokenizer, self._options = decoder, tokenizer, options
        prompt = Prompt(tokenizer, options)
        self._prompt = prompt(prompt.initial)

    def hear(self, tasks: Sequence[Task], features: Features) -> list[range | None]:
        """Write down windows [window, step, dim]; answers for each with the frames that are to be heard again."""
        rows = [i for i, task in enumerate(tasks) if _is_heard(task)]
        rests: list[range | None] = [None] * len(tasks)
        if not rows:
            return rests
        languages = self._languages(tasks, rows, features)
        decoded = decode_with_fallback(
            self._decoder,
            self._tokenizer,
            features,
            [self._asked(i, tasks[i], languages[i]) for i in rows],
            search_of(self._options, self._tokenizer),
            self._options,
            greedy_first=True,
        )
        for i, one in zip(rows, decoded, strict=True):
            rests[i] = self._write(tasks[i], features[i : i + 1], one, languages[i])
        return rests

    def _languages(self, tasks: Sequence[Task], rows: Sequence[int], features: Features) -> dict[int, str]:
        """Of each row; all windows are listened to together, for those that decode remember the same batch."""

        @cache
        def heard() -> Sequence[Mapping[str, float]]:
            return self._decoder.detect_language(features)

        return {i: tasks[i].draft.language_of(lambda i=i: heard()[i]) for i in rows}  # type: ignore[misc]

    def _asked(self, row: int, task: Task, language: str) -> Asked:
        prompt = self._prompt + task.draft.start(language)
        return Asked(row=row, prompt=prompt, seed=task.window.seek, until=seconds(_spoken(task)))

    def _write(self, task: Task, features: Features, decoded: Decoded, language: str) -> range | None:
        if decoded.is_silent(self._options):
            return None
        window = task.window
        cut = cut_window(
            decoded.tokens,
            timestamp_begin=self._tokenizer.timestamp_begin,
            seek=window.seek,
            n_frames=window.n_frames,
        )
        task.draft.take(window, features, decoded, cut, task.evidence, language)
        rest = range(cut.next_seek, window.seek + window.n_frames)
        is_left = not cut.complete and len(rest) >= REST and rest.start - window.seek >= PROGRESS
        return rest if is_left else None


def _is_heard(task: Task) -> bool:
    return task.window.n_frames >= SHORTEST and not task.draft.is_silent(task.window, task.evidence)


def _spoken(task: Task) -> int:
    """Up to which of its frames somebody speaks in a window: where the last voice ends, if it is not silent there.

    Layers of the encoder hear a voice a little longer than it lasts.
    """
    if task.evidence is None:
        return 0
    window, end = task.window, task.window.seek + task.window.n_frames
    silent = silences(window)
    sounds_until = silent[-1].start if silent and silent[-1].stop == end else end
    return min(task.evidence.last(window.seek, end), sounds_until) - window.seek
