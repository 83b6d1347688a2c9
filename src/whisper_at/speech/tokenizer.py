"""Text and Whisper's tokens, with the special ones by name.

In: a model folder's tokenizer.json. It is the only place that knows token numbers.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from whisper_at.errors import OptionError, WeightsError
from whisper_at.speech.languages import LANGUAGES, UNSPACED, language_code

SECONDS_PER_TIMESTAMP = 0.02
REPLACEMENT = "\ufffd"  # what half a character decodes to


class Tokenizer:
    """Whisper's tokenizer; English-only models have neither language nor task tokens."""

    def __init__(self, path: Path) -> None:
        import tokenizers

        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises bare Exception
            raise WeightsError(f"expected a tokenizer in {path}, but it cannot be read: {error}") from error
        self._tokenizer.encode_special_tokens = True  # <|endoftext|> in a user's text is text
        self.multilingual = self.eot > 50256  # English-only vocabularies are one token shorter

    def special(self, *names: str) -> int:
        """The number of a special token, under the first of its names that the vocabulary has."""
        for name in names:
            token = self._tokenizer.token_to_id(f"<|{name}|>")
            if token is not None:
                return int(token)
        raise WeightsError(f"the tokenizer has no token <|{names[0]}|>: is it a Whisper model's?")

    @cached_property
    def sot(self) -> int:
        """Start of the transcript."""
        return self.special("startoftranscript")

    @cached_property
    def eot(self) -> int:
        """End of the text; every token below it is text."""
        return self.special("endoftext")

    @cached_property
    def sot_prev(self) -> int:
        """Start of the previous text."""
        return self.special("startofprev")

    @cached_property
    def timestamp_begin(self) -> int:
        """The timestamp 0.00; the next ones follow every 0.02 s."""
        return self.special("notimestamps") + 1

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that the model knows."""
        if not self.multilingual:
            return ("en",)
        return tuple(c for c in LANGUAGES if self._tokenizer.token_to_id(f"<|{c}|>") is not None)

    @cached_property
    def numerals(self) -> tuple[int, ...]:
        """The tokens with a digit in them, or a sign that stands beside digits."""
        return tuple(token for token in range(self.eot) if NUMERAL & set(self.decode([token])))

    def language(self, name: str) -> str:
        """The code of a language given by code or name.

        Raises:
            OptionError: if it is no language, or one that the model does not know.
        """
        code = language_code(name)
        if code not in self.languages:
            fit = "this model knows English only" if not self.multilingual else "this model does not know it"
            raise OptionError(
                f"language {name!r} was asked for, but {fit}; choose another --model or --language"
            )
        return code

    def start(self, language: str, task: str) -> list[int]:
        """The tokens that a transcript begins with.

        Raises:
            OptionError: if a translation is asked of a model that knows English only.
        """
        if not self.multilingual:
            if task == "translate":
                raise OptionError("task translate needs a multilingual model; this one knows English only")
            return [self.sot]
        return [self.sot, self.special(language), self.special(task)]

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without special ones."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; special ones and timestamps are passed over."""
        return str(self._tokenizer.decode([t for t in tokens if t < self.eot], skip_special_tokens=False))

    def words(self, tokens: Sequence[int], language: str) -> list[tuple[str, list[int]]]:
        """Text tokens in words, each with its leading blank and its tokens.

        Languages that are written without blanks are split into characters, as in openai-whisper.
        """
        pieces = self._characters(tokens)
        if language in UNSPACED:
            return pieces
        words: list[tuple[str, list[int]]] = []
        for text, part in pieces:
            if not words or text.startswith(" ") or not text.strip(PUNCTUATION):
                words.append((text, part))
            else:
                before, tokens_before = words[-1]
                words[-1] = (before + text, tokens_before + part)
        return words

    def _characters(self, tokens: Sequence[int]) -> list[tuple[str, list[int]]]:
        """The shortest runs of tokens that are whole characters."""
        whole = self.decode(tokens)
        pieces: list[tuple[str, list[int]]] = []
        run: list[int] = []
        position = 0
        for token in tokens:
            run.append(token)
            text = self.decode(run)
            cut = text.find(REPLACEMENT)
            if cut < 0 or whole[position + cut : position + cut + 1] == REPLACEMENT:
                pieces.append((text, run))
                position += len(text)
                run = []
        if run:
            pieces.append((self.decode(run), run))
        return pieces


NUMERAL = frozenset("0123456789%$£€")
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
