"""`whisper-at robustness`: how noise changes words, and how well it is named under speech."""

import json
from pathlib import Path
from typing import Annotated

import typer

from whisper_at.cli.evaluate import opened
from whisper_at.cli.progress import Bar
from whisper_at.cli.talk import emit, say
from whisper_at.errors import DatasetError, OptionError

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
    probe: Annotated[
        Path | None, typer.Option(help="probe.json of the noise, to set its F1 beside what each class costs.")
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
    from whisper_at.datasets.parts import of_fold, of_subset
    from whisper_at.evaluation.need import need
    from whisper_at.evaluation.plain import write_json
    from whisper_at.robustness.plan import plan, ratios
    from whisper_at.robustness.plots import write_plots
    from whisper_at.robustness.summary import summarise
    from whisper_at.robustness.sweep import about, run
    from whisper_at.robustness.table import as_text

    for module in ("jiwer", "whisper_normalizer.basic", "matplotlib", "pyarrow"):
        need(module)  # better missed now than after an hour
    f1 = None if probe is None else _f1_of(probe)
    spoken = opened(speech, labels="auto", complete=None, skip_missing=skip_missing)
    noises = opened(noise, labels=labels, complete=None, skip_missing=skip_missing)
    chosen = plan(
        of_fold(of_subset(spoken, speech_subset), fold),
        of_fold(of_subset(noises, noise_subset), fold),
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
    found = summarise(rows, f1=f1, about=about(folder))
    path = folder / RESULT
    write_json(found.to_dict(), path)
    emit(as_text(found))
    for written in (path, *write_plots(found, folder)):
        if not quiet:
            say(f"wrote {written}")


def _f1_of(path: Path) -> dict[str, dict[str, float]]:
    """F1 by class in the layer that tells the classes best, and in the last one, which the paper took.

    Raises:
        DatasetError: if the file holds no result of a probe.
    """
    from whisper_at.probing.result import ProbeResult

    try:
        layers = ProbeResult.from_dict(json.loads(path.read_text("utf-8"))).layers()
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{path} is no result of whisper-at probe ({error}); make one with --out"
        ) from error
    best = max(layers, key=lambda one: one.mean_of_folds)
    return {
        one.name: {name: f1.value for name, f1 in one.f1.items() if f1.value is not None}
        for one in (best, layers[-1])
    }


def _gates(text: str) -> tuple[str, ...]:
    from whisper_at.speech.options import SPEECH_GATES

    found = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    wrong = [one for one in found if one not in SPEECH_GATES]
    if wrong:
        raise OptionError(f"gates are {', '.join(SPEECH_GATES)}, joined by commas; got {wrong[0]!r}")
    return found
