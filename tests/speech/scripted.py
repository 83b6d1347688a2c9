"""A tokenizer with a token for each byte, and a decoder that answers from a script: Whisper without weights."""

from dataclasses import dataclass, field

import numpy as np
from tokenizers import AddedToken, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as FastTokenizer

from whisper_at.audio.windows import Window
from whisper_at.model.decoder import Alignment, Hypothesis
from whisper_at.speech.tokenizer import Tokenizer

LANGUAGES = ("en", "zh", "de", "ja")
SPECIAL = [
    *("endoftext", "startoftranscript", *LANGUAGES, "translate", "transcribe"),
    *("startoflm", "startofprev", "nospeech", "notimestamps"),
    *(f"{step * 0.02:.2f}" for step in range(1501)),
]
FEATURES = np.zeros((1, 1, 1), np.float32)
PADDED = np.zeros((80, 3000), np.float32)


def byte_tokenizer(folder, *, multilingual=True):
    """Whisper's tokenizer but for its 50,000 words: a token is a byte, so most characters of the world take several."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    fast = FastTokenizer(models.BPE({character: i for i, character in enumerate(alphabet)}, []))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = decoders.ByteLevel()
    fast.add_special_tokens([AddedToken(f"<|{name}|>", special=True) for name in SPECIAL])
    path = folder / "tokenizer.json"
    fast.save(str(path))
    tokenizer = Tokenizer(path)
    tokenizer.multilingual = multilingual  # is else told by the size of the vocabulary
    return tokenizer


def written(tokenizer, *parts):
    """Tokens of parts: a text, or a time in seconds."""
    tokens = []
    for part in parts:
        if isinstance(part, str):
            tokens += tokenizer.encode(part)
        else:
            tokens.append(tokenizer.timestamp_begin + round(part / 0.02))
    return tuple(tokens)


def hypothesis_of(tokens, *, avg_logprob=-0.3, no_speech_prob=0.01):
    return Hypothesis(tokens=tuple(tokens), avg_logprob=avg_logprob, no_speech_prob=no_speech_prob)


def window(seek, n_frames=3000):
    return Window(seek=seek, n_frames=n_frames, padded=PADDED)


@dataclass
class Asked:
    """What a decoder was asked for one hypothesis."""

    features: np.ndarray
    prompt: tuple
    search: object
    seed: int = 0
    until: float = 0.0


@dataclass
class ScriptedDecoder:
    """Answers each `Asked` with `answer`, and tells afterwards what it was asked.

    A text is aligned as `path` says, or else one step a token from the first step on. `languages` are the
    probabilities that it hears, or what gives them for the features [1, step, dim] of a window.
    """

    answer: object
    languages: object = field(default_factory=dict)
    path: object = None
    asked: list = field(default_factory=list)
    detected: list = field(default_factory=list)
    aligned: list = field(default_factory=list)

    def generate(self, features, prompts, search, *, seeds=None, rows=None, until=None):
        seeds = seeds or [0] * len(prompts)
        each = zip(prompts, seeds, until or [0.0] * len(prompts), strict=True)
        asked = [Asked(features, tuple(prompt), search, seed, spoken) for prompt, seed, spoken in each]
        self.asked += asked
        return [self.answer(one) for one in asked]

    def align(self, features, start, text, n_frames):
        self.aligned.append((features, tuple(start), tuple(text), n_frames))
        steps = np.arange(len(text) + 1) if self.path is None else self.path(len(text))
        return alignment(steps, np.full(len(text), 0.5))

    def detect_language(self, features):
        self.detected.append(features)
        each = [features[i : i + 1] for i in range(len(features))]
        return [self.languages(one) if callable(self.languages) else self.languages for one in each]


def alignment(first_steps, probabilities):
    """A path that reaches token i at first_steps[i] and walks on through the steps before the next one."""
    tokens, steps = [], []
    for token, first in enumerate(first_steps):
        last = max(first, first_steps[token + 1] - 1) if token + 1 < len(first_steps) else first
        for step in range(int(first), int(last) + 1):
            tokens.append(token)
            steps.append(step)
    return Alignment(
        tokens=np.array(tokens, np.int64),
        steps=np.array(steps, np.int64),
        probabilities=np.array(probabilities, np.float32),
    )
