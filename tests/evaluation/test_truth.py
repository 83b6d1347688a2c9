"""What clips say of labels: heard, not heard, or unknown; and when."""

from pathlib import Path

import numpy as np
import pytest

from whisper_at.datasets.clip import Clip, LabelSet, Sounding
from whisper_at.errors import DatasetError
from whisper_at.evaluation.truth import sounds_of, truth_of

LABELS = LabelSet(
    ids=("animal", "dog", "bark", "cat", "rain"),
    names=("Animal", "Dog", "Bark", "Cat", "Rain"),
    ancestors={"bark": ("dog", "animal"), "dog": ("animal",), "cat": ("animal",)},
)


def clip(*labels, **fields):
    return Clip(path=Path("a.ogg"), labels=labels, **fields)


def told(one, absent="false"):
    """For each label of LABELS: + heard, - not heard, ? unknown."""
    found = truth_of([one], LABELS, LABELS.ids, absent=absent)
    return "".join(
        "?" if not known else "+" if present else "-"
        for present, known in zip(found.present[0], found.known[0], strict=True)
    )


@pytest.mark.parametrize(
    ("labels", "complete", "absent", "expected"),
    [  #                                  animal dog bark cat rain
        (("bark",), False, "false", "+++--"),  # parents are implied
        (("dog",), False, "false", "++?--"),  # a dog may bark
        (("dog",), True, "false", "++?--"),  # even where the list is complete
        (("dog",), False, "unknown", "++???"),
        (("dog",), True, "unknown", "++?--"),
        (("dog", "bark"), False, "unknown", "+++??"),
        (("animal",), False, "false", "+???-"),
        ((), False, "false", "?????"),  # a clip that nobody labelled
        ((), True, "unknown", "-----"),  # a clip in which nothing is heard
    ],
)
def test_each_label_of_a_clip_is_heard_or_not_or_unknown(labels, complete, absent, expected):
    assert told(clip(*labels, complete=complete), absent) == expected


def test_labels_that_are_not_asked_for_still_imply_those_that_are():
    found = truth_of([clip("bark")], LABELS, ["rain", "dog"])
    assert found.present.tolist() == [[False, True]]


def test_soundings_count_as_labels():
    assert told(clip(soundings=(Sounding(label="bark", start=0, end=1),))) == "+++--"


def test_a_label_that_the_dataset_does_not_have_is_refused_by_name():
    with pytest.raises(DatasetError, match=r"a\.ogg is labelled 'yodel', which is none of the 5 labels"):
        truth_of([clip("dog", "yodel")], LABELS, LABELS.ids)


def test_a_parent_sounds_whenever_a_child_does():
    found = sounds_of(
        [
            clip(
                soundings=(
                    Sounding(label="bark", start=1, end=2),
                    Sounding(label="cat", start=1.5, end=3),
                    Sounding(label="cat", start=4, end=5),
                )
            )
        ],
        LABELS,
        LABELS.ids,
    )
    spans = {LABELS.ids[column]: span.tolist() for column, span in found.spans[0].items()}
    assert spans == {
        "bark": [[1, 2]],
        "dog": [[1, 2]],
        "cat": [[1.5, 3], [4, 5]],
        "animal": [[1, 3], [4, 5]],  # one event where they overlap
    }
    assert found.n_events.tolist() == [2, 1, 1, 2, 0]


def test_times_are_unknown_where_a_label_is_heard_and_nobody_wrote_down_when():
    weak = clip("dog")
    partly = clip("dog", "rain", soundings=(Sounding(label="rain", start=0, end=1),))
    found = sounds_of([weak, partly], LABELS, LABELS.ids)
    #                            animal  dog    bark   cat   rain
    assert found.known.tolist() == [[False, False, False, True, True], [False, False, False, True, True]]
    assert [list(spans) for spans in found.spans] == [[], [4]]


def test_events_of_no_length_are_none():
    found = sounds_of([clip("dog", soundings=(Sounding(label="dog", start=1, end=1),))], LABELS, LABELS.ids)
    assert found.n_events.sum() == 0
    assert not found.known[0, 1]


def test_the_rules_hold_for_all_of_audioset():
    labels = LabelSet.audioset()
    bark = "/m/05tny_"
    found = truth_of([clip(bark)], labels, labels.ids)
    assert {labels.names[i] for i in np.flatnonzero(found.present[0])} == {
        "Bark",
        "Dog",
        "Domestic animals, pets",
        "Animal",
    }
    assert found.known.all()  # nothing is a kind of Bark
