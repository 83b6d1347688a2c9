"""What a window's text is to follow: words that are likely, and the text before."""

from collections.abc import Sequence

from whisper_at.speech.options import SpeechOptions
from whisper_at.speech.tokenizer import Tokenizer

MAX_PROMPT = 223  # tokens: half the text context but one, as in openai-whisper
MAX_HOTWORDS = MAX_PROMPT // 2


class Prompt:
    """The tokens that come before a window's own.

    Where there are too many, the last ones of the text and the first ones of the hotwords are kept.
    """

    def __init__(self, tokenizer: Tokenizer, options: SpeechOptions) -> None:
        self._tokenizer = tokenizer
        self.initial = _tokens(tokenizer, options.initial_prompt)
        self._hot = _tokens(tokenizer, options.hotwords)[:MAX_HOTWORDS]

    def __call__(self, previous: Sequence[int]) -> list[int]:
        """For a window that follows these tokens of text."""
        room = MAX_PROMPT - len(self._hot)
        tokens = [*self._hot, *previous[-room:]]
        return [self._tokenizer.sot_prev, *tokens] if tokens else []


def _tokens(tokenizer: Tokenizer, text: str | None) -> list[int]:
    return tokenizer.encode(" " + text.strip()) if text and text.strip() else []
