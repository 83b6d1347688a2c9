"""`whisper-at probe` with real weights on tones and noises, from the command line to the files."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from tests.audio.synth import tone, wav
from whisper_at.cli.probe import probe
from whisper_at.errors import DatasetError, WeightsError
from whisper_at.probing.result import ProbeResult

app = typer.Typer()
app.command()(probe)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Tones, and bursts of noise."""
    folder = tmp_path_factory.mktemp("corpus")
    rng, rows = np.random.default_rng(0), ["path\tlabels\tfold\tset"]
    for i in range(12):
        hiss = rng.uniform(-0.3, 0.3, 8000).astype(np.float32)
        samples = tone(300 + 100 * i, 0.5, 16_000) if i % 2 else hiss
        (folder / f"{i}.wav").write_bytes(wav((samples * 32767).astype(np.int16), 16_000))
        rows.append(f"{i}.wav\t{'beep' if i % 2 else 'hiss'}\t{1 + i // 4}\tlab")
    path = folder / "lab.tsv"
    path.write_text("\n".join(rows) + "\n")
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.mark.model
def test_tones_and_noises_are_told_apart_by_every_layer(corpus, tmp_path):
    done = run(corpus, "--subset", "lab", "--model", "tiny.en", "--out", tmp_path / "out", "--resamples", 50)
    assert done.exit_code == 0, done.exception
    found = ProbeResult.from_dict(json.loads((tmp_path / "out" / "probe.json").read_text()))
    assert (found.model, found.dataset, found.clips) == ("tiny.en", "lab", 12)
    assert [one.name for one in found.layers()] == ["convolution", *(f"layer {i}" for i in (1, 2, 3, 4))]
    assert all(one.mean_of_folds > 0.7 for one in found.layers())
    assert max(one.mean_of_folds for one in found.layers()) == 1
    assert "tiny.en on lab: 12 clips, 2 classes" in done.stdout
    assert (tmp_path / "out" / "layers.png").stat().st_size > 5000


def test_what_cannot_be_probed_is_said_before_anything_is_heard(corpus, tmp_path):
    assert isinstance(run(corpus, "--subset", "yard", "--model", "tiny.en").exception, DatasetError)
    assert isinstance(run(corpus, "--model", f"hf:{tmp_path}").exception, WeightsError)
    one_fold = corpus.with_name("one.tsv")
    one_fold.write_text(corpus.read_text().replace("\t2\t", "\t1\t").replace("\t3\t", "\t1\t"))
    failed = run(one_fold, "--model", "tiny.en").exception
    assert isinstance(failed, DatasetError) and "three folds or more" in str(failed)
