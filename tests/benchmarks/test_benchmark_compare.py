"""The whole comparison, with engines that are made up here and with our own."""

import doctest
import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import compare
import peers
import report

ENGINES = str(peers.ENGINES_FOLDER)
FORGETFUL = f"""
import sys
sys.path.insert(0, {ENGINES!r})
from harness import serve
serve(lambda job: lambda path, language: {{text!r}}, [])
"""


@pytest.fixture
def two_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """openai-whisper always hears the same three words, faster-whisper two of them."""
    (tmp_path / "openai_whisper.py").write_text(FORGETFUL.format(text="A dog barks."))
    (tmp_path / "faster_whisper.py").write_text(FORGETFUL.format(text="A dog"))
    monkeypatch.setattr(peers, "ENGINES_FOLDER", tmp_path)
    monkeypatch.setattr(peers, "MODULES", dict.fromkeys(peers.MODULES, "json"))
    monkeypatch.setattr(peers, "WHEELS", {})
    python = ["--env", f"openai-whisper={sys.executable}", "--env", f"faster-whisper={sys.executable}"]
    return ["--engines", "openai-whisper,faster-whisper-int8", *python]


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(report).failed == 0
    assert doctest.testmod(peers).failed == 0


def test_a_smoke_test_says_how_to_install_what_is_missing(
    make_data: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_data({"speech_kathleen_en": {"A dog barks!": 0.3}})
    missing = "whisper.cpp,whisper-at-original"
    with pytest.raises(SystemExit, match="found none installed"):
        compare.main(["--smoke", "--data", str(data), "--work", str(tmp_path / "work"), "--engines", missing])
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("whisper.cpp is not installed: left out")
    assert "pip install pywhispercpp" in first and "--env pywhispercpp=PYTHON" in first
    assert "pip install --no-deps whisper-at==0.5" in second and "--env whisper-at-original=PYTHON" in second


def test_a_peer_does_not_find_our_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """The original's package has the name of ours."""
    monkeypatch.setenv("PYTHONPATH", "src")
    assert "PYTHONPATH" not in peers.environment("whisper-at-original")
    assert peers.environment("whisper-at")["PYTHONPATH"] == "src"


def test_the_results_say_who_was_wrong_and_by_how_much(
    two_engines: list[str], make_data: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_data({"speech_kathleen_en": {"A dog barks!": 0.3, "A dog sleeps.": 0.3}})
    output = tmp_path / "results" / "found.json"
    places = ["--data", str(data), "--work", str(tmp_path / "work"), "--output", str(output)]
    compare.main([*two_engines, *places, "--sets", "en,long", "--repeats", "2"])
    found = json.loads(output.read_text())
    words = found["words"]["en"]
    assert words["openai-whisper"] == {"wer": pytest.approx(100 / 6, abs=1e-4), "wrong_words": 1}
    assert words["faster-whisper-int8"]["wrong_words"] == 2
    assert words["faster-whisper-int8"]["difference"]["to"] == "openai-whisper"
    assert found["sets"]["en"]["words"] == found["sets"]["long"]["words"] == 6
    assert len(found["engines"]["openai-whisper"]["long_seconds"]) == 2
    assert str(tmp_path) not in output.read_text()  # no place of this machine in what may be published
    tables = output.with_suffix(".md").read_text()
    assert tables == capsys.readouterr().out
    assert "| openai-whisper | 16.67 |" in tables
    assert "seeded random weights" not in tables  # said of the original alone


def test_a_ratio_is_the_time_over_that_of_whisper_at() -> None:
    engine = {"clip_seconds": [], "load_seconds": [1.0], "peak_rss_bytes": [5e8]}
    found = {
        "timed": {"long_seconds": 600.0},
        "engines": {
            "faster-whisper-int8": {**engine, "long_seconds": [31.0, 30.0, 99.0]},
            "whisper-at": {**engine, "long_seconds": [20.0, 19.0, 21.0]},
        },
    }
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in report.time_table(found)[2:]]
    assert rows == [
        ["faster-whisper-int8", "1.00", "31.0", "19.4", "1.55", "500"],
        ["whisper-at", "1.00", "20.0", "30.0", "1.00", "500"],
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--sets", "en,fr"], "found fr"),
        (["--engines", "whisper"], "found whisper"),
        (["--env", "whisper=python"], "found whisper"),
    ],
)
def test_a_name_that_does_not_exist_is_named(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        compare.parse(["--data", ".", *arguments])
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.model
def test_a_checkpoint_holds_every_number_of_the_weights_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch", reason="needs torch: install whisper-at[train]")
    out = Path(peers.weights("tiny.en", peers.ENGINES["openai-whisper"], Path(sys.executable), tmp_path))
    state = torch.load(out, weights_only=True)
    monkeypatch.syspath_prepend(ENGINES)
    make_checkpoint = importlib.import_module("make_checkpoint")

    source = make_checkpoint.read(tmp_path / "tiny.en-ct2" / "model.bin")
    ours = sum(array.size for array in source.values() if array.ndim)
    key_biases = state["dims"]["n_audio_state"] * (
        state["dims"]["n_audio_layer"] + 2 * state["dims"]["n_text_layer"]
    )
    assert sum(tensor.numel() for tensor in state["model_state_dict"].values()) == ours - key_biases


@pytest.mark.data
@pytest.mark.model
def test_a_smoke_test_runs_our_own_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = Path(os.environ.get("WHISPER_AT_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (data / "manifest.tsv").exists():
        pytest.skip(
            f"needs recordings with transcripts, found no manifest.tsv in {data}; set WHISPER_AT_DATA"
        )
    compare.main(["--smoke", "--data", str(data), "--work", str(tmp_path), "--engines", "whisper-at"])
    assert "| whisper-at | 11.76 |" in capsys.readouterr().out  # two of 17 words: "Steels" is a name, "etc."
