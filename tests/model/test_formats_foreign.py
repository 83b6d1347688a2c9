"""OpenAI's and Hugging Face's files: the same model in each form is the same model."""

import json
import pickle
import sys

import numpy as np
import pytest

from tests.conftest import one_line
from tests.model.whisper_files import (
    as_hugging_face,
    generated,
    small_tokenizer,
    small_whisper,
    write_ctranslate2,
    write_hugging_face,
    write_json,
    write_pt,
)
from whisper_at.errors import WeightsError
from whisper_at.model.formats.ctranslate2_bin import ModelBin
from whisper_at.model.formats.folder import write_folder
from whisper_at.model.formats.huggingface import generation_config, read_folder
from whisper_at.model.formats.openai_pt import read_pt

SMALL = small_whisper()


def same(model, v):
    return list(model) == list(v) and all(
        model[name].dtype == array.dtype and np.array_equal(model[name], array) for name, array in v.items()
    )


@pytest.mark.parametrize("n_mels", [80, 128])
def test_one_model_in_each_form_generates_the_same(tmp_path, n_mels):
    pytest.importorskip("torch")
    v = small_whisper(n_mels=n_mels)
    expected = generated(write_ctranslate2(tmp_path / "ctranslate2", v))
    pt = read_pt(write_pt(tmp_path / "small.pt", v))
    hugging_face = read_folder(write_hugging_face(tmp_path / "hugging_face", v))
    for model in (pt, hugging_face):
        assert same(model, v) and model.dims.n_mels == n_mels
        folder = tmp_path / "written"
        folder.mkdir(exist_ok=True)
        write_folder(folder, model, small_tokenizer())
        assert generated(folder) == expected
        for file in ("model.bin", "vocabulary.json", "config.json"):
            told, wanted = (json_or_bytes(tmp_path / name / file) for name in ("written", "ctranslate2"))
            assert told == wanted, file
    assert (folder / "preprocessor_config.json").is_file() == (n_mels == 128)


def json_or_bytes(path):
    return path.read_bytes() if path.suffix == ".bin" else json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_hugging_face_folders_are_read_in_every_type(tmp_path, shards, dtype):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    tensors = {
        name: torch.from_numpy(np.array(a)).to(getattr(torch, dtype))
        for name, a in as_hugging_face(SMALL).items()
    }
    folder = write_hugging_face(tmp_path / "whisper", SMALL, shards=shards)
    for path in folder.glob("*.safetensors"):
        names = [
            name for i, name in enumerate(tensors) if shards == 1 or f"0000{i % shards + 1}-of" in path.name
        ]
        save_file({name: tensors[name] for name in names}, path)
    v = {
        name: torch.from_numpy(np.array(a)).to(getattr(torch, dtype)).half().numpy() if a.ndim else a
        for name, a in SMALL.items()
    }
    assert same(read_folder(folder), v)


def test_names_without_their_first_part_are_understood(tmp_path):
    bare = {
        name.removeprefix("model."): np.ascontiguousarray(a) for name, a in as_hugging_face(SMALL).items()
    }
    assert same(read_folder(write_hugging_face(tmp_path / "bare", SMALL, tensors=bare)), SMALL)


def test_an_output_layer_of_its_own_is_kept(tmp_path):
    own = np.ascontiguousarray(SMALL["decoder/embeddings/weight"][::-1])
    tensors = {name: np.ascontiguousarray(a) for name, a in as_hugging_face(SMALL).items()}
    tensors["proj_out.weight"] = own
    tied = read_folder(write_hugging_face(tmp_path / "tied", SMALL, tensors=tensors))
    assert tied.aliases == {"decoder/projection/weight": "decoder/embeddings/weight"}
    free = read_folder(
        write_hugging_face(tmp_path / "free", SMALL, tensors=tensors, tie_word_embeddings=False)
    )
    assert free.aliases == {} and np.array_equal(free["decoder/projection/weight"], own)
    write_folder(tmp_path, free, small_tokenizer())
    assert np.array_equal(ModelBin(tmp_path / "model.bin")["decoder/projection/weight"], own)
    assert generated(tmp_path)


def test_what_the_generation_config_says_is_kept(tmp_path):
    folder = write_hugging_face(tmp_path / "tuned", SMALL, suppress_tokens=[5], begin_suppress_tokens=[6])
    write_json(
        folder / "generation_config.json",
        {"suppress_tokens": [], "alignment_heads": [[0, 0]], "lang_to_id": {"<|nl|>": 260, "<|en|>": 258}},
    )
    write_folder(tmp_path, read_folder(folder), small_tokenizer(), known=generation_config(folder))
    assert json.loads((tmp_path / "config.json").read_text()) == {
        "alignment_heads": [[0, 0]],
        "lang_ids": [258, 260],
        "suppress_ids": [],  # someone who says nothing is to be suppressed is believed
        "suppress_ids_begin": [6],
    }


def test_a_state_dictionary_alone_is_read_too(tmp_path):
    torch = pytest.importorskip("torch")
    path = write_pt(tmp_path / "small.pt", SMALL)
    torch.save(torch.load(path)["model_state_dict"], path)
    assert same(read_pt(path), SMALL)


def test_files_of_the_old_kind_are_read(tmp_path):
    torch = pytest.importorskip("torch")
    path = write_pt(tmp_path / "small.pt", SMALL)
    torch.save(torch.load(path), path, _use_new_zipfile_serialization=False)
    assert same(read_pt(path), SMALL)


class Dangerous:
    def __reduce__(self):
        return exec, ("raise SystemExit('code of a pickle ran')",)


def test_no_pickle_runs_code(tmp_path):
    torch = pytest.importorskip("torch")
    path = tmp_path / "evil.pt"
    torch.save({"model_state_dict": {"a": Dangerous()}}, path)
    with pytest.raises(WeightsError, match="refused") as error:
        read_pt(path)
    one_line(error)
    path.write_bytes(pickle.dumps(Dangerous(), protocol=2))
    with pytest.raises(WeightsError) as error:
        read_pt(path)
    one_line(error)


def test_without_torch_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(WeightsError, match=r"whisper-at\[train\]") as error:
        read_pt(tmp_path / "base.pt")
    one_line(error)


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.999])
def test_a_pt_file_that_is_cut_short_is_refused(tmp_path, share):
    pytest.importorskip("torch")
    path = write_pt(tmp_path / "small.pt", SMALL)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(WeightsError) as error:
        read_pt(path)
    assert str(path) in one_line(error)


@pytest.mark.parametrize("content", [b"<html>404</html>", b"", bytes(1000), b"\xff" * 16])
def test_another_file_is_no_pt(tmp_path, content):
    pytest.importorskip("torch")
    (tmp_path / "small.pt").write_bytes(content)
    with pytest.raises(WeightsError) as error:
        read_pt(tmp_path / "small.pt")
    one_line(error)


def test_a_missing_tensor_is_named(tmp_path):
    torch = pytest.importorskip("torch")
    path = write_pt(tmp_path / "small.pt", SMALL)
    content = torch.load(path)
    del content["model_state_dict"]["decoder.blocks.1.cross_attn.value.bias"]
    torch.save(content, path)
    with pytest.raises(WeightsError, match=r"decoder\.blocks\.1\.cross_attn\.value\.bias") as error:
        read_pt(path)
    one_line(error)


@pytest.mark.parametrize("share", [0, 0.00001, 0.01, 0.9999])
def test_a_safetensors_file_that_is_cut_short_is_refused(tmp_path, share):
    folder = write_hugging_face(tmp_path / "whisper", SMALL)
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(WeightsError, match="cut short") as error:
        read_folder(folder)
    assert str(path) in one_line(error)


@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html><html>sign in</html>", b"\x02" + bytes(7) + b"{}", b"[]"]
)
def test_another_file_is_no_safetensors(tmp_path, content):
    folder = write_hugging_face(tmp_path / "whisper", SMALL)
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(WeightsError) as error:
        read_folder(folder)
    one_line(error)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "bart"}, "'bart'"),
        ({"activation_function": "relu"}, "'relu'"),
        ({"encoder_attention_heads": 4}, "4 heads"),
    ],
)
def test_another_architecture_is_refused(tmp_path, change, said):
    with pytest.raises(WeightsError, match=said) as error:
        read_folder(write_hugging_face(tmp_path / "other", SMALL, **change))
    one_line(error)


def test_a_missing_shard_is_named(tmp_path):
    folder = write_hugging_face(tmp_path / "whisper", SMALL, shards=3)
    (folder / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"model-00002-of-00003\.safetensors is missing") as error:
        read_folder(folder)
    one_line(error)


def test_an_index_cannot_lead_out_of_its_folder(tmp_path):
    folder = write_hugging_face(tmp_path / "whisper", SMALL, shards=2)
    write_hugging_face(tmp_path / "other", SMALL)
    write_json(folder / "model.safetensors.index.json", {"weight_map": {"a": "../other/model.safetensors"}})
    with pytest.raises(WeightsError, match="missing"):
        read_folder(folder)


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e9])
def test_values_that_float16_cannot_hold_are_refused(tmp_path, value):
    tensors = {name: np.array(a, np.float32) for name, a in as_hugging_face(SMALL).items()}
    tensors["model.encoder.conv1.bias"][3] = value
    model = read_folder(write_hugging_face(tmp_path / "whisper", SMALL, tensors=tensors))
    with pytest.raises(WeightsError, match="encoder/conv1/bias") as error:
        model["encoder/conv1/bias"]
    one_line(error)
