"""`whisper-at evaluate` from the command line to the files."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.evaluation.test_heads import Store
from tests.model.tiny import head_arrays, head_card
from whisper_at.cli.evaluate import evaluate
from whisper_at.datasets.parts import of_fold
from whisper_at.errors import DatasetError, OptionError
from whisper_at.evaluation.result import Evaluation
from whisper_at.model.head_file import write_head
from whisper_at.training.store import FeatureStore

app = typer.Typer()
app.command()(evaluate)
LABELS = {"/m/0bt9lr": "Dog", "/m/06mb1": "Rain"}
CLIPS = [("/m/0bt9lr", 1), ("/m/06mb1", 1), ("/m/0bt9lr", 2), ("/m/06mb1", 2), ("/m/06mb1", 2)]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a head, a manifest, and features of its clips."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHISPER_AT_CACHE", str(tmp_path / "cache"))
    card = head_card(LABELS, name="mine")
    write_head(tmp_path / "mine.safetensors", card, head_arrays("last-mlp", n_labels=2))
    store = Store(*[4] * len(CLIPS))
    rows = ["path\tmids\tfold"]
    for i, (mid, fold) in enumerate(CLIPS):
        (tmp_path / f"{i}.ogg").write_bytes(b"never read")
        rows.append(f"{i}.ogg\t{mid}\t{fold}")
    (tmp_path / "yard.tsv").write_text("\n".join(rows) + "\n")
    monkeypatch.setattr(FeatureStore, "open", classmethod(lambda cls, folder: store))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(
        app, ["mine.safetensors", "yard.tsv", "--features", "taps", "--resamples", "10", *arguments]
    )


def test_the_table_goes_to_stdout_and_the_rest_to_the_folder(place):
    done = run("--out", "results")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("tagger")
    assert "wrote results/evaluation.json" in done.stderr
    found = Evaluation.from_dict(json.loads(Path("results/evaluation.json").read_text()))
    assert (found.tagger, found.dataset, found.n_clips) == ("mine", "yard", 5)
    assert [row.name for row in found.labels] in (["Dog", "Rain"], ["Rain", "Dog"])
    assert {path.name for path in Path("results").iterdir()} == {
        "evaluation.json",
        "labels.png",
        "reliability.png",
    }


def test_without_weights_nothing_is_timed_and_that_is_said(place):
    assert "the weights of tiny-random are not here" in run().stdout
    assert "weights" not in run("--no-cost").stdout


def test_one_fold_is_one_fold(place):
    assert "yard, fold 2: 3 clips" in run("--fold", "2").stdout
    failed = run("--fold", "7").exception
    assert isinstance(failed, DatasetError)
    assert str(failed) == "yard has no fold '7'; there are 1 (2 clips), 2 (3 clips)"


def test_a_missing_clip_is_named_and_can_be_skipped(place):
    (place / "3.ogg").unlink()
    failed = run()
    assert isinstance(failed.exception, DatasetError)
    assert "3.ogg: there is no such file" in failed.stderr
    left = run("--skip-missing")
    assert "4 clips" in left.stdout
    assert "3.ogg: there is no such file" in left.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--picture", "gif"], "pictures are png, svg, pdf, got 'gif'"),
        (["--absent", "maybe"], "absent must be false or unknown"),
        (["--threshold", "3"], "between 0 and 1, got 3"),
        (["--labels", "mine"], "auto, audioset or own"),
        (["--min-positives", "0"], "at least 1 positive"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(place, arguments, complaint):
    failed = run(*arguments).exception
    assert isinstance(failed, OptionError)
    assert complaint in str(failed)


def test_no_fold_is_all_of_them():
    from tests.evaluation.test_run import weak

    dataset = weak()[1]
    assert of_fold(dataset, None) is dataset
    assert [clip.name for clip in of_fold(dataset, "1").clips] == ["1.ogg", "3.ogg"]
