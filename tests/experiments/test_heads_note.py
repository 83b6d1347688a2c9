"""Notes get into the card of a head, and nothing else of it changes."""

import build
import note
import numpy as np
import pytest
from safetensors.numpy import load_file

from whisper_at.model.head_file import HeadCard, read_head, write_head


@pytest.fixture
def head(tmp_path):
    """A head in half precision with values that a rounding would change."""
    card = HeadCard(
        name="small",
        architecture="last-mlp",
        encoder="tiny-random",
        n_state=4,
        n_layers=2,
        mids=("/m/a", "/m/b"),
        names=("A", "B"),
        reported=("/m/b",),
        thresholds=(0.25, 0.5),
        scores={"mAP": 0.5},
    )
    path = tmp_path / "small.safetensors"
    weights = np.frombuffer(np.arange(8, dtype=np.uint16).tobytes(), np.float16).reshape(2, 4)  # subnormal
    write_head(path, card, {"mlp_layer.1.weight": weights, "mlp_layer.1.bias": np.zeros(2, np.float16)})
    return path


def test_a_card_gets_its_notes_and_the_weights_stay_bit_for_bit(head, capsys):
    card, weights = read_head(head).card, load_file(head)
    note.main([str(head)])
    again, kept = read_head(head).card, load_file(head)
    assert again.notes == build.NOTES
    assert {**vars(again), "notes": ""} == vars(card)
    assert {name: (one.dtype, one.tobytes()) for name, one in kept.items()} == {
        name: (one.dtype, one.tobytes()) for name, one in weights.items()
    }
    assert read_head(head).sha256 in capsys.readouterr().out
    assert [path.name for path in head.parent.iterdir()] == [head.name]  # nothing is left lying about


def test_a_file_that_would_change_is_left_as_it_was(head, monkeypatch):
    before = head.read_bytes()
    monkeypatch.setattr(
        note,
        "write_head",
        lambda path, card, weights: write_head(
            path, card, {k: w.astype(np.float32) for k, w in weights.items()}
        ),
    )
    with pytest.raises(SystemExit, match=r"small\.safetensors would not be the same head"):
        note.main([str(head)])
    assert head.read_bytes() == before
