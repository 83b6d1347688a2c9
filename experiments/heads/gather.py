"""More sounds to learn from: freely licensed recordings of Debian packages, and instruments of sound fonts.

    python experiments/heads/gather.py OUT
    python experiments/heads/build.py DATA --more OUT/manifest.jsonl ...

Nobody has labelled the recordings, so they are of use with a teacher; where the name of a file or of its folder says
plainly what is heard (NAMES), that is its label. Those of PACKAGES have no file in common with the labelled clips. The
sound fonts are played by FluidSynth: notes, phrases and chords of each program of General MIDI, whose labels are known.
Needs apt-get, dpkg-deb and fluidsynth; a rerun fetches and renders what is not there.

OUT/packages/NAME/   what a package holds; its licence is in usr/share/doc/NAME/copyright
OUT/notes/FONT/      one recording for each program
OUT/manifest.jsonl   all of them, without folds: they are trained on
"""

import argparse
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from whisper_at.audio import read
from whisper_at.datasets import manifest
from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.errors import WhisperATError

PACKAGES = (
    "a7xpg-data", "abe-data", "alienblaster-data", "alsa-utils", "amphetamine-data",
    "asterisk-core-sounds-en-wav", "asterisk-core-sounds-es-wav", "asterisk-core-sounds-fr-wav",
    "asterisk-core-sounds-it-wav", "asterisk-core-sounds-ru-wav", "asterisk-moh-opsound-wav",
    "asterisk-prompt-it-menardi-wav", "biniax2-data", "blinken", "bomberclone-data", "boswars-data",
    "brainparty-data", "briquolo-data", "btanks-data", "bumprace-data", "bzflag-data",
    "caveexpress-data", "ceferino-data", "chromium-bsu-data", "colobot-common-sounds", "csmash-data",
    "drascula-music", "dustracing2d-data", "eboard", "eiskaltdcpp-sounds", "emacspeak",
    "endless-sky-data", "enigma-data", "fillets-ng-data", "fillets-ng-data-cs", "fillets-ng-data-nl",
    "flare-game", "flobopuyo", "foobillardplus-data", "freedink-data", "freegish-data",
    "fretsonfire-songs-muldjord", "fretsonfire-songs-sectoid", "frozen-bubble-data", "gajim",
    "gamine-data", "garden-of-coloured-lights-data", "geki2", "geki3", "gigalomania-data", "glob2-data",
    "gltron", "granatier", "gunroar-data", "holotz-castle-data", "hyperrogue-music", "kanagram",
    "kapman", "kgoldrunner", "klettres-data", "knavalbattle", "lbreakout2-data", "lbreakouthd-data",
    "lmms-common", "lomiri-sounds", "lordsawar-data", "lugaru-data", "manaplus-data",
    "marsshooter-data", "meritous-data", "micropolis-data", "mirrormagic-data", "monsterz-data",
    "moon-lander-data", "mousetrap", "mu-cade-data", "netpanzer-data", "nexuiz-data", "nexuiz-music",
    "njam-data", "noiz2sa-data", "open-invaders-data", "opencity-data", "openclonk-data",
    "orbital-eunuchs-sniper-data", "overgod-data", "oxygen-sounds", "pachi-data", "parsec47-data",
    "pathological", "pekka-kana-2-data", "phlipple-data", "pinball-data", "pinball-table-gnu-data",
    "pinball-table-hurd-data", "planetblupi-common", "planetblupi-music-ogg", "pokerth-data",
    "powermanga-data", "psi-plus-sounds", "pushover-data", "ri-li-data", "rrootage-data",
    "scorched3d-data", "sdl-ball-data", "singularity-music", "slimevolley-data", "solarwolf",
    "sound-icons", "spring-common", "starfighter-data", "starvoyager-data", "supertransball2-data",
    "tecnoballz-data", "titanion-data", "torus-trooper-data", "trackballs-data", "trigger-rally-data",
    "tumiki-fighters-data", "tuxfootball", "tuxtype-data", "ufoai-music", "ufoai-sound",
    "val-and-rick-data", "warmux-data", "whichwayisup", "wizznic-data", "zaz-data",
)  # fmt: skip
SOUND_FONTS = ("musescore-general-soundfont", "timgm6mb-soundfont", "csound-soundfont")
SOUNDS = (".ogg", ".oga", ".wav", ".mp3", ".flac", ".opus")
ARCHIVES = (".pk3", ".zip")
MOST = 200  # clips of a package
SHORTEST, LONG, EXCERPT, EXCERPTS = 0.2, 20.0, 10.0, 4  # seconds, and how many of a long recording

NAMES = {  # what a path says where it has one of these words, or a word that begins with one in front of a *
    "Speech": "asterisk fillets klettres codriver countdown announcer radiomessage",
    "Music": "music musics bgm bgmusic zik mus tunes songs mainzik gamemusic titlemusic chiptune",
    "Explosion": "explosion* explode expl boom blast nuke nuked",
    "Gunshot, gunfire": "gunshot shotgun rifle sniper smg machinegun",
    "Walk, footsteps": "footstep* walking",
    "Splash, splatter": "splash splat",
    "Rain": "rain",
    "Raindrop": "raindrops",
    "Thunder": "thunder",
    "Wind": "wind",
    "Waves, surf": "oceanwaves waves surf",
    "Stream": "stream river waterfall",
    "Fire": "fire_loop burning embers campfire",
    "Bird vocalization, bird call, bird song": "birds birdchirp* birdsong",
    "Owl": "owl*",
    "Crow": "crow crows",
    "Frog": "frog frogs",
    "Bark": "bark* woof",
    "Cat": "cat meow",
    "Cattle, bovinae": "cow cows moo",
    "Sheep": "sheep baa",
    "Pig": "pig pigs oink",
    "Horse": "horse neigh",
    "Chicken, rooster": "chicken rooster hen",
    "Cricket": "cricket crickets",
    "Insect": "insect* mosquito",
    "Snake": "snake",
    "Roar": "roar*",
    "Shatter": "breakglass glassbreak shatter*",
    "Door": "door doors",
    "Knock": "knock knocking",
    "Bell": "bell bells",
    "Church bell": "churchbell",
    "Doorbell": "doorbell",
    "Vehicle horn, car horn, honking": "carhorn honk* horn",
    "Skidding": "skid*",
    "Engine": "engine motor",
    "Helicopter": "helicopter chopper",
    "Siren": "siren*",
    "Alarm": "alarm klaxon",
    "Telephone bell ringing": "telephone phone",
    "Tick-tock": "ticktock clock",
    "Camera": "camera",
    "Typing": "typing typewriter",
    "Beep, bleep": "beep* blip*",
    "Boing": "boing* bounce*",
    "Whoosh, swoosh, swish": "whoosh* swoosh* swish*",
    "Applause": "applause",
    "Clapping": "clap claps",
    "Cheering": "cheer*",
    "Crowd": "crowd*",
    "Laughter": "laugh* giggle*",
    "Screaming": "scream*",
    "Grunt": "grunt*",
    "Cough": "cough*",
    "Sneeze": "sneeze*",
    "Snoring": "snor*",
    "Burping, eructation": "burp*",
    "Gasp": "gasp*",
    "Sigh": "sigh*",
    "Groan": "groan*",
    "Whistling": "whistling",
    "Choir": "choir",
    "Bass drum": "bassdrum",
    "Snare drum": "snare* rimshot",
    "Hi-hat": "hihat* hh",
    "Cymbal": "cymbal* crashcymbal",
    "Drum kit": "drumloop",
    "Tambourine": "tambourine",
    "Acoustic guitar": "acousticguitar",
    "Bass guitar": "bassguitar bassslap",
    "Flute": "flute*",
    "Violin, fiddle": "violin*",
    "Trumpet": "trumpet*",
    "Organ": "organ churchorgan",
    "Piano": "piano*",
    "Harpsichord": "cembalo* harpsichord",
    "Harp": "harp",
    "Coin (dropping)": "coin coins",
    "Cash register": "cashregister",
    "Hammer": "hammer",
}
ALONE = ("Speech", "Music")
NOT_SAID = ("lmms-common", "emacspeak")  # there such words mean synthetic waves and key presses
PROGRAMS = {  # of General MIDI, from 0; and its label
    range(0, 4): "Piano", range(4, 6): "Electric piano", range(6, 7): "Harpsichord", range(9, 10): "Glockenspiel",
    range(11, 12): "Vibraphone", range(12, 14): "Marimba, xylophone", range(14, 15): "Tubular bells",
    range(16, 19): "Hammond organ", range(19, 21): "Organ", range(21, 22): "Accordion", range(22, 23): "Harmonica",
    range(23, 24): "Accordion", range(24, 26): "Acoustic guitar", range(26, 31): "Electric guitar",
    range(32, 33): "Double bass", range(33, 38): "Bass guitar", range(38, 40): "Synthesizer",
    range(40, 41): "Violin, fiddle", range(42, 43): "Cello", range(43, 44): "Double bass",
    range(44, 45): "String section", range(45, 46): "Pizzicato", range(46, 47): "Harp", range(47, 48): "Timpani",
    range(48, 52): "String section", range(52, 54): "Choir", range(56, 57): "Trumpet", range(57, 58): "Trombone",
    range(59, 60): "Trumpet", range(60, 61): "French horn", range(61, 62): "Brass instrument",
    range(64, 68): "Saxophone", range(68, 71): "Wind instrument, woodwind instrument", range(71, 72): "Clarinet",
    range(72, 74): "Flute", range(74, 76): "Wind instrument, woodwind instrument", range(80, 96): "Synthesizer",
    range(104, 105): "Sitar", range(105, 106): "Banjo", range(106, 109): "Plucked string instrument",
    range(109, 110): "Bagpipes", range(110, 111): "Violin, fiddle", range(114, 115): "Steelpan",
    range(115, 116): "Wood block",
}  # fmt: skip
LOW = {
    32: 28,
    33: 28,
    34: 28,
    35: 28,
    36: 28,
    37: 28,
    42: 36,
    43: 28,
    47: 36,
    57: 40,
    67: 38,
    70: 34,
}  # MIDI notes
DRUMS = {  # notes of the drum channel
    (35, 36): "Bass drum", (37,): "Rimshot", (38, 40): "Snare drum", (39,): "Clapping", (42, 44, 46): "Hi-hat",
    (41, 43, 45, 47, 48, 50): "Drum", (49, 51, 52, 55, 57, 59): "Cymbal", (54,): "Tambourine", (56,): "Cowbell",
    (70,): "Maraca", (76, 77): "Wood block",
}  # fmt: skip
SETTINGS = (
    "-r",
    "16000",
    "-g",
    "0.6",
    "-o",
    "synth.dynamic-sample-loading=1",
)  # else it decodes the whole font
TICKS = 480  # a second: 120 quarters a minute, 240 ticks each
CLIP = 3.0  # seconds from one note, phrase or chord to the next
DRUM_CHANNEL = 9

MIDS = dict(zip(LabelSet.audioset().names, LabelSet.audioset().ids, strict=True))

Note = tuple[float, float, int, int]
"""Seconds at which it begins, seconds that it lasts, MIDI note and velocity."""


def recordings(out: Path) -> Iterator[Clip]:
    """What the packages hold: short recordings whole, of long ones some excerpts."""
    for package in PACKAGES:
        folder = out / "packages" / package
        fetch(package, folder)
        found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUNDS)
        clips = [clip for path in found for clip in excerpts(path, package)]
        say(f"{package}: {len(clips)} clips in {len(found)} files")
        if clips:
            yield from (clips[i] for i in np.unique(np.linspace(0, len(clips) - 1, MOST).astype(int)))


def excerpts(path: Path, package: str) -> list[Clip]:
    """A recording, or where it is long, parts that are spread over it; in one of 20 to 40 s they overlap."""
    try:
        recording = read(path)
    except WhisperATError as error:
        say(f"left out: {error}")
        return []
    if recording.notes:  # it is damaged
        say(f"left out: {path.name}: {'; '.join(recording.notes)}")
        return []
    duration = recording.duration
    if duration < SHORTEST:
        return []
    whole = Clip(path=path, subset=package, labels=said_by(path, package))
    if duration < LONG:
        return [whole]
    starts = np.linspace(0, duration - EXCERPT, EXCERPTS + 2)[1:-1].round(1)
    return [replace(whole, start=a, end=a + EXCERPT) for a in starts.tolist()]


def said_by(path: Path, package: str) -> tuple[str, ...]:
    """The labels that the path of a file within its package says, as mids.

    >>> said_by(Path("packages/flare-game/usr/share/sfx/explosion_02.ogg"), "flare-game")
    ('/m/014zdl',)
    """
    if package in NOT_SAID:
        return ()
    within = path.as_posix().lower().rpartition(f"/{package}/")[2].removesuffix(path.suffix.lower())
    words = set(re.findall("[a-z]+", within))
    said = [
        label
        for label, wanted in NAMES.items()
        if any(fnmatchcase(word, one) for word in words for one in wanted.split())
    ]
    if said and said[0] in ALONE:  # a song of rain, or somebody who says "bell"
        said = said[:1]
    return tuple(MIDS[label] for label in said)


def fetch(package: str, folder: Path) -> None:
    """Unpack a package of Debian, and the archives within it, unless that is done."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        here = Path(name)
        say(f"fetching {package}")
        subprocess.run(
            ["apt-get", "download", "-q", package], cwd=here, check=True, stdout=subprocess.DEVNULL
        )
        (archive,) = here.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, here / "whole"], check=True)
        for inner in [path for path in (here / "whole").rglob("*") if path.suffix in ARCHIVES]:
            with zipfile.ZipFile(inner) as files:
                files.extractall(
                    inner.with_suffix(""), [n for n in files.namelist() if n.lower().endswith(SOUNDS)]
                )
        (here / "whole").rename(folder)


def instruments(out: Path) -> Iterator[Clip]:
    """Notes, phrases and chords of each program, and strokes of each drum, by each sound font."""
    for i, package in enumerate(SOUND_FONTS):
        fetch(package, out / "packages" / package)
        font = next(path for path in (out / "packages" / package).rglob("*.sf*") if not path.is_symlink())
        notes = out / "notes" / package
        for program, label in [(p, label) for some, label in PROGRAMS.items() for p in some]:
            clips = melodic(program, np.random.default_rng([i, program]))
            yield from rendered(notes / f"program-{program:03}.wav", font, program, 0, clips, MIDS[label])
        for keys, label in DRUMS.items():
            clips = strokes(keys, np.random.default_rng([i, 1000 + keys[0]]))
            yield from rendered(notes / f"drum-{keys[0]:03}.wav", font, 0, DRUM_CHANNEL, clips, MIDS[label])


def rendered(
    path: Path, font: Path, program: int, channel: int, clips: list[list[Note]], mid: str
) -> Iterator[Clip]:
    """The notes of some clips as a recording, unless it is there; and the clips."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        notes = [(start + i * CLIP, *rest) for i, some in enumerate(clips) for start, *rest in some]
        with tempfile.TemporaryDirectory(dir=path.parent) as name:
            midi, wave = Path(name) / "notes.mid", Path(name) / "notes.wav"
            midi.write_bytes(midi_file(notes, program, channel))
            play = ["fluidsynth", "-ni", "-q", *SETTINGS, "-F", wave, font, midi]
            subprocess.run(play, check=True, stdout=subprocess.DEVNULL)
            wave.rename(path)
    for i in range(len(clips)):
        yield Clip(
            path=path, start=i * CLIP, end=(i + 1) * CLIP, labels=(mid,), complete=True, subset="notes"
        )


def melodic(program: int, rng: np.random.Generator) -> list[list[Note]]:
    """Four single notes, two phrases and a chord."""
    low = LOW.get(program, 48)

    def velocity() -> int:
        return int(rng.integers(50, 120))

    clips: list[list[Note]] = [
        [(0.1, float(rng.uniform(0.5, 2.5)), low + 7 * i + int(rng.integers(7)), velocity())]
        for i in range(4)
    ]
    for length in (0.25, 0.5):
        steps = np.cumsum(rng.choice([-4, -2, -1, 1, 2, 3], int(2.5 / length))) + low + 14
        clips.append(
            [(0.1 + i * length, length, int(np.clip(key, 24, 96)), velocity()) for i, key in enumerate(steps)]
        )
    third = int(rng.integers(3, 5))
    clips.append([(0.1, 2.0, low + 12 + up, velocity()) for up in (0, third, 7)])
    return clips


def strokes(keys: tuple[int, ...], rng: np.random.Generator) -> list[list[Note]]:
    """Single strokes, and figures of them."""
    one: list[list[Note]] = [
        [(0.1, 0.5, int(rng.choice(keys)), int(rng.integers(50, 120)))] for _ in range(4)
    ]
    figures: list[list[Note]] = [
        [
            (float(at), 0.2, int(rng.choice(keys)), int(rng.integers(50, 120)))
            for at in np.arange(0.1, 2.5, gap)
        ]
        for gap in (0.5, 0.25, 0.33)
    ]
    return one + figures


def midi_file(notes: list[Note], program: int, channel: int) -> bytes:
    """A Standard MIDI File of one track: `MThd` and `MTrk` as its specification (RP-001) has them."""
    events = [(0.0, 0, bytes([0xC0 | channel, program]))]
    for start, length, key, velocity in notes:
        events += [
            (start, 2, bytes([0x90 | channel, key, velocity])),
            (start + length, 1, bytes([0x80 | channel, key, 0])),
        ]
    track, now = b"", 0
    for at, _, event in sorted(events):
        tick = round(at * TICKS)
        track += variable(tick - now) + event
        now = tick
    track += variable(TICKS) + b"\xff\x2f\x00"
    return (
        b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS // 2) + b"MTrk" + struct.pack(">I", len(track)) + track
    )


def variable(number: int) -> bytes:
    """A number in groups of seven bits, the last one without its highest bit.

    >>> variable(0x4000).hex()
    '818000'
    """
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(0x80 | number & 0x7F)
    return bytes(reversed(groups))


def say(what: str) -> None:
    """Talk, which goes to stderr."""
    print(f"gather: {what}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> None:
    """Gather all of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for it all, about 2 GB")
    out = parser.parse_args(arguments).out
    try:
        clips = (*recordings(out), *instruments(out))
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"gather: {error}; it goes on where it was when it is started again")
    manifest.write(Dataset(name="more", clips=clips, labels=LabelSet.audioset()), out / "manifest.jsonl")
    print(out / "manifest.jsonl")


if __name__ == "__main__":
    main()
