"""Command lines as people write them, brought to the one form that is parsed.

whisper-at a.mp3                         annotate is understood
--output_format, --output-format         are the same
--word_timestamps True                   openai-whisper's flags take a value, ours need none
--logprob_threshold None                 as there, switches a test off
"""

from collections.abc import Iterable

COMMANDS = (
    *("annotate", "convert", "find", "plot", "models", "heads"),
    *("features", "soundscapes", "teach", "train", "evaluate", "probe", "robustness"),
)
FLAGS = ("--word-timestamps", "--condition-on-previous-text", "--highlight-words", "--fp16", "--verbose")


def normalised(arguments: Iterable[str]) -> list[str]:
    """The arguments in the form that the parser takes.

    >>> normalised(["a_b.mp3", "--word_timestamps", "True", "--output_format=json"])
    ['annotate', 'a_b.mp3', '--word-timestamps', '--output-format=json']
    >>> normalised(["a.mp3", "--condition_on_previous_text=False"])
    ['annotate', 'a.mp3', '--no-condition-on-previous-text']
    """
    given = list(arguments)
    if given and given[0] not in (*COMMANDS, "--help", "-h"):
        given.insert(0, "annotate")
    result: list[str] = []
    for i, argument in enumerate(given):
        if argument == "--":
            return result + given[i:]
        name, equals, value = argument.partition("=")
        if name.startswith("--"):
            name = name.replace("_", "-")
        if name in FLAGS and _is_truth(value):
            result.append(_flag(name, value))
        elif result and result[-1] in FLAGS and _is_truth(argument):
            result[-1] = _flag(result[-1], argument)
        else:
            result.append(name + equals + value)
    return result


def number_or_none(text: object) -> float | None:
    """A number, or None where openai-whisper would switch a test off.

    >>> number_or_none("None"), number_or_none("-1")
    (None, -1.0)
    """
    return None if str(text).lower() == "none" else float(str(text))


def _is_truth(text: str) -> bool:
    return text.lower() in ("true", "false")


def _flag(name: str, value: str) -> str:
    return name if value.lower() == "true" else f"--no-{name[2:]}"
