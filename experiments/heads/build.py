"""Rebuild a default head from recordings, in one command that may be stopped and typed again.

    python experiments/heads/build.py DATA --work DIR --teacher yamnet:yamnet_spectra_in.tflite \\
        --out src/whisper_at/tagging/packaged/base-cell-mlp.safetensors

DATA is a folder with a manifest.tsv: path, set, audioset_mids (joined by |), fold, transcript, yamnet_agree.
`build` below is the list of what is done. It leaves in DIR:

    clips.jsonl, trusted.jsonl   the clips; and the same without the labels that one had better not believe
    served.jsonl                 those that are heard once more, each alone in a window as a short file is served
    copies/                      three of each of these, as it would sound elsewhere (vary.py), of the folds to train on
    scenes/, scenes-test/        soundscapes of the folds to train and validate on, and of the one to test on
    more/                        those of more recordings that are heard, each alone in a window
    soft-clips/, soft-scenes/    what the teacher says of them, if there is one; soft-more/ of more recordings
    f-clips/, f-served/, ...     features; with --taps in another folder, for these alone hang on the model
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
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import vary

from whisper_at.datasets import manifest
from whisper_at.datasets.clip import Clip
from whisper_at.datasets.opening import open_dataset
from whisper_at.datasets.soundscapes import deal_folds
from whisper_at.errors import WhisperATError
from whisper_at.files import write_atomically
from whisper_at.tagging.ontology import ancestors, is_speech
from whisper_at.training.recipe import read_recipe

COMPLETE = ("esc10", "fluid_gm_samples", "freepats", "hydrogen_drums")  # what they do not list is not heard
NOISY = ("debian_fx", "debian_more")  # their labels were guessed from file names
DOUBTFUL = ("debian_more",)  # nor are most of these right
FOLDS = ("1", "2", "3")  # to train and validate on
ONE_IN = 10  # clips of speech that are heard alone: there is much of it, and a window each costs time
ONE_IN_OF_MUSIC = 2  # of those of more recordings, notes of instruments among them
MUSIC = "/m/04rlf"
RECIPE = Path(__file__).parents[1] / "recipes" / "ours.toml"
SHARES = {  # of the draws of training
    "f-clips": 0.1, "f-served": 0.4, "f-copies": 0.15, "f-scenes": 0.1, "f-more": 0.2, "f-more-1": 0.05
}  # fmt: skip
NOTES = (  # for the card
    "Good at animals of farm and house, weather, fire, water, footsteps, clocks, engines, shots, babies, laughter, "
    "drums and notes of instruments. Learned in part from signals that were made and not recorded: alarms, sirens, "
    "telephones, horns. Bad at what its clips hardly hold: sawing, tools, doors, traffic, church bells, most birds, "
    "styles of music, and at ends of events within 0.2 s. Scores beside YAMNet, data, and what it never learned: "
    "docs/heads.md."
)
GAIN = "-20:6"  # decibels: the clips differ in loudness less than what will be served


@dataclass(frozen=True, kw_only=True)
class Build:
    """What is asked for.

    taps: folder of what hangs on the model. copies: of each clip that is heard alone.
    more: manifests of more recordings to train on.
    settings: for the recipe, as `section.key=value`.
    scenes, test_scenes: how many; of each fold to train on, and of the test fold.
    """

    data: Path
    work: Path
    taps: Path
    out: Path
    model: str
    teacher: str | None
    recipe: Path
    more: tuple[Path, ...] = ()
    settings: tuple[str, ...] = ()
    scenes: int = 300
    test_scenes: int = 120
    copies: int = 3
    workers: int = 1
    threads: int = 0
    dry: bool = False

    @property
    def name(self) -> str:
        """What the head will be called."""
        return self.out.stem


def build(b: Build) -> None:
    """All stages, in their order."""
    clips, trusted, served = (b.work / f"{name}.jsonl" for name in ("clips", "trusted", "served"))
    scenes, test = b.work / "scenes", b.work / "scenes-test"
    many = ["--workers", b.workers]
    say(
        "the clips: all, without labels that one had better not believe, and some alone",
        clips,
        trusted,
        served,
    )
    if not b.dry and not all(path.is_file() for path in (clips, trusted, served)):
        list_clips(b.data, clips, trusted, served)

    take = ["--model", b.model, "--threads", b.threads, *many]
    alone = ["--context", "alone", *take]
    command(b, "features", clips, f"--gain={GAIN}", *take, "--out", b.taps / "f-clips")
    command(b, "features", served, *alone, "--out", b.taps / "f-served")
    varied = b.work / "copies" / "manifest.jsonl"
    if b.copies:
        say(f"{b.copies} copies of each clip as it would sound elsewhere", varied)
        if not b.dry and not varied.is_file():
            vary.write_copies(served, varied.parent, many=b.copies, folds=FOLDS)
        command(b, "features", varied, *take, "--out", b.taps / "f-copies")
    chosen = [b.work / numbered("more", i) / "manifest.jsonl" for i in range(len(b.more))]
    for i, (more, some) in enumerate(zip(b.more, chosen, strict=True)):
        say(f"those of {more} that are heard", some)
        if not b.dry and not some.is_file():
            dataset = open_dataset(more)
            manifest.write(replace(dataset, clips=tuple(thinned(dataset.clips))), some)
        command(b, "features", some, *alone, "--out", b.taps / numbered("f-more", i))

    folds = [word for fold in FOLDS for word in ("--fold", fold)]
    trust = ["--trusted", "*", *many]  # a scene's truth is what was put into it
    command(b, "soundscapes", trusted, "--scenes", b.scenes, *folds, *trust, "--out", scenes)
    spoken = ["--seed", 7, "--speech-share", 0.7]  # the test is on speech with sounds
    command(b, "soundscapes", clips, "--scenes", b.test_scenes, "--fold", 4, *spoken, *trust, "--out", test)

    command(b, "features", scenes / "manifest.jsonl", *alone, "--out", b.taps / "f-scenes")
    command(b, "features", test / "manifest.jsonl", *alone, "--out", b.taps / "f-scenes-test")

    if b.teacher:
        taught = ["--teacher", b.teacher, *many]
        command(b, "teach", clips, *taught, "--out", b.work / "soft-clips")
        if b.copies:
            command(b, "teach", varied, *taught, "--out", b.work / "soft-copies")
        command(b, "teach", scenes / "manifest.jsonl", *taught, "--out", b.work / "soft-scenes")
        for i, some in enumerate(chosen):
            command(b, "teach", some, *taught, "--out", b.work / numbered("soft-more", i))

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


def list_clips(data: Path, clips: Path, trusted: Path, served: Path) -> None:
    """Write down all clips of DATA with folds for those that have none; which labels to believe; which to hear alone.

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
    manifest.write(
        replace(dataset, name=f"{dataset.name} trusted", clips=tuple(map(believed, dataset.clips))), trusted
    )
    manifest.write(
        replace(dataset, name=f"{dataset.name} alone", clips=tuple(heard_alone(dataset.clips))), served
    )


def heard_alone(clips: Sequence[Clip]) -> Iterator[Clip]:
    """The clips with labels; of those of speech alone only a few in each fold."""
    spoken: Counter[str] = Counter()
    for clip in clips:
        if not clip.labels or clip.subset in DOUBTFUL:
            continue
        if all(map(is_speech, clip.labels)):
            spoken[clip.fold] += 1
            if spoken[clip.fold] % ONE_IN != 1:
                continue
        yield clip


def thinned(clips: Sequence[Clip]) -> Iterator[Clip]:
    """The clips but for most of those of speech alone and of music alone, of which there is more than enough."""
    alike: Counter[int] = Counter()
    for clip in clips:
        one_in = 1
        if clip.labels:
            one_in = ONE_IN if all(map(is_speech, clip.labels)) else one_in
            one_in = ONE_IN_OF_MUSIC if all(MUSIC in (one, *above(one)) for one in clip.labels) else one_in
        alike[one_in] += 1
        if alike[one_in] % one_in == 1 % one_in:
            yield clip


def above(mid: str) -> Iterator[str]:
    """The mids of what a label implies."""
    return (label.mid for label in ancestors(mid))


def settings(b: Build) -> tuple[str, ...]:
    """What the recipe does not know: its name, its folders, and what was asked for besides."""
    more = range(len(b.more))
    varied = ["f-copies"] if b.copies else []
    stores = ["f-clips", "f-served", *varied, "f-scenes", *(numbered("f-more", i) for i in more)]
    taught = [name.replace("f-", "soft-") for name in stores if name != "f-served"] if b.teacher else []
    shares = [SHARES.get(name, SHARES["f-more"]) for name in stores]
    return (
        f"name={json.dumps(b.name)}",
        f"notes={json.dumps(NOTES)}",
        f"data.features={json.dumps([str(b.taps / name) for name in stores])}",
        f"data.soft_labels={json.dumps([str(b.work / name) for name in taught])}",
        f"sampling.shares={json.dumps(shares)}",
        *b.settings,
    )


def numbered(name: str, i: int) -> str:
    """The name of the folder for the i-th of several manifests.

    >>> numbered("f-more", 0), numbered("f-more", 1)
    ('f-more', 'f-more-1')
    """
    return f"{name}-{i}" if i else name


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
    parser.add_argument("--more", type=Path, action="append", default=[], help="manifest of more to train on")
    parser.add_argument("--teacher", help="yamnet:FILE or transformers:FOLDER [default: none]")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for the recipe")
    parser.add_argument("--scenes", type=int, default=300, help="of each fold to train and validate on")
    parser.add_argument("--test-scenes", type=int, default=120)
    parser.add_argument("--copies", type=int, default=3, help="of each clip that is heard alone; 0 for none")
    parser.add_argument("--workers", type=int, default=1, help="processes of each stage but training")
    parser.add_argument("--threads", type=int, default=0, help="of each process")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    parser.add_argument("--out", type=Path, required=True, help="where the head goes; its name is the head's")
    args = parser.parse_args(arguments)
    if args.out.suffix != ".safetensors":
        parser.error(f"a head is a .safetensors file; got --out {args.out}")
    return Build(
        data=args.data, work=args.work, taps=args.taps or args.work, out=args.out, model=args.model,
        more=tuple(args.more),
        teacher=args.teacher, recipe=args.recipe, settings=tuple(args.set), scenes=args.scenes,
        test_scenes=args.test_scenes, copies=args.copies, workers=args.workers, threads=args.threads, dry=args.dry_run,
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
