"""`whisper-at convert`: stored annotations to any format, with no model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from whisper_at.cli.output import Stems, make_folder, write
from whisper_at.cli.playing import with_recording
from whisper_at.cli.stored import STDIN, Shelf, read_annotation, recording_beside
from whisper_at.cli.talk import emit, say
from whisper_at.errors import AnnotationError, OptionError, OutputError, WhisperATError
from whisper_at.writers import WRITERS, suffix
from whisper_at.writers.options import WriteOptions


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What is to be done with every annotation; what comes from stdin goes to stdout, in the one format there is."""

    output_dir: Path
    formats: tuple[str, ...]
    writing: WriteOptions
    quiet: bool


def convert_all(arguments: Sequence[str], job: Conversion) -> int:
    """Converts all of them; 0 if all went well, 1 if some failed.

    Raises:
        OptionError: if several formats are to go from stdin to stdout.
    """
    if STDIN in arguments and len(job.formats) > 1:
        raise OptionError(
            f"stdin is converted to stdout, which takes one format; got {', '.join(job.formats)}: name one, or a file"
        )
    make_folder(job.output_dir)
    shelf, stems, failed = Shelf(arguments), Stems(), 0
    for name in shelf.names():
        try:
            _convert(name, stems, job)
        except AnnotationError as error:
            failed += shelf.complain(name, error)
        except WhisperATError as error:
            failed += 1
            say(str(error))
    shelf.close()
    return 1 if failed else 0


def _convert(name: str, stems: Stems, job: Conversion) -> None:
    annotation = read_annotation(name)
    if job.writing.needs_words and not any(segment.words for segment in annotation.segments):
        if annotation.segments:
            raise AnnotationError(
                f"{name} has no times of words; annotate its recording with --word_timestamps True"
            )
    if name == STDIN:
        emit("".join(WRITERS[one](annotation, job.writing) for one in job.formats))
        return
    stem = stems.take(Path(name))
    paths = [job.output_dir / f"{stem}.{suffix(one)}" for one in job.formats]
    for path in paths:
        if path.resolve() == Path(name).resolve():
            raise OutputError(f"{path} would be written over itself; choose another --output_dir")
    writing = with_recording(
        job.writing,
        recording_beside(Path(name)),
        job.output_dir,
        formats=job.formats,
        duration=annotation.duration,
        quiet=job.quiet,
    )
    for one, path in zip(job.formats, paths, strict=True):
        write(annotation, one, path, writing)
    if not job.quiet:
        say("wrote " + ", ".join(str(path) for path in paths))
