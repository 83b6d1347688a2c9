"""A head's predictions are what it says where it is served."""

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.model.tiny import TINY, encoder_variables, head_arrays, head_card
from whisper_at.audio import log_mel
from whisper_at.datasets.clip import Clip
from whisper_at.errors import DatasetError, HeadMismatch
from whisper_at.evaluation.heads import EncodedClips, EncoderCard, of_clip, predict, thresholds_of
from whisper_at.model.calibration import Calibration
from whisper_at.model.engine import OpenVinoEngine
from whisper_at.model.head_file import Head
from whisper_at.tagging.events import probabilities
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.pooling import pooled
from whisper_at.tagging.tagger import Tagger
from whisper_at.timegrid import FRAMES_PER_WINDOW

ENGINE = OpenVinoEngine(threads=1)


class Store:
    """Taps of noise."""

    def __init__(self, *lengths, frames_per_cell=40, **fields):
        rng = np.random.default_rng(0)
        shape = (TINY.n_layers, TINY.n_state)
        self.arrays = [rng.standard_normal((n, *shape)).astype(np.float16) for n in lengths]
        self.clips = tuple(Clip(path=Path(f"{i}.ogg")) for i in range(len(lengths)))
        usual = {"encoder": "tiny-random", "n_layers": TINY.n_layers, "n_state": TINY.n_state}
        self.card = EncoderCard(**{**usual, **fields}, frames_per_cell=frames_per_cell)

    def taps(self, i):
        return self.arrays[i]

    def n_frames(self, i):
        return len(self.arrays[i]) * self.card.frames_per_cell - 10


@pytest.fixture(scope="module")
def head():
    card = head_card(architecture="mean-mlp", calibration=Calibration(scale=(2.0,), bias=(-1.0,)))
    return Head(card=card, arrays=head_arrays("mean-mlp"), sha256="")


@pytest.fixture(scope="module")
def run(head):
    return ENGINE.head(head)


def test_a_clip_is_one_row_and_each_of_its_cells(head, run):
    store = Store(5, 1)
    said = predict(head, run, store)
    taps = store.taps(0).astype(np.float32)
    row = probabilities(run(taps.transpose(1, 0, 2)[None]), head.card.calibration)[0]
    cell = probabilities(run(taps[3].reshape(1, TINY.n_layers, 1, -1)), head.card.calibration)[0]
    np.testing.assert_allclose(said.clip[0], row, rtol=1e-5)
    np.testing.assert_allclose(said.cells[0][3], cell, rtol=1e-4)
    assert [len(cells) for cells in said.cells] == [5, 1]
    assert (said.names, said.ids, said.durations) == (("0.ogg", "1.ogg"), head.card.mids, (1.9, 0.3))


def test_a_long_clip_holds_a_label_as_surely_as_its_surest_row(head, run):
    store = Store(75 + 75 + 10)
    taps = store.taps(0).astype(np.float32)
    rows = [of_clip(head, run, part)[0] for part in (taps[:75], taps[75:150], taps[150:])]
    np.testing.assert_allclose(predict(head, run, store).clip[0], np.max(rows, 0), rtol=1e-5)


def test_finer_taps_are_pooled_to_the_cells_of_the_head(head, run):
    fine = Store(9, frames_per_cell=20)
    said = predict(head, run, fine)
    coarse = Store(5)
    coarse.arrays[0] = pooled(fine.taps(0), 2)
    np.testing.assert_allclose(said.cells[0], predict(head, run, coarse).cells[0], rtol=1e-4)
    assert len(said.cells[0]) == 5


def test_only_the_clips_that_are_wanted_and_in_their_order(head, run):
    store = Store(2, 3, 4)
    said = predict(head, run, store, clips=[store.clips[2], replace(store.clips[0], labels=("x",))])
    assert said.names == ("2.ogg", "0.ogg")
    assert [len(cells) for cells in said.cells] == [4, 2]


def test_clips_are_known_by_their_file_however_its_path_is_written(head, run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    store = Store(2)
    said = predict(head, run, store, clips=[Clip(path=tmp_path / "0.ogg")])
    assert said.names == (str(tmp_path / "0.ogg"),)


def test_progress_ends_where_it_promised(head, run):
    told = []
    predict(head, run, Store(5, 1), progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] == pytest.approx(2.2)


@pytest.mark.parametrize(
    ("store", "error", "complaint"),
    [
        (Store(2, encoder="base"), HeadMismatch, "of tiny-random, found 3 of width 128 of base"),
        (Store(2, n_layers=4), HeadMismatch, "reads 3 taps of width 128 .* found 4"),
        (Store(2, frames_per_cell=30), HeadMismatch, "cells of 40 frames, which cells of 30 do not make"),
        (Store(), DatasetError, "wanted clips to predict, found none"),
        (Store(3, 0), DatasetError, r"the taps of 1\.ogg are empty"),
    ],
)
def test_taps_that_the_head_cannot_read_are_refused(head, run, store, error, complaint):
    with pytest.raises(error, match=complaint):
        predict(head, run, store)


def test_clips_that_the_store_lacks_are_counted_and_named(head, run):
    with pytest.raises(DatasetError, match=r"lack 1 of 2 clips, the first is x\.ogg"):
        predict(head, run, Store(2), clips=[Clip(path=Path("0.ogg")), Clip(path=Path("x.ogg"))])


def test_thresholds_are_the_labels_own_or_the_heads():
    labels = {"a": "A", "b": "B"}
    one, own = (
        Head(card=head_card(labels, **how), arrays={}, sha256="")
        for how in ({"threshold": 0.3}, {"thresholds": (0.1, 0.9)})
    )
    assert thresholds_of(one).tolist() == [0.3, 0.3]
    assert thresholds_of(own).tolist() == [0.1, 0.9]


def test_encoding_on_the_way_is_what_is_served(head, run, tmp_path):
    """35 s of noise, in the middle of a file: the cells are those of the tagger, across the border of the windows."""
    samples = (np.random.default_rng(0).standard_normal(16000 * 37) * 3000).astype(np.int16)
    with wave.open(str(tmp_path / "noise.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    clip = Clip(path=tmp_path / "noise.wav", start=1.0, end=36.0)
    encoder = ENGINE.encoder(TINY, encoder_variables())
    store = EncodedClips([clip], encoder, TINY, name="tiny-random", frames_per_cell=40)
    said = predict(head, run, store)

    mel = log_mel(samples[16000 : 36 * 16000].astype(np.float32) / 32768, n_mels=80)
    tagger = Tagger(head.card, run, TagOptions(), mel.n_frames)
    for seek in range(0, mel.n_frames, FRAMES_PER_WINDOW):
        window = mel.window(seek)
        matrix = tagger.plan(window)
        tagger.hear(window, matrix, encoder(window.padded[None], matrix[None]).taps[0])
    served = probabilities(tagger.track().cells, head.card.calibration)
    np.testing.assert_allclose(said.cells[0], served, atol=1e-5)
    assert said.durations == (35.0,)
    with pytest.raises(DatasetError, match="the file lasts 37 s"):
        EncodedClips([replace(clip, start=40.0, end=None)], encoder, TINY, name="t", frames_per_cell=40).taps(
            0
        )
