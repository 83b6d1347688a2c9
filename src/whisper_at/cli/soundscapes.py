"""`whisper-at soundscapes`: scenes with exact truth from a corpus, as files with a manifest."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from whisper_at.cli.features import opened
from whisper_at.cli.progress import Bar
from whisper_at.cli.talk import emit, say
from whisper_at.errors import OptionError

if TYPE_CHECKING:
    from whisper_at.datasets.scenes.recipe import SceneRecipe

HELP = """
Make scenes with exact truth from the clips of a corpus: backgrounds, events over them at random times and
levels, speech with its transcript, rooms and codecs.

\b
  whisper-at soundscapes corpus.tsv --out scenes/ --scenes 1000
                                                   a thousand scenes of each fold
  whisper-at soundscapes corpus.tsv --out test/ --scenes 200 --fold 4 --seed 7 --speech-share 1
                                                   all with speech, of fold 4 alone
  whisper-at soundscapes corpus.tsv --out scenes/ --scenes 1000 --workers 4
                                                   after an interruption: goes on where it was

Clips of different folds never meet. The same seed gives the same scenes.
"""


def soundscapes(
    manifest: Annotated[Path, typer.Argument(help="A manifest (csv, tsv, jsonl) or the folder of a corpus.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the scenes and their manifest.")],
    scenes: Annotated[int, typer.Option(help="How many of each fold.")] = 100,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    fold: Annotated[
        list[str] | None, typer.Option(help="Make scenes of this one; may be repeated [default: each].")
    ] = None,
    deal_folds: Annotated[
        bool, typer.Option("--deal-folds", help="Deal clips without a fold out to the folds, by file name.")
    ] = False,
    recipe: Annotated[
        Path | None, typer.Option(help="JSON with fields of a scene recipe; options go before it.")
    ] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds of a scene [default: 30].")] = None,
    events: Annotated[str | None, typer.Option(help="FEWEST:MOST of a scene [default: 1:8].")] = None,
    snr: Annotated[
        str | None, typer.Option(help="LOW:HIGH decibels of events over the background [default: 0:30].")
    ] = None,
    speech_snr: Annotated[
        str | None, typer.Option(help="LOW:HIGH decibels of speech over the background [default: 5:30].")
    ] = None,
    speech_share: Annotated[float | None, typer.Option(help="Of scenes with speech [default: 0.5].")] = None,
    room_share: Annotated[float | None, typer.Option(help="Of scenes in a room [default: 0.3].")] = None,
    codec_share: Annotated[
        float | None, typer.Option(help="Of scenes through a codec or the like [default: 0.3].")
    ] = None,
    gap_share: Annotated[
        float | None, typer.Option(help="Of scenes with a stretch of silence [default: 0.2].")
    ] = None,
    unlabelled_share: Annotated[
        float | None, typer.Option(help="Of events from clips without labels [default: 0].")
    ] = None,
    background: Annotated[
        list[str] | None, typer.Option(help="Subset that holds backgrounds; may be repeated.")
    ] = None,
    trusted: Annotated[
        list[str] | None,
        typer.Option(help="Subset in whose clips nothing else is heard, * for all; may be repeated."),
    ] = None,
    skip_missing: Annotated[
        bool, typer.Option("--skip-missing", help="Leave out clips that are not there, and say which.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Processes that work at the same time; 0: one a core.")] = 1,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="The manifest's path and errors only.")
    ] = False,
) -> None:
    """Make scenes with exact truth from the clips of a corpus."""
    from whisper_at.datasets import soundscapes as making

    chosen = told_recipe(
        recipe,
        duration=duration,
        events=None if events is None else numbers("events", events, int),
        snr=None if snr is None else numbers("snr", snr, float),
        speech_snr=None if speech_snr is None else numbers("speech_snr", speech_snr, float),
        speech_share=speech_share,
        room_share=room_share,
        codec_share=codec_share,
        gap_share=gap_share,
        unlabelled_share=unlabelled_share,
        background_subsets=background or None,
        trusted=trusted or None,
    )
    dataset, _ = opened(manifest, skip_missing=skip_missing)
    if deal_folds:
        dataset = making.deal_folds(dataset)
    folds = tuple(dict.fromkeys(fold or sorted({clip.fold for clip in dataset.clips})))
    if not quiet:
        hours = scenes * len(folds) * chosen.duration / 3600
        say(f"{scenes} scenes of {len(folds)} {'fold' if len(folds) == 1 else 'folds'}, {hours:.2f} h")
    with Bar(quiet=quiet) as bar:
        bar.begin("making scenes")
        path = making.write_soundscapes(
            dataset,
            out.expanduser(),
            scenes,
            chosen,
            seed=seed,
            folds=folds,
            workers=workers or os.cpu_count() or 1,
            progress=lambda done, total: bar(done * chosen.duration, total * chosen.duration),
        )
    emit(f"{path}\n")


def told_recipe(file: Path | None, **given: Any) -> "SceneRecipe":
    """The recipe of a file, if there is one, with what was given besides.

    Raises:
        OptionError: if the file cannot be read, or something in it makes no sense.
    """
    from whisper_at.datasets.soundscapes import SceneRecipe

    told: Any = {}
    if file is not None:
        try:
            told = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise OptionError(f"the recipe {file} cannot be read as JSON: {error}; check it") from error
        if not isinstance(told, dict):
            raise OptionError(f'the recipe {file} must be a JSON object such as {{"events": [1, 8]}}')
    return SceneRecipe.from_dict(told | {name: value for name, value in given.items() if value is not None})


def numbers(name: str, text: str, kind: type[int] | type[float]) -> list[float]:
    """Two numbers.

    >>> numbers("snr", "-3:6", float)
    [-3.0, 6.0]

    Raises:
        OptionError: if the text is something else.
    """
    try:
        low, high = (kind(number) for number in text.split(":"))
    except ValueError as error:
        raise OptionError(f"{name} must be two numbers, LOW:HIGH, such as 1:8; got {text!r}") from error
    return [low, high]
