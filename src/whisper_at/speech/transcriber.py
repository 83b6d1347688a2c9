"""Windows to a transcript, one after the other, with Whisper's own rules for long recordings.

The decoder reads 30 s; its last timestamp says where the next window starts, its text is the next one's prompt.
State is the object: `hear` takes a window and answers with the next seek.
"""

from whisper_at.annotation import Segment
from whisper_at.audio.windows import Window
from whisper_at.model.decoder import Decoder, Features
from whisper_at.speech.decoding import Asked, Decoded, decode_with_fallback, search_of
from whisper_at.speech.draft import Draft, Transcript
from whisper_at.speech.gate import Evidence
from whisper_at.speech.options import SpeechOptions
from whisper_at.speech.prompt import Prompt
from whisper_at.speech.segments import Cut, cut_window, frame_of
from whisper_at.speech.tokenizer import Tokenizer

SHORTEST = 10  # frames; in less than 0.1 s nobody says anything, but Whisper would write something
ROUGH = 50  # frames by which the model's own times may be wrong
HOT = 0.5  # a window that was tried above this temperature gives no prompt for what follows


class Transcriber:
    """Hears the windows of one recording in order."""

    def __init__(
        self, decoder: Decoder, tokenizer: Tokenizer, options: SpeechOptions, draft: Draft | None = None
    ) -> None:
        self._decoder, self._tokenizer, self._options = decoder, tokenizer, options
        self._draft = draft or Draft(decoder, tokenizer, options)
        self._prompt = Prompt(tokenizer, options)
        self._previous = list(self._prompt.initial)
        self._language: str | None = None  # of the window before

    def hear(self, window: Window, features: Features, evidence: Evidence | None = None) -> int:
        """Write down one window [1, step, dim]; answers with the frame that the next one starts at."""
        end = window.seek + window.n_frames
        if window.n_frames < SHORTEST or self._draft.is_silent(window, evidence):
            return end
        language = self._draft.language_of(lambda: self._decoder.detect_language(features)[0])
        if self._language not in (None, language):  # text in another language would pull this one towards it
            self._previous = list(self._prompt.initial)
        self._language = language
        prompt = self._prompt(self._previous) + self._draft.start(language)
        (decoded,) = decode_with_fallback(
            self._decoder,
            self._tokenizer,
            features,
            [Asked(row=0, prompt=prompt, seed=window.seek)],
            search_of(self._options, self._tokenizer),
            self._options,
        )
        if decoded.is_silent(self._options):
            return end
        cut = cut_window(
            decoded.tokens,
            timestamp_begin=self._tokenizer.timestamp_begin,
            seek=window.seek,
            n_frames=window.n_frames,
        )
        segments = self._draft.take(window, features, decoded, cut, evidence, language)
        self._remember(segments, decoded)
        return _seek_after_words(cut, segments, window) if self._options.word_timestamps else cut.next_seek

    def transcript(self) -> Transcript:
        """All that was heard so far."""
        return self._draft.transcript()

    def _remember(self, segments: list[Segment], decoded: Decoded) -> None:
        self._previous += [token for segment in segments for token in segment.tokens]
        if not self._options.condition_on_previous_text or decoded.last_temperature > HOT:
            self._previous = []


def _seek_after_words(cut: Cut, segments: list[Segment], window: Window) -> int:
    """An unfinished window is followed by one that starts behind its last word.

    Words that lie far behind the model's own time, or all at the start of the window, were not aligned well.
    """
    ends = [word.end for segment in segments for word in segment.words or ()]
    if cut.complete or not ends or frame_of(ends[-1]) - window.seek < ROUGH:
        return cut.next_seek
    return min(frame_of(ends[-1]), cut.next_seek + ROUGH)
