"""ESC-50 and ESC-10 have one class a clip; AudioSet has names for most of them."""

import pytest

from tests.datasets.corpora import esc10_by_folders, esc50, recordings, text
from whisper_at.datasets import esc
from whisper_at.datasets.clip import LabelSet
from whisper_at.datasets.opening import open_dataset
from whisper_at.errors import DatasetError
from whisper_at.tagging import ontology


def test_esc50_has_its_classes_its_folds_and_nothing_unknown(tmp_path):
    dataset = esc.read(esc50(tmp_path))
    assert [(clip.path.name, clip.labels, clip.fold, clip.subset) for clip in dataset.clips] == [
        ("1-1-A-0.wav", ("dog",), "1", "esc10"),
        ("2-2-A-0.wav", ("dog",), "2", "esc10"),
        ("1-3-A-10.wav", ("rain",), "1", "esc10"),
        ("2-4-A-34.wav", ("can_opening",), "2", "esc50"),
    ]
    assert all(clip.complete and clip.path.is_file() for clip in dataset.clips)
    assert dataset.labels == LabelSet(
        ids=("dog", "rain", "can_opening"), names=("dog", "rain", "can opening")
    )
    assert (dataset.name, esc.read(tmp_path, only_esc10=True).name) == ("ESC-50", "ESC-10")


def test_esc10_is_the_part_of_esc50_that_is_marked(tmp_path):
    part = esc.read(esc50(tmp_path), only_esc10=True)
    assert part.clips == esc.read(tmp_path).clips[:3]
    assert part.labels.ids == ("dog", "rain")


def test_esc10_in_its_folders_has_the_classes_of_esc50(tmp_path):
    dataset = esc.read(esc10_by_folders(tmp_path))
    assert [(clip.labels, clip.fold) for clip in dataset.clips] == [
        (("dog",), "1"),
        (("dog",), "5"),
        (("sea_waves",), "2"),
    ]
    assert (dataset.name, dataset.labels.ids) == ("ESC-10", ("dog", "sea_waves"))


def test_audiosets_labels_are_complete_over_what_the_classes_touch(tmp_path):
    dataset = esc.read(esc50(tmp_path), labels="audioset")
    dog, bark, rain = (ontology.find(name).mid for name in ("Dog", "Bark", "Rain"))
    assert [clip.labels for clip in dataset.clips] == [(dog, bark), (dog, bark), (rain,), ()]
    assert set(dataset.labels.names) == {"Animal", "Domestic animals, pets", "Dog", "Bark", "Water", "Rain"}


def test_each_class_is_told_from_the_others_by_its_audioset_labels():
    assert len(esc.AUDIOSET_NAMES) == 50 and set(esc.ESC10.values()) <= set(esc.AUDIOSET_NAMES)
    mids = {category: esc.mids_of(category) for category in esc.AUDIOSET_NAMES}
    named = {category: found for category, found in mids.items() if found}
    assert set(mids) - set(named) == {"drinking_sipping", "mouse_click", "can_opening", "washing_machine"}
    assert len(set(named.values())) == len(named)
    assert all(  # a name in full, which no later label can make ambiguous
        ontology.find(name).name == name for names in esc.AUDIOSET_NAMES.values() for name in names
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a.wav,1,0,doggy,True,1,A", "line 2: 'doggy' is none of the fifty classes"),
        ("a.wav,,0,dog,True,1,A", "line 2: no fold"),
    ],
)
def test_a_row_that_names_no_class_or_fold_is_an_error(tmp_path, row, said):
    text(tmp_path / "meta/esc50.csv", "filename,fold,target,category,esc10,src_file,take", row)
    with pytest.raises(DatasetError) as caught:
        esc.read(tmp_path)
    assert said in str(caught.value)


def test_a_folder_that_names_no_class_is_an_error(tmp_path):
    esc10_by_folders(tmp_path)
    (tmp_path / "011 - Vuvuzela").mkdir()
    with pytest.raises(DatasetError, match="'vuvuzela' is none of the ten classes of ESC-10"):
        esc.read(tmp_path)


@pytest.mark.data
def test_the_folders_of_esc10_say_what_its_manifest_says():
    told = {clip.path: clip for clip in open_dataset(recordings()).clips if clip.subset == "esc10"}
    read = open_dataset(recordings() / "esc10", labels="audioset").clips
    assert {clip.path for clip in read} == set(told)
    for clip in read:
        assert (set(clip.labels), clip.fold) == (set(told[clip.path].labels), told[clip.path].fold)
