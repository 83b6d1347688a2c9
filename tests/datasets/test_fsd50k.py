"""FSD50K has its splits as folds, and only its evaluation set is complete."""

import pytest

from tests.datasets.corpora import fsd50k as corpus
from tests.datasets.corpora import text
from whisper_at.datasets import fsd50k
from whisper_at.errors import DatasetError

BARK, DOG, VOICE = "/m/05tny_", "/m/0bt9lr", "/m/09l8g"


def test_both_sets_are_read_with_their_splits(tmp_path):
    dataset = fsd50k.read(corpus(tmp_path))
    assert [(clip.labels, clip.fold, clip.subset, clip.complete) for clip in dataset.clips] == [
        ((BARK, DOG), "train", "dev", False),
        ((VOICE,), "val", "dev", False),
        ((DOG,), "test", "eval", True),
    ]
    assert all(clip.path.is_file() for clip in dataset.clips)
    assert (dataset.labels.ids, dataset.labels.names) == ((BARK, DOG, VOICE), ("Bark", "Dog", "Human voice"))
    assert dataset.labels.ancestors[BARK][0] == DOG


def test_nodes_that_are_no_labels_of_audioset_can_be_left_out(tmp_path):
    dataset = fsd50k.read(corpus(tmp_path), labels="audioset")
    assert [clip.labels for clip in dataset.clips] == [(BARK, DOG), (), (DOG,)]
    assert dataset.labels.ids == (BARK, DOG)


def test_one_of_the_sets_is_enough_and_its_folder_may_say_more(tmp_path):
    (corpus(tmp_path) / "FSD50K.ground_truth/dev.csv").unlink()
    (tmp_path / "FSD50K.eval_audio").rename(tmp_path / "FSD50K.eval_audio_16k")
    (clip,) = fsd50k.read(tmp_path).clips
    assert clip.path == tmp_path / "FSD50K.eval_audio_16k" / "37199.wav"


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        (
            "eval.csv",
            ["fname,labels,mids", "1,Cat,/m/01yrx"],
            "line 2: the mid '/m/01yrx' is not in vocabulary",
        ),
        ("eval.csv", ["fname,labels,mids", ",Dog,/m/0bt9lr"], "line 2: wanted fname"),
        ("dev.csv", ["fname,labels,mids", "1,Dog,/m/0bt9lr"], "line 2: wanted fname"),
        ("vocabulary.csv", ["0,Bark"], "line 1: wanted index,label,mid"),
    ],
)
def test_what_is_not_understood_is_said_with_its_line(tmp_path, name, lines, said):
    text(corpus(tmp_path) / "FSD50K.ground_truth" / name, *lines)
    with pytest.raises(DatasetError) as caught:
        fsd50k.read(tmp_path)
    assert said in str(caught.value)


def test_ground_truth_without_a_table_is_an_error(tmp_path):
    truth = corpus(tmp_path) / "FSD50K.ground_truth"
    (truth / "dev.csv").unlink()
    (truth / "eval.csv").unlink()
    with pytest.raises(DatasetError, match=r"neither dev\.csv nor eval\.csv"):
        fsd50k.read(tmp_path)
