"""`whisper-at models` lists what can be used, for people and for programs."""

import json
import re

import pytest

from tests.model.tiny import head_arrays, head_card
from whisper_at.model.catalog import HEADS, WHISPER
from whisper_at.model.head_file import write_head

pytestmark = pytest.mark.usefixtures("cache")


def columns(command, name):
    """The row of that name, in the table for people."""
    (row,) = [line for line in command("models").out.splitlines() if line.startswith(f"  {name} ")]
    return re.split("  +", row.strip())


def heads(command):
    """The rows of heads by name, for programs."""
    return {row["name"]: row for row in json.loads(command("models", "--json").out)["heads"]}


def test_all_models_and_heads_are_listed(command):
    answer = command("models")
    assert (answer.status, answer.talk) == (0, [])
    listed = [line.split()[0] for line in answer.out.splitlines() if line.startswith("  ")]
    assert set(WHISPER) | set(HEADS) <= set(listed)


def test_what_is_not_here_has_its_size_and_what_would_be_downloaded(command):
    *model, place = columns(command, "large-v3")
    assert model == ["large-v3", "1550 M", "100 languages"]
    assert place == "not here: would download 3091 MB from Systran/faster-whisper-large-v3"
    *head, place = columns(command, "base-tl-tr")
    assert head == ["base-tl-tr", "6.6 M", "base", "527 labels", "mAP 37.6 % (published)"]
    assert place == f"not here: would download 26 MB from {HEADS['base-tl-tr'].urls[0]}"


def test_a_head_that_is_here_has_its_size_and_its_place(command, cache):
    (cache / "heads").mkdir(parents=True)
    path = cache / "heads" / "mine.safetensors"
    card = head_card(reported=("/m/0bt9lr", "/m/06mb1"), scores={"mAP": 0.5}, notes="Bad at rain.")
    write_head(path, card, head_arrays("last-mlp"))
    *head, place = columns(command, "mine")
    assert head == ["mine", "0.1 M", "tiny-random", "2 labels", "mAP 0.5"]
    assert place == f"in the cache: {path}"
    row = heads(command)["mine"]
    assert row["parameters"] == 2 * 128 + 527 * 129  # a norm, and a layer with its bias
    assert row["notes"] == "Bad at rain."
    assert row["bytes"] == path.stat().st_size > 4 * row["parameters"]


def test_the_same_for_programs(command):
    data = json.loads(command("models", "--json").out)
    models = {row["name"]: row for row in data["models"]}
    assert list(models) == list(WHISPER)
    assert models["small"]["bytes"] > 400_000_000 and models["small"]["here"] is False
    for rows in data.values():
        assert all(set(row) == set(rows[0]) for row in rows)
    for name, row in heads(command).items():
        assert row["place"] != "in the package" or "docs/heads.md" in row["notes"], name
    assert set(HEADS) <= set(heads(command))
    published = heads(command)["base-tl-tr"]
    assert (published["encoder"], published["parameters"], published["here"]) == ("base", 6_575_119, False)


def test_a_head_that_is_damaged_hides_no_other(command, cache):
    (cache / "heads").mkdir(parents=True)
    (cache / "heads" / "mine.safetensors").write_bytes(b"no tensors")
    answer = command("models")
    assert answer.status == 0
    assert "mine.safetensors is no head file" in answer.out
    rows = heads(command)
    assert rows["mine"]["here"] is False and "base-tl-tr" in rows


def test_labels_are_listed_in_the_order_of_logits(command):
    lines = [line.split("\t") for line in command("models", "--labels").out.splitlines()]
    groups = [line for line in lines if line[0] == "group"]
    lines = lines[: -len(groups)]
    assert len(lines) == 527
    assert ["group", "group:vehicles", "vehicles"] in groups
    assert lines[74] == ["74", "/m/0bt9lr", "Dog"]
    data = json.loads(command("models", "--labels", "--json").out)
    assert [[str(row["index"]), row["mid"], row["name"]] for row in data] == lines
