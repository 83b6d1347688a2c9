"""Makes `street.ogg`, a minute on a market square, and `street.json`, the truth about it.

In: nothing. Out: a recording in which every word and every sound is known to the sample, to try Whisper-AT on and to
give away under the project's licence. Two voices of espeak-ng tell what happens; the sounds are computed from
how such things sound: a bell from its partials, rain from its drops, a guitar from its strings.

    python examples/make_scene.py [--out FOLDER]

needs numpy, av, and espeak-ng on the PATH. Equal versions of these give equal bytes.
"""

import argparse
import json
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

try:
    import av
    import numpy as np
    import numpy.typing as npt
except ImportError as missing:
    sys.exit(f"make_scene: needs the package {missing.name}, and it is not installed; pip install numpy av")

Waveform = npt.NDArray[np.float64]

SAMPLE_RATE = 22_050  # espeak-ng's own: nothing is resampled
DURATION = 59.5
SPEECH_RMS = 0.11
ROOM_RMS = 0.0015  # a recording outdoors is never digital silence
BEAT = 0.3  # seconds from one note of the guitar to the next
CHORDS = {
    "C": "C3 E3 G3 C4 E4",
    "G": "G2 B2 D3 G3 B3",
    "Am": "A2 E3 A3 C4 E4",
    "Em": "E2 B2 E3 G3 B3",
    "F": "F2 C3 F3 A3 C4",
}
VOICES = {"man": ("en-us", 140), "woman": ("en-us+f5", 140)}  # espeak-ng's voice, words a minute


@dataclass(frozen=True)
class Line:
    """What a voice says, from `start` on; the end is known when it has been spoken."""

    start: float
    speaker: str
    text: str


@dataclass(frozen=True)
class Sound:
    """A sound that lasts from `start` to `end`, fades included; `rms` against `SPEECH_RMS` is its loudness."""

    start: float
    end: float
    label: str
    make: Callable[[float, np.random.Generator], Waveform]
    rms: float
    fade_in: float = 0.0
    fade_out: float = 0.5


LINES = (
    Line(7.8, "man", "Good morning from the old town."),
    Line(11.6, "man", "Can you hear the birds singing in the trees?"),
    Line(22.6, "woman", "Now it is beginning to rain. Let us wait under this roof."),
    Line(39.0, "man", "That was a police car. It was in a great hurry."),
    Line(49.6, "woman", "Listen to the music. Somebody is playing the guitar."),
    Line(54.4, "man", "What a beautiful morning. The sun is shining again."),
)


# --- sounds: (seconds, random numbers) -> waveform of any loudness ---


def church_bell(seconds: float, rng: np.random.Generator) -> Waveform:
    """Five strokes of a bell of 440 Hz.

    A bell's partials are no multiples of one tone (hum, prime, minor third, fifth, nominal ...), high ones die first,
    and each is a pair, for no bell is quite round: the pair beats.
    """
    ratio = np.array([0.5, 1, 1.19, 1.5, 2, 2.51, 2.67, 3.01, 4.1, 5.4, 6.8])
    loudness = np.array([0.6, 0.8, 0.7, 0.3, 1, 0.7, 0.6, 0.8, 0.7, 0.5, 0.3])
    decay = 4.5 * np.array([1, 0.7, 0.6, 0.4, 0.5, 0.25, 0.25, 0.2, 0.15, 0.1, 0.07])
    track = np.zeros(samples(seconds))
    for stroke in range(5):
        t = clock(4.5)
        ringing = ring(440 * ratio, loudness, decay, t, rng) + ring(
            440.7 * ratio, 0.6 * loudness, decay, t, rng
        )
        clapper = 2 * noise(len(t), 500, 6000, rng) * np.exp(-t / 0.015)
        add(track, ringing + clapper, at=1.5 * stroke)
    return echo(track, rng, seconds=3.0, share=0.6)


def birds(seconds: float, rng: np.random.Generator) -> Waveform:
    """Phrases of two to four whistled syllables, each a glide between 1.5 and 6 kHz, up or down."""
    track = np.zeros(samples(seconds))
    start = 0.1
    while start < seconds - 0.7:
        middle, pace, n_syllables = rng.uniform(3000, 4500), rng.uniform(0.08, 0.16), int(rng.integers(2, 5))
        glide = rng.uniform(1000, 3000) * rng.choice((-1, 1))
        for syllable in range(n_syllables):
            u = np.linspace(0, 1, samples(0.8 * pace))
            pitch = middle + glide * (u - 0.5) + 400 * np.sin(2 * np.pi * u * rng.uniform(0.5, 1.5))
            add(track, np.sin(phase(pitch)) * np.sin(np.pi * u) ** 0.7, at=start + syllable * pace)
        start += n_syllables * pace + rng.uniform(0.1, 0.4)
    return echo(track, rng, seconds=1.0, share=0.2)


def rain(seconds: float, rng: np.random.Generator) -> Waveform:
    """Two hundred drops a second, each a click that rings a few milliseconds, before the hiss of those far away."""
    track = np.zeros(samples(seconds))
    t = clock(0.015)
    for _ in range(round(200 * seconds)):
        tone = np.sin(2 * np.pi * 1200 * 7.5 ** rng.random() * t)
        size = min(rng.pareto(3.0), 4.0)  # many small drops, few big ones
        add(track, size * tone * np.exp(-t / rng.uniform(0.0008, 0.003)), at=rng.uniform(0, seconds - 0.02))
    return loud(track, 0.1) + loud(noise(len(track), 800, 6000, rng, steep=1), 0.15)


def police_siren(seconds: float, rng: np.random.Generator) -> Waveform:
    """A wail from 550 to 1450 Hz and back in four seconds, out of a horn that is driven too hard, and the engine.

    The car is nearest after three seconds; from then on it is fainter, and lower.
    """
    t = clock(seconds)
    way = (t - 3.0) / 1.2
    nearness = 1 / np.sqrt(1 + way**2)
    turn = (t / 4) % 1
    height = np.where(turn < 0.35, turn / 0.35, (1 - turn) / 0.65)
    pitch = 550 * (1450 / 550) ** (0.5 - 0.5 * np.cos(np.pi * height)) * (1 - 0.04 * way * nearness)
    tone = sum(a * np.sin((k + 1) * phase(pitch)) for k, a in enumerate((1, 0.5, 0.45, 0.2, 0.2, 0.08, 0.1)))
    horn = band(np.tanh(4 * tone), 400, 3500) + 0.3 * noise(len(t), 50, 800, rng, steep=1)
    return echo(nearness * horn, rng, seconds=1.5, share=0.35)


def guitar(seconds: float, rng: np.random.Generator) -> Waveform:
    """Broken chords on plucked strings, one bar each: C, G, A minor, E minor, F, C, F, G."""
    tune = [CHORDS[bar].split()[n] for bar in "C G Am Em F C F G".split() for n in (0, 2, 3, 4, 3, 2, 4, 3)]
    strings = {note: string_of(frequency(note), rng) for note in sorted(set(tune))}
    track = np.zeros(samples(seconds))
    for n in range(int((seconds - 0.5) / BEAT)):
        accent = (1.2 if n % 8 == 0 else 1.0) * (1 + 0.1 * rng.standard_normal())
        late = 0.008 * rng.standard_normal()  # nobody plays like clockwork
        add(track, accent * strings[tune[n % len(tune)]], at=max(0.0, n * BEAT + late))
    body = track + band(track, 90, 130) + 0.7 * band(track, 180, 260)  # air and top plate of the box
    return echo(body, rng, seconds=0.5, share=0.15)


def string_of(pitch: float, rng: np.random.Generator) -> Waveform:
    """A string plucked at 15 % of its length: what has a node there is not heard; stiffness spreads the partials."""
    t = clock(2.0)
    k = np.arange(1, min(40, int(9500 / pitch)) + 1)
    partial = pitch * k * np.sqrt(1 + 8e-5 * k**2)
    loudness = np.sin(np.pi * k * 0.15) / k / (1 + (partial / 3500) ** 2)
    decay = 0.6 / (1 + 0.5 * (partial / 1000) ** 1.2 + 0.15 * k)
    finger = 0.03 * noise(len(t), 800, 4000, rng, steep=1) * np.exp(-t / 0.008)
    attack: Waveform = 1 - np.exp(-t / 0.0015)
    return ring(partial, loudness, decay, t, rng, spread=0.3) * attack + finger


# --- the workshop ---


def samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def clock(seconds: float) -> Waveform:
    return np.arange(samples(seconds)) / SAMPLE_RATE


def phase(pitch: Waveform) -> Waveform:
    """The angle of a tone whose pitch in Hz changes from sample to sample."""
    return 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE


def frequency(note: str) -> float:
    """C4 is the C below the A of 440 Hz."""
    return float(440 * 2 ** (("C D EF G A B".index(note[0]) - 9) / 12 + int(note[1]) - 4))


def ring(
    pitch: Waveform,
    loudness: Waveform,
    decay: Waveform,
    t: Waveform,
    rng: np.random.Generator,
    spread: float = 6.28,
) -> Waveform:
    """The sum of damped sines, one a partial, each with a phase of its own."""
    start = rng.uniform(0, spread, len(pitch))
    waves = np.sin(2 * np.pi * np.outer(pitch, t) + start[:, None]) * np.exp(-np.outer(1 / decay, t))
    return np.asarray(loudness @ waves)


def band(waveform: Waveform, low: float, high: float, steep: int = 2) -> Waveform:
    """What lies between two frequencies in Hz, with slopes of 6 dB an octave times `steep`."""
    f = np.maximum(np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE), 1.0)
    gain = 1 / np.sqrt((1 + (low / f) ** (2 * steep)) * (1 + (f / high) ** (2 * steep)))
    return np.fft.irfft(np.fft.rfft(waveform) * gain, len(waveform))


def noise(n_samples: int, low: float, high: float, rng: np.random.Generator, steep: int = 2) -> Waveform:
    return band(rng.standard_normal(n_samples), low, high, steep)


def echo(waveform: Waveform, rng: np.random.Generator, *, seconds: float, share: float) -> Waveform:
    """The waveform and, `share` as loud, its echoes from the houses, gone by 60 dB after some seconds."""
    tail = noise(samples(seconds), 200, 5000, rng) * np.exp(-6.9 * clock(seconds) / seconds)
    n = len(waveform) + len(tail)
    late = np.fft.irfft(np.fft.rfft(waveform, n) * np.fft.rfft(tail / np.sqrt(np.sum(tail**2)), n), n)
    return waveform + share * late[: len(waveform)]


def loud(waveform: Waveform, rms: float) -> Waveform:
    return waveform * (rms / float(np.sqrt(np.mean(waveform**2))))


def faded(waveform: Waveform, fade_in: float, fade_out: float) -> Waveform:
    """Raised by half a cosine at either end."""
    t = clock(len(waveform) / SAMPLE_RATE)[: len(waveform)]
    up = np.minimum(1, (t + 1e-9) / max(fade_in, 1e-9))
    down = np.minimum(1, t[::-1] / max(fade_out, 1e-9))
    return waveform * (0.5 - 0.5 * np.cos(np.pi * up)) * (0.5 - 0.5 * np.cos(np.pi * down))


def add(track: Waveform, waveform: Waveform, *, at: float) -> None:
    """Mixes a waveform into a track; what would lie after its end is dropped."""
    start = samples(at)
    track[start : start + len(waveform)] += waveform[: max(0, len(track) - start)]


# --- the scene ---

# In order; at most two at a time, each alone for some seconds and under speech for some.
SOUNDS = (
    Sound(0.4, 9.4, "Church bell", church_bell, 0.04, fade_out=2.0),
    Sound(10.0, 20.8, "Bird", birds, 0.02, fade_in=0.3),
    Sound(20.0, 34.2, "Rain", rain, 0.02, fade_in=1.0, fade_out=1.5),
    Sound(32.6, 42.4, "Police car (siren)", police_siren, 0.04, fade_in=0.8, fade_out=1.0),
    Sound(43.0, 59.2, "Music", guitar, 0.02, fade_out=1.0),
)


def spoken(line: Line) -> Waveform:
    """A line in its speaker's voice, from its first audible sample to its last."""
    voice, pace = VOICES[line.speaker]
    command = ["espeak-ng", "-v", voice, "-s", str(pace), "--stdout", line.text]
    answer = subprocess.run(command, capture_output=True)
    if answer.returncode or not answer.stdout:
        sys.exit(f"make_scene: espeak-ng should speak as {voice}; it says: {answer.stderr.decode().strip()}")
    with wave.open(BytesIO(answer.stdout)) as file:
        if file.getframerate() != SAMPLE_RATE:
            sys.exit(f"make_scene: espeak-ng should speak at {SAMPLE_RATE} Hz, not {file.getframerate()}")
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    audible = np.flatnonzero(np.abs(pcm) > 0.01)
    return loud(pcm[audible[0] : audible[-1] + 1], SPEECH_RMS)


def played(sound: Sound, seed: int) -> Waveform:
    """A sound as loud as it should be, with its fades."""
    waveform = sound.make(sound.end - sound.start, np.random.default_rng(seed))
    return faded(loud(waveform, sound.rms), sound.fade_in, sound.fade_out)


def scene() -> tuple[Waveform, dict[str, object]]:
    """The recording and the truth about it."""
    track = ROOM_RMS * noise(samples(DURATION), 60, 2000, np.random.default_rng(0), steep=1)
    said, heard = [], []
    for line in LINES:
        voice = spoken(line)
        add(track, voice, at=line.start)
        end = round(line.start + len(voice) / SAMPLE_RATE, 2)
        said.append({"start": line.start, "end": end, "speaker": line.speaker, "text": line.text})
    for seed, sound in enumerate(SOUNDS, start=1):  # a seed each: to change one sound leaves the others alone
        add(track, played(sound, seed), at=sound.start)
        heard.append({"start": sound.start, "end": sound.end, "label": sound.label})
    truth = {"recording": "street.ogg", "duration": DURATION, "language": "en"}
    return 0.9 * track / np.abs(track).max(), {**truth, "speech": said, "sounds": heard}


def write_ogg(waveform: Waveform, path: Path) -> None:
    """Mono Opus, which knows 48 kHz but not 22.05; `bitexact` keeps random numbers out of the file."""
    pcm = np.round(waveform * 32767).astype(np.int16)
    whole = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    whole.sample_rate = SAMPLE_RATE
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono", options={"application": "audio"})
        stream.bit_rate = 40_000
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000, frame_size=960)
        frames = (*resampler.resample(whole), *resampler.resample(None), None)
        for frame in frames:
            container.mux(stream.encode(frame))


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Make street.ogg and street.json, the sample scene and its truth."
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="FOLDER")
    folder = parser.parse_args().out
    if shutil.which("espeak-ng") is None:
        sys.exit(
            "make_scene: the voices need espeak-ng on the PATH, and it is not there; apt-get install espeak-ng"
        )
    waveform, truth = scene()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_ogg(waveform, folder / "street.ogg")
        (folder / "street.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        sys.exit(f"make_scene: the scene could not be written to {folder}: {error.strerror}")
    print(folder / "street.ogg")


if __name__ == "__main__":
    main()
