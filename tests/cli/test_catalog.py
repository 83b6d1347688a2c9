"""`whisper-at models` lists what can be used, for people and for programs."""

import json

import pytest

from whisper_at.model.catalog import HEADS, WHISPER


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("WHISPER_AT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "cache"


def test_all_models_and_heads_are_listed(command):
    answer = command("models")
    assert (answer.status, answer.talk) == (0, [])
    listed = [line.split()[0] for line in answer.out.splitlines() if line.startswith("  ")]
    assert set(WHISPER) | set(HEADS) <= set(listed)
    large = next(line for line in answer.out.splitlines() if line.startswith("  large-v3 "))
    assert "1550 M" in large and "100 languages" in large
    assert "not here: would download 3091 MB from Systran/faster-whisper-large-v3" in large


def test_the_same_for_programs(command):
    data = json.loads(command("models", "--json").out)
    models = {row["name"]: row for row in data["models"]}
    assert list(models) == list(WHISPER)
    assert models["small"]["bytes"] > 400_000_000 and models["small"]["here"] is False
    heads = {row["name"]: row for row in data["heads"]}
    assert set(HEADS) <= set(heads)
    assert heads["base-tl-tr"]["encoder"] == "base" and heads["base-tl-tr"]["here"] is False
    assert all(set(row) == set(data["heads"][0]) for row in data["heads"])


def test_a_head_that_is_damaged_hides_no_other(command, cache):
    (cache / "heads").mkdir(parents=True)
    (cache / "heads" / "mine.safetensors").write_bytes(b"no tensors")
    answer = command("models")
    assert answer.status == 0
    assert "mine.safetensors is no head file" in answer.out
    rows = {row["name"]: row for row in json.loads(command("models", "--json").out)["heads"]}
    assert rows["mine"]["here"] is False and "base-tl-tr" in rows


def test_labels_are_listed_in_the_order_of_logits(command):
    lines = [line.split("\t") for line in command("models", "--labels").out.splitlines()]
    assert len(lines) == 527
    assert lines[74] == ["74", "/m/0bt9lr", "Dog"]
    data = json.loads(command("models", "--labels", "--json").out)
    assert [[str(row["index"]), row["mid"], row["name"]] for row in data] == lines
