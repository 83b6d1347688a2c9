"""The transcript of one recording in the making: what was written down, what was dropped, and in which language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from whisper_at.annotation import Dropped, Segment
from whisper_at.audio.windows import Window
from whisper_at.model.decoder import Decoder, Features
from whisper_at.speech.decoding import Decoded
from whisper_at.speech.gate import Evidence, Gate, gate_of
from whisper_at.speech.options import SpeechOptions
from whisper_at.speech.segments import Cut, Piece
from whisper_at.speech.tokenizer import Tokenizer
from whisper_at.speech.words import add_words
from whisper_at.timegrid import seconds


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """What was said. `language_probability` is None where the language was given."""

    text: str
    language: str
    language_probability: float | None
    segments: tuple[Segment, ...]
    dropped: tuple[Dropped, ...] = ()


class Draft:
    """Takes windows in any order and puts their segments in the order of time."""

    def __init__(self, decoder: Decoder, tokenizer: Tokenizer, options: SpeechOptions) -> None:
        self._decoder, self._tokenizer, self._options = decoder, tokenizer, options
        self.gate: Gate | None = gate_of(options)
        self.language: str | None = None
        self._language_probability: float | None = None
        if options.language is not None or not tokenizer.multilingual:
            self.language = tokenizer.language(options.language or "en")
        self._segments: list[Segment] = []
        self._dropped: list[Dropped] = []
        self._n_given = 0  # segments that `settled` has given

    def language_of(self, heard: Callable[[], Mapping[str, float]]) -> str:
        """The language of a window in which somebody speaks.

        The first such window tells that of the recording, which is that of all its windows unless they may differ.

        Args:
            heard: listens for the languages of the window, with their probabilities; called where it must be.
        """
        if self.language is not None and not self._options.multilingual:
            return self.language
        language, probability = self._likeliest(heard())
        if self.language is None:
            self.language, self._language_probability = language, probability
        return language

    def _likeliest(self, probabilities: Mapping[str, float]) -> tuple[str, float]:
        """Of the languages that may be, with its probability."""
        among = self._options.languages
        wanted = [self._tokenizer.language(name) for name in among] if among else self._tokenizer.languages
        known = {code: p for code, p in probabilities.items() if code in wanted}
        return max(known.items(), key=lambda item: item[1])

    def start(self, language: str) -> list[int]:
        """The tokens that a text in that language begins with."""
        return self._tokenizer.start(language, self._options.task)

    def is_silent(self, window: Window, evidence: Evidence | None) -> bool:
        """Whether a window is not to be decoded, for nobody speaks in it; which is noted."""
        if self.gate is None or evidence is None:
            return False
        reason = self.gate.is_silent(evidence, window.seek, window.n_frames)
        if reason:
            self._dropped.append(reason)
        return reason is not None

    def take(
        self,
        window: Window,
        features: Features,
        decoded: Decoded,
        cut: Cut,
        evidence: Evidence | None,
        language: str,
    ) -> list[Segment]:
        """The segments of a decoded window [1, step, dim], with words if wanted, but for those without a voice."""
        segments = [self._segment(window, piece, decoded) for piece in cut.pieces]
        segments = [one for one in segments if one.start < one.end and one.text.strip()]
        if self._options.word_timestamps and segments:
            segments = add_words(
                self._decoder,
                self._tokenizer,
                features,
                segments,
                start=self.start(language),
                window=window,
                language="en" if self._options.task == "translate" else language,
            )
        if self._options.multilingual:
            segments = [replace(segment, language=language) for segment in segments]
        kept = self._with_voice(segments, evidence)
        self._segments += kept
        return kept

    def settled(self, frame: int | None) -> list[Segment]:
        """The segments that were not given before, up to a frame before which no more will come, or all of them."""
        segments = self._in_order()[self._n_given :]
        if frame is not None:
            segments = [s for s in segments if s.start < seconds(frame)]
        self._n_given += len(segments)
        return segments

    def transcript(self) -> Transcript:
        """All that was heard so far."""
        segments = self._in_order()
        return Transcript(
            text="".join(segment.text for segment in segments).strip(),
            language=self.language or "en",
            language_probability=self._language_probability,
            segments=tuple(segments),
            dropped=_joined(sorted(self._dropped, key=lambda one: (one.start, one.end))),
        )

    def _in_order(self) -> list[Segment]:
        self._segments.sort(key=lambda segment: (segment.start, segment.end))
        self._segments = [replace(segment, id=i) for i, segment in enumerate(self._segments)]
        return self._segments

    def _with_voice(self, segments: Sequence[Segment], evidence: Evidence | None) -> list[Segment]:
        if self.gate is None or evidence is None:
            return list(segments)
        kept = []
        for segment in segments:
            reason = self.gate.drops(evidence, segment)
            if reason:
                self._dropped.append(reason)
            else:
                kept.append(segment)
        return kept

    def _segment(self, window: Window, piece: Piece, decoded: Decoded) -> Segment:
        end = window.seek + window.n_frames  # the model may place words in the padding
        return Segment(
            id=0,
            seek=window.seek,
            start=seconds(min(piece.start, end)),
            end=seconds(min(piece.end, end)),
            text=self._tokenizer.decode(piece.tokens),
            tokens=piece.tokens,
            temperature=decoded.temperature,
            avg_logprob=decoded.avg_logprob,
            compression_ratio=decoded.compression_ratio,
            no_speech_prob=decoded.no_speech_prob,
        )


def _joined(dropped: Sequence[Dropped]) -> tuple[Dropped, ...]:
    """Stretches that were not decoded and follow each other are one."""
    joined: list[Dropped] = []
    for one in dropped:
        last = joined[-1] if joined else None
        if last and not last.text and not one.text and one.start <= last.end:
            joined[-1] = replace(last, end=max(last.end, one.end), voice=max(last.voice, one.voice))
        else:
            joined.append(one)
    return tuple(joined)
