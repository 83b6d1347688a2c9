"""The labels are AudioSet's, in its order, and the list on the command line says what was meant."""

import hashlib
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from whisper_at.errors import OptionError
from whisper_at.tagging.ontology import (
    Label,
    ancestors,
    children,
    descendants,
    find,
    is_singing,
    is_speech,
    labels,
    parents,
    select,
)

some_labels = st.lists(st.sampled_from(labels()), min_size=1, max_size=8, unique=True)
any_label = st.sampled_from(labels())


def names(found: tuple[Label, ...]) -> set[str]:
    return {label.name for label in found}


def sha256(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


# --- the table ---


def test_the_labels_are_those_of_the_published_list_in_its_order():
    assert [label.index for label in labels()] == list(range(527))
    assert sha256([label.name for label in labels()]) == (
        "0b14c3a038e682627b9d4133084a7b63f805a7ab61896c5df8d3ec227af18c18"
    )
    assert sha256([label.mid for label in labels()]) == (
        "fbd94e8a38594c56e778359b1bf3c59f4c669023df8780e7a234d87b93f6e463"
    )


@pytest.mark.parametrize(
    "label",
    [
        Label(0, "/m/09x0r", "Speech"),
        Label(137, "/m/04rlf", "Music"),
        Label(396, "/m/03kmc9", "Siren"),
        Label(526, "/m/07hvw1", "Field recording"),
    ],
)
def test_a_label_lies_where_the_published_list_has_it(label):
    assert labels()[label.index] == label


def test_a_label_is_told_by_its_mid_and_by_its_name():
    assert len({label.mid for label in labels()}) == 527
    assert len({label.name.casefold() for label in labels()}) == 527


def test_the_relations_are_those_of_the_ontology():
    # Computed from the published ontology.json: a line "mid of the label, mid of an ancestor", sorted.
    lines = sorted(f"{label.mid} {above.mid}" for label in labels() for above in ancestors(label.mid))
    assert len(lines) == 835
    assert sha256(lines) == "ebf04d97f30f6b058b3989c849eaf18729975b7a2e649ef12ee2718f1bafe30e"


# --- relations ---


def test_a_bark_comes_from_a_dog_and_a_dog_is_an_animal():
    bark = find("Bark").mid
    assert names(parents(bark)) == {"Dog"}
    assert names(ancestors(bark)) == {"Dog", "Domestic animals, pets", "Animal"}


def test_a_sound_may_be_of_two_kinds():
    assert names(parents(find("Ambulance (siren)").mid)) == {"Emergency vehicle", "Siren"}
    assert names(ancestors(find("Ambulance (siren)").mid)) == {
        "Emergency vehicle", "Siren", "Motor vehicle (road)", "Vehicle", "Alarm",
    }  # fmt: skip


def test_relations_step_through_nodes_that_are_no_labels():
    # In the ontology a bicycle is a "Non-motorized land vehicle", which is none of the 527.
    assert names(parents(find("Bicycle").mid)) == {"Vehicle"}
    assert "Bicycle" in names(children(find("Vehicle").mid))
    assert parents(find("Speech").mid) == ()  # above it are "Human voice" and "Human sounds"


def test_a_node_that_is_no_label_has_relations_too():
    of_the_voice = names(descendants("/m/09l8g"))  # Human voice
    assert {"Speech", "Singing", "Yodeling"} <= of_the_voice
    assert ancestors("/m/07pc8l3") == (find("Wood"),)  # Snap, of wood; its other kin are no labels


@given(any_label)
def test_no_sound_is_a_kind_of_itself(label):
    assert label not in ancestors(label.mid)
    assert label not in descendants(label.mid)


@given(any_label, any_label)
@example(find("Animal"), find("Bark"))
@example(find("Alarm"), find("Ambulance (siren)"))
def test_up_and_down_are_one_relation(high, low):
    assert (high in parents(low.mid)) == (low in children(high.mid))
    assert (high in ancestors(low.mid)) == (low in descendants(high.mid))


@given(any_label)
def test_ancestors_are_the_parents_and_their_ancestors(label):
    above = parents(label.mid)
    assert set(ancestors(label.mid)) == {*above, *(top for one in above for top in ancestors(one.mid))}


def test_speech_is_what_a_transcript_may_hold():
    speech = {label.name for label in labels() if is_speech(label.mid)}
    assert speech == {"Speech"} | names(descendants(find("Speech").mid))
    assert {"Speech", "Female speech, woman speaking", "Conversation", "Speech synthesizer"} <= speech
    assert not speech & {"Shout", "Whispering", "Singing", "Choir", "Hubbub, speech noise, speech babble"}


def test_singing_is_told_from_speech():
    singing = {label.name for label in labels() if is_singing(label.mid)}
    assert {"Singing", "Choir", "Yodeling", "Rapping"} <= singing
    assert not any(is_speech(label.mid) for label in labels() if is_singing(label.mid))


def test_an_unknown_mid_has_no_relations():
    with pytest.raises(OptionError, match="no node '/m/nothing'"):
        parents("/m/nothing")


# --- find ---


@given(any_label)
def test_a_label_is_found_by_its_name_in_any_case_and_by_its_mid(label):
    assert find(label.name) == find(label.name.upper()) == find(f" {label.name.lower()} ") == label
    assert find(label.mid) == label


def test_the_part_before_the_comma_is_enough():
    assert find("Vehicle horn").name == "Vehicle horn, car horn, honking"
    assert find("chirp").name == "Chirp, tweet"


def test_a_short_name_that_several_labels_share_is_refused():
    with pytest.raises(OptionError, match=r"'Outside' could be 'Outside, urban .*' or 'Outside, rural .*'"):
        find("Outside")


@pytest.mark.parametrize(
    ("typo", "meant"),
    [("Sirene", "'Siren'"), ("bark dog", "'Bark'"), ("tweeet", "'Chirp, tweet'"), ("horn", "'French horn'")],
)
def test_a_misspelt_label_is_answered_with_the_nearest(typo, meant):
    with pytest.raises(OptionError) as caught:
        find(typo)
    message = str(caught.value)
    assert f"'{typo}'" in message and meant in message and "\n" not in message
    assert message.split("; ")[1].count("', '") <= 2


def test_a_word_like_no_label_is_answered_too():
    with pytest.raises(OptionError, match="no label is called 'qqqqqqq'; the names are those of AudioSet"):
        find("qqqqqqq")


# --- select ---


@given(some_labels, st.sampled_from([",", ", ", " ,  "]))
@example([find("Chirp"), find("Dog")], ",")
@example([find("Dog"), find("Bee, wasp, etc."), find("Train horn"), find("Toot")], ",")
def test_names_joined_by_commas_come_apart_again(chosen, comma):
    assert select(comma.join(label.name for label in chosen)) == tuple(chosen)


@given(st.lists(st.tuples(any_label, st.sampled_from(["name", "mid"])), min_size=1, max_size=8))
def test_names_and_mids_mix_and_each_counts_once(asked):
    text = ",".join(getattr(label, how) for label, how in asked)
    assert select(text) == tuple(dict.fromkeys(label for label, _ in asked))


def test_a_list_of_names_can_be_read_in_one_way_only():
    # Were a name the beginning of another, or the later part of one a name, a list could mean two things.
    split = [tuple(label.name.casefold().split(", ")) for label in labels()]
    shorts = {pieces[0] for pieces in split}
    assert not any(a != b and b[: len(a)] == a for a in split for b in split)
    assert not any(later in shorts for pieces in split for later in pieces[1:])


def test_short_names_may_stand_in_a_list():
    assert [label.name for label in select("bark,Chirp,Dog, Vehicle horn")] == [
        "Bark", "Chirp, tweet", "Dog", "Vehicle horn, car horn, honking",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_an_empty_list_is_refused(text):
    with pytest.raises(OptionError, match="labels must be names or mids joined by commas"):
        select(text)


def test_the_part_of_a_list_that_is_wrong_is_named():
    with pytest.raises(OptionError, match="no label is called 'Sirene'"):
        select("Dog,Sirene,Music")


# --- cost ---


def test_asking_for_labels_loads_nothing_heavy():
    asked = "import sys; from whisper_at.tagging import ontology; ontology.labels(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert not {"numpy", "openvino", "ctranslate2", "torch", "av"} & set(loaded.stdout.split())
