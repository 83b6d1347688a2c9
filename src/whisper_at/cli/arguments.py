"""Command lines as people write them, brought to the one form that is parsed.

whisper-at a.mp3                         annotate is understood
--output_format, --output-format         are the same
--word_timestamps True                   openai-whisper's flags take a value, ours need none
"""

from collections.abc import Iterable

COMMANDS = ("annotate", "models", "heads")
FLAGS = ("--word-timestamps", "--condition-on-previous-text")


def normalised(arguments: Iterable[str]) -> list[str]:
    """The arguments in the form that the parser takes.

    >>> normalised(["a_b.mp3", "--word_timestamps", "True", "--output_format=json"])
    ['annotate', 'a_b.mp3', '--word-timestamps', '--output-format=json']
    >>> normalised(["a.mp3", "--condition_on_previous_text", "False"])
    ['annotate', 'a.mp3', '--no-condition-on-previous-text']
    """
    given = list(arguments)
    if given and given[0] not in (*COMMANDS, "--help", "-h"):
        given.insert(0, "annotate")
    result: list[str] = []
    for i, argument in enumerate(given):
        if argument == "--":
            return result + given[i:]
        if argument.startswith("--"):
            name, equals, value = argument.partition("=")
            argument = name.replace("_", "-") + equals + value
        if result and result[-1] in FLAGS and argument.lower() in ("true", "false"):
            if argument.lower() == "false":
                result[-1] = "--no-" + result[-1][2:]
        else:
            result.append(argument)
    return result
