"""Rebuild a default head from recordings, in one command that may be stopped and typed again.

    python experiments/heads/build.py DATA --work DIR --teacher yamnet:yamnet_spectra_in.tflite \\
        --out src/whisper_at/tagging/packaged/base-cell-mlp.safetensors

DATA is a folder with a manifest.tsv: path, set, audioset_mids (joined by |), fold, transcript, yamnet_agree.
`build` below is the list of what is done. It leaves in DIR:

    clips.jsonl, trusted.jsonl   the clips; and the same without the labels that one had better not believe
    scenes/, scenes-test/        soundscapes of the folds to train and validate on, and of the one to test on
    soft-clips/, soft-scenes/    what the teacher says of them, if there is one
    f-clips/, f-scenes/, ...     features; with --taps in another folder, for these alone hang on the model
    runs/NAME/                   the run of training: head, run.json, state, logs

Each stage is a command of whisper-at, which makes what is not there yet and refuses what was made otherwise; begin in
another DIR if DATA has changed. Needs whisper-at[train], and [teachers] for a teacher.
"""

import argparse
import csv
import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from whisper_at.datasets import manifest
from whisper_at.datasets.clip import Clip, Dataset
from whisper_at.datasets.opening import open_dataset
from whisper_at.datasets.soundscapes import deal_folds
from whisper_at.errors import WhisperATError
from whisper_at.files import write_atomically
from whisper_at.training.recipe import read_recipe

COMPLETE = ("esc10", "fluid_gm_samples", "freepats", "hydrogen_drums")  # what they do not list is not heard
NOISY = ("debian_fx", "debian_more")  # their labels were guessed from file names
RECIPE = Path(__file__).parents[1] / "recipes" / "ours.toml"
GAIN = "-20:6"  # decibels: the clips differ in loudness less than what will be served


@dataclass(frozen=True, kw_only=True)
class Build:
    """What is asked for.

    taps: folder of what hangs on the model. settings: for the recipe, as `section.key=value`.
    scenes, test_scenes: how many; of each fold to train on, and of the test fold.
    """

    data: Path
    work: Path
    taps: Path
    out: Path
    model: str
    teacher: str | None
    recipe: Path
    settings: tuple[str, ...] = ()
    scenes: int = 300
    test_scenes: int = 120
    workers: int = 1
    threads: int = 0
    dry: bool = False

    @property
    def name(self) -> str:
        """What the head will be called."""
        return self.out.stem


def build(b: Build) -> None:
    """All stages, in their order."""
    clips, trusted = b.work / "clips.jsonl", b.work / "trusted.jsonl"
    scenes, test = b.work / "scenes", b.work / "scenes-test"
    many = ["--workers", b.workers]
    say("the clips, with and without labels that one had better not believe", clips, trusted)
    if not b.dry and not (clips.is_file() and trusted.is_file()):
        list_clips(b.data, clips, trusted)

    take = ["--model", b.model, "--threads", b.threads, *many]
    command(b, "features", clips, f"--gain={GAIN}", *take, "--out", b.taps / "f-clips")

    folds = ["--fold", 1, "--fold", 2, "--fold", 3]
    trust = ["--trusted", "*", *many]  # a scene's truth is what was put into it
    command(b, "soundscapes", trusted, "--scenes", b.scenes, *folds, *trust, "--out", scenes)
    spoken = ["--seed", 7, "--speech-share", 0.7]  # the test is on speech with sounds
    command(b, "soundscapes", clips, "--scenes", b.test_scenes, "--fold", 4, *spoken, *trust, "--out", test)

    alone = ["--context", "alone", *take]  # a scene is a window, as it is served
    command(b, "features", scenes / "manifest.jsonl", *alone, "--out", b.taps / "f-scenes")
    command(b, "features", test / "manifest.jsonl", *alone, "--out", b.taps / "f-scenes-test")

    if b.teacher:
        taught = ["--teacher", b.teacher, *many]
        command(b, "teach", clips, *taught, "--out", b.work / "soft-clips")
        command(b, "teach", scenes / "manifest.jsonl", *taught, "--out", b.work / "soft-scenes")

    run = b.work / "runs" / b.name
    head = run / f"{b.name}.safetensors"
    if not b.dry and is_trained(b, run, head):
        say("the run of training has ended already", run)
    else:
        told = [word for setting in settings(b) for word in ("--set", setting)]
        command(b, "train", b.recipe, *told, "--threads", b.threads, "--out", run, "--resume")

    say(f"the head, from {head}", b.out)
    if not b.dry:
        b.out.parent.mkdir(parents=True, exist_ok=True)
        with head.open("rb") as made, write_atomically(b.out) as file:
            shutil.copyfileobj(made, file)


def list_clips(data: Path, clips: Path, trusted: Path) -> None:
    """Write down all clips of DATA with folds for those that have none; and which of their labels to believe.

    A clip of a noisy set that YAMNet hears otherwise keeps its sound and loses its labels. This serves what scenes are
    made of and nothing that is measured: a peer must not choose the truth that it is measured with.
    """
    listed = data / "manifest.tsv"
    dataset = deal_folds(open_dataset(listed, labels="audioset", complete=COMPLETE))
    with listed.open(encoding="utf-8", newline="") as file:
        agreed = {row["path"] for row in csv.DictReader(file, delimiter="\t") if row["yamnet_agree"] == "1"}

    def believed(clip: Clip) -> Clip:
        known = clip.subset not in NOISY or clip.path.relative_to(data).as_posix() in agreed
        return clip if known else replace(clip, labels=(), soundings=None)

    clips.parent.mkdir(parents=True, exist_ok=True)
    manifest.write(dataset, clips)
    less = Dataset(name=dataset.name, clips=tuple(map(believed, dataset.clips)), labels=dataset.labels)
    manifest.write(less, trusted)


def settings(b: Build) -> tuple[str, ...]:
    """What the recipe does not know: its name, its folders, and what was asked for besides."""
    features = [str(b.taps / "f-clips"), str(b.taps / "f-scenes")]
    soft = [str(b.work / "soft-clips"), str(b.work / "soft-scenes")] if b.teacher else []
    return (
        f"name={json.dumps(b.name)}",
        f"data.features={json.dumps(features)}",
        f"data.soft_labels={json.dumps(soft)}",
        *b.settings,
    )


def is_trained(b: Build, run: Path, head: Path) -> bool:
    """Whether a run of this very recipe has ended there; one that has is left as it is, with its commit."""
    account = run / "run.json"
    if not (account.is_file() and head.is_file()):
        return False
    wanted = json.loads(json.dumps(read_recipe(b.recipe, settings(b)).to_dict()))
    return bool(json.loads(account.read_text("utf-8"))["recipe"] == wanted)


def command(b: Build, *words: object) -> None:
    """Do `whisper-at WORDS`, or end with its exit status."""
    arguments = [str(word) for word in words]
    say(f"whisper-at {shlex.join(arguments)}")
    if not b.dry and (status := whisper_at(arguments)):
        sys.exit(status)


def whisper_at(arguments: list[str]) -> int:
    """The command, in a process of its own; gives its exit status."""
    return subprocess.run([sys.executable, "-m", "whisper_at", *arguments]).returncode


def say(what: str, *paths: Path) -> None:
    """Talk, which goes to stderr."""
    print(" ".join(["build:", what, *(["->", *map(str, paths)] if paths else [])]), file=sys.stderr)


def parsed(arguments: list[str] | None) -> Build:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with manifest.tsv")
    parser.add_argument("--model", default="base", help="Whisper model whose taps it reads")
    parser.add_argument("--work", type=Path, required=True, help="folder for everything on the way")
    parser.add_argument("--taps", type=Path, help="folder for the features [default: that of --work]")
    parser.add_argument("--teacher", help="yamnet:FILE or transformers:FOLDER [default: none]")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for the recipe")
    parser.add_argument("--scenes", type=int, default=300, help="of each fold to train and validate on")
    parser.add_argument("--test-scenes", type=int, default=120)
    parser.add_argument("--workers", type=int, default=1, help="processes of each stage but training")
    parser.add_argument("--threads", type=int, default=0, help="of each process")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    parser.add_argument("--out", type=Path, required=True, help="where the head goes; its name is the head's")
    args = parser.parse_args(arguments)
    if args.out.suffix != ".safetensors":
        parser.error(f"a head is a .safetensors file; got --out {args.out}")
    return Build(
        data=args.data, work=args.work, taps=args.taps or args.work, out=args.out, model=args.model,
        teacher=args.teacher, recipe=args.recipe, settings=tuple(args.set), scenes=args.scenes,
        test_scenes=args.test_scenes, workers=args.workers, threads=args.threads, dry=args.dry_run,
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Build a head; ends as the stage does that could not be done."""
    b = parsed(arguments)
    try:
        build(b)
    except WhisperATError as error:
        sys.exit(f"build: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    if not b.dry:
        print(b.out)


if __name__ == "__main__":
    main()
