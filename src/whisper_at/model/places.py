"""Where a published Whisper model may lie on this machine, and whether what lies there is what was published.

Nothing here uses the network or imports anything large: `whisper-at models` asks for every model.
"""

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from whisper_at.model.cache import sha256_of
from whisper_at.model.catalog import File, WhisperModel


def cached_folder(model_name: str, cache: Path) -> Path:
    """The folder of a model in our cache, whether it is there or not."""
    return cache / "whisper" / model_name


def wheel_files(model: WhisperModel) -> tuple[Path, tuple[Path, ...]] | None:
    """The folder and the parts of model.bin that installed packages bring; None if one is not installed.

    The packages are not imported.
    """
    if model.wheel is None:
        return None
    found = [_package_file(location) for location in (model.wheel.folder, *model.wheel.parts)]
    folder, *parts = found
    if folder is None or any(part is None for part in parts):
        return None
    return folder, tuple(part for part in parts if part is not None)


def _package_file(location: str) -> Path | None:
    package, _, rest = location.partition("/")
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    places = spec.submodule_search_locations if spec else None
    return next((Path(place, rest) for place in places or () if Path(place, rest).exists()), None)


def hub_cache() -> Path:
    """Where other programs keep what they fetched from the Hugging Face Hub."""
    if chosen := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(chosen).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(home, "hub").expanduser()


def hub_snapshot(model: WhisperModel) -> Path | None:
    """The pinned revision of a model in the Hub's own cache; faster-whisper, for one, leaves it there."""
    if model.revision is None:
        return None
    folder = hub_cache() / f"models--{model.repo.replace('/', '--')}" / "snapshots" / model.revision
    return folder if all((folder / file.name).is_file() for file in model.files) else None


def damage(folder: Path, files: Iterable[File], cache: Path) -> str | None:
    """What is wrong with a folder's files, as half a sentence; None if they are the published ones.

    Sizes are compared first; a sum is computed once for each file and remembered in the cache.
    """
    for file in files:
        path = folder / file.name
        if not path.is_file():
            return f"{file.name} is missing"
        if (n_bytes := path.stat().st_size) != file.n_bytes:
            return f"{file.name} has {n_bytes} bytes, wanted {file.n_bytes}"
        if file.sha256 and (sha256 := sha256_of(path, cache=cache)) != file.sha256:
            return f"{file.name} has sha256 {sha256[:12]}…, wanted {file.sha256[:12]}…"
    return None
