"""What users name: labels, groups, and what is near to what they meant."""

from dataclasses import replace

import numpy as np
import pytest

from tests.model.tiny import head_card
from whisper_at.errors import OptionError
from whisper_at.tagging import ontology
from whisper_at.tagging.events import Reporting, not_learned
from whisper_at.tagging.groups import GROUPS, members
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.selection import expanded, select, with_kinds

DOG, BARK, SHOT, RAIN = "/m/0bt9lr", "/m/05tny_", "/m/032s66", "/m/06mb1"
CARD = head_card({mid: ontology.find(mid).name for mid in (DOG, BARK, SHOT, RAIN)})


def test_a_name_that_is_a_label_and_a_group_is_the_label():
    music = ontology.find("Music").mid
    assert select("Music") == select("music") == (music,)
    assert select("group:music") == ("group:music",)
    assert len(members("music")) > 100


@pytest.mark.parametrize("key", GROUPS)
def test_every_group_is_found_by_its_key_and_holds_labels(key):
    assert select(f"group:{key}") == (f"group:{key}",)
    assert members(key)


def test_every_label_is_found_by_its_name_whatever_groups_are_called():
    for label in ontology.labels():
        assert select(label.name) == (label.mid,)
        assert select(f"vehicles,{label.name},pets") == ("group:vehicles", label.mid, "group:pets")


def test_groups_are_found_by_their_names_among_labels_with_commas():
    assert select("human sounds,Chirp, tweet,vehicles") == (
        "group:human",
        ontology.find("Chirp, tweet").mid,
        "group:vehicles",
    )


@pytest.mark.parametrize(
    ("text", "near"), [("vehicels", "group:vehicles"), ("group:animal", "animals"), ("Dgo", "'Dog'")]
)
def test_what_nobody_is_called_is_answered_with_the_nearest(text, near):
    with pytest.raises(OptionError, match=near):
        select(text)


def test_of_a_group_the_head_reports_what_it_has_learned():
    shy = replace(CARD, reported=(DOG, RAIN))
    reported = Reporting.of(shy, TagOptions(labels=("group:animals", SHOT))).mids
    assert reported == (DOG, SHOT)  # a label by its name even if it was not learned
    with pytest.raises(OptionError, match="learned none"):
        Reporting.of(shy, TagOptions(labels=("group:explosions",)))


def test_what_cannot_be_heard_is_said_before_silence_is_believed():
    shy = replace(CARD, reported=(DOG, RAIN))
    (note,) = not_learned(shy, TagOptions(labels=(DOG, "Bark", "group:explosions", "group:animals")))
    n = len(members("animals"))
    assert note == (
        f"head {shy.name} has not learned Bark, anything of group:explosions, "
        f"{n - 1} of the {n} labels of group:animals"
    )
    assert not_learned(shy, TagOptions(labels=(DOG,))) == not_learned(shy, TagOptions()) == ()


def test_names_will_do_in_python_too():
    assert Reporting.of(CARD, TagOptions(labels=("Dog", "bark", RAIN))).mids == (DOG, BARK, RAIN)
    with pytest.raises(OptionError, match="nearest: 'Dog'"):
        Reporting.of(CARD, TagOptions(labels=("Dgo",)))


def test_a_name_is_denied_like_its_mid_and_reported_once():
    assert Reporting.of(CARD, TagOptions(labels=("Dog", "Rain"), without=(DOG,))).mids == (RAIN,)
    assert Reporting.of(CARD, TagOptions(labels=("Rain", RAIN, "rain"))).mids == (RAIN,)


def test_what_is_denied_is_denied_with_all_its_kinds():
    card = replace(CARD, reported=CARD.mids)
    assert Reporting.of(card, TagOptions(without=(DOG,))).mids == (SHOT, RAIN)
    assert Reporting.of(card, TagOptions(labels=("group:animals",), without=(BARK,))).mids == (DOG,)
    assert np.array_equal(Reporting.of(card, TagOptions(without=(DOG,))).columns, [2, 3])
    assert with_kinds(["my own"]) == {"my own"}


def test_an_expanded_choice_has_each_label_once():
    assert expanded((BARK, "group:animals"), (DOG, BARK)) == (BARK, DOG)
