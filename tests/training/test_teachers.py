"""What a teacher hears is laid on cells at its own time, in the columns of the labels that it means."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.standin_teacher import LoudnessTeacher, corpus
from whisper_at.audio import log_mel, read
from whisper_at.datasets.clip import LabelSet
from whisper_at.errors import OptionError, TrainingError
from whisper_at.tagging import ontology
from whisper_at.timegrid import SAMPLE_RATE, SAMPLES_PER_FRAME, TagGrid
from whisper_at.training import yamnet, yamnet_features
from whisper_at.training.teachers import (
    Columns,
    Teacher,
    cell_probabilities,
    open_teacher,
    patch_starts,
    spread,
    teacher_clip_probabilities,
)

lengths = st.integers(min_value=1, max_value=10 * SAMPLE_RATE)
hops = st.integers(min_value=1, max_value=90).map(lambda frames: frames / 100)
patches = st.sampled_from([0.9, 0.96, 0.975, 2.0])
cells = st.sampled_from([10, 20, 40])


# --- where patches lie ---


@given(lengths, patches, hops)
def test_patches_lie_over_the_whole_sound(n_samples: int, patch: float, hop: float) -> None:
    starts = patch_starts(n_samples, patch=patch, hop=hop)
    length = round(patch * SAMPLE_RATE)
    assert starts[0] == 0
    assert (starts % SAMPLES_PER_FRAME == 0).all()
    assert (np.diff(starts) > 0).all()
    assert (np.diff(starts) <= round(hop * SAMPLE_RATE)).all()
    if n_samples <= length:
        assert len(starts) == 1
    else:
        assert 0 <= n_samples - (starts[-1] + length) < SAMPLES_PER_FRAME


# --- from patches to cells ---


@given(lengths, patches, hops, cells)
def test_there_are_as_many_cells_as_the_features_have(n: int, patch: float, hop: float, cell: int) -> None:
    starts = patch_starts(n, patch=patch, hop=hop)
    spreads = spread(np.zeros((len(starts), 3)), starts, patch=patch, n_samples=n, frames_per_cell=cell)
    n_frames = max(1, n // SAMPLES_PER_FRAME)
    assert spreads.shape == (TagGrid(frames_per_cell=cell).n_cells(n_frames), 3)


@pytest.mark.parametrize("n_samples", [1, 399, 16_000, 16_159, 31_999])
def test_cells_are_counted_as_log_mel_counts_frames(n_samples: int) -> None:
    samples = np.zeros(n_samples, np.float32)
    heard = cell_probabilities(LoudnessTeacher(), samples, frames_per_cell=20)
    assert len(heard) == TagGrid(frames_per_cell=20).n_cells(log_mel(samples).n_frames)


@given(lengths, patches, hops, cells, st.integers(0, 2**32 - 1))
def test_a_cell_lies_between_the_patches_on_it(
    n: int, patch: float, hop: float, cell: int, seed: int
) -> None:
    starts = patch_starts(n, patch=patch, hop=hop)
    heard = np.random.default_rng(seed).random((len(starts), 1), np.float32)
    spreads = spread(heard, starts, patch=patch, n_samples=n, frames_per_cell=cell)
    length = round(patch * SAMPLE_RATE)
    for i, value in enumerate(spreads[:, 0]):
        begin, end = i * cell * SAMPLES_PER_FRAME, (i + 1) * cell * SAMPLES_PER_FRAME
        on_it = heard[(starts < end) & (starts + length > begin), 0]
        assert on_it.min() - 1e-6 <= value <= on_it.max() + 1e-6


@given(st.integers(min_value=3 * SAMPLE_RATE, max_value=8 * SAMPLE_RATE), hops, cells)
def test_each_cell_is_heard_at_its_own_time(n: int, hop: float, cell: int) -> None:
    """Patches that answer with the time of their middle: a cell's mean is its own middle, away from the ends."""
    patch = 0.96
    starts = patch_starts(n, patch=patch, hop=hop)
    clock = (starts / SAMPLE_RATE + patch / 2)[:, None]
    spreads = spread(clock, starts, patch=patch, n_samples=n, frames_per_cell=cell)[:, 0]
    middles = (np.arange(len(spreads)) + 0.5) * cell / 100
    inner = (middles > patch + cell / 100) & (middles < starts[-1] / SAMPLE_RATE - hop - cell / 100)
    assert np.abs(spreads - middles)[inner].max(initial=0) <= hop / 2 + 1e-5


def test_an_hour_is_spread_like_a_minute() -> None:
    n, patch, hop = 3600 * SAMPLE_RATE, 0.96, 0.24
    starts = patch_starts(n, patch=patch, hop=hop)
    clock = (starts / SAMPLE_RATE + patch / 2)[:, None].astype(np.float32)
    spreads = spread(clock, starts, patch=patch, n_samples=n, frames_per_cell=20)[:, 0]
    middles = (np.arange(18_000) + 0.5) * 0.2
    assert np.abs(spreads - middles)[10:-10].max() <= hop / 2 + 1e-3  # float32 knows an hour to 0.2 ms


def test_a_short_noise_is_loudest_where_it_is() -> None:
    samples = np.zeros(6 * SAMPLE_RATE, np.float32)
    samples[round(3.0 * SAMPLE_RATE) : round(3.2 * SAMPLE_RATE)] = 0.9  # cell 15
    loud = cell_probabilities(LoudnessTeacher(hop=0.1), samples, frames_per_cell=20)[:, 1]
    assert loud.argmax() == 15
    assert loud[10] == loud[20] == 0


# --- columns ---


def test_columns_are_those_of_the_label_set() -> None:
    labels = LabelSet.of(["bright", "loud", "quiet"])
    columns = Columns.of(LoudnessTeacher(), labels)
    assert columns.known.tolist() == [False, True, True]
    placed = columns.place(np.array([[0.25, 0.75]], np.float32))  # quiet, loud
    assert placed.tolist() == [[0.0, 0.75, 0.25]]
    assert placed.dtype == np.float32


def test_a_teacher_of_other_labels_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"loudness knows none of the 1 labels: .*quiet, loud.*'?dog"):
        Columns.of(LoudnessTeacher(), LabelSet.of(["dog"]))


def test_clip_probabilities_are_mean_and_greatest_of_the_patches(tmp_path: Path) -> None:
    dataset, teacher, counted = corpus(tmp_path), LoudnessTeacher(), []
    found = teacher_clip_probabilities(teacher, dataset.clips, dataset.labels, progress=counted.append)
    assert found.clips == tuple(clip.name for clip in dataset.clips)
    assert counted == [1, 2, 3, 4, 5]
    loud = dataset.labels.ids.index("loud")
    for row, clip in enumerate(dataset.clips):
        heard = teacher.probabilities(read(clip.path).samples)[:, 1]
        assert found.mean[row, loud] == pytest.approx(heard.mean())
        assert found.max[row, loud] == heard.max()
    assert not found.known[dataset.labels.ids.index("bright")]


def test_clip_probabilities_of_nothing_have_columns(tmp_path: Path) -> None:
    found = teacher_clip_probabilities(LoudnessTeacher(), (), LabelSet.of(["loud"]))
    assert found.mean.shape == found.max.shape == (0, 1)


# --- the registry ---


@pytest.mark.parametrize("spec", ["beats:here", "yamnet", "yamnet:", ""])
def test_an_unknown_kind_is_told_the_known_ones(spec: str) -> None:
    with pytest.raises(OptionError, match="yamnet:PATH or transformers:PATH; got"):
        open_teacher(spec)


@pytest.mark.parametrize("hop", [0.0, -1.0, 0.005, 0.245, float("nan"), float("inf")])
def test_a_hop_is_whole_frames(hop: float) -> None:
    with pytest.raises(OptionError, match=r"whole frames of 0\.01 s"):
        open_teacher("yamnet:x.tflite", hop=hop)


def test_a_hop_over_sound_that_nobody_hears_is_refused(net: "StandInNet", model_file: Path) -> None:
    with pytest.raises(OptionError, match=r"hears 0\.975 s at once, so a hop of 1 s would leave sound out"):
        open_teacher(f"yamnet:{model_file}", hop=1.0)


@pytest.mark.parametrize(("spec", "wanted"), [("yamnet", "TFLite file"), ("transformers", r"config\.json")])
def test_a_teacher_that_is_not_there_is_named(tmp_path: Path, spec: str, wanted: str) -> None:
    with pytest.raises(TrainingError, match=f"expected .*{wanted}.*nothing-here") as caught:
        open_teacher(f"{spec}:{tmp_path / 'nothing-here'}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_tflite_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="reading TFLite needs the extra [teachers]")
    path = tmp_path / "model.tflite"
    path.write_bytes(b"no model")
    with pytest.raises(TrainingError, match=r"model\.tflite is no TFLite model \(.+\)"):
        open_teacher(f"yamnet:{path}")


# --- YAMNet ---


class StandInNet:
    """In place of LiteRT: label i is the value in row i of the first band of the patch, as it was given."""

    def __init__(self, shape_in: tuple[int, ...] = (1, 96, 64), n_outputs: int = 521) -> None:
        self.shapes = shape_in, (1, n_outputs)
        self.heard: list[Any] = []

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0, "shape": np.array(self.shapes[0]), "dtype": np.float32}]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": 1, "shape": np.array(self.shapes[1]), "dtype": np.float32}]

    def set_tensor(self, index: int, value: Any) -> None:
        assert (index, value.shape) == (0, self.shapes[0])
        self.heard.append(value.copy())

    def invoke(self) -> None:
        pass

    def get_tensor(self, index: int) -> Any:
        assert index == 1
        out = np.zeros(self.shapes[1], np.float32)
        out[0, :96] = self.heard[-1][0, :, 0]
        return out


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StandInNet:
    standin = StandInNet()
    monkeypatch.setattr(yamnet, "_interpreter", lambda path: standin)
    return standin


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "yamnet.tflite"
    path.write_bytes(b"weights")
    return path


def test_yamnet_is_a_teacher_of_521_labels(net: StandInNet, model_file: Path) -> None:
    teacher = open_teacher(f"yamnet:{model_file}", hop=0.48)
    assert isinstance(teacher, Teacher)
    assert (teacher.hop, teacher.patch, len(teacher.ids)) == (0.48, 0.975, 521)
    known = Columns.of(teacher, LabelSet.audioset()).known
    unknown = {label.name for label, knows in zip(ontology.labels(), known, strict=True) if not knows}
    assert {"Male singing", "Battle cry"} <= unknown and len(unknown) == 6


def test_yamnet_hears_each_patch_where_it_starts(net: StandInNet, model_file: Path) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, round(2.5 * SAMPLE_RATE)).astype(np.float32)
    heard = yamnet.Yamnet(model_file, hop=0.48).probabilities(samples)
    columns = yamnet_features.log_mel_columns(samples)
    starts = [0, 48, 96, 144, 152]  # 248 frames are full of sound: the last patch ends with them
    assert len(columns) == 248
    np.testing.assert_array_equal(heard[:, :96], [columns[start : start + 96, 0] for start in starts])


@pytest.mark.parametrize("n_samples", [1, 150, 4000, 15_599])
def test_a_short_sound_is_heard_before_silence_and_repeated(
    net: StandInNet, model_file: Path, n_samples: int
) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, n_samples).astype(np.float32)
    heard = yamnet.Yamnet(model_file).probabilities(samples)
    assert heard.shape == (1, 521)
    silent, repeated = (given[0] for given in net.heard)
    first = max(0, (n_samples - 400) // 160)
    np.testing.assert_array_equal(silent[:first], repeated[:first])
    if n_samples < 15_000:
        np.testing.assert_allclose(silent[-1], np.log(0.001), rtol=1e-6)
    assert (repeated[-1] > np.log(0.001)).any()
    np.testing.assert_allclose(heard[0, :96], (silent[:, 0] + repeated[:, 0]) / 2, rtol=1e-5)


@pytest.mark.parametrize(("shape", "n_outputs"), [((15_600,), 521), ((1, 96, 64, 1), 521)])
def test_another_network_is_refused(
    monkeypatch: pytest.MonkeyPatch, model_file: Path, shape: tuple[int, ...], n_outputs: int
) -> None:
    monkeypatch.setattr(yamnet, "_interpreter", lambda path: StandInNet(shape, n_outputs))
    with pytest.raises(TrainingError, match=r"wanted floats \[1, 96, 64\] in .* found \[") as caught:
        yamnet.Yamnet(model_file)
    assert str(list(shape)) in str(caught.value)


def test_a_class_map_beside_the_model_names_its_outputs(
    monkeypatch: pytest.MonkeyPatch, model_file: Path
) -> None:
    monkeypatch.setattr(yamnet, "_interpreter", lambda path: StandInNet(n_outputs=100))
    with pytest.raises(TrainingError, match="has 100 outputs, the published list names 521"):
        yamnet.Yamnet(model_file)
    lines = ["index,mid,display_name", *(f'{i},/x/{i},"Sound, {i}"' for i in range(100))]
    model_file.with_name("yamnet_class_map.csv").write_text("\n".join(lines))
    assert yamnet.Yamnet(model_file).ids[99] == "/x/99"


def test_a_class_map_without_mids_is_refused(net: StandInNet, model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("label\nDog\n")
    with pytest.raises(TrainingError, match=r"map\.csv has no column 'mid'"):
        yamnet.Yamnet(model_file, class_map=tmp_path / "map.csv")


# --- YAMNet's front end ---


def test_silence_is_the_logarithm_of_what_is_above_zero() -> None:
    np.testing.assert_allclose(yamnet_features.log_mel_columns(np.zeros(16_000, np.float32)), np.log(0.001))


@given(st.floats(min_value=200, max_value=7000))
def test_a_tone_is_in_the_band_over_its_frequency(frequency: float) -> None:
    """The planted tone is found: at 64 bands of equal width in mel, between 125 and 7500 Hz."""
    samples = np.sin(2 * np.pi * frequency * np.arange(8000) / SAMPLE_RATE).astype(np.float32)
    band = yamnet_features.log_mel_columns(samples).mean(axis=0).argmax()

    def mel(hertz: float) -> float:
        return float(1127 * np.log(1 + hertz / 700))

    at = (mel(frequency) - mel(125)) / (mel(7500) - mel(125)) * 65 - 1
    assert abs(band - at) < 1.3  # bins are 31 Hz apart, wider than the lowest bands


def test_twice_as_loud_is_the_logarithm_of_two_more() -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)
    once, twice = (yamnet_features.log_mel_columns(samples * gain) for gain in (1, 2))
    np.testing.assert_allclose(np.exp(twice) - 0.001, 2 * (np.exp(once) - 0.001), rtol=1e-3)


def test_long_sounds_are_heard_in_blocks_without_seams() -> None:
    samples = np.random.default_rng(2).normal(0, 0.1, 45 * SAMPLE_RATE).astype(np.float32)
    whole = yamnet_features.log_mel_columns(samples)
    np.testing.assert_allclose(
        whole[1990:2010], yamnet_features.log_mel_columns(samples[1990 * 160 : 2010 * 160 + 240]), rtol=1e-5
    )


# --- the real one ---


def _shared() -> Path:
    data = Path(os.environ.get("WHISPER_AT_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (data / "manifest.tsv").is_file():
        pytest.skip(f"needs recordings, found no manifest.tsv in {data}; set WHISPER_AT_DATA")
    if not (data.parent / "teachers" / "yamnet_spectra_in.tflite").is_file():
        pytest.skip(f"needs YAMNet's file, found none in {data.parent / 'teachers'}")
    return data.parent


@pytest.fixture(scope="module")
def shared() -> Path:
    return _shared()


@pytest.fixture(scope="module")
def other(shared: Path) -> ModuleType:
    """Another implementation of YAMNet's front end."""
    pytest.importorskip("ai_edge_litert", reason="running YAMNet needs the extra [teachers]")
    spec = importlib.util.spec_from_file_location("other_yamnet", shared / "teachers" / "yamnet.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.data
def test_the_front_end_is_that_of_another_implementation(shared: Path, other: ModuleType) -> None:
    samples = read(shared / "data" / "ambient" / "blanket" / "rain.ogg").samples[: 5 * SAMPLE_RATE]
    theirs = other.log_mel(samples, other.mel_filterbank())
    np.testing.assert_allclose(yamnet_features.log_mel_columns(samples), theirs, atol=1e-5)


@pytest.mark.data
def test_yamnet_says_what_it_says_elsewhere(shared: Path, other: ModuleType) -> None:
    teacher = yamnet.Yamnet(shared / "teachers" / "yamnet_spectra_in.tflite", hop=0.48)
    samples = read(shared / "data" / "ambient" / "blanket" / "birds.ogg").samples[: 5 * SAMPLE_RATE]
    theirs = other.Yamnet().probabilities(samples)
    ours = teacher.probabilities(samples)
    assert len(ours) - len(theirs) in (0, 1)  # ours hears the rest too
    np.testing.assert_allclose(ours[: len(theirs)], theirs, atol=2 / 256)  # rounding, at most


@pytest.mark.data
def test_the_labels_are_those_of_the_class_map(shared: Path) -> None:
    assert yamnet.yamnet_ids() == yamnet.read_class_map(shared / "audioset" / "yamnet_class_map.csv")


@pytest.mark.data
def test_yamnet_hears_birds_and_rain(shared: Path, other: ModuleType) -> None:
    teacher = open_teacher(f"yamnet:{shared / 'teachers' / 'yamnet_spectra_in.tflite'}")
    for file, label in (("birds", "Bird"), ("rain", "Rain")):
        samples = read(shared / "data" / "ambient" / "blanket" / f"{file}.ogg").samples[: 5 * SAMPLE_RATE]
        mean = teacher.probabilities(samples).mean(axis=0)
        best = {ontology.find(teacher.ids[i]).name for i in np.argsort(-mean)[:8]}
        assert label in best, (file, best)
