"""Whose labels they are: AudioSet's if all are, one's own if most are not, and a slip in between."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.datasets.clip import LabelSet
from whisper_at.datasets.labelling import UnknownLabels, label_ids, some_of_audioset
from whisper_at.errors import OptionError
from whisper_at.tagging import ontology

known = st.lists(st.sampled_from(ontology.labels()), max_size=8, unique=True)
made_up = st.lists(st.integers(0, 99).map("machine hall {}".format), max_size=8, unique=True)


def lines(labels):
    return {label: number for number, label in enumerate(labels, start=2)}


@given(known, st.booleans())
def test_labels_that_audioset_knows_are_audiosets_by_name_and_by_mid(labels, by_mid):
    written = [label.mid if by_mid else label.name for label in labels]
    labelling = label_ids(lines(written), "auto", "a.csv")
    assert labelling.labels == LabelSet.audioset()
    assert [labelling.ids[one] for one in written] == [label.mid for label in labels]


@given(known, made_up.filter(bool))
def test_some_that_it_does_not_know_make_them_ones_own_or_a_slip(labels, others):
    written = [*(label.name for label in labels), *others]
    if len(others) < len(labels):
        with pytest.raises(UnknownLabels) as caught:
            label_ids(lines(written), "auto", "a.csv")
        assert caught.value.labels == tuple(others)
    else:
        labelling = label_ids(lines(written), "auto", "a.csv")
        assert labelling.labels == LabelSet.of(written)
        assert labelling.ids == {one: one for one in written}


@given(known, made_up)
def test_whoever_says_that_they_are_their_own_is_believed(labels, others):
    written = [*(label.name for label in labels), *others]
    assert label_ids(lines(written), "own", "a.csv").labels.ids == tuple(sorted(written))


def test_a_slip_is_answered_with_its_line_and_the_nearest_names():
    with pytest.raises(UnknownLabels) as caught:
        label_ids(lines(["Dog", "Rain", "Chirrp", "Cat"]), "auto", "a.csv")
    said = str(caught.value)
    assert said.startswith("1 of 4 labels of a.csv is none of AudioSet's, the others are: line 4: ")
    assert "'Chirp, tweet'" in said and "labels='own'" in said


def test_of_many_slips_a_few_are_shown_and_all_are_there():
    strange = [f"machine hall {i}" for i in range(100)]
    with pytest.raises(UnknownLabels) as caught:
        label_ids(lines(strange), "audioset", "a.csv")
    said = str(caught.value)
    assert said.startswith("100 of 100 labels of a.csv are none") and "and 97 more" in said
    assert len(said) < 800 and "\n" not in said
    assert caught.value.labels == tuple(strange)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.labels) == (said, caught.value.labels)


def test_there_is_no_fourth_way():
    with pytest.raises(OptionError, match="'auto', 'audioset' or 'own'; got 'mine'"):
        label_ids({}, "mine", "a.csv")


@given(known.filter(bool))
def test_a_part_of_audioset_holds_what_is_above_it_in_the_published_order(labels):
    mids = [label.mid for label in labels]
    whole, some = LabelSet.audioset(), some_of_audioset(mids)
    assert set(some.ids) == set(whole.implied(mids))
    assert [whole.ids.index(mid) for mid in some.ids] == sorted(whole.ids.index(mid) for mid in some.ids)
    assert set(some.implied(some.ids)) == set(some.ids)
