"""How speech is written down. Names and defaults are openai-whisper's command line's where it has them."""

import math
from dataclasses import dataclass

from whisper_at.errors import OptionError
from whisper_at.speech.clips import Clip, clips_of

FALLBACK_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SPEECH_GATES = ("off", "auto", "strict")
MOST_BEAMS = 100  # of them memory grows with the square; nobody gains by more than ten


@dataclass(frozen=True, kw_only=True)
class SpeechOptions:
    """Settings of the transcriber.

    language: a code such as "en", or a name; None detects it from the first window in which somebody speaks.
    languages: only these, by code or name, are thought of where the language is detected; None for all.
    multilingual: the language is detected in each window, for a recording in which several are spoken.
    clip_timestamps: seconds, start,end,start,end, as a text or numbers: only these stretches are heard, for words and
        for tags; without a last end up to that of the recording, None for all of it.
    task: "transcribe", or "translate" into English.
    patience: the search ends when beam_size times as many texts are finished.
    length_penalty: texts compete by their log probability over their length to this power; 1 compares means.
    temperature: tried in order until the compression-ratio and log-probability tests are passed.
    compression_ratio_threshold: text that zlib shrinks by more than this is a loop, and tried again.
    logprob_threshold: text less probable than this on average is tried again.
    hotwords: words that are likely to be said; every window begins with them as its prompt.
    suppress_tokens: numbers of tokens that are never written; -1 stands for the symbols that the model's files list.
    suppress_numerals: numbers are written as words, for no token with a digit is taken.
    no_repeat_ngram_size: no run of so many tokens is written twice in a window; 0 allows all.
    speech_gate: what the tags hear decides where words are looked for and kept. "auto" passes over what certainly holds
        no voice, "strict" keeps words only where there is one, "off" asks the decoder alone.
    no_speech_threshold: a window where nobody speaks with more than this probability, and whose text fails the
        log-probability test, is silent.
    sequential: hear one window after the other by Whisper's own rules, instead of many at once that are cut at pauses.
    condition_on_previous_text: the text of a window is the prompt of the next one, where they are sequential.
    batch_size: so many windows are encoded and decoded together; no result depends on it.
    """

    language: str | None = None
    task: str = "transcribe"
    beam_size: int = 5
    best_of: int = 5
    patience: float = 1.0
    length_penalty: float = 1.0
    temperature: float | tuple[float, ...] = FALLBACK_TEMPERATURES
    compression_ratio_threshold: float | None = 2.4
    logprob_threshold: float | None = -1.0
    no_speech_threshold: float | None = 0.6
    condition_on_previous_text: bool = True
    speech_gate: str = "auto"
    sequential: bool = False
    batch_size: int = 6
    initial_prompt: str | None = None
    hotwords: str | None = None
    languages: tuple[str, ...] | None = None
    multilingual: bool = False
    clip_timestamps: str | tuple[float, ...] | None = None
    suppress_tokens: tuple[int, ...] = (-1,)
    suppress_numerals: bool = False
    no_repeat_ngram_size: int = 0
    word_timestamps: bool = False

    def __post_init__(self) -> None:
        if self.task not in ("transcribe", "translate"):
            raise OptionError(f"task must be transcribe or translate, got {self.task!r}")
        if self.speech_gate not in SPEECH_GATES:
            raise OptionError(
                f"speech_gate must be one of {', '.join(SPEECH_GATES)}; got {self.speech_gate!r}"
            )
        for name in ("beam_size", "best_of"):
            if not 1 <= getattr(self, name) <= MOST_BEAMS:
                raise OptionError(f"{name} must lie between 1 and {MOST_BEAMS}, got {getattr(self, name)}")
        if self.batch_size < 1:
            raise OptionError(f"batch_size must be 1 or more, got {self.batch_size}")
        if self.no_repeat_ngram_size < 0:
            raise OptionError(f"no_repeat_ngram_size must be 0 or more, got {self.no_repeat_ngram_size}")
        if self.languages is not None and not self.languages:
            raise OptionError("languages must name at least one, got none; leave it out for all")
        if self.multilingual and self.language is not None:
            raise OptionError(
                f"multilingual detects the language of each window, but language {self.language!r} was given; "
                f"leave one of them out, or name those that may be spoken as languages"
            )
        if not 1 <= self.patience * self.beam_size < math.inf:
            raise OptionError(
                f"patience times beam_size must be finite and 1 or more, got {self.patience:g} times {self.beam_size}"
            )
        if not 0 <= self.length_penalty <= 1:
            raise OptionError(f"length_penalty must lie between 0 and 1, got {self.length_penalty:g}")
        clips_of(self.clip_timestamps)
        if not self.temperatures:
            raise OptionError("temperature must hold at least one number, got none")
        for temperature in self.temperatures:
            if not (math.isfinite(temperature) and 0 <= temperature <= 1):
                raise OptionError(f"temperature must lie between 0 and 1, got {temperature:g}")

    @property
    def clips(self) -> tuple[Clip, ...]:
        """The stretches that are to be heard, in frames."""
        return clips_of(self.clip_timestamps)

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures in the order of trying."""
        return self.temperature if isinstance(self.temperature, tuple) else (float(self.temperature),)
