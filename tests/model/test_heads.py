"""Head files: what is written is read, what does not fit is said, what was published is converted."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from tests.model.tiny import AUDIOSET, TINY, head_arrays, head_card
from whisper_at.errors import HeadError, HeadMismatch
from whisper_at.model.catalog import HEADS
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.engine import OpenVinoEngine
from whisper_at.model.head_file import read_head, write_head
from whisper_at.tagging.heads import find_head, import_head, packaged_heads

BASE = Dimensions(n_mels=80, n_state=512, n_heads=8, n_layers=6, n_text_layers=6, n_vocab=51865)
MIDS = tuple(AUDIOSET)
CARD = head_card(name="mine", architecture="tl-tr", reported=MIDS[:3], threshold=0.3, scores={"mAP": 0.5})


def test_a_head_comes_back_as_it_was_written(tmp_path):
    arrays = head_arrays("tl-tr", down=64)
    write_head(tmp_path / "mine.safetensors", CARD, arrays)
    head = read_head(tmp_path / "mine.safetensors")
    assert head.card == CARD
    assert head.arrays.keys() == arrays.keys()
    assert all((head.arrays[name] == array).all() for name, array in arrays.items())
    assert len(head.sha256) == 64


def test_a_head_for_other_taps_says_what_fits(tmp_path):
    write_head(tmp_path / "mine.safetensors", CARD, head_arrays("tl-tr"))
    with pytest.raises(
        HeadMismatch, match=r"head mine reads 3 taps of width 128 .*, but base gives 6 of width 512"
    ):
        find_head(tmp_path / "mine.safetensors", encoder="base", dims=BASE)
    assert find_head(tmp_path / "mine.safetensors", encoder="tiny-random", dims=TINY).card == CARD


def test_no_head_at_a_path_is_an_error(tmp_path):
    with pytest.raises(HeadError, match="there is none at"):
        find_head(tmp_path / "nothing.safetensors", encoder="base", dims=BASE)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(HeadError, match=r"no head is called 'bass-tl-tr'; there is base-tl-tr"):
        find_head("bass-tl-tr", encoder="base", dims=BASE)


@pytest.mark.parametrize("content", [b"", b"<html>gone</html>", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_file_that_is_no_head_is_refused(tmp_path, content):
    path = tmp_path / "odd.safetensors"
    path.write_bytes(content)
    with pytest.raises(HeadError, match=r"odd\.safetensors is "):
        read_head(path)


def test_an_architecture_that_does_not_exist_is_refused():
    with pytest.raises(HeadError, match="architecture 'tl-mlp'"):
        replace(CARD, architecture="tl-mlp")


@pytest.mark.parametrize(
    ("file", "architecture", "down", "name"),
    [
        ("base_ori.pth", "tl-tr", None, "base-tl-tr"),
        ("small.en_low.pth", "tl-tr", 512, "small.en-tl-tr-512"),
        ("large-v1_low.pth", "tl-tr", 512, "large-v1-tl-tr-512"),
    ],
)
def test_published_checkpoints_become_head_files(tmp_path, file, architecture, down, name):
    """Their layout: a plain dictionary with the prefix `at_model.`."""
    published = HEADS[name]
    n_state = {"base": 512, "small.en": 768, "large-v1": 1280}[published.encoder]
    arrays = head_arrays(architecture, n_state=n_state, down=down)
    torch.save({f"at_model.{k}": torch.from_numpy(v) for k, v in arrays.items()}, tmp_path / file)
    path = import_head(tmp_path / file, download_root=tmp_path / "cache")
    head = read_head(path)
    assert sum(array.size for array in head.arrays.values()) == published.parameters
    assert (head.card.name, head.card.encoder, head.card.architecture) == (
        name,
        published.encoder,
        architecture,
    )
    assert head.card.n_state == n_state
    assert head.card.reported == MIDS
    assert all((head.arrays[k] == v).all() for k, v in arrays.items())


@pytest.mark.parametrize("architecture", ["last-mlp", "wa-mlp", "last-tr", "wa-tr", "mean-mlp", "mean-tr"])
def test_checkpoints_of_the_training_code_become_head_files(tmp_path, architecture):
    """Their layout: DataParallel's prefix `module.`; last and mean look alike, so one must say which."""
    arrays = head_arrays(architecture, n_state=384)
    torch.save({f"module.{k}": torch.from_numpy(v) for k, v in arrays.items()}, tmp_path / "run7.pth")
    told = architecture if architecture.startswith("mean") else None
    path = import_head(tmp_path / "run7.pth", encoder="tiny.en", architecture=told, download_root=tmp_path)
    assert read_head(path).card.architecture == architecture


def test_an_imported_head_is_found_by_its_name(tmp_path):
    arrays = head_arrays("tl-tr", n_state=512)
    torch.save({f"at_model.{k}": torch.from_numpy(v) for k, v in arrays.items()}, tmp_path / "base_ori.pth")
    import_head(tmp_path / "base_ori.pth", download_root=tmp_path)
    head = find_head("base-tl-tr", encoder="base", dims=BASE, offline=True, download_root=tmp_path)
    taps = np.random.default_rng(0).standard_normal((2, 6, 25, 512)).astype(np.float32)
    assert OpenVinoEngine(threads=2).head(head)(taps).shape == (2, 527)


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    torch.save({"fc.weight": torch.zeros(3, 3)}, tmp_path / "other.pth")
    with pytest.raises(HeadError, match=r"other\.pth is no Whisper-AT head: it has no mlp_layer"):
        import_head(tmp_path / "other.pth", encoder="base", download_root=tmp_path)


def test_a_checkpoint_of_unknown_name_must_say_its_encoder(tmp_path):
    with pytest.raises(HeadError, match="--encoder"):
        import_head(tmp_path / "mine.pth", download_root=tmp_path)


def test_a_published_head_is_not_fetched_offline(tmp_path):
    with pytest.raises(HeadError, match=r"base-tl-tr is neither .* heads import base_ori\.pth"):
        find_head("base-tl-tr", encoder="base", dims=BASE, offline=True, download_root=tmp_path)


def test_a_dead_link_is_refused_and_nothing_is_kept(tmp_path, monkeypatch):
    import io

    monkeypatch.setattr(
        "urllib.request.urlopen", lambda url, timeout: io.BytesIO(b"<html>File not found</html>")
    )
    with pytest.raises(HeadError, match="answered with 27 bytes that are not head base-tl-tr"):
        find_head("base-tl-tr", encoder="base", dims=BASE, download_root=tmp_path)
    assert not list(tmp_path.rglob("*.pth"))


def test_a_published_head_is_fetched_checked_and_kept(tmp_path, monkeypatch):
    import io

    arrays, buffer = head_arrays("tl-tr", n_state=512), io.BytesIO()
    torch.save({f"at_model.{k}": torch.from_numpy(v) for k, v in arrays.items()}, buffer)
    asked = []

    def answer(url, timeout):
        asked.append(url)
        return io.BytesIO(buffer.getvalue())

    monkeypatch.setattr("urllib.request.urlopen", answer)
    first, again = (
        find_head("base-tl-tr", encoder="base", dims=BASE, download_root=tmp_path) for _ in range(2)
    )
    assert asked == [HEADS["base-tl-tr"].urls[0]]
    assert first.sha256 == again.sha256
    assert_allclose(first.arrays["mlp_layer.1.bias"], arrays["mlp_layer.1.bias"])


def test_the_packaged_heads_are_the_defaults():
    for name, path in packaged_heads().items():
        card = read_head(path).card
        assert card.name == name
        assert card.trained_on and card.licence and card.scores
        assert 20 < len(card.reported) <= 527
        assert set(card.reported) <= set(MIDS)
    assert {read_head(path).card.encoder for path in packaged_heads().values()} == {"base", "tiny.en"}
