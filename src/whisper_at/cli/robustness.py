"""`whisper-at robustness`: how noise changes words, and how well it is named under speech."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whisper_at.cli.evaluate import opened
from whisper_at.cli.progress import Bar
from whisper_at.cli.talk import emit, say
from whisper_at.errors import DatasetError, OptionError

if TYPE_CHECKING:
    from whisper_at.datasets.clip import Dataset

HELP = """
Mix speech with noise at many levels, and measure what becomes of the words and of the name of the noise.

\b
  whisper-at robustness speech.tsv ESC-50/ --out sweep/
  whisper-at robustness corpus.tsv corpus.tsv --speech-subset read --noise-subset esc10 --fold 4 --out sweep/
  whisper-at robustness LibriSpeech/test-clean ESC-50/ --model tiny.en --snr 20,10,0 --out sweep/

Each noise class is heard under the same sentences, at each ratio and by itself. What is finished is kept: the same
command goes on where it was. OUT gets robustness.json, recordings.parquet (a row for each) and pictures.
"""
RESULT = "robustness.json"


def robustness(
    speech: Annotated[Path, typer.Argument(help="Manifest or folder of a corpus with transcripts.")],
    noise: Annotated[Path, typer.Argument(help="Manifest or folder of a corpus with labels.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for rows, results and pictures.")],
    model: Annotated[str, typer.Option(help="Whisper model.")] = "base",
    head: Annotated[str, typer.Option(help="Tagging head: default, none, a name, or a path.")] = "default",
    snr: Annotated[
        str, typer.Option(help="Decibels of speech over noise: a list, or FIRST:LAST:STEP.")
    ] = "-20:20:5",
    sentences: Annotated[int, typer.Option(help="How many are heard, each under every class.")] = 40,
    gates: Annotated[str, typer.Option(help="Speech gates to hear with: off, auto, strict.")] = "off,auto",
    seed: Annotated[int, typer.Option(help="Of the sentences and of where noises begin.")] = 0,
    fold: Annotated[
        str | None, typer.Option(help="Only the clips of this fold, such as one no head was trained on.")
    ] = None,
    speech_subset: Annotated[str | None, typer.Option(help="Only the speech of this subset.")] = None,
    noise_subset: Annotated[str | None, typer.Option(help="Only the noise of this subset.")] = None,
    labels: Annotated[
        str, typer.Option(help="Labels of the noise, where there is a choice: auto, audioset, own.")
    ] = "auto",
    language: Annotated[
        str | None, typer.Option(help="Of the speech, where its corpus does not tell [default: detect it].")
    ] = None,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out clips that are not there, and say which.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Processes that work at the same time.")] = 1,
    threads: Annotated[int, typer.Option(help="Processor threads of each; 0 for all cores.")] = 0,
    model_dir: Annotated[Path | None, typer.Option(help="Folder for weights, instead of the cache.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="The table and errors only.")] = False,
) -> None:
    """Mix speech with noise, and measure words and names."""
    from whisper_at.evaluation.need import need
    from whisper_at.files import write_atomically
    from whisper_at.robustness.plan import plan, ratios
    from whisper_at.robustness.plots import write_plots
    from whisper_at.robustness.summary import summarise
    from whisper_at.robustness.sweep import about, run
    from whisper_at.robustness.table import as_text

    for module in ("jiwer", "whisper_normalizer.basic", "matplotlib", "pyarrow"):
        need(module)  # better missed now than after an hour
    chosen = plan(
        _part(opened(speech, labels="auto", complete=None, skip_missing=skip_missing), speech_subset, fold),
        _part(opened(noise, labels=labels, complete=None, skip_missing=skip_missing), noise_subset, fold),
        snrs=ratios(snr),
        gates=_gates(gates),
        sentences=sentences,
        seed=seed,
    )
    if not quiet:
        say(
            f"{chosen.n_sentences} sentences, {len(chosen.classes)} classes, {chosen.n_recordings} recordings"
        )
    hears = {
        "name": model,
        "head": None if head == "none" else head,
        "threads": threads,
        "offline": offline or None,
        "download_root": model_dir,
    }
    folder = out.expanduser()
    with Bar(quiet=quiet) as bar:
        bar.begin("hearing")
        rows = run(chosen, folder, model=hears, language=language, workers=workers, progress=bar)
    found = summarise(rows, about=about(folder))
    path = folder / RESULT
    with write_atomically(path, "w") as file:
        file.write(json.dumps(found.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    emit(as_text(found))
    for written in (path, *write_plots(found, folder)):
        if not quiet:
            say(f"wrote {written}")


def _part(dataset: "Dataset", subset: str | None, fold: str | None) -> "Dataset":
    """The clips of a subset and a fold.

    Raises:
        DatasetError: if there are none; names the subsets and folds there are.
    """
    clips = tuple(
        clip
        for clip in dataset.clips
        if (subset is None or clip.subset == subset) and (fold is None or clip.fold == fold)
    )
    if not clips:
        subsets = ", ".join(sorted({clip.subset for clip in dataset.clips if clip.subset})) or "none"
        folds = ", ".join(sorted({clip.fold for clip in dataset.clips if clip.fold})) or "none"
        raise DatasetError(
            f"{dataset.name} has no clip of subset {subset or 'any'} and fold {fold or 'any'}; "
            f"its subsets are {subsets}; its folds {folds}"
        )
    return replace(dataset, clips=clips)


def _gates(text: str) -> tuple[str, ...]:
    from whisper_at.speech.options import SPEECH_GATES

    found = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    wrong = [one for one in found if one not in SPEECH_GATES]
    if wrong:
        raise OptionError(f"gates are {', '.join(SPEECH_GATES)}, joined by commas; got {wrong[0]!r}")
    return found
