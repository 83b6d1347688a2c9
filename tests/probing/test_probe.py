"""The layer in which the classes were planted is found; controls find nothing; results come back from JSON."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.audio.synth import wav
from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.evaluation.score import draw
from whisper_at.probing.means import CONVOLUTION
from whisper_at.probing.plots import write_plots
from whisper_at.probing.probe import f1_scores, probe
from whisper_at.probing.result import LOG_MEL, RANDOM, SHUFFLED, ProbeResult
from whisper_at.probing.table import as_text

NAMES = ("cat", "dog", "rain")


class Planted:
    """Hears which clip it is by its loudest sample; layer 2 says of which class it is, all else is noise."""

    name, sha256, layers = "planted", "abc", (CONVOLUTION, "layer 1", "layer 2", "layer 3")

    def __init__(self, *, knows=True):
        self.knows = knows

    def means(self, samples):
        number = round(float(samples.max()) * 100)
        found = np.random.default_rng(number).standard_normal((4, 6)).astype(np.float32)
        if self.knows:
            found[2, number % 3] += 8
        return found

    def random(self, seed):
        return Planted(knows=False)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    clips = []
    for i in range(1, 55):
        path = Path(folder, f"{i}.wav")
        samples = np.full(1600, i / 100)
        path.write_bytes(wav((samples * 32768).astype(np.int16), 16_000))
        clips.append(Clip(path=path, labels=(NAMES[i % 3],), fold=str(1 + i // 3 % 3)))
    return Dataset(name="yard", clips=tuple(clips), labels=LabelSet.of(NAMES))


@pytest.fixture(scope="module")
def found(dataset):
    return probe(Planted(), dataset, resamples=200)


def test_the_layer_that_knows_is_found(found):
    by = {(one.name, one.kind): one for one in found.probes}
    assert by["layer 2", "layer"].mean_of_folds > 0.95
    assert by["all layers", "other"].mean_of_folds > 0.9
    for name, kind in (("layer 1", "layer"), ("layer 2", RANDOM), ("layer 2", SHUFFLED)):
        assert by[name, kind].mean_of_folds < 0.6
    assert by[LOG_MEL, LOG_MEL].dim == 80 and by["all layers", "other"].dim == 18
    assert [(one.class_name, one.layer) for one in found.best] == [(name, "layer 2") for name in NAMES]
    assert all(one.share > 0.95 for one in found.best)


def test_intervals_hold_their_values_and_classes_their_clips(found):
    assert (found.clips, dict(found.classes)) == (54, dict.fromkeys(NAMES, 18))
    for one in found.probes:
        assert one.accuracy.low <= one.accuracy.value <= one.accuracy.high
        assert np.mean([score.value for score in one.f1.values()]) == pytest.approx(
            one.macro_f1.value, abs=1e-5
        )


def test_the_same_seed_finds_the_same(dataset, found):
    assert probe(Planted(), dataset, resamples=200) == found


def test_f1_is_that_of_scikit_learn():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    truth, answers = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    weights = draw(60, 5)
    ours = f1_scores(answers, truth, 4, weights)
    for i in range(5):
        theirs = f1_score(truth, answers, average=None, sample_weight=weights[:, i])
        np.testing.assert_allclose(ours[:, i], theirs, atol=1e-6)


def test_a_result_is_json_a_table_and_pictures(found, tmp_path):
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert ProbeResult.from_dict(told) == found
    with pytest.raises(ValueError, match="not a whole"):
        ProbeResult.from_dict(told | {"probes": [{}]})
    text = as_text(found)
    assert "layer 2, random weights" in text and "layer 2, shuffled labels" in text
    assert {path.name for path in write_plots(found, tmp_path)} == {
        f"{name}{suffix}" for name in ("layers", "classes", "best") for suffix in (".png", ".svg")
    }
