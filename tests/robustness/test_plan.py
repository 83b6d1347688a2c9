"""What is mixed with what hangs on the corpora and the seed, and on nothing else."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.errors import DatasetError, OptionError
from whisper_at.robustness.plan import ALONE, CLEAN, MIXED, plan, ratios

SPEECH = Dataset(
    name="read",
    clips=tuple(Clip(path=Path(f"s{i}.ogg"), transcript=f"sentence {i}", language="en") for i in range(9)),
    labels=LabelSet.of([]),
)
NOISE = Dataset(
    name="yard",
    clips=tuple(
        Clip(path=Path(f"{name}{i}.ogg"), labels=(name,)) for name in ("dog", "rain") for i in range(3)
    ),
    labels=LabelSet.of(["dog", "rain"]),
)


def planned(speech=SPEECH, noise=NOISE, **changes):
    asked = {"snrs": (10, 0), "gates": ("off", "auto"), "sentences": 5, "seed": 1} | changes
    return plan(speech, noise, **asked)


def shuffled(dataset):
    clips = list(dataset.clips)
    random.Random(0).shuffle(clips)
    return replace(dataset, clips=tuple(clips))


def test_the_order_of_files_changes_nothing():
    assert planned(shuffled(SPEECH), shuffled(NOISE)) == planned()


def test_another_seed_takes_other_sentences():
    assert planned(seed=2) != planned()


def test_each_class_has_the_same_sentences_and_each_ratio_the_same_pairs():
    tasks = [task for task in planned().tasks if task.kind == MIXED]
    assert len(tasks) == 4
    assert len({tuple(pair.speech for pair in task.pairs) for task in tasks}) == 1
    for name in ("dog", "rain"):
        assert len({task.pairs for task in tasks if task.noise_class == name}) == 1


def test_clips_of_a_class_take_turns_and_are_heard_alone_too():
    found = planned()
    (rain,) = [
        task for task in found.tasks if task.kind == MIXED and task.noise_class == "rain" and task.snr == 0
    ]
    assert [pair.noise.path.stem for pair in rain.pairs] == ["rain0", "rain1", "rain2", "rain0", "rain1"]
    alone = [pair.noise for task in found.tasks if task.kind == ALONE for pair in task.pairs]
    assert sorted(clip.name for clip in alone) == sorted(clip.name for clip in NOISE.clips)
    assert [task.kind for task in found.tasks].count(CLEAN) == 1
    assert found.n_recordings == 5 + 6 + 2 * 2 * 5


def test_names_of_tasks_are_names_of_files():
    names = [task.name for task in planned().tasks]
    assert len(set(names)) == len(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.dB") for name in names)


def test_classes_that_differ_in_signs_alone_would_share_a_file():
    clips = tuple(Clip(path=Path(f"{i}.ogg"), labels=(name,)) for i, name in enumerate(("dog!", "dog?")))
    with pytest.raises(DatasetError, match=r"'dog!' and 'dog\?' differ in signs alone"):
        planned(noise=Dataset(name="signs", clips=clips, labels=LabelSet.of(["dog!", "dog?"])))


def test_sentences_without_words_and_clips_without_labels_are_not_taken():
    mute = Clip(path=Path("mute.ogg"), transcript=" ")
    nameless = Clip(path=Path("what.ogg"))
    more = planned(
        replace(SPEECH, clips=(mute, *SPEECH.clips)), replace(NOISE, clips=(nameless, *NOISE.clips))
    )
    assert more == planned()
    with pytest.raises(DatasetError, match="no clip with a transcript"):
        planned(replace(SPEECH, clips=(mute,)))
    with pytest.raises(DatasetError, match="no clip with a label"):
        planned(noise=replace(NOISE, clips=(nameless,)))


@pytest.mark.parametrize("text", ["", "loud", "10:0:5", "0:10:0", "0:10", "1:2:3:4"])
def test_what_are_no_ratios_is_refused(text):
    with pytest.raises(OptionError, match="FIRST:LAST:STEP"):
        ratios(text)


def test_a_range_of_ratios_holds_both_ends():
    assert ratios("-20:20:5") == (-20, -15, -10, -5, 0, 5, 10, 15, 20)
