"""`whisper-at probe`: what each layer of an encoder knows of the sounds of a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whisper_at.cli.evaluate import opened
from whisper_at.cli.progress import Bar
from whisper_at.cli.talk import emit, say

if TYPE_CHECKING:
    from whisper_at.probing.means import ProbedEncoder

HELP = """
Fit a linear probe to each layer of an encoder, and measure what it tells of the classes of a corpus.

\b
  whisper-at probe ESC-50/ --out probes/
  whisper-at probe corpus.tsv --subset esc10 --model tiny.en --out probes/
  whisper-at probe corpus.tsv --model hf:wav2vec2-base/

Cross-validated by the folds of the corpus, three or more. Beside the layers stand controls: the mean log-mel, the same
encoder with random weights, shuffled labels. With --out, probe.json and pictures go to a folder.
"""
RESULT = "probe.json"
TRANSFORMERS = "hf:"


def probe(
    manifest: Annotated[Path, typer.Argument(help="A manifest (csv, tsv, jsonl) or the folder of a corpus.")],
    model: Annotated[
        str, typer.Option(help="Whisper model, or hf:FOLDER for wav2vec 2.0, HuBERT or WavLM.")
    ] = "base",
    subset: Annotated[str | None, typer.Option(help="Only the clips of this subset.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for JSON and pictures.")] = None,
    labels: Annotated[
        str, typer.Option(help="Labels of the clips, where there is a choice: auto, audioset, own.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Of random weights, shuffled labels and intervals.")] = 0,
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.")] = 1000,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out clips that are not there, and say which.")
    ] = False,
    threads: Annotated[int, typer.Option(help="Processor threads; 0 for all cores.")] = 0,
    model_dir: Annotated[Path | None, typer.Option(help="Folder for weights, instead of the cache.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="The table and errors only.")] = False,
) -> None:
    """Fit a linear probe to each layer of an encoder."""
    from whisper_at.datasets.parts import of_subset
    from whisper_at.evaluation.need import need
    from whisper_at.evaluation.plain import write_json
    from whisper_at.probing import probe as probing
    from whisper_at.probing.plots import write_plots
    from whisper_at.probing.table import as_text

    need("sklearn.linear_model")
    if out is not None:
        need("matplotlib")
    dataset = of_subset(opened(manifest, labels=labels, complete=None, skip_missing=skip_missing), subset)
    encoder = _encoder(model, model_dir=model_dir, threads=threads, offline=offline or None)
    with Bar(quiet=quiet) as bar:
        bar.begin("hearing and probing")
        found = probing.probe(encoder, dataset, seed=seed, resamples=resamples, progress=bar)
    emit(as_text(found))
    if out is not None:
        folder = out.expanduser()
        path = folder / RESULT
        write_json(found.to_dict(), path)
        for written in (path, *write_plots(found, folder)):
            if not quiet:
                say(f"wrote {written}")


def _encoder(name: str, *, model_dir: Path | None, threads: int, offline: bool | None) -> "ProbedEncoder":
    if name.startswith(TRANSFORMERS):
        from whisper_at.probing.transformers_encoder import TransformersEncoder

        return TransformersEncoder(Path(name.removeprefix(TRANSFORMERS)).expanduser())
    from whisper_at.model.weights import find
    from whisper_at.probing.means import WhisperEncoder

    return WhisperEncoder.of(find(name, download_root=model_dir, offline=offline), threads=threads)
