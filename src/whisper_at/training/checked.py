"""Tables of a file to frozen dataclasses: every key and every value is checked, and an error says what would do."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin, get_type_hints

from whisper_at.errors import TrainingError


def made(cls: type[Any], data: Mapping[str, Any], *, at: str) -> Any:
    """The dataclass from a table whose keys are its fields; `at` is its section with a dot, or nothing.

    Raises:
        TrainingError: for a key that does not exist or is missing, or a value of the wrong kind.
    """
    hints = get_type_hints(cls)
    where = f"[{at.rstrip('.')}]" if at else "the recipe"
    if unknown := next((key for key in data if key not in hints), None):
        near = get_close_matches(unknown, hints, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(hints)}"
        raise TrainingError(f"{where} has no key {unknown!r}; {hint}")
    required = [f.name for f in fields(cls) if f.default is f.default_factory]  # both are missing
    if missing := [name for name in required if name not in data]:
        raise TrainingError(f"{where} lacks {', '.join(missing)}")
    return cls(**{key: _read(hints[key], value, key=at + key) for key, value in data.items()})


def _read(hint: Any, value: Any, *, key: str) -> Any:
    """A value of the kind that its key wants."""
    if get_origin(hint) is Literal:
        return choice(key, value, get_args(hint))
    if get_origin(hint) is tuple:
        need(isinstance(value, list | tuple), key, "a list", value)
        return tuple(_read(get_args(hint)[0], item, key=key) for item in value)
    if hint not in (str, int, float, bool):
        need(isinstance(value, Mapping), key, "a section", value)
        return made(hint, value, at=f"{key}.")
    kinds: dict[type, tuple[str, tuple[type, ...]]] = {
        str: ("a string", (str,)),
        int: ("a whole number", (int,)),
        float: ("a number", (int, float)),
        bool: ("true or false", (bool,)),
    }
    wanted, accepted = kinds[hint]
    need(isinstance(value, accepted) and isinstance(value, bool) == (hint is bool), key, wanted, value)
    return hint(value)


def choice(key: str, value: Any, choices: Sequence[str]) -> Any:
    """The value, if it is one of the choices; else an error with the nearest one."""
    near = get_close_matches(str(value), choices, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    need(value in choices, key, f"one of {', '.join(choices)}", value, hint)
    return value


def need(true: bool, key: str, wanted: str, got: Any, hint: str = "") -> None:
    """An error that says what a key wants and got, unless it is true."""
    if not true:
        raise TrainingError(f"{key} must be {wanted}; got {got!r}{hint}")
