"""Results of plain values as JSON, in files and back: what was written comes back the same, or is an error."""

import dataclasses
import json
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from whisper_at.errors import OutputError
from whisper_at.files import write_atomically

Kind = TypeVar("Kind")


def write_json(data: Mapping[str, Any], path: Path) -> None:
    """A result to a file, whose folder is made if it is not there.

    Raises:
        OutputError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path, "w") as file:
            file.write(json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; check the folder") from error


def to_json(value: Any, schema: str) -> dict[str, Any]:
    """A dataclass as lists, dictionaries, strings and numbers, with the name of its schema."""
    return {"schema": schema, **_plain(dataclasses.asdict(value))}


def from_json(kind: type[Kind], data: Mapping[str, Any], schema: str) -> Kind:
    """What `to_json` wrote.

    Raises:
        ValueError: if it is of another schema, or a field is missing, unknown or of another kind.
    """
    if data.get("schema") != schema:
        raise ValueError(f"expected a result of schema {schema}, found {data.get('schema')!r}")
    try:
        found: Kind = _built(kind, {name: value for name, value in data.items() if name != "schema"})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a whole {schema} result: {error}") from error
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _built(kind: Any, value: Any) -> Any:
    """A value of JSON as the type that a field has."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        strange = set(value) - set(hints)
        if strange:
            raise TypeError(f"{kind.__name__} has no field {sorted(strange)[0]!r}")
        return kind(**{name: _built(hints[name], one) for name, one in value.items()})
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):  # X | None
        return None if value is None else _built(next(one for one in inner if one is not type(None)), value)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError(f"wanted a list, found {value!r:.40}")
        return tuple(_built(inner[0], one) for one in value)
    if kind is Any:
        return value
    if origin is not None:  # a mapping
        return {name: _built(inner[1], one) for name, one in value.items()}
    if not isinstance(value, (int, float) if kind is float else kind):
        raise TypeError(f"wanted {kind.__name__}, found {value!r:.40}")
    return value
