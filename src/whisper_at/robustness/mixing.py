"""Speech and noise in, the two of them together at a signal-to-noise ratio out.

The ratio is that of mean powers while each is heard: of the speech over its active stretches, of the noise over
its own within the mixture. A dog that barks once is as loud as the sentence while it barks; by its power over the whole
clip, as the original experiment has it, it would be the louder the longer the file is silent.
"""

from dataclasses import dataclass

import numpy as np

from whisper_at.datasets.scenes.activity import active_stretches, mean_power
from whisper_at.datasets.scenes.sources import Samples, SourceSound
from whisper_at.errors import DatasetError
from whisper_at.timegrid import SAMPLE_RATE

MARGIN = SAMPLE_RATE // 2  # samples of noise before and after the speech
PEAK = 0.99  # of full scale: no mixture is louder


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture:
    """A mixture and what it is made of.

    samples: [sample], mono at 16 kHz; its speech and noise as they are in it add up to it.
    gain: decibels by which the whole was made softer so that nothing is clipped; 0 or less.
    """

    samples: Samples
    speech: Samples
    noise: Samples
    gain: float


def mix(speech: SourceSound, noise: SourceSound, snr: float, rng: np.random.Generator) -> Mixture:
    """Speech with half a second before and after it, and noise through all of that.

    The noise is repeated with its pauses as often as it takes, and turned so that something of it is heard while
    something is said; the rest of where it begins is chance.

    Args:
        snr: decibels.
        rng: of the chance; of equal ones the noise is the same but for its level, whatever the ratio.

    Raises:
        DatasetError: if one of the two is silent.
    """
    for one, name in ((speech, "speech"), (noise, "noise")):
        if not one.stretches:
            raise DatasetError(f"wanted {name} that can be heard, found a clip that is silent; leave it out")
    said = np.pad(speech.samples, MARGIN)
    turn = MARGIN + _instant(speech, rng) - _instant(noise, rng)
    looped = noise.samples[(np.arange(len(said)) - turn) % len(noise.samples)]
    level = mean_power(speech.samples, speech.stretches) / mean_power(looped, active_stretches(looped))
    beside = (looped * np.sqrt(level * 10 ** (-snr / 10))).astype(np.float32)
    loudest = float(np.abs(said + beside).max())
    softer = np.float32(min(1.0, PEAK / loudest))
    said, beside = said * softer, beside * softer
    return Mixture(
        samples=said + beside, speech=said, noise=beside, gain=round(float(20 * np.log10(softer)), 2)
    )


def _instant(sound: SourceSound, rng: np.random.Generator) -> int:
    """A sample at which the sound is heard, any of them as likely as another."""
    lengths = np.array([end - start for start, end in sound.stretches])
    nth = int(rng.integers(lengths.sum()))
    before = np.concatenate([[0], np.cumsum(lengths)])
    stretch = int(np.searchsorted(before, nth, "right")) - 1
    return int(sound.stretches[stretch][0] + nth - before[stretch])
