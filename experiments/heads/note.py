"""Write the notes of `build.py` into the cards of heads that were built before it had any.

    python experiments/heads/note.py src/whisper_at/tagging/packaged/*.safetensors

Only the card changes: the weights are read back and compared bit for bit before the file is replaced. Its sha256
changes with the card, so run.json of the head's run names that of the file as the run has left it.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from build import NOTES
from safetensors.numpy import load_file

from whisper_at.errors import HeadError, WhisperATError
from whisper_at.model.head_file import read_head, write_head


def note(path: Path, notes: str) -> None:
    """Put notes into the card of a head.

    Raises:
        HeadError: if it is no head, or the file would have other weights; it is left as it was then.
    """
    card = replace(read_head(path).card, notes=notes)
    weights = load_file(path)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        written = Path(folder) / path.name
        write_head(written, card, weights)
        again = load_file(written)
        same = weights.keys() == again.keys() and all(
            array.dtype == again[name].dtype and array.tobytes() == again[name].tobytes()
            for name, array in weights.items()
        )
        if not same or read_head(written).card != card:
            raise HeadError(f"{path.name} would not be the same head with notes; it is left as it was")
        written.replace(path)


def main(arguments: list[str] | None = None) -> None:
    """Put the notes into each file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("heads", nargs="+", type=Path, metavar="HEAD")
    parser.add_argument("--notes", default=NOTES, help="instead of those of build.py")
    args = parser.parse_args(arguments)
    for path in args.heads:
        try:
            note(path, args.notes)
        except WhisperATError as error:
            sys.exit(f"note: {error}")
        print(json.dumps({"head": path.name, "sha256": read_head(path).sha256}))


if __name__ == "__main__":
    main()
