"""`whisper-at robustness` with real weights on parts of the example, from the command line to the files."""

import json
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
import typer
from typer.testing import CliRunner

from whisper_at.cli.robustness import robustness
from whisper_at.errors import DatasetError, OptionError, OutputError
from whisper_at.robustness.hearing import Listener

EXAMPLES = Path(__file__).parents[2] / "examples"
TRUTH = json.loads((EXAMPLES / "street.json").read_text(encoding="utf-8"))

app = typer.Typer()
app.command()(robustness)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two sentences and two noises of the example as a manifest."""
    noises = {one["label"]: one for one in TRUTH["sounds"]}
    rows = [
        {
            "start": one["start"],
            "end": one["end"],
            "transcript": one["text"],
            "language": "en",
            "subset": "said",
        }
        for one in TRUTH["speech"][:2]
    ] + [
        {
            "start": one["start"],
            "end": min(one["end"], one["start"] + 4),
            "labels": [label],
            "subset": "heard",
        }
        for label, one in list(noises.items())[:2]
    ]
    path = tmp_path_factory.mktemp("corpus") / "street.jsonl"
    lines = [json.dumps({"path": str(EXAMPLES / TRUTH["recording"]), "fold": "1", **row}) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run(corpus, out, *more):
    asked = [corpus, corpus, "--speech-subset", "said", "--noise-subset", "heard", "--out", out]
    asked += ["--model", "tiny.en", "--snr", "20,0", *more]
    return CliRunner().invoke(app, [str(one) for one in asked])


@pytest.fixture(scope="module")
def swept(corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "sweep"
    done = run(corpus, out)
    assert done.exit_code == 0, done.exception
    return out, done


@pytest.mark.model
def test_words_and_names_are_measured_for_each_gate_class_and_ratio(swept):
    out, done = swept
    found = json.loads((out / "robustness.json").read_text(encoding="utf-8"))
    about = found["about"]
    assert (about["model"], about["gates"], about["snrs"], about["sentences"]) == (
        "tiny.en",
        ["off", "auto"],
        [20, 0],
        2,
    )
    assert {(one["gate"], one["snr"]) for one in found["words"]} == {
        (gate, snr) for gate in ("off", "auto") for snr in (None, 20, 0)
    }
    clean = next(one for one in found["words"] if one["snr"] is None)
    assert clean["spoken"] > 8 and clean["wer"]["value"] < 0.5  # it is real speech, and it is heard
    assert {one["snr"] for one in found["named"]} == {None, 20, 0}
    assert (
        done.stdout.splitlines()[0].split()
        == "speech WER, %, gate off WER, %, gate auto noise named, %".split()
    )
    table = parquet.read_table(out / "recordings.parquet").to_pylist()
    assert len(table) == 2 * (2 + 2 + 2 * 2 * 2)
    assert not any(str(EXAMPLES) in str(row.values()) for row in table)


@pytest.mark.model
def test_what_is_finished_is_not_heard_again(corpus, swept, monkeypatch):
    out, first = swept
    before = (out / "robustness.json").read_bytes()
    lost = sorted((out / "parts").iterdir())[0]
    rows = parquet.read_table(lost)
    lost.unlink()
    heard = []
    as_it_is = Listener.rows
    monkeypatch.setattr(
        Listener,
        "rows",
        lambda self, task, report: (heard.append(task.name), as_it_is(self, task, report))[1],
    )
    again = run(corpus, out)
    assert again.exit_code == 0
    assert heard == [lost.stem]
    assert parquet.read_table(lost) == rows
    assert (out / "robustness.json").read_bytes() == before and again.stdout == first.stdout


@pytest.mark.model
def test_two_processes_find_what_one_finds(corpus, swept, tmp_path):
    out, _ = swept
    assert run(corpus, tmp_path / "two", "--workers", "2", "--threads", "1").exit_code == 0
    one, two = (parquet.read_table(folder / "recordings.parquet") for folder in (out, tmp_path / "two"))
    assert one == two


@pytest.mark.model
def test_another_sweep_does_not_go_into_the_same_folder(corpus, swept):
    out, _ = swept
    failed = run(corpus, out, "--seed", "5").exception
    assert isinstance(failed, OutputError) and "holds another sweep: its plan, seed differ" in str(failed)


def test_what_is_not_there_is_said_before_anything_is_heard(corpus, tmp_path):
    failed = run(corpus, tmp_path, "--probe", corpus).exception
    assert isinstance(failed, DatasetError) and "no result of whisper-at probe" in str(failed)
    failed = run(corpus, tmp_path, "--fold", "7").exception
    assert isinstance(failed, DatasetError) and "has no fold '7'; there are 1 (2 clips)" in str(failed)
    for option, value in (("--gates", "ajar"), ("--snr", "loud"), ("--sentences", "0")):
        assert isinstance(run(corpus, tmp_path, option, value).exception, OptionError)
