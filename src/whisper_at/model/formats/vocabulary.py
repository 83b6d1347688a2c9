"""What follows from a `tokenizer.json`: the list of tokens, the languages, the tokens that are no speech.

CTranslate2 wants the list in a file of its own, and the ids in `config.json`; OpenAI's `.pt` has neither.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from whisper_at.errors import WeightsError

N_TIMESTAMPS = 1501  # 0.00 to 30.00 s in steps of 20 ms
START, TRANSLATE = "<|startoftranscript|>", "<|translate|>"
TASKS = ("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>")
NO_SPEECH = ("<|nospeech|>", "<|nocaptions|>")  # two names of one token

# Never spoken, so never to be written: marks of speaker, stage direction, music and mathematics.
_MARKS = [
    *'"#()*+/:;<=>@[\\]^_`{|}~「」『』',
    *("<<", ">>", "<<<", ">>>", "--", "---", "-(", "-[", "('", '("', "((", "))", "(((", ")))", "[[", "]]"),
    *("{{", "}}", "♪♪", "♪♪♪"),
]
_NOTES = "♩♪♫♬♭♮♯"  # several tokens each: their first one is suppressed


def tokens_of(tokenizer: Mapping[str, Any]) -> list[str]:
    """The tokens by their id, as a `tokenizer.json` gives them; most have no timestamps.

    Raises:
        WeightsError: if it is no tokenizer of byte pairs whose ids run from zero without a hole.
    """
    try:
        ids = {index: token for token, index in tokenizer["model"]["vocab"].items()}
        ids |= {added["id"]: added["content"] for added in tokenizer["added_tokens"]}
        return [ids[i] for i in range(len(ids))]
    except (KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"the tokenizer.json is none of Whisper's: {error!r} is missing") from error


def fits(tokens: Sequence[str], n_vocab: int) -> bool:
    """Whether a tokenizer is that of a model with so many tokens."""
    return n_vocab in (len(tokens), len(tokens) + N_TIMESTAMPS)


def with_timestamps(tokens: Sequence[str], n_vocab: int) -> list[str]:
    """The tokens of the model: those of the tokenizer, and timestamps up to its size.

    >>> with_timestamps(["a", "b"], 4)
    ['a', 'b', '<|0.00|>', '<|0.02|>']
    """
    if len(tokens) > n_vocab:
        raise WeightsError(f"the tokenizer.json has {len(tokens)} tokens, the model only {n_vocab}")
    return [*tokens, *(f"<|{i * 0.02:.2f}|>" for i in range(n_vocab - len(tokens)))]


def language_ids(tokens: Sequence[str]) -> list[int]:
    """The ids of the language tokens: those between the start and the first task."""
    return list(range(tokens.index(START) + 1, tokens.index(TRANSLATE)))


def suppressed_ids(tokenizer: Mapping[str, Any]) -> tuple[list[int], list[int]]:
    """The ids that are not to be written anywhere, and those not at the beginning (a blank, the end)."""
    from tokenizers import Tokenizer

    coder = Tokenizer.from_str(json.dumps(tokenizer))

    def encode(text: str) -> list[int]:
        return list(coder.encode(text, add_special_tokens=False).ids)

    never = {encode(" -")[0], encode(" '")[0]}  # inside words they are wanted: "well-known", "don't"
    for mark in [*_MARKS, *_NOTES]:
        for ids in (encode(mark), encode(f" {mark}")):
            if len(ids) == 1 or mark in _NOTES:
                never.add(ids[0])
    never |= {i for token in (START, *TASKS, *NO_SPEECH) if (i := coder.token_to_id(token)) is not None}
    return sorted(never), [encode(" ")[0], *encode("<|endoftext|>")]


def with_cantonese(tokenizer: Mapping[str, Any]) -> dict[str, Any]:
    """The tokenizer of large-v3 and turbo made from that of the models before them.

    They differ in one token: `<|yue|>` follows the other languages, and what came after them moves by one.
    """
    new = copy.deepcopy(dict(tokenizer))
    first_moved = next(t["id"] for t in new["added_tokens"] if t["content"] == TRANSLATE)
    cantonese = {**next(t for t in new["added_tokens"] if t["content"] == START)}
    for token in new["added_tokens"]:
        token["id"] += token["id"] >= first_moved
    new["added_tokens"].append({**cantonese, "id": first_moved, "content": "<|yue|>"})
    new["added_tokens"].sort(key=lambda token: token["id"])
    for token in (new.get("post_processor") or {}).get("special_tokens", {}).values():
        token["ids"] = [i + (i >= first_moved) for i in token["ids"]]
    return new
