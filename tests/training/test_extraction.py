"""Taking features: interrupted or not, by one process or several, the bytes are the same; nothing is made up."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import filelock
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.audio.synth import wav
from tests.conftest import listing
from tests.training.tiny_corpus import FINE, TinyEncoder, corpus, many, noise, store_of, write_clip
from whisper_at.datasets.checking import BrokenClips
from whisper_at.datasets.clip import Clip
from whisper_at.errors import DatasetError, OptionError, OutputError
from whisper_at.training.encoding import louder, spliced
from whisper_at.training.extraction import Extraction, _task, begin, extract
from whisper_at.training.shards import shard_name
from whisper_at.training.store import INDEX, FeatureStore
from whisper_at.workers import results

ROOT = Path(__file__).parents[2]


def contents(folder: Path) -> dict[str, bytes]:
    """What a store holds, but for the lock."""
    return {name: (folder / name).read_bytes() for name in listing(folder) if name != ".lock"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("many")


@pytest.fixture(scope="module")
def dataset(place):
    return many(place / "clips")


@pytest.fixture(scope="module")
def unbroken(dataset, place):
    """What an extraction writes that nobody disturbs."""
    store_of(dataset, place / "unbroken", FINE)
    return contents(place / "unbroken")


def wait_for(what, process=None, seconds=120.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        assert process is None or process.poll() is None, process.stderr.read().decode()
        time.sleep(0.01)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_extraction_goes_on_and_ends_with_the_same_bytes(
    workers, dataset, unbroken, place, tmp_path
):
    """SIGKILL in the middle: whole shards stay as they are, workers end with their parent, nothing else is left."""
    out = tmp_path / "store"
    command = [sys.executable, "-m", "tests.training.tiny_corpus", place / "clips", out, str(workers)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env=with_src()) as process:
        wait_for(lambda: (out / shard_name(0)).exists(), process)
        process.kill()
    pids = [int(name) for name in listing(out.with_suffix(".pids"))]
    assert len(pids) == workers
    wait_for(lambda: not any(map(runs, pids)))
    there = [name for name in listing(out) if name.startswith("taps-")]
    assert 1 <= len(there) < len(unbroken) - 1
    (out / ".taps-00009.safetensors.0123456789ab.part").write_bytes(b"half a shard")
    stamps = {name: (out / name).stat().st_mtime_ns for name in there}
    with pytest.raises(DatasetError, match="is missing"):
        FeatureStore.open(out)
    plan = store_of(dataset, out, FINE)
    assert sorted(map(shard_name, plan.missing)) == sorted(unbroken.keys() - {INDEX, *there})
    assert contents(out) == unbroken
    assert {name: (out / name).stat().st_mtime_ns for name in there} == stamps


def with_src() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}


def test_two_workers_write_what_one_writes(dataset, unbroken, tmp_path):
    heard = []
    plan = begin(dataset, TinyEncoder(), tmp_path / "store", FINE, workers=2)
    extract(plan, workers=2, threads=1, progress=lambda done, total: heard.append((done, total)))
    assert contents(tmp_path / "store") == unbroken
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx((plan.seconds, plan.seconds), abs=0.01 * len(dataset.clips))


def test_a_finished_store_is_not_touched_again(dataset, unbroken, place):
    before = {path: path.stat().st_mtime_ns for path in (place / "unbroken").iterdir()}
    plan = begin(dataset, TinyEncoder(), place / "unbroken", FINE)
    assert (plan.missing, plan.n_windows, plan.seconds_to_hear, plan.n_bytes_to_write) == ((), 0, 0, 0)
    extract(plan)
    assert contents(place / "unbroken") == unbroken
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in before.items() if path.name != ".lock")


def test_a_store_goes_on_however_the_way_to_its_clips_is_typed(dataset, unbroken, place):
    around = [replace(c, path=c.path.parent / ".." / c.path.parent.name / c.path.name) for c in dataset.clips]
    assert not begin(replace(dataset, clips=tuple(around)), TinyEncoder(), place / "unbroken", FINE).missing


def test_size_and_windows_are_known_beforehand(dataset, unbroken, tmp_path):
    plan = begin(dataset, TinyEncoder(), tmp_path / "store", FINE)
    headers = sum(8 + int.from_bytes(data[:8], "little") for name, data in unbroken.items() if name != INDEX)
    assert (
        plan.n_bytes
        == plan.n_bytes_to_write
        == sum(map(len, unbroken.values())) - headers - len(unbroken[INDEX])
    )
    assert len(plan.missing) == len(unbroken) - 1
    windows = []
    encoder = TinyEncoder()

    class Counting(TinyEncoder):
        def open(self, **how):
            run = encoder.open(**how)
            return lambda mel, pool: windows.append(len(mel)) or run(mel, pool)

    extract(replace(plan, encoder=Counting()), threads=1)
    assert sum(windows) == plan.n_windows
    assert contents(tmp_path / "store") == unbroken


def test_broken_clips_are_named_one_by_one_and_never_become_zeros(tmp_path):
    good = corpus(tmp_path / "clips", [2.0, 3.0, 1.0])
    whole = wav(np.ones(32_000, np.int16), 16_000)
    bad = {"missing.wav": None, "empty.wav": b"", "text.wav": b"hello", "cut.wav": whole[:40_000]}
    for name, data in bad.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
    clips = [Clip(path=tmp_path / name, fold="0") for name in bad]
    behind = replace(good.clips[0], start=5.0, end=6.0)
    dataset = replace(good, clips=(clips[0], *good.clips, *clips[1:], behind))
    told: list[str] = []
    with pytest.raises(
        BrokenClips, match=r"5 of 8 clips of noises cannot be used .*--skip-missing"
    ) as caught:
        begin(dataset, TinyEncoder(), tmp_path / "store", tell=told.append)
    assert [problem.clip.name for problem in caught.value.problems] == [
        *[str(c.path) for c in clips],
        behind.name,
    ]
    assert len(told) == 5 and all(
        clip.name in line for clip, line in zip([*clips, behind], told, strict=True)
    )
    assert not (tmp_path / "store").exists()
    plan = begin(dataset, TinyEncoder(), tmp_path / "store", skip_missing=True)
    extract(plan)
    store = FeatureStore.open(tmp_path / "store")
    assert store.clips == good.clips
    assert [name for name, _ in store.skipped] == [*[str(c.path) for c in clips], behind.name]
    assert all(np.abs(store.taps(i)).min(axis=(1, 2)).max() < np.abs(store.taps(i)).max() for i in range(3))
    again = begin(dataset, TinyEncoder(), tmp_path / "store", skip_missing=True)
    assert again.missing == ()


def test_if_nothing_can_be_used_nothing_is_made(tmp_path):
    dataset = replace(corpus(tmp_path / "clips", [1.0]), clips=(Clip(path=tmp_path / "missing.wav"),))
    with pytest.raises(DatasetError, match="none can be used"):
        begin(dataset, TinyEncoder(), tmp_path / "store", skip_missing=True)


def test_a_clip_that_changes_on_the_way_is_an_error_and_its_shard_is_not_written(tmp_path):
    dataset = corpus(tmp_path / "clips", [2.0, 3.0])
    plan = begin(dataset, TinyEncoder(), tmp_path / "store", Extraction(context="alone"))
    write_clip(dataset.clips[0].path, 2.5)
    with pytest.raises(DatasetError, match=r"0\.wav has changed since .* from 32000 samples to 40000"):
        extract(plan)
    assert listing(tmp_path / "store") == [".lock", INDEX]


@pytest.mark.parametrize(
    "changed",
    [{"cell": 0.4}, {"context": "alone"}, {"seed": 1}, {"gain": (-3.0, 3.0)}],
    ids=lambda change: next(iter(change)),
)
def test_a_store_of_other_options_is_not_mixed_with(changed, place, dataset, unbroken):
    with pytest.raises(DatasetError, match=r"holds features taken otherwise .*choose another --out"):
        begin(dataset, TinyEncoder(), place / "unbroken", replace(FINE, **changed))


def test_a_store_of_another_encoder_or_of_other_clips_is_not_mixed_with(place, dataset, unbroken):
    with pytest.raises(DatasetError, match="taken otherwise"):
        begin(dataset, TinyEncoder(seed=1), place / "unbroken", FINE)
    with pytest.raises(DatasetError, match="features of other clips"):
        begin(replace(dataset, clips=dataset.clips[1:]), TinyEncoder(), place / "unbroken", FINE)


def test_one_run_at_a_time_writes(dataset, tmp_path):
    plan = begin(dataset, TinyEncoder(), tmp_path / "store", FINE)
    with (
        filelock.FileLock(tmp_path / "store" / ".lock"),
        pytest.raises(DatasetError, match="another run is writing to"),
    ):
        extract(plan)


def test_a_disk_without_room_is_said_before_the_first_window(dataset, tmp_path, monkeypatch):
    plan = begin(dataset, TinyEncoder(), tmp_path / "store", FINE)
    room = shutil.disk_usage(tmp_path)._replace(free=plan.n_bytes - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: room)
    with pytest.raises(OutputError, match=r"wants 7 MB.* has 7 MB"):
        extract(plan)
    assert listing(tmp_path / "store") == [INDEX]


def test_the_hash_of_the_data_minds_content_and_truth_but_not_the_place(tmp_path):
    def hash_of(dataset, name):
        return begin(dataset, TinyEncoder(), tmp_path / name).index.card.data_sha256

    here, there = corpus(tmp_path / "a", [1.0, 2.0]), corpus(tmp_path / "b", [1.0, 2.0])
    first = hash_of(here, "1")
    assert hash_of(there, "2") == first
    relabelled = replace(here, clips=(replace(here.clips[0], labels=("hum",)), here.clips[1]))
    assert hash_of(relabelled, "3") != first
    write_clip(here.clips[0].path, 1.0, seed=9)
    assert hash_of(here, "4") != first


def test_a_gain_is_drawn_for_each_clip_and_clips_nothing(tmp_path):
    dataset = corpus(tmp_path / "clips", [1.0] * 6)
    plan = begin(dataset, TinyEncoder(), tmp_path / "store", Extraction(context="alone", gain=(-30.0, 30.0)))
    task = _task(0, plan.index)
    gains = []
    for i, reel in enumerate(task.reels):
        samples, wanted = spliced(reel, task, plan.index.card), noise(1.0, seed=i)
        gain = float(np.abs(samples).max() / np.abs(wanted).max())
        assert_allclose(samples, wanted * gain, atol=1e-6)
        assert np.abs(samples).max() <= 1 + 1e-6
        assert_array_equal(samples, spliced(reel, task, plan.index.card))
        gains.append(20 * np.log10(gain))
    assert len({round(gain, 3) for gain in gains}) == 6
    assert -30 <= min(gains) < 0


def test_a_recording_beyond_full_scale_is_not_made_quieter_by_a_gain_above_zero():
    assert louder(np.array([1.5], np.float32), 6.0).tolist() == [1.5]
    assert louder(np.zeros(3, np.float32), 60.0).tolist() == [0, 0, 0]


def test_taps_that_half_precision_cannot_hold_are_an_error(tmp_path):
    class Huge(TinyEncoder):
        def open(self, **how):
            run = TinyEncoder.open(self, **how)

            def encode(mel, pool):
                encoded = run(mel, pool)
                return replace(encoded, taps=encoded.taps * 1e6)

            return encode

    with pytest.raises(DatasetError, match=r"the taps of .*0\.wav go beyond 65504"):
        store_of(corpus(tmp_path / "clips", [1.0]), tmp_path / "store", encoder=Huge())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": 0.0}, "a length in seconds, at most 30; got 0"),
        ({"cell": 31.0}, "at most 30"),
        ({"cell": 0.05}, r"a multiple of 0\.02 s.*got 0\.05"),
        ({"cell": float("nan")}, "at most 30"),
        ({"context": "30s"}, "packed, alone, 10s; got '30s'"),
        ({"gain": (3.0, -3.0)}, "such as -12:6; got 3:-3"),
        ({"seed": -1}, "seed is 0 or more"),
        ({"shard_mb": 0}, "shard_mb 1 or more"),
    ],
)
def test_options_without_sense_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        Extraction(**options)


class Dies:
    """Work at which a worker is killed, as the system does it for want of memory."""

    def open(self):
        return lambda task, report: os.kill(os.getpid(), signal.SIGKILL)


class Fails:
    """Work that cannot be done."""

    def open(self):
        def fail(task, report):
            raise DatasetError(f"cannot do {task}")

        return fail


def test_a_worker_that_dies_is_an_error_and_no_endless_wait():
    with pytest.raises(DatasetError, match="a worker died"):
        list(results(Dies(), [1, 2, 3], workers=2))


def test_what_a_task_raises_is_raised_here():
    for workers in (1, 2):
        with pytest.raises(DatasetError, match="cannot do"):
            list(results(Fails(), ["this", "that"], workers=workers))
