"""Windows to a transcript, with Whisper's own rules for long recordings.

The decoder reads 30 s; its last timestamp says where the next window starts, its text is the next one's prompt.
State is the object: `hear` takes a window and answers with the next seek.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from whisper_at.annotation import Segment
from whisper_at.audio.windows import Window
from whisper_at.model.decoder import Decoder, Features, Search
from whisper_at.speech.decoding import Decoded, decode_with_fallback
from whisper_at.speech.options import SpeechOptions
from whisper_at.speech.segments import Cut, Piece, cut_window, frame_of
from whisper_at.speech.tokenizer import Tokenizer
from whisper_at.speech.words import add_words
from whisper_at.timegrid import seconds

MAX_PROMPT = 223  # half the text context but one, as in openai-whisper
SHORTEST = 10  # frames; in less than 0.1 s nobody says anything, but Whisper would write something
HOT = 0.5  # a window that was tried above this temperature gives no prompt for what follows


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """What was said. `language_probability` is None where the language was given."""

    text: str
    language: str
    language_probability: float | None
    segments: tuple[Segment, ...]


class Transcriber:
    """Hears the windows of one recording in order."""

    def __init__(self, decoder: Decoder, tokenizer: Tokenizer, options: SpeechOptions) -> None:
        self._decoder, self._tokenizer, self._options = decoder, tokenizer, options
        self._search = Search(
            beam_size=options.beam_size,
            best_of=options.best_of,
            patience=options.patience,
            length_penalty=options.length_penalty,
        )
        self._language: str | None = None
        self._language_probability: float | None = None
        if options.language is not None or not tokenizer.multilingual:
            self._language = tokenizer.language(options.language or "en")
        self._initial = (
            tokenizer.encode(" " + options.initial_prompt.strip()) if options.initial_prompt else []
        )
        self._previous: list[int] = list(self._initial)
        self._segments: list[Segment] = []

    def hear(self, window: Window, features: Features) -> int:
        """Write down one window [1, step, dim]; answers with the frame that the next one starts at."""
        if window.n_frames < SHORTEST:
            return window.seek + window.n_frames
        language = self._language or self._detect(features)
        start = self._tokenizer.start(language, self._options.task)
        decoded = decode_with_fallback(
            self._decoder,
            self._tokenizer,
            features,
            self._prompt() + start,
            replace(self._search, seed=window.seek),
            self._options,
        )
        if decoded.is_silent(self._options):
            return window.seek + window.n_frames
        cut = cut_window(
            decoded.tokens,
            timestamp_begin=self._tokenizer.timestamp_begin,
            seek=window.seek,
            n_frames=window.n_frames,
        )
        segments = [self._segment(window, piece, decoded) for piece in cut.pieces if piece.start < piece.end]
        segments = [segment for segment in segments if segment.text.strip()]
        next_seek = cut.next_seek
        if self._options.word_timestamps and segments:
            segments = add_words(
                self._decoder,
                self._tokenizer,
                features,
                segments,
                start=start,
                n_frames=window.n_frames,
                language="en" if self._options.task == "translate" else language,
            )
            next_seek = _seek_after_words(cut, segments, window)
        self._remember(segments, decoded)
        return next_seek

    def transcript(self) -> Transcript:
        """All that was heard so far."""
        return Transcript(
            text="".join(segment.text for segment in self._segments).strip(),
            language=self._language or "en",
            language_probability=self._language_probability,
            segments=tuple(replace(segment, id=i) for i, segment in enumerate(self._segments)),
        )

    def _detect(self, features: Features) -> str:
        (probabilities,) = self._decoder.detect_language(features)
        known: Mapping[str, float] = {
            code: p for code, p in probabilities.items() if code in self._tokenizer.languages
        }
        self._language, self._language_probability = max(known.items(), key=lambda item: item[1])
        return self._language

    def _prompt(self) -> list[int]:
        if not self._previous:
            return []
        return [self._tokenizer.sot_prev, *self._previous[-MAX_PROMPT:]]

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

    def _remember(self, segments: list[Segment], decoded: Decoded) -> None:
        self._segments += segments
        self._previous += [token for segment in segments for token in segment.tokens]
        if not self._options.condition_on_previous_text or decoded.last_temperature > HOT:
            self._previous = []


def _seek_after_words(cut: Cut, segments: list[Segment], window: Window) -> int:
    """An unfinished window is followed by one that starts behind its last word."""
    ends = [word.end for segment in segments for word in segment.words or ()]
    if cut.complete or not ends or frame_of(ends[-1]) <= window.seek:
        return cut.next_seek
    return frame_of(ends[-1])
