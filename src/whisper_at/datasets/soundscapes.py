"""Scenes with exact truth, made of a corpus's clips: backgrounds, events over them, speech, a room, a codec.

    Dataset ─ plan_scene ─► ScenePlan (plain values) ─ render ─► Scene (samples, Clip with soundings, sentences)

In the manner of Scaper (Salamon and others, 2017). A scene is told by recipe, seed, fold and number alone, and
clips of one fold only ever meet in that fold, so a head that was trained on scenes of some folds has heard
nothing of the others. `Soundscapes` gives scenes by number, `write_soundscapes` writes them to files.

When something is heard. A source is heard in frames of 10 ms that are at most 30 dB below its loudest; pauses
shorter than half a second count as sound. What is before the first and after the last is cut off. So the
times of a label are those of its sound, not those of a file that begins and ends with silence. In a room they
last until the ringing is that soft. Labels are those of the source; what they imply is left to the reader.
A codec or a narrow band may take a soft or high sound away: its label stays.

How loud. The SNR of an event is the mean power over the stretches in which it is heard, over that of the
background in the same stretches, before the codec. In a room it is that of the sound with its ringing. Where
the background pauses, it counts as 15 dB below its mean.

How sources are chosen: see `scenes.stock.Stock`.
"""

from whisper_at.datasets.scenes.files import write_soundscapes
from whisper_at.datasets.scenes.plan import Backdrop, Placed, ScenePlan
from whisper_at.datasets.scenes.recipe import SceneRecipe
from whisper_at.datasets.scenes.rendering import Scene, Sentence, render
from whisper_at.datasets.scenes.series import Soundscapes, plan_scene
from whisper_at.datasets.scenes.sources import Sources
from whisper_at.datasets.scenes.stock import deal_folds

__all__ = [
    "Backdrop",
    "Placed",
    "Scene",
    "ScenePlan",
    "SceneRecipe",
    "Sentence",
    "Soundscapes",
    "Sources",
    "deal_folds",
    "plan_scene",
    "render",
    "write_soundscapes",
]
