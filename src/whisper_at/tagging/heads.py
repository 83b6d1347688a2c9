"""Finding a head by name or path: those in the package, those in the cache, those in a file."""

import hashlib
from difflib import get_close_matches
from functools import partial
from importlib.resources import files
from pathlib import Path

from whisper_at.errors import HeadError
from whisper_at.files import write_atomically
from whisper_at.model.cache import Location, cache_folder, locked
from whisper_at.model.catalog import HEADS, WHISPER, PublishedHead
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.formats.published_head import convert_head
from whisper_at.model.head_file import Head, HeadCard, read_head
from whisper_at.tagging import ontology

DEFAULT = "default"


def find_head(
    name_or_path: Location,
    *,
    encoder: str,
    dims: Dimensions,
    offline: bool = False,
    download_root: Location | None = None,
) -> Head:
    """The head for an encoder, checked to fit it.

    Args:
        name_or_path: `default` for the encoder's own, a name that `whisper-at models` lists, or a file.
        encoder: name of the Whisper model, such as `base`.

    Raises:
        HeadError: if there is no such head; says where it was looked for.
        HeadMismatch: if it was trained on other taps.
    """
    name = str(name_or_path)
    wanted = _default_name(encoder, dims) if name == DEFAULT else name
    if wanted in packaged_heads():
        head = read_head(packaged_heads()[wanted])
    elif (cached := heads_folder(download_root) / f"{wanted}.safetensors").is_file():
        head = read_head(cached)
    elif wanted in HEADS:
        head = _fetch(HEADS[wanted], heads_folder(download_root), offline=offline)
    elif Path(name).suffix in (".safetensors", ".pth") or Path(name).exists() or Path(name).name != name:
        head = read_head(Path(name))
    else:
        known = [*packaged_heads(), *HEADS]
        near = get_close_matches(name, known, n=3) or known
        raise HeadError(
            f"no head is called {name!r}; there is {', '.join(near)}; or give the path of a file, or none"
        )
    head.card.check(encoder, dims)
    return head


def heads_folder(download_root: Location | None = None) -> Path:
    """Where converted heads are kept."""
    return cache_folder(download_root) / "heads"


def packaged_heads() -> dict[str, Path]:
    """The heads that come with the package, by name."""
    folder = Path(str(files("whisper_at.tagging") / "packaged"))
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}


def import_head(
    path: Path,
    *,
    encoder: str | None = None,
    architecture: str | None = None,
    time_heads: int = 1,
    download_root: Location | None = None,
) -> Path:
    """Convert a published `.pth` checkpoint, or one of the original's training code, to a head file in the cache.

    Args:
        encoder: the Whisper model; where it is not given, it is read off the published name (`base.en_ori.pth`).
        architecture: needed for heads on the mean over layers, which look like those on the last layer.
        time_heads: attention heads of the transformer over time; published ones have one.

    Raises:
        HeadError: if the file is no checkpoint of a head, or nothing tells its encoder.
    """
    known = {head.file: head for head in HEADS.values()}.get(path.name)
    encoder = encoder or (known.encoder if known else None)
    if encoder is None:
        raise HeadError(
            f"{path.name} is not the name of a published head, so say whose taps it reads: --encoder base"
        )
    name = known.name if known and known.encoder == encoder else path.stem
    target = heads_folder(download_root) / f"{name}.safetensors"
    card = partial(_published_card, name=name, encoder=encoder, time_heads=time_heads, known=known)
    target.parent.mkdir(parents=True, exist_ok=True)
    convert_head(path, target, card, architecture=architecture)
    return target


def _fetch(published: PublishedHead, folder: Path, *, offline: bool) -> Head:
    """Download a published head, check it, convert it, keep it."""
    if offline:
        raise HeadError(
            f"head {published.name} is neither in the package nor in {folder}, and the network is switched off; "
            f"fetch {published.file} elsewhere and run: whisper-at heads import {published.file}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    download = folder / published.file
    with locked(folder.parent, published.name):
        if not download.is_file():
            _download(published, download)
        return read_head(import_head(download, download_root=folder.parent))


def _download(published: PublishedHead, target: Path) -> None:
    from urllib.error import URLError
    from urllib.request import urlopen

    url = published.urls[0]
    try:
        with urlopen(url, timeout=30) as response:
            content = response.read(4 * published.parameters + 1_000_000)
    except (URLError, OSError) as error:
        raise HeadError(
            f"head {published.name} could not be fetched from {url} ({getattr(error, 'reason', error)}); use another "
            f"--head, --head none, or fetch it elsewhere and run: whisper-at heads import {published.file}"
        ) from error
    sha256 = hashlib.sha256(content).hexdigest()
    if not published.plausible(len(content)) or published.sha256 not in (None, sha256):
        raise HeadError(
            f"{url} answered with {len(content):,} bytes that are not head {published.name} "
            f"({4 * published.parameters:,} bytes and a little); the link may have died: fetch the file elsewhere"
        )
    with write_atomically(target) as file:
        file.write(content)


def _default_name(encoder: str, dims: Dimensions) -> str:
    """The encoder's own head; for one that nobody has published, a fine-tuned `base` say, that of its size."""
    cards = {name: read_head(path).card for name, path in packaged_heads().items()}
    own = [name for name, card in cards.items() if card.encoder == encoder]
    if not own and encoder not in WHISPER:
        own = [
            name
            for name, card in cards.items()
            if (card.n_state, card.n_layers) == (dims.n_state, dims.n_layers)
        ]
    return own[0] if own else f"{encoder}-tl-tr"  # the one that was published


def _published_card(
    *,
    architecture: str,
    n_state: int,
    n_layers: int,
    n_labels: int,
    name: str,
    encoder: str,
    time_heads: int,
    known: PublishedHead | None,
) -> HeadCard:
    labels = ontology.labels()
    if n_labels != len(labels):
        raise HeadError(
            f"{name} has {n_labels} labels; only heads with AudioSet's {len(labels)} can be imported"
        )
    mids = tuple(label.mid for label in labels)
    return HeadCard(
        name=name,
        architecture=architecture,
        encoder=encoder,
        n_state=n_state,
        n_layers=n_layers,
        time_heads=time_heads,
        mids=mids,
        names=tuple(label.name for label in labels),
        reported=mids,
        threshold=0.27,  # the original reports logits above -1
        trained_on="AudioSet-2M" if known else "",
        notes="published by Gong et al. (Interspeech 2023)" if known else f"imported from {name}",
        scores={"mAP, AudioSet evaluation set, 10 s context, as published": known.mean_average_precision}
        if known
        else {},
    )
