"""The original implementation as an oracle: the same weights in the published layout give the same numbers."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from tests.model.tiny import head_arrays
from whisper_at.model.engine import OpenVinoEngine, TorchEngine
from whisper_at.model.head_file import read_head
from whisper_at.model.weights import find
from whisper_at.tagging.heads import import_head
from whisper_at.timegrid import TagGrid

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
ENGINES = pytest.mark.parametrize("make", [OpenVinoEngine, TorchEngine], ids=["openvino", "torch"])


@pytest.fixture(scope="session")
def original():
    """A folder with `whisper-at` 0.5 and nothing else; made once, kept in .venv-peers."""
    folder = HERE.parents[1] / ".venv-peers" / "whisper-at-0.5"
    if not (folder / "whisper_at").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        done = subprocess.run([*command, "whisper-at==0.5"], capture_output=True, text=True, timeout=120)
        if done.returncode:
            pytest.skip(f"whisper-at 0.5 cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return folder


@pytest.fixture(scope="session")
def answers():
    """What the original has said, so that each question is put to it once and compared with every engine."""
    return {}


def ask(original, tmp_path, **given):
    np.savez(tmp_path / "in.npz", **given)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, str(HERE / "run_original.py"), str(original)]
    subprocess.run(
        [*command, tmp_path / "in.npz", tmp_path / "out.npz"], check=True, env=environment, timeout=120
    )
    return np.load(tmp_path / "out.npz")


@ENGINES
@pytest.mark.parametrize("n_cells", [25, 7, 1])
@pytest.mark.parametrize(
    ("mode", "encoder", "n_layers", "n_state", "down"),
    [
        ("tl_tr_1_8", "tiny.en", 4, 384, None),
        ("tl_tr_1_8", "base", 6, 512, None),
        ("tl_down_tr_512_1_8", "small.en", 12, 768, 512),
    ],
    ids=["tiny.en", "base", "small.en projected"],
)
def test_published_heads_give_the_originals_logits(
    original, answers, tmp_path, make, n_cells, mode, encoder, n_layers, n_state, down
):
    arrays = head_arrays("tl-tr", n_state=n_state, down=down, seed=n_cells)
    taps = np.random.default_rng(n_cells).standard_normal((2, n_layers, n_cells, n_state)).astype(np.float32)
    if (mode, encoder, n_cells) not in answers:
        state = {f"w.{name}": array for name, array in arrays.items()}
        answers[mode, encoder, n_cells] = ask(original, tmp_path, kind=mode, taps=taps, **state)["logits"]
    wanted = answers[mode, encoder, n_cells]
    torch.save({f"at_model.{k}": torch.from_numpy(v) for k, v in arrays.items()}, tmp_path / "made.pth")
    head = read_head(import_head(tmp_path / "made.pth", encoder=encoder, download_root=tmp_path))
    assert_allclose(make(threads=2).head(head)(taps), wanted, atol=2e-4)


@ENGINES
def test_the_encoder_gives_the_originals_features_and_taps(original, tmp_path, make):
    """Real weights: the original pools by averaging 20 steps, we by a matrix."""
    checkpoint = find("tiny.en")
    variables, dims = checkpoint.variables(), checkpoint.dims
    mel = np.random.default_rng(0).standard_normal((1, 80, 3000)).astype(np.float32)
    wanted = ask(
        original,
        tmp_path,
        kind="encoder",
        dims=[dims.n_mels, dims.n_state, dims.n_heads, dims.n_layers],
        mel=mel,
        **{f"w.{name}": array for name, array in openai_encoder(variables, dims).items()},
    )
    pool = TagGrid().pool(seek=0, heard=0, end=3000)[1][None]
    encoded = make(threads=2).encoder(dims, variables)(mel, pool)
    scale = np.abs(wanted["taps"]).max()
    assert_allclose(encoded.taps[0], wanted["taps"].reshape(encoded.taps[0].shape), atol=1e-4 * scale)
    assert_allclose(encoded.features, wanted["features"], atol=2e-3)


def openai_encoder(variables, dims):
    """Canonical names to those of OpenAI's encoder."""
    state = {"positional_embedding": variables["encoder/position_encodings/encodings"]}
    for ours, theirs in (("conv1", "conv1"), ("conv2", "conv2")):
        for part in ("weight", "bias"):
            state[f"{theirs}.{part}"] = variables[f"encoder/{ours}/{part}"]
    norms = {"encoder/layer_norm": "ln_post"}
    for i in range(dims.n_layers):
        at, block = f"encoder/layer_{i}", f"blocks.{i}"
        norms |= {
            f"{at}/self_attention/layer_norm": f"{block}.attn_ln",
            f"{at}/ffn/layer_norm": f"{block}.mlp_ln",
        }
        for part in ("weight", "bias"):
            qkv = np.split(np.asarray(variables[f"{at}/self_attention/linear_0/{part}"]), 3)
            for name, array in zip(("query", "key", "value"), qkv, strict=True):
                if (name, part) != ("key", "bias"):
                    state[f"{block}.attn.{name}.{part}"] = array
            state[f"{block}.attn.out.{part}"] = variables[f"{at}/self_attention/linear_1/{part}"]
            state[f"{block}.mlp.0.{part}"] = variables[f"{at}/ffn/linear_0/{part}"]
            state[f"{block}.mlp.2.{part}"] = variables[f"{at}/ffn/linear_1/{part}"]
    for ours, theirs in norms.items():
        state[f"{theirs}.weight"], state[f"{theirs}.bias"] = (
            variables[f"{ours}/gamma"],
            variables[f"{ours}/beta"],
        )
    return {name: np.asarray(array, np.float32) for name, array in state.items()}
