"""`whisper-at annotate`: recordings one after the other; what fails is said, and the others go on."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from whisper_at.annotation import Annotation
from whisper_at.cli.inputs import Input, expand
from whisper_at.cli.progress import Bar
from whisper_at.errors import OptionError, OutputError, WhisperATError
from whisper_at.model.cache import write_atomically
from whisper_at.pipeline import Model, Options, load
from whisper_at.writers import WRITERS
from whisper_at.writers.readable import to_readable


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be done with every recording."""

    model: str
    head: str | None
    device: str
    threads: int
    compute_type: str
    offline: bool | None
    download_root: Path | None
    output_dir: Path
    formats: tuple[str, ...]
    options: Options
    quiet: bool


def annotate_all(arguments: Sequence[str], job: Job) -> int:
    """Annotate all inputs; 0 if all went well, 1 if some failed."""
    inputs = expand(arguments)
    _make_folder(job.output_dir)
    model = load(
        job.model,
        head=job.head,
        device=job.device,
        threads=job.threads,
        compute_type=job.compute_type,
        offline=job.offline,
        download_root=job.download_root,
    )
    failed = 0
    with Bar(quiet=job.quiet) as bar:
        for item in inputs:
            try:
                _annotate(item, model, job, bar, heading=len(inputs) > 1)
            except OptionError:
                raise  # it would fail for each of them alike
            except WhisperATError as error:
                failed += 1
                _say(f"{item.name}: {error}" if item.name not in str(error) else str(error))
    if failed and len(inputs) > 1:
        _say(f"{failed} of {len(inputs)} inputs failed; the others are done")
    return 1 if failed else 0


def temperatures(first: float, step: float) -> tuple[float, ...]:
    """openai-whisper's two flags as the list of temperatures to try.

    >>> temperatures(0.0, 0.2)
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    """
    if step <= 0:
        return (first,)
    n = int((1.0 - first) / step + 1e-6)
    return (first, *(round(first + i * step, 6) for i in range(1, n + 1)))


def formats(text: str) -> tuple[str, ...]:
    """The formats in a list such as `json,txt`, or all of them.

    Raises:
        OptionError: if there is no such format.
    """
    names = tuple(WRITERS) if text == "all" else tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in WRITERS:
            raise OptionError(f"output_format must be {', '.join(WRITERS)} or all; got {name!r}")
    return names


def _annotate(item: Input, model: Model, job: Job, bar: Bar, *, heading: bool) -> None:
    bar.begin(Path(item.name).name)
    annotation = model.annotate(item.open(), options=job.options, progress=bar)
    for note in annotation.notes:
        _say(f"{item.name}: {note}")
    paths = [_write(annotation, name, job.output_dir / f"{item.stem}.{name}") for name in job.formats]
    if not job.quiet:
        title = f"{item.name}\n" if heading else ""
        sys.stdout.write(title + to_readable(annotation) + ("\n" if heading else ""))
        sys.stdout.flush()
        _say("wrote " + ", ".join(str(path) for path in paths))


def _write(annotation: Annotation, name: str, path: Path) -> Path:
    try:
        with write_atomically(path, "w") as file:
            file.write(WRITERS[name](annotation))
    except OSError as error:
        raise OutputError(
            f"{path} could not be written ({error.strerror or error}); free space or choose another --output_dir"
        ) from error
    return path


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {folder} cannot be made ({error.strerror}); choose another --output_dir"
        ) from error


def _say(text: str) -> None:
    print(f"whisper-at: {text}", file=sys.stderr)
