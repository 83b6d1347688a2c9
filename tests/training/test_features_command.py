"""`whisper-at features` as it is typed."""

import os
from pathlib import Path

import numpy as np
import pytest
import typer

from tests.training.tiny_corpus import TinyEncoder, noise, write_clip
from whisper_at.audio import log_mel
from whisper_at.cli.features import features
from whisper_at.datasets.checking import BrokenClips
from whisper_at.errors import OptionError
from whisper_at.model.weights import find
from whisper_at.tagging.pooling import TapPool
from whisper_at.timegrid import TagGrid
from whisper_at.training import extraction
from whisper_at.training.store import FeatureStore


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Runs the command in a folder with a manifest of three clips, of which one is not there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(extraction, "whisper_encoder", lambda name, **how: TinyEncoder())
    for i in range(2):
        write_clip(tmp_path / f"{i}.wav", 1.0 + i, seed=i)
    rows = ["path,labels,fold", "0.wav,rain,1", "gone.wav,rain,1", "1.wav,dog,2"]
    Path("corpus.csv").write_text("\n".join(rows))
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(features)
    return lambda *arguments: app([str(a) for a in arguments], standalone_mode=False)


def test_it_says_what_it_leaves_out_what_it_will_do_and_that_it_is_done(command, capsys):
    command("corpus.csv", "--out", "store", "--skip-missing", "--seed", "3")
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line.removeprefix("whisper-at: ") for line in err.splitlines()]
    assert lines[0].startswith("gone.wav: ")
    assert lines[1].startswith(
        "2 clips, 0.00 h (1 left out): 0 MB in 1 file; 2 windows of tiny-random, about "
    )
    assert lines[2] == "store holds the features of 2 clips"
    store = FeatureStore.open(Path("store"))
    assert [clip.path.name for clip in store.clips] == ["0.wav", "1.wav"]
    assert [Path(name).name for name, _ in store.skipped] == ["gone.wav"]
    assert store.card.seed == 3
    command("corpus.csv", "--out", "store", "--skip-missing", "--seed", "3")
    assert "all there already" in capsys.readouterr().err


def test_missing_clips_are_named_and_end_it(command, capsys):
    with pytest.raises(BrokenClips, match="1 of 3 clips"):
        command("corpus.csv", "--out", "store")
    assert capsys.readouterr().err.startswith("whisper-at: gone.wav: ")
    assert not Path("store").exists()


def test_quiet_says_what_is_wrong_only(command, capsys):
    command("corpus.csv", "-o", "store", "--skip-missing", "--quiet", "--gain=-6:0", "--context", "alone")
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert FeatureStore.open(Path("store")).card.gain == (-6.0, 0.0)


@pytest.mark.parametrize("gain", ["6", "loud:louder", "3:-3", ":"])
def test_a_gain_that_is_none_is_refused(command, gain):
    with pytest.raises(OptionError, match="such as -12:6"):
        command("corpus.csv", "--out", "store", "--skip-missing", f"--gain={gain}")


@pytest.mark.model
def test_the_taps_of_whisper_are_those_that_a_head_is_served(tmp_path):
    path = tmp_path / "noise.wav"
    write_clip(path, 3.3)
    (tmp_path / "corpus.csv").write_text(f"path,labels\n{path.name},rain\n")
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(features)
    out = tmp_path / "store"
    app(
        [str(tmp_path / "corpus.csv"), "--model", "tiny.en", "--out", str(out), "--context", "alone", "-q"],
        standalone_mode=False,
    )
    store = FeatureStore.open(out)
    assert (store.card.encoder, store.card.n_layers, store.card.n_state) == ("tiny.en", 4, 384)
    assert store.card.encoder_sha256 == find("tiny.en").sha256
    encoder = extraction.whisper_encoder("tiny.en", device="cpu").open(
        threads=os.cpu_count() or 1, n_steps=1500
    )
    mel = log_mel(noise(3.3))
    pool = TapPool(TagGrid(frames_per_cell=20), mel.n_frames)
    matrix = pool.plan(0)
    served = pool.hear(
        0, matrix, encoder(mel.window(0).padded[None], matrix[None]).taps[0].transpose(1, 0, 2)
    )
    assert store.taps(0).shape == served.shape == (17, 4, 384)
    error = np.abs(store.taps(0) - served).max() / np.abs(served).max()
    assert error < 1e-3
