"""Signals by their rules: alarms, sirens, telephones and horns that few of the clips hold, made and not recorded.

    python experiments/heads/signals.py OUT
    python experiments/heads/build.py DATA --more MORE/manifest.jsonl --more OUT/manifest.jsonl ...

Such sounds are made by machines to standards that anybody can follow, so what is made here is the thing itself but for
the loudspeaker and the room; each copy has another pitch, pace and loudness, and many a room or a codec (`vary.py`).
They are trained on and never measured with: what a head has learned of alarms is judged by recordings.

Frequencies and cadences: ITU-T E.180 and Q.23 (tones and dialling of telephones), ISO 8201 (three pulses and a pause of
fire alarms), SAE J1849 (wail, yelp and two tones of emergency vehicles), SAE J994 (reversing). Of sounds that are no
signals a knock and a cricket turned out well; saws, clocks, church bells, chimes, breaking glass and heartbeats did
not, by YAMNet's word, and were left out.

OUT/NAME/00.flac     copies of each signal
OUT/manifest.jsonl   all of them, without folds: they are trained on
"""

import argparse
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import vary
from scipy.signal import butter, sosfilt

from whisper_at.datasets import manifest
from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.datasets.scenes.noise import noise
from whisper_at.timegrid import SAMPLE_RATE

Samples = npt.NDArray[np.float64]
Dice = np.random.Generator
Signal = Callable[[Dice], Samples]
COPIES = 16
SECONDS = 4.0


# --- what signals are made of ---


def clock(length: float = SECONDS) -> Samples:
    """The time of each sample, in seconds."""
    return np.arange(round(length * SAMPLE_RATE)) / SAMPLE_RATE


def wave(hertz: Samples | float, shape: str, length: float = SECONDS) -> Samples:
    """A tone [sample] of a frequency that may move [sample]: a `sine`, a `square` or a `saw`."""
    turns = np.cumsum(np.broadcast_to(hertz, clock(length).shape)) / SAMPLE_RATE
    tone = np.zeros(len(turns))
    for k in range(1, 2 if shape == "sine" else 24, 2 if shape == "square" else 1):
        tone += np.where(k * np.asarray(hertz) < SAMPLE_RATE / 2.2, np.sin(2 * np.pi * k * turns) / k, 0)
    return tone


def tones(*hertz: float, shape: str = "sine", length: float = SECONDS) -> Samples:
    """Some tones at once."""
    return np.sum([wave(one, shape, length) for one in hertz], axis=0)


def on_off(pattern: Sequence[float], length: float = SECONDS, start: float = 0.0) -> Samples:
    """1 while a pattern of seconds on, off, on ... that repeats is on, else 0, with soft edges of 4 ms."""
    edges = np.cumsum(pattern)
    at = (clock(length) + start) % edges[-1]
    gate = (np.searchsorted(edges, at, side="right") % 2 == 0).astype(float)
    return np.convolve(gate, np.ones(64) / 64, mode="same")


def band(samples: Samples, low: float, high: float) -> Samples:
    """The samples between two frequencies."""
    filtered: Samples = sosfilt(
        butter(2, (low, min(high, 7900)), "band", fs=SAMPLE_RATE, output="sos"), samples
    )
    return filtered


def hiss(dice: Dice, colour: str = "white", length: float = SECONDS) -> Samples:
    """Noise."""
    return noise(colour, len(clock(length)), seed=int(dice.integers(2**31))).astype(float)


def struck(
    dice: Dice,
    times: Sequence[float],
    partials: Sequence[tuple[float, float, float]],
    length: float = SECONDS,
) -> Samples:
    """Something that rings where it is struck.

    Args:
        partials: of each hertz, loudness and the seconds in which it falls by 60 dB.
    """
    out = np.zeros(len(clock(length)))
    for time in times:
        t = clock(length) - time
        hit = sum(
            a * np.exp(-6.9 * np.maximum(t, 0) / fall) * np.sin(2 * np.pi * f * t)
            for f, a, fall in partials
            if f < SAMPLE_RATE / 2.2
        )
        out += np.where(t >= 0, hit, 0) * dice.uniform(0.7, 1)
    return out


# --- the signals ---


def fire_alarm(dice: Dice) -> Samples:
    """Three pulses of half a second and a pause, by a horn or a whistle of a smoke detector."""
    return tones(dice.uniform(480, 3400), shape="square") * on_off(
        (0.5, 0.5, 0.5, 0.5, 0.5, 1.5), start=dice.uniform(0, 2)
    )


def smoke_detector(dice: Dice) -> Samples:
    """The same from a piezo at about 3 kHz."""
    pattern = (0.5, 0.5, 0.5, 0.5, 0.5, 1.5) if dice.random() < 0.7 else (0.1, 0.1)
    return tones(dice.uniform(2800, 3500), shape="square") * on_off(pattern, start=dice.uniform(0, 2))


def alarm_clock(dice: Dice) -> Samples:
    """Four short beeps and a pause."""
    on = dice.uniform(0.05, 0.1)
    return tones(dice.uniform(1800, 4000), shape="square") * on_off(
        (on, on) * 3 + (on, dice.uniform(0.4, 0.7))
    )


def car_alarm(dice: Dice) -> Samples:
    """Sweeps, two tones and yelps, one after the other."""
    t, low = clock(), dice.uniform(600, 900)
    sweep, pace = 2.0 ** dice.uniform(0.6, 1.3), dice.uniform(2, 6)
    rise = low * sweep ** ((t * pace) % 1)
    steps = np.where((t * pace) % 1 < 0.5, low, low * sweep)
    return wave(np.where(t % 2 < 1, rise, steps), "square")


def siren(dice: Dice) -> Samples:
    """Wail or yelp: a sweep up and down in 3 to 8 s, or in a third of one."""
    pace = dice.uniform(0.12, 0.35) if dice.random() < 0.6 else dice.uniform(2.5, 4)
    low, high = dice.uniform(450, 750), dice.uniform(1200, 1700)
    height = 0.5 - 0.5 * np.cos(2 * np.pi * (clock() * pace + dice.random()))
    return band(wave(low * (high / low) ** height, "square"), 400, 5000)


def two_tones(dice: Dice) -> Samples:
    """High and low in turn, as ambulances, police and fire engines of Europe have it."""
    low, each = dice.uniform(360, 500), dice.uniform(0.4, 0.9)
    high = low * dice.choice([1.25, 4 / 3, 1.2])
    return band(wave(np.where((clock() / each + dice.random()) % 2 < 1, low, high), "square"), 300, 5000)


def civil_defence(dice: Dice) -> Samples:
    """Two rotors in a ratio of 5 to 6 that speed up and slow down."""
    top = dice.uniform(380, 520)
    speed = 0.5 + 0.5 * np.clip(np.sin(2 * np.pi * (clock(8) / 8 + dice.random())) * 0.8 + 0.5, 0, 1)
    return (wave(top * speed, "saw", 8) + wave(top * speed * 1.2, "saw", 8))[: len(clock())]


def telephone_bell(dice: Dice) -> Samples:
    """Two gongs struck twenty times a second; a ring and a pause."""
    low = dice.uniform(900, 1400)
    gongs = [low, low * dice.uniform(1.15, 1.3)]
    partials = [[(f * k, 1 / k, 0.5) for k in (1, 2.76, 5.4)] for f in gongs]
    pace, ring = dice.uniform(18, 25), dice.uniform(1, 2)
    hits = [np.arange(dice.uniform(0, 0.5) + i / pace / 2, ring, 1 / pace) for i in (0, 1)]
    return np.sum([struck(dice, times, some) for times, some in zip(hits, partials, strict=True)], axis=0)


def ringer(dice: Dice) -> Samples:
    """A warble of two tones; a ring and a pause."""
    low, pace = dice.uniform(600, 1600), dice.uniform(8, 25)
    pitch = np.where((clock() * pace) % 1 < 0.5, low, low * dice.uniform(1.15, 1.4))
    return wave(pitch, "square") * on_off((dice.uniform(0.8, 2), dice.uniform(0.5, 2)))


def ringtone(dice: Dice) -> Samples:
    """A short tune of beeps, again and again."""
    scale = dice.uniform(500, 900) * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    tune = dice.choice(scale, int(dice.integers(4, 9)))
    each = dice.uniform(0.09, 0.2)
    return wave(tune[(clock() / each).astype(int) % len(tune)], "square") * on_off((each * 0.85, each * 0.15))


def dialling(dice: Dice) -> Samples:
    """Keys of a telephone: each one of four low and one of four high tones."""
    low, high = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
    on, off = dice.uniform(0.07, 0.2), dice.uniform(0.06, 0.2)
    key = (clock() / (on + off)).astype(int)
    rows, columns = (dice.integers(0, n, key[-1] + 1) for n in (4, 3))
    pair = wave(np.take(low, rows)[key], "sine") + wave(np.take(high, columns)[key], "sine")
    return pair * on_off((on, off))


def dial_tone(dice: Dice) -> Samples:
    """One or two tones that go on."""
    return tones(*((350, 440) if dice.random() < 0.5 else (dice.uniform(400, 450),)))


def busy(dice: Dice) -> Samples:
    """As long on as off."""
    each = dice.uniform(0.2, 0.5)
    return tones(*((480, 620) if dice.random() < 0.5 else (dice.uniform(400, 450),))) * on_off((each, each))


def buzzer(dice: Dice) -> Samples:
    """A saw of a hundred hertz, rough."""
    return band(wave(dice.uniform(90, 250), "saw") * (1 + 0.3 * hiss(dice)), 80, 5000) * on_off(
        (dice.uniform(0.3, 2), 0.6)
    )


def reversing(dice: Dice) -> Samples:
    """Half a second on, half a second off."""
    each = dice.uniform(0.35, 0.6)
    return tones(dice.uniform(900, 1500), shape="square") * on_off((each, each))


def beep(dice: Dice) -> Samples:
    """One short tone, or some."""
    on = dice.uniform(0.05, 0.4)
    return tones(dice.uniform(500, 3500), shape=str(dice.choice(["sine", "square"]))) * on_off(
        (on, dice.uniform(0.1, 3))
    )


def sine(dice: Dice) -> Samples:
    """One tone that goes on."""
    return tones(float(np.exp(dice.uniform(np.log(120), np.log(6000)))))


def chirp(dice: Dice) -> Samples:
    """A tone that rises or falls, again and again."""
    low, high = dice.uniform(200, 900), dice.uniform(2000, 6000)
    rise = (clock() * dice.uniform(0.3, 4)) % 1
    return wave(low * (high / low) ** (rise if dice.random() < 0.5 else 1 - rise), "sine")


def static(dice: Dice) -> Samples:
    """Noise that crackles."""
    crackle = (dice.random(len(clock())) < dice.uniform(0.0005, 0.01)) * hiss(dice) * 4
    return band(hiss(dice) * dice.uniform(0.2, 1) + crackle, 300, dice.uniform(3000, 7500))


def foghorn(dice: Dice) -> Samples:
    """A reed of a hundred hertz that swells, and a pause."""
    swell = np.convolve(on_off((dice.uniform(1.5, 3), 1.0)), np.ones(3000) / 3000, mode="same")
    return band(wave(dice.uniform(90, 220), "saw"), 60, 1200) * swell


def air_horn(dice: Dice) -> Samples:
    """A chord of saws."""
    root = dice.uniform(180, 400)
    chord = [
        root * k for k in dice.choice([1, 1.19, 1.25, 1.5, 1.68], int(dice.integers(2, 5)), replace=False)
    ]
    return tones(*chord, shape="saw") * on_off((dice.uniform(0.6, 2.5), dice.uniform(0.3, 1.5)))


def car_horn(dice: Dice) -> Samples:
    """Two tones a third apart, short or long."""
    low = dice.uniform(330, 450)
    on = (dice.uniform(0.15, 0.4), 0.2, dice.uniform(0.3, 1.5), 1.0)
    return band(tones(low, low * dice.uniform(1.18, 1.27), shape="saw"), 250, 6000) * on_off(on)


def pea_whistle(dice: Dice) -> Samples:
    """A high tone that a pea makes flutter, with breath."""
    flutter = np.sin(2 * np.pi * dice.uniform(20, 45) * clock())
    tone = wave(dice.uniform(2300, 3800) * (1 + 0.03 * flutter), "sine") * (1 + 0.7 * flutter)
    return (tone + 0.15 * band(hiss(dice), 2000, 6000)) * on_off(
        (dice.uniform(0.2, 1.5), dice.uniform(0.2, 1))
    )


def steam_whistle(dice: Dice) -> Samples:
    """A chord of pipes with breath."""
    root = dice.uniform(300, 700)
    swell = np.convolve(on_off((dice.uniform(0.8, 2.5), 0.8)), np.ones(1600) / 1600, mode="same")
    return (tones(root, root * 1.26, root * 1.5) + 0.4 * band(hiss(dice), 300, 5000)) * swell


def small_bell(dice: Dice) -> Samples:
    """A hand bell or a bicycle's."""
    f = dice.uniform(1200, 3000)
    times = np.sort(dice.uniform(0, 3, int(dice.integers(2, 9))))
    return struck(dice, times, [(f, 1, 1.2), (f * 2.3, 0.5, 0.6), (f * 2.33, 0.4, 0.6), (f * 3.9, 0.2, 0.3)])


def knocking(dice: Dice) -> Samples:
    """A fist on a door."""
    times = 0.2 + np.arange(int(dice.integers(2, 6))) * dice.uniform(0.15, 0.4)
    f = dice.uniform(90, 260)
    return struck(dice, times, [(f * k, 1 / k, 0.08) for k in (1, 1.6, 2.4, 3.9)], 2.5)


def cricket(dice: Dice) -> Samples:
    """A high tone in pulses."""
    pace = dice.uniform(25, 60)
    pulses = np.maximum(0, np.sin(2 * np.pi * pace * clock())) ** 2
    return (
        tones(dice.uniform(3500, 6000)) * pulses * on_off((dice.uniform(0.15, 0.6), dice.uniform(0.1, 0.5)))
    )


SIGNALS: dict[str, tuple[Signal, tuple[str, ...]]] = {
    "fire-alarm": (fire_alarm, ("Fire alarm",)),
    "smoke-detector": (smoke_detector, ("Smoke detector, smoke alarm",)),
    "alarm-clock": (alarm_clock, ("Alarm clock",)),
    "car-alarm": (car_alarm, ("Car alarm",)),
    "siren": (siren, ("Siren", "Emergency vehicle")),
    "two-tones": (two_tones, ("Siren", "Emergency vehicle")),
    "civil-defence": (civil_defence, ("Civil defense siren",)),
    "telephone-bell": (telephone_bell, ("Telephone bell ringing",)),
    "ringer": (ringer, ("Telephone bell ringing",)),
    "ringtone": (ringtone, ("Ringtone",)),
    "dialling": (dialling, ("Telephone dialing, DTMF",)),
    "dial-tone": (dial_tone, ("Dial tone",)),
    "busy": (busy, ("Busy signal",)),
    "buzzer": (buzzer, ("Buzzer",)),
    "reversing": (reversing, ("Reversing beeps",)),
    "beep": (beep, ("Beep, bleep",)),
    "sine": (sine, ("Sine wave",)),
    "chirp": (chirp, ("Chirp tone",)),
    "static": (static, ("Static",)),
    "foghorn": (foghorn, ("Foghorn",)),
    "air-horn": (air_horn, ("Air horn, truck horn",)),
    "car-horn": (car_horn, ("Vehicle horn, car horn, honking",)),
    "pea-whistle": (pea_whistle, ("Whistle",)),
    "steam-whistle": (steam_whistle, ("Steam whistle",)),
    "small-bell": (small_bell, ("Bell",)),
    "knocking": (knocking, ("Knock",)),
    "cricket": (cricket, ("Cricket",)),
    "white-noise": (lambda dice: hiss(dice), ("White noise",)),
    "pink-noise": (lambda dice: hiss(dice, "pink"), ("Pink noise",)),
}


def made(out: Path, copies: int) -> list[Clip]:
    """So many copies of each signal; files that are there are not made again."""
    audioset = LabelSet.audioset()
    mids = dict(zip(audioset.names, audioset.ids, strict=True))
    clips = []
    for name, (signal, labels) in SIGNALS.items():
        for number in range(copies):
            path = out / name / f"{number:02}.flac"
            if not path.is_file():
                dice = np.random.default_rng([number, zlib.crc32(name.encode())])
                vary.write(path, vary.varied(quiet_ends(signal(dice)), dice))
            clips.append(
                Clip(path=path, labels=tuple(mids[one] for one in labels), complete=True, subset="signals")
            )
    return clips


def quiet_ends(samples: Samples) -> npt.NDArray[np.float32]:
    """The samples at a peak of a half, faded in and out over 10 ms."""
    fade = np.minimum(1, np.arange(len(samples)) / (0.01 * SAMPLE_RATE))
    scaled: npt.NDArray[np.float32] = (0.5 * samples / np.abs(samples).max() * fade * fade[::-1]).astype(
        np.float32
    )
    return scaled


def main(arguments: list[str] | None = None) -> None:
    """Make and list them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--copies", type=int, default=COPIES, help="of each signal")
    args = parser.parse_args(arguments)
    clips = made(args.out, args.copies)
    listed = args.out / "manifest.jsonl"
    manifest.write(Dataset(name="signals", clips=tuple(clips), labels=LabelSet.audioset()), listed)
    print(f"signals: {len(clips)} clips", file=sys.stderr)
    print(listed)


if __name__ == "__main__":
    main()
