"""What a teacher has said is read as it was said, whatever happened while it was written."""

import json
import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from tests.training.standin_teacher import LoudnessTeacher, corpus, write_wav
from whisper_at.audio import read
from whisper_at.cli import teach as command
from whisper_at.datasets.clip import Clip, Dataset, LabelSet
from whisper_at.errors import DatasetError, OptionError, TrainingError
from whisper_at.timegrid import SAMPLE_RATE
from whisper_at.training import teachers
from whisper_at.training.softlabels import FLOOR, INDEX, SoftLabels, read_index
from whisper_at.training.teachers import FloatArray, cell_probabilities
from whisper_at.training.teaching import Plan, begin, expected_seconds, teach

SMALL = 60  # bytes of a file: the 5 clips come into 4


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    (tmp_path / "sounds").mkdir()
    return corpus(tmp_path / "sounds")


def taught(dataset: Dataset, folder: Path, *, workers: int = 1) -> Plan:
    plan = begin(dataset, LoudnessTeacher(), folder, shard_bytes=SMALL)
    teach(plan, LoudnessTeacher, workers=workers)
    return plan


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


# --- written and read ---


def test_what_the_teacher_says_is_read_by_the_name_of_the_clip(dataset: Dataset, tmp_path: Path) -> None:
    taught(dataset, tmp_path / "soft")
    soft = SoftLabels.open(tmp_path / "soft")
    assert (soft.teacher, soft.frames_per_cell, len(soft)) == ("loudness", 20, 5)
    columns = [dataset.labels.ids.index(one) for one in LoudnessTeacher.ids]
    for clip in dataset.clips:
        values = soft.of(clip.name)
        said = cell_probabilities(LoudnessTeacher(), read(clip.path).samples, frames_per_cell=20)
        assert values.dtype == np.float16 and values.shape == (len(said), 3)
        np.testing.assert_allclose(values[:, columns], said, atol=FLOOR)


def test_a_label_that_the_teacher_does_not_know_is_marked_so(dataset: Dataset, tmp_path: Path) -> None:
    taught(dataset, tmp_path / "soft")
    soft = SoftLabels.open(tmp_path / "soft")
    assert dict(zip(dataset.labels.ids, soft.known.tolist(), strict=True)) == {
        "bright": False, "loud": True, "quiet": True,
    }  # fmt: skip
    assert not soft.of(dataset.clips[1].name)[:, ~soft.known].any()


def test_what_is_next_to_nothing_is_nothing(tmp_path: Path) -> None:
    samples = np.full(SAMPLE_RATE, 0.9 * FLOOR, np.float32)
    clip = Clip(path=write_wav(tmp_path / "faint.wav", samples))
    faint = Dataset(name="faint", clips=(clip,), labels=LabelSet.of(["loud", "quiet"]))
    taught(faint, tmp_path / "soft")
    values = SoftLabels.open(tmp_path / "soft").of(clip.name)
    assert 0 < LoudnessTeacher().probabilities(read(clip.path).samples)[0, 1] < FLOOR
    assert not values[:, 0].any() and (values[:, 1] > 0.99).all()


def test_a_part_of_a_file_is_a_clip_of_its_own(dataset: Dataset, tmp_path: Path) -> None:
    whole = dataset.clips[2]
    parts = tuple(replace(whole, start=start, end=start + 1.0) for start in (0.0, 1.0))
    taught(replace(dataset, clips=parts), tmp_path / "soft")
    soft = SoftLabels.open(tmp_path / "soft")
    samples = read(whole.path).samples
    for part, stretch in zip(parts, (samples[:16_000], samples[16_000:32_000]), strict=True):
        said = cell_probabilities(LoudnessTeacher(), stretch, frames_per_cell=20)
        np.testing.assert_allclose(soft.of(part.name)[:, [2, 1]], said, atol=FLOOR)
    assert whole.name not in soft


def test_a_clip_is_found_from_wherever_one_stands(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "sounds")
    relative = replace(
        dataset, clips=tuple(Clip(path=Path("..", "sounds", c.path.name)) for c in dataset.clips)
    )
    taught(relative, tmp_path / "soft")
    monkeypatch.chdir(tmp_path)
    soft = SoftLabels.open(tmp_path / "soft")
    assert all(clip.name in soft for clip in dataset.clips)
    np.testing.assert_array_equal(soft.of("sounds/1.wav"), soft.of(dataset.clips[1].name))


def test_a_clip_that_is_not_there_is_named_beside_one_that_is(dataset: Dataset, tmp_path: Path) -> None:
    taught(dataset, tmp_path / "soft")
    soft = SoftLabels.open(tmp_path / "soft")
    with pytest.raises(DatasetError, match=r"no soft labels of other\.wav; .* such as .*0\.wav"):
        soft.of("other.wav")


def test_soft_labels_go_to_another_process(dataset: Dataset, tmp_path: Path) -> None:
    taught(dataset, tmp_path / "soft")
    soft = SoftLabels.open(tmp_path / "soft")
    again = pickle.loads(pickle.dumps(soft))
    for clip in dataset.clips:
        np.testing.assert_array_equal(soft.of(clip.name), again.of(clip.name))


def test_the_index_comes_back(dataset: Dataset, tmp_path: Path) -> None:
    audioset = replace(dataset, labels=LabelSet.audioset())
    plan = begin(audioset, LoudnessTeacher(ids=("/m/0bt9lr", "/m/09x0r")), tmp_path / "soft")
    assert read_index(tmp_path / "soft") == plan.index
    assert plan.index.card.labels == LabelSet.audioset()
    assert plan.n_bytes == sum(plan.index.cells) * 527 * 2


# --- interrupted and gone on with ---


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(dataset: Dataset, tmp_path: Path) -> None:
    taught(dataset, tmp_path / "whole")
    plan = begin(dataset, LoudnessTeacher(), tmp_path / "soft", shard_bytes=SMALL)
    assert len(plan.missing) == 4

    class Dies(LoudnessTeacher):
        def probabilities(self, samples: FloatArray) -> FloatArray:
            if len(samples) > 2 * SAMPLE_RATE:
                raise KeyboardInterrupt
            return super().probabilities(samples)

    with pytest.raises(KeyboardInterrupt):
        teach(plan, Dies)
    with pytest.raises(DatasetError, match=r"soft-00001\.safetensors is missing .*teach again"):
        SoftLabels.open(tmp_path / "soft")
    plan = begin(dataset, LoudnessTeacher(), tmp_path / "soft", shard_bytes=SMALL)
    assert plan.missing == (1, 2, 3)
    teach(plan, LoudnessTeacher)
    assert contents(tmp_path / "soft") == contents(tmp_path / "whole")


def test_several_processes_write_the_same_bytes(dataset: Dataset, tmp_path: Path) -> None:
    taught(dataset, tmp_path / "one")
    taught(dataset, tmp_path / "two", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_file_cut_short_is_an_error_with_its_name_and_made_again(dataset: Dataset, tmp_path: Path) -> None:
    taught(dataset, tmp_path / "soft")
    whole = contents(tmp_path / "soft")
    file = tmp_path / "soft" / "soft-00002.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DatasetError, match=r"soft-00002\.safetensors is no file of soft labels, or is cut"):
        SoftLabels.open(tmp_path / "soft")
    told: list[str] = []
    plan = begin(dataset, LoudnessTeacher(), tmp_path / "soft", shard_bytes=SMALL, tell=told.append)
    assert plan.missing == (2,) and len(told) == 1 and "made again" in told[0]
    teach(plan, LoudnessTeacher)
    assert contents(tmp_path / "soft") == whole


def test_a_file_of_other_soft_labels_is_not_taken(dataset: Dataset, tmp_path: Path) -> None:
    taught(dataset, tmp_path / "soft")
    begin(dataset, LoudnessTeacher(version="2"), tmp_path / "other", shard_bytes=SMALL)
    for file in (tmp_path / "soft").glob("*.safetensors"):
        file.rename(tmp_path / "other" / file.name)
    with pytest.raises(DatasetError, match=r"soft-00000\.safetensors belongs to other soft labels"):
        SoftLabels.open(tmp_path / "other")


@pytest.mark.parametrize(
    "teacher", [LoudnessTeacher(version="2"), LoudnessTeacher(hop=0.1), LoudnessTeacher(name="loud")]
)
def test_what_another_teacher_began_is_not_gone_on_with(
    dataset: Dataset, tmp_path: Path, teacher: LoudnessTeacher
) -> None:
    taught(dataset, tmp_path / "soft")
    with pytest.raises(DatasetError, match=r"made otherwise: loudness, .*choose another --out"):
        begin(dataset, teacher, tmp_path / "soft")


def test_other_cells_clips_or_labels_are_not_gone_on_with(dataset: Dataset, tmp_path: Path) -> None:
    taught(dataset, tmp_path / "soft")
    with pytest.raises(DatasetError, match=r"cells of 0\.2 s, .*cells of 0\.4 s"):
        begin(dataset, LoudnessTeacher(), tmp_path / "soft", cell=0.4)
    with pytest.raises(DatasetError, match=r"other clips or labels \(5 clips of noises\)"):
        begin(replace(dataset, clips=dataset.clips[1:]), LoudnessTeacher(), tmp_path / "soft")
    with pytest.raises(DatasetError, match="other clips or labels"):
        begin(replace(dataset, labels=LabelSet.of(["loud"])), LoudnessTeacher(), tmp_path / "soft")


def test_one_run_at_a_time_writes(dataset: Dataset, tmp_path: Path) -> None:
    plan = begin(dataset, LoudnessTeacher(), tmp_path / "soft")

    def another() -> LoudnessTeacher:
        with pytest.raises(DatasetError, match="another run is writing"):
            teach(plan, LoudnessTeacher)
        return LoudnessTeacher()

    teach(plan, another)
    assert len(SoftLabels.open(tmp_path / "soft")) == 5


# --- what cannot be used ---


def test_a_broken_clip_is_named_and_can_be_left_out(dataset: Dataset, tmp_path: Path) -> None:
    dataset.clips[3].path.write_bytes(b"no sound")
    told: list[str] = []
    with pytest.raises(DatasetError, match="1 of 5 clips"):
        begin(dataset, LoudnessTeacher(), tmp_path / "soft", tell=told.append)
    assert len(told) == 1 and "3.wav" in told[0]
    assert not (tmp_path / "soft").exists()
    plan = begin(dataset, LoudnessTeacher(), tmp_path / "soft", skip_missing=True)
    teach(plan, LoudnessTeacher)
    soft = SoftLabels.open(tmp_path / "soft")
    assert len(soft) == 4 and dataset.clips[3].name not in soft
    told.clear()
    assert not begin(dataset, LoudnessTeacher(), tmp_path / "soft", tell=told.append).missing
    assert "3.wav" in told[0]


def test_a_clip_that_has_changed_is_not_heard(dataset: Dataset, tmp_path: Path) -> None:
    plan = begin(dataset, LoudnessTeacher(), tmp_path / "soft")
    write_wav(dataset.clips[1].path, np.zeros(100, np.float32))
    with pytest.raises(DatasetError, match=r"1\.wav had 16000 samples .* now it has 100"):
        teach(plan, LoudnessTeacher)


def test_what_is_no_probability_is_not_written(dataset: Dataset, tmp_path: Path) -> None:
    class Logits(LoudnessTeacher):
        def probabilities(self, samples: FloatArray) -> FloatArray:
            return super().probabilities(samples) * np.float32(np.nan)

    with pytest.raises(DatasetError, match=r"loudness gives .*0\.wav what is no probability"):
        teach(begin(dataset, LoudnessTeacher(), tmp_path / "soft"), Logits)


def test_a_teacher_of_other_labels_writes_nothing(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="knows none of the"):
        begin(dataset, LoudnessTeacher(ids=("a", "b")), tmp_path / "soft")
    assert not (tmp_path / "soft").exists()


def test_a_folder_of_something_else_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"holds no soft labels: .* whisper-at teach"):
        SoftLabels.open(tmp_path)
    (tmp_path / INDEX).write_text(json.dumps({"format": "else"}))
    with pytest.raises(DatasetError, match=r"no index of soft labels .*format"):
        SoftLabels.open(tmp_path)


@pytest.mark.parametrize("cell", [0.0, -0.2, 0.015, 31.0, float("nan")])
def test_a_cell_is_whole_frames(dataset: Dataset, tmp_path: Path, cell: float) -> None:
    with pytest.raises(OptionError, match=r"cell is a multiple of 0\.01 s"):
        begin(dataset, LoudnessTeacher(), tmp_path / "soft", cell=cell)


# --- what is said beforehand, and the command ---


def test_the_time_is_foretold_for_what_is_missing(dataset: Dataset, tmp_path: Path) -> None:
    plan = begin(dataset, LoudnessTeacher(), tmp_path / "soft", shard_bytes=SMALL)
    expected = expected_seconds(plan, LoudnessTeacher())
    assert 0 < expected < 60
    assert plan.seconds_to_hear == pytest.approx(plan.seconds) == pytest.approx(5.65)
    teach(plan, LoudnessTeacher)
    plan = begin(dataset, LoudnessTeacher(), tmp_path / "soft", shard_bytes=SMALL)
    assert expected_seconds(plan, LoudnessTeacher()) == plan.seconds_to_hear == 0


def test_progress_ends_with_all_that_there_is(dataset: Dataset, tmp_path: Path) -> None:
    heard: list[tuple[float, float]] = []
    plan = begin(dataset, LoudnessTeacher(), tmp_path / "soft", shard_bytes=SMALL)
    teach(plan, LoudnessTeacher, progress=lambda done, total: heard.append((done, total)))
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert heard[-1] == pytest.approx((plan.seconds, plan.seconds))


def test_the_command_says_how_much_and_writes_it(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(teachers.KINDS, "loudness", lambda path, hop: LoudnessTeacher(hop=hop or 0.25))
    lines = ["path,labels", *(f"{clip.path.name},loud" for clip in dataset.clips)]
    manifest = tmp_path / "sounds" / "list.csv"
    manifest.write_text("\n".join(lines))
    app = typer.Typer()
    app.command(help=command.HELP)(command.teach)
    asked = [str(manifest), "--teacher", "loudness:here", "--out", str(tmp_path / "soft"), "--hop", "0.1"]
    first = CliRunner().invoke(app, asked)
    assert first.exit_code == 0, first.output
    assert re.search(r"5 clips, 0\.00 h, 1 of 1 labels: 0 MB in 1 file; less than a minute", first.stderr)
    assert first.stdout == ""
    soft = SoftLabels.open(tmp_path / "soft")
    assert len(soft) == 5 and soft.card.hop == 0.1
    again = CliRunner().invoke(app, asked)
    assert "all there already" in again.stderr
    quiet = CliRunner().invoke(app, [*asked, "--quiet"])
    assert (quiet.exit_code, quiet.output) == (0, "")
