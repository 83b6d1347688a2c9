"""The tables agree with each other, with the architecture, and with what is installed."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from whisper_at.model.cache import sha256_of
from whisper_at.model.catalog import ALSO_CALLED, HEADS, WHISPER, whisper_model

N_LAYERS = {"tiny": 4, "base": 6, "small": 12, "medium": 24, "large": 32}
N_STATE = {"tiny": 384, "base": 512, "small": 768, "medium": 1024, "large": 1280}
N_LABELS = 527


def size_of(name):
    return re.split(r"[.-]", name.removeprefix("distil-"))[0]


@pytest.mark.parametrize("model", WHISPER.values(), ids=WHISPER)
def test_a_model_is_pinned_and_complete(model):
    names = {file.name for file in model.files}
    assert {"config.json", "model.bin", "tokenizer.json"} < names and any("vocabulary" in n for n in names)
    assert re.fullmatch("[0-9a-f]{40}", model.revision or "")
    for file in model.files:
        assert file.n_bytes > 0 and re.fullmatch("[0-9a-f]{64}", file.sha256 or "0" * 64)
    assert model.sha256 and ("preprocessor_config.json" in names) >= (model.n_mels == 128)
    assert (model.languages == 1) == (".en" in model.name or model.name.startswith("distil"))


@pytest.mark.parametrize("model", WHISPER.values(), ids=WHISPER)
def test_the_size_of_model_bin_is_that_of_its_parameters_in_float16(model):
    n_bytes = next(file.n_bytes for file in model.files if file.name == "model.bin")
    assert n_bytes == pytest.approx(2 * model.parameters, rel=0.07)  # parameters are published rounded


@pytest.mark.parametrize(
    "model", [m for m in WHISPER.values() if not m.name.startswith("distil")], ids=lambda m: m.name
)
def test_alignment_heads_lie_in_the_decoder(model):
    n_layers = 4 if model.name == "large-v3-turbo" else N_LAYERS[size_of(model.name)]
    n_heads = N_STATE[size_of(model.name)] // 64
    assert model.alignment_heads == tuple(sorted(set(model.alignment_heads))) and model.alignment_heads
    assert all(layer < n_layers and head < n_heads for layer, head in model.alignment_heads)
    assert re.fullmatch("[0-9a-f]{64}", model.openai_sha256 or "")


def test_every_file_has_a_sum_of_its_own():
    for attribute in ("sha256", "openai_sha256", "revision"):
        known = [value for model in WHISPER.values() if (value := getattr(model, attribute))]
        assert len(known) == len(set(known))


def test_models_have_the_names_that_openai_gives_them():
    assert {"tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en"} < WHISPER.keys()
    assert {name: whisper_model(name).name for name in ALSO_CALLED} == {
        "large": "large-v3",
        "turbo": "large-v3-turbo",
    }
    assert whisper_model("huge") is None


@pytest.mark.model
@pytest.mark.parametrize("model", [m for m in WHISPER.values() if m.wheel], ids=lambda m: m.name)
def test_installed_wheels_hold_what_the_table_says(model):
    package, _, folder = model.wheel.folder.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{model.wheel.requirement} is not installed")
    for file in model.files:
        path = Path(spec.origin).parent / folder / file.name
        if not (model.wheel.parts and file.name == "model.bin"):
            assert (path.stat().st_size, sha256_of(path)) == (file.n_bytes, file.sha256)
    site = Path(spec.origin).parent.parent
    if model.wheel.parts:
        n_bytes = sum((site / part).stat().st_size for part in model.wheel.parts)
        assert n_bytes == next(file.n_bytes for file in model.files if file.name == "model.bin")


def tl_tr_parameters(d, wide=None):
    """Two transformer blocks of Whisper's kind, a norm and the output; before them perhaps a projection."""
    n = wide or d

    def linear(n_out, n_in):
        return n_out * n_in + n_out

    block = 3 * linear(n, n) + n * n + linear(4 * n, n) + linear(n, 4 * n) + 2 * 2 * n  # keys have no bias
    projection = 2 * d + linear(n, d) if wide else 0
    return projection + 2 * block + 2 * n + linear(N_LABELS, n)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_head_has_as_many_parameters_as_its_architecture(head):
    d = N_STATE[size_of(head.encoder)]
    assert head.parameters == tl_tr_parameters(d, 512 if head.kind == "tl-tr-512" else None)
    assert head.plausible(4 * head.parameters + 12_000)
    assert not head.plausible(4 * head.parameters - 1) and not head.plausible(0)


def test_sixteen_heads_are_published():
    assert len(HEADS) == 16 and {head.encoder for head in HEADS.values()} <= WHISPER.keys()
    assert {"base-tl-tr", "large-v1-tl-tr-512"} < HEADS.keys()
    assert len({url for head in HEADS.values() for url in head.urls}) == 16 + 8
    assert all(35.8 <= head.mean_average_precision <= 42.1 for head in HEADS.values())
    assert HEADS["medium.en-tl-tr"].sha256 and HEADS["base-tl-tr"].file == "base_ori.pth"
