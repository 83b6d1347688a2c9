"""What a store gives is what the encoder has said."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from safetensors import safe_open

from tests.model.tiny import TINY, encoder_variables, every_step
from tests.training.tiny_corpus import FINE, TinyEncoder, corpus, noise, store_of, write_clip
from whisper_at.audio import log_mel
from whisper_at.datasets.clip import Dataset, LabelSet
from whisper_at.errors import DatasetError
from whisper_at.model.encoder import encoder_weights, first_positions
from whisper_at.model.engine import TorchEngine
from whisper_at.model.ops.numpy import NumpyOps
from whisper_at.tagging.pooling import TapPool, pooled
from whisper_at.timegrid import TagGrid
from whisper_at.training.extraction import Extraction
from whisper_at.training.shards import shard_name
from whisper_at.training.store import INDEX, FeatureStore, read_index

LENGTHS = [2.0, 0.61, 4.37, 9.99, 0.004, 12.0, 7.3]


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("noises"), LENGTHS)


def opened(dataset, out, **options):
    store_of(dataset, out, Extraction(**options))
    return FeatureStore.open(out)


def steps_of(mel):
    """Every layer's output [layer, step, dim] for log-mel [mel, frame]: no pool, no grid."""
    n_steps = mel.shape[1] // 2
    encoder = TinyEncoder().open(threads=1, n_steps=n_steps)
    return encoder(mel[None], np.eye(n_steps, dtype=np.float32)[None]).taps[0]


def means(steps, *, first, n_frames, steps_per_cell=10):
    """Cells [cell, layer, dim] of a clip that begins at step `first`, averaged step by step.

    A step of which one frame only is the clip's counts half.
    """
    weights = np.minimum(2, n_frames - 2 * np.arange(-(-n_frames // 2)))
    cells = []
    for start in range(0, len(weights), steps_per_cell):
        w = weights[start : start + steps_per_cell]
        part = steps[:, first + start : first + start + len(w)]
        cells.append((part * w[:, None]).sum(1) / w.sum())
    return np.stack(cells)


def close(got, wanted):
    assert got.dtype == np.float16
    assert got.shape == wanted.shape
    assert_allclose(got, wanted, rtol=2e-3, atol=2e-3)


def test_packed_clips_have_the_taps_of_their_place_in_the_window(clips, tmp_path):
    store = opened(clips, tmp_path / "store")
    reels = [reel for shard in store.index.shards for reel in shard]
    assert max(len(reel.clips) for reel in reels) > 2
    for reel in reels:
        samples = np.zeros(480_000, np.float32)
        for placed in reel.clips:
            sound = noise(LENGTHS[placed.clip], seed=placed.clip)
            samples[placed.frame * 160 : placed.frame * 160 + len(sound)] = sound
        mel = np.zeros((80, 3000), np.float32)
        mel[:, : reel.n_frames] = log_mel(samples).columns[:, : reel.n_frames]
        steps = steps_of(mel)
        for placed in reel.clips:
            n = store.n_frames(placed.clip)
            close(store.taps(placed.clip), means(steps, first=placed.frame // 2, n_frames=n))


def test_alone_is_how_a_file_is_served(clips, tmp_path):
    store = opened(clips, tmp_path / "store", context="alone", cell=0.4)
    encoder = TinyEncoder().open(threads=1, n_steps=1500)
    for i, seconds in enumerate(LENGTHS):
        mel = log_mel(noise(seconds, seed=i))
        pool = TapPool(TagGrid(frames_per_cell=40), mel.n_frames)
        matrix = pool.plan(0)
        served = pool.hear(
            0, matrix, encoder(mel.window(0).padded[None], matrix[None]).taps[0].transpose(1, 0, 2)
        )
        close(store.taps(i), served)


def test_a_long_clip_is_heard_in_windows_one_after_the_other(tmp_path):
    long = corpus(tmp_path / "clips", [65.1])
    for context in ("alone", "packed"):
        store = opened(long, tmp_path / context, context=context, cell=0.28)  # windows cut through cells
        mel = log_mel(noise(65.1))
        parts = [steps_of(mel.window(seek).padded) for seek in range(0, mel.n_frames, 3000)]
        steps = np.concatenate(parts, axis=1)
        close(store.taps(0), means(steps, first=0, n_frames=6510, steps_per_cell=14))


def test_ten_seconds_are_the_papers_context(tmp_path):
    lengths = [4.37, 33.0]
    store = opened(corpus(tmp_path / "clips", lengths), tmp_path / "store", context="10s")
    ops = NumpyOps()
    weights = encoder_weights(ops, first_positions(encoder_variables(), 500))
    for i, seconds in enumerate(lengths):
        mel = np.zeros((80, 1000), np.float32)
        heard = log_mel(noise(seconds, seed=i)).columns[:, :1000]
        mel[:, : heard.shape[1]] = heard
        _, taps = every_step(weights, mel[None])
        assert store.n_frames(i) == heard.shape[1]
        close(store.taps(i), means(taps[0], first=0, n_frames=heard.shape[1]))


def test_engines_agree_on_short_windows():
    variables = first_positions(encoder_variables(), 500)
    mel = np.random.default_rng(1).standard_normal((1, 80, 1000)).astype(np.float32)
    pool = TagGrid().pool(seek=0, heard=0, end=1000)[1][None, :, :500]
    ours = TinyEncoder().open(threads=1, n_steps=500)(mel, pool)
    torch = TorchEngine(threads=1).encoder(TINY, variables)(mel, pool)
    assert ours.features.shape == (1, 500, 128)
    assert_allclose(ours.features, torch.features, atol=2e-4)
    assert_allclose(ours.taps, torch.taps, atol=2e-4)


def test_what_is_known_of_clips_comes_back(clips, tmp_path):
    store = opened(clips, tmp_path / "store")
    assert store.clips == clips.clips
    assert (store.card.dataset, store.card.labels) == ("noises", clips.labels)
    assert (store.card.encoder, store.card.n_layers, store.card.n_state) == ("tiny-random", 3, 128)
    assert len(store) == len(LENGTHS)
    for i, seconds in enumerate(LENGTHS):
        assert store.n_frames(i) == max(1, int(seconds * 100 + 1e-6))
        assert store.n_cells(i) == len(store.taps(i)) == max(1, -(-store.n_frames(i) // 20))


def test_audiosets_labels_come_back(tmp_path):
    clip = write_clip(tmp_path / "a.wav", 1.0, labels=("/m/05tny_",), transcript="ÿ", start=0.25, end=0.75)
    dataset = Dataset(name="one", clips=(clip,), labels=LabelSet.audioset())
    store = opened(dataset, tmp_path / "store")
    assert (store.clips, store.card.labels) == (dataset.clips, dataset.labels)
    assert store.n_frames(0) == 50


def test_reading_copies_nothing(clips, tmp_path):
    store = opened(clips, tmp_path / "store")
    taps = store.taps(3)
    assert type(taps) is np.ndarray and not taps.flags.owndata and not taps.flags.writeable
    assert np.shares_memory(taps, store.taps(3))


def test_a_store_goes_to_other_processes_without_its_taps(clips, tmp_path):
    store = opened(clips, tmp_path / "store")
    store.taps(0)
    message = pickle.dumps(store)
    assert len(message) < 10_000
    assert_array_equal(pickle.loads(message).taps(3), store.taps(3))


def test_others_can_read_the_shards(clips, tmp_path):
    store = opened(clips, tmp_path / "store")
    with safe_open(tmp_path / "store" / shard_name(0), framework="numpy") as file:
        for i in range(len(store)):
            assert_array_equal(file.get_tensor(str(i)), store.taps(i))


def test_long_cells_are_means_of_short_ones(clips, tmp_path):
    fine = opened(clips, tmp_path / "fine", cell=0.2, context="alone")
    coarse = opened(clips, tmp_path / "coarse", cell=0.6, context="alone")
    for i in range(len(clips.clips)):
        whole = coarse.n_frames(i) // 60  # the last may be cut, and counts what is there cell by cell
        joined = pooled(fine.taps(i), 3)
        assert joined.dtype == np.float32 and len(joined) == coarse.n_cells(i)
        assert_allclose(joined[:whole], coarse.taps(i)[:whole], rtol=2e-3, atol=2e-3)
        assert_array_equal(pooled(fine.taps(i), 1), fine.taps(i).astype(np.float32))
    rest = pooled(np.array([1, 2, 3, 4, 9], np.float16)[:, None, None], 3)
    assert rest.ravel().tolist() == [2.0, 6.5]


def test_a_missing_a_short_and_a_foreign_shard_are_named(tmp_path):
    store_of(corpus(tmp_path / "clips", [25.0, 3.0, 25.0, 3.0, 25.0]), tmp_path / "store", FINE)
    path = tmp_path / "store" / shard_name(2)
    whole = path.read_bytes()
    of_another = whole.replace(read_index(tmp_path / "store").sha256.encode(), b"0" * 64)
    for harm, message in [
        (lambda: path.unlink(), r"the shard taps-00002\.safetensors is missing from .*store"),
        (
            lambda: path.write_bytes(whole[:-2]),
            rf"taps-00002\.safetensors has {len(whole) - 2} bytes, .* {len(whole)}",
        ),
        (
            lambda: path.write_bytes(whole[:50]),
            r"taps-00002\.safetensors is no shard of taps, or is cut short",
        ),
        (lambda: path.write_bytes(b""), r"taps-00002\.safetensors is no shard of taps, or is cut short"),
        (
            lambda: path.write_bytes(of_another),
            r"taps-00002\.safetensors belongs to another store",
        ),
    ]:
        harm()
        with pytest.raises(DatasetError, match=message) as caught:
            FeatureStore.open(tmp_path / "store")
        assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_store_is_said_so(tmp_path):
    with pytest.raises(DatasetError, match=r"is no store of features: store\.json is not there"):
        FeatureStore.open(tmp_path)
    (tmp_path / INDEX).write_text('{"format": "something else"}')
    with pytest.raises(DatasetError, match="is no index of features"):
        FeatureStore.open(tmp_path)
