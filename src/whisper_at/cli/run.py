"""`whisper-at annotate`: recordings one after the other; what fails is said, and the others go on."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from whisper_at.annotation import Annotation
from whisper_at.audio import Stream, split, stream
from whisper_at.audio.source import printable
from whisper_at.cli.inputs import Input, expand
from whisper_at.cli.interrupt import stop_on_interrupt
from whisper_at.cli.output import make_folder, write
from whisper_at.cli.playing import with_recording
from whisper_at.cli.progress import Bar
from whisper_at.cli.talk import say
from whisper_at.cli.terminal import show
from whisper_at.errors import AudioError, OptionError, WhisperATError
from whisper_at.hearing.options import Options
from whisper_at.pipeline import Model, load
from whisper_at.speech.languages import language_code
from whisper_at.writers import suffix
from whisper_at.writers.options import WriteOptions

FINEST_STEP = 0.01  # between temperatures: each is another try


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be done with every recording. What can be refused without a model is refused here."""

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
    writing: WriteOptions
    quiet: bool

    def __post_init__(self) -> None:
        if self.head is None and self.options.labels is not None:
            raise OptionError(
                "labels were asked for, but with head none nothing is tagged; leave one of them out"
            )
        if not (math.isfinite(self.options.tag_resolution) and self.options.tag_resolution > 0):
            raise OptionError(
                f"tag_resolution is a length in seconds, such as 10; got {self.options.tag_resolution:g}"
            )
        for language in (self.options.language, *(self.options.languages or ())):
            if language is not None:
                language_code(language)


def annotate_all(arguments: Sequence[str], job: Job) -> int:
    """Annotate all inputs; 0 if all went well, 1 if some failed."""
    inputs = expand(arguments, folder=job.output_dir, formats=[suffix(name) for name in job.formats])
    make_folder(job.output_dir)
    model = load_model(job) if any(not isinstance(item.source, AudioError) for item in inputs) else None
    with Bar(quiet=job.quiet) as bar, stop_on_interrupt() as stop:
        desk = _Desk(job=job, bar=bar, heading=len(inputs) > 1)
        if model is not None:
            heard = model.annotate_all(
                desk.recordings(inputs), options=job.options, progress=desk.progress, cancel=stop
            )
            for annotation in heard:
                desk.hand_out(annotation)
        else:
            for item in inputs:
                desk.fail(item, item.source)
        if stop.is_set():
            raise KeyboardInterrupt
    failed = desk.failed
    if failed and len(inputs) > 1:
        others = "; the others are done" if failed < len(inputs) else ""
        say(f"{failed} of {len(inputs)} inputs failed{others}")
    return 1 if failed else 0


def temperatures(first: float, step: float | None) -> tuple[float, ...]:
    """openai-whisper's two flags as the list of temperatures to try.

    >>> temperatures(0.0, 0.2), temperatures(0.5, None)
    ((0.0, 0.2, 0.4, 0.6, 0.8, 1.0), (0.5,))
    """
    if not step or not 0 <= first <= 1:  # the second is for `Options` to refuse
        return (first,)
    if not FINEST_STEP <= step < math.inf:
        raise OptionError(
            f"temperature_increment_on_fallback must be {FINEST_STEP:g} or more, or 0 for no fallback; got {step:g}"
        )
    n = int((1.0 - first) / step + 1e-6)
    return (first, *(round(first + i * step, 6) for i in range(1, n + 1)))


def listed(text: str | None) -> tuple[str, ...] | None:
    """What is joined by commas, or None if nothing is.

    >>> listed("en, de,"), listed("")
    (('en', 'de'), None)
    """
    return tuple(part.strip() for part in (text or "").split(",") if part.strip()) or None


def numbers(text: str) -> tuple[int, ...]:
    """Whole numbers joined by commas; none in an empty text.

    >>> numbers("-1, 11"), numbers("")
    ((-1, 11), ())

    Raises:
        OptionError: if one of them is no number.
    """
    try:
        return tuple(int(part) for part in listed(text) or ())
    except ValueError as error:
        raise OptionError(
            f"suppress_tokens are numbers of tokens joined by commas, such as -1,11; got {text!r}"
        ) from error


def load_model(job: Job) -> Model:
    """The model that a job asks for, checked to be able to do it."""
    model = load(
        job.model,
        head=job.head,
        device=job.device,
        threads=job.threads,
        compute_type=job.compute_type,
        offline=job.offline,
        download_root=job.download_root,
    )
    model.check(job.options)
    return model


@dataclass(kw_only=True)
class _Desk:
    """Reads the inputs as there is room for them, and writes the annotations as they come; counts what failed."""

    job: Job
    bar: Bar
    heading: bool
    failed: int = 0
    _waiting: deque[Input] = field(default_factory=deque)
    _shown: Input | None = None

    def recordings(self, inputs: Sequence[Input]) -> Iterator[Stream | tuple[Stream, ...]]:
        """Those that can be read."""
        for item in inputs:
            try:
                opened = split if self.job.options.channels == "split" else stream
                recording = opened(item.open(), offline=bool(self.job.offline))
            except WhisperATError as error:
                self.fail(item, error)
                continue
            self._waiting.append(item)
            yield recording

    def progress(self, done: float, total: float) -> None:
        """Shows how far the first of those is that are not finished."""
        if self._shown is not self._waiting[0]:
            self._shown = self._waiting[0]
            self.bar.begin(Path(self._shown.name).name)
        self.bar(done, total)

    def hand_out(self, annotation: Annotation) -> None:
        """Writes the annotation of the first of those that are not finished."""
        item = self._waiting.popleft()
        try:
            self._hand_out(item, annotation)
        except WhisperATError as error:
            self.fail(item, error)

    def fail(self, item: Input, error: object) -> None:
        """Says what is wrong with an input."""
        self.failed += 1
        with self.bar.aside():
            say(str(error) if item.name in str(error) else f"{item.name}: {error}")

    def _hand_out(self, item: Input, annotation: Annotation) -> None:
        with self.bar.aside():
            for note in annotation.notes:
                say(f"{item.name}: {note}")
            folder, job = self.job.output_dir, self.job
            source = Path(item.source) if isinstance(item.source, str | Path) else None
            writing = with_recording(
                job.writing,
                source if source and source.is_file() else None,
                folder,
                formats=job.formats,
                duration=annotation.duration,
                quiet=job.quiet,
            )
            paths = [
                write(annotation, name, folder / f"{item.stem}.{suffix(name)}", writing)
                for name in job.formats
            ]
            if job.quiet:
                return
            try:
                show(annotation, job.writing, heading=item.name if self.heading else "")
            finally:
                say("wrote " + ", ".join(printable(str(path)) for path in paths))
