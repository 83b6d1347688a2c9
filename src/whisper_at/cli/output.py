"""Where results go: which formats, which folder, and files that appear whole."""

import os
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from whisper_at.annotation import Annotation
from whisper_at.audio.source import printable
from whisper_at.errors import OptionError, OutputError
from whisper_at.files import write_atomically
from whisper_at.writers import WRITERS
from whisper_at.writers.options import WriteOptions


def formats(text: str) -> tuple[str, ...]:
    """The formats in a list such as `json,txt`, each once, or all of them.

    Raises:
        OptionError: if there is no such format.
    """
    names = tuple(name.strip().lower() for name in text.split(","))
    for name in names:
        if name not in (*WRITERS, "all"):
            raise OptionError(f"output_format must be {', '.join(WRITERS)} or all; got {name!r}")
    return tuple(WRITERS) if "all" in names else tuple(dict.fromkeys(names))


@dataclass
class Stems:
    """Names of results that differ from one another, so that none is written over another: a/talk.json, b/talk.json."""

    _taken: set[str] = field(default_factory=set)

    def take(self, path: Path) -> str:
        """The stem of a file, with the names of folders before it as far as it takes, then a number.

        >>> stems = Stems()
        >>> [stems.take(Path(path)) for path in ("a/talk.json", "b/talk.json", "b/talk.json")]
        ['talk', 'b-talk', 'talk-2']
        """
        folders = [part for part in path.parent.parts if part not in (path.anchor, "..")]
        longer = ("-".join([*folders[i:], path.stem]) for i in range(len(folders), -1, -1))
        for stem in chain(longer, (f"{path.stem}-{i}" for i in count(2))):
            if stem.casefold() not in self._taken:  # some file systems do not tell A from a
                break
        self._taken.add(stem.casefold())
        return stem


def write(annotation: Annotation, name: str, path: Path, options: WriteOptions) -> Path:
    """Writes an annotation in a format, whole or not at all.

    Raises:
        OutputError: if it cannot be written.
    """
    try:
        with write_atomically(path, "w") as file:
            file.write(WRITERS[name](annotation, options))
    except OSError as error:
        raise OutputError(
            f"{printable(str(path))} could not be written ({error.strerror or error}); "
            f"free space or choose another --output_dir"
        ) from error
    return path


def make_folder(folder: Path) -> None:
    """Makes the folder for results where it is not there yet.

    Raises:
        OutputError: if it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "a file is called so" if folder.is_file() else error.strerror
        raise OutputError(
            f"the folder {folder} cannot be made ({reason}); choose another --output_dir"
        ) from error
    if not os.access(folder, os.W_OK):
        raise OutputError(
            f"the folder {folder} may not be written to by this user; choose another --output_dir"
        )
