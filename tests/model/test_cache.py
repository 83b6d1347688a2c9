"""Whatever gets into the cache is whole, and is there once."""

import errno
import hashlib
import os
import sys
import threading
from pathlib import Path

import pytest

from whisper_at.errors import WeightsError
from whisper_at.model.cache import (
    cache_folder,
    discard,
    fill_folder,
    locked,
    sha256_of,
    write_atomically,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class Interrupted(BaseException):
    """As a Ctrl-C."""


@pytest.mark.parametrize("before", [None, b"the old one"])
def test_an_interrupted_write_leaves_what_was_there(tmp_path, before):
    path = tmp_path / "weights"
    if before:
        path.write_bytes(before)
    with pytest.raises(Interrupted), write_atomically(path) as file:
        file.write(b"half of the new")
        assert (path.read_bytes() if path.exists() else None) == before
        raise Interrupted
    assert names(tmp_path) == ([path.name] if before else [])
    assert not before or path.read_bytes() == before


def test_the_bytes_are_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    path, order = tmp_path / "weights", []
    sync, rename = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda number: (order.append("bytes"), sync(number)))
    monkeypatch.setattr(Path, "replace", lambda old, new: (order.append("name"), rename(old, new)))
    with write_atomically(path) as file:
        file.write(b"new")
    assert order[:2] == ["bytes", "name"]


def test_a_reader_finds_the_old_or_the_new_and_never_half(tmp_path):
    path = tmp_path / "weights"
    contents = [bytes([i]) * 100_000 for i in range(20)]
    path.write_bytes(contents[0])
    seen = []
    done = threading.Event()

    def look():
        while not done.is_set():
            seen.append(path.read_bytes())

    reader = threading.Thread(target=look)
    reader.start()
    for content in contents:
        with write_atomically(path) as file:
            for at in range(0, len(content), 10_000):
                file.write(content[at : at + 10_000])
    done.set()
    reader.join()
    assert seen and set(seen) <= set(contents)


def test_two_writers_at_once_leave_one_of_their_files(tmp_path):
    path = tmp_path / "weights"
    with write_atomically(path, "w") as one, write_atomically(path, "w") as other:
        one.write("first")
        other.write("second")
    assert path.read_text() == "first"  # the outer one finished last
    assert names(tmp_path) == ["weights"]


def test_text_is_utf8_with_plain_line_feeds(tmp_path):
    with write_atomically(tmp_path / "note", "w") as file:
        file.write("Straße\n🐕\n")
    assert (tmp_path / "note").read_bytes() == "Straße\n🐕\n".encode()


@pytest.mark.skipif(os.name != "posix", reason="links and permissions of POSIX")
def test_a_link_stays_a_link_and_permissions_are_those_of_any_new_file(tmp_path):
    target, link, plain = tmp_path / "target", tmp_path / "link", tmp_path / "plain"
    link.symlink_to(target)
    with write_atomically(link) as file:
        file.write(b"x")
    plain.write_bytes(b"x")
    assert link.is_symlink() and target.read_bytes() == b"x"
    assert target.stat().st_mode == plain.stat().st_mode


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no /dev/null")
def test_what_is_no_ordinary_file_is_not_replaced():
    with write_atomically("/dev/null") as file:
        file.write(b"gone")
    assert not Path("/dev/null").is_file()


def test_long_names_and_emoji_are_written(tmp_path):
    path = tmp_path / ("ä🐕" + "x" * 200)
    with write_atomically(path) as file:
        file.write(b"x")
    assert names(tmp_path) == [path.name]


def test_an_interrupted_folder_is_not_there(tmp_path):
    folder = tmp_path / "base"
    with pytest.raises(Interrupted), fill_folder(folder) as unfinished:
        (unfinished / "model.bin").write_bytes(b"half")
        raise Interrupted
    assert names(tmp_path) == []


def test_a_finished_folder_replaces_the_one_before(tmp_path):
    for content in (b"one", b"two"):
        with fill_folder(tmp_path / "base") as unfinished:
            assert names(unfinished) == []
            (unfinished / "model.bin").write_bytes(content)
    assert names(tmp_path) == ["base"] and (tmp_path / "base" / "model.bin").read_bytes() == b"two"


def test_an_interrupted_download_goes_on_where_it_stopped(tmp_path):
    with pytest.raises(Interrupted), fill_folder(tmp_path / "base", resume=True) as unfinished:
        (unfinished / "first").write_bytes(b"1")
        raise Interrupted
    with fill_folder(tmp_path / "base", resume=True) as unfinished:
        assert names(unfinished) == ["first"]
    assert names(tmp_path) == ["base"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path):
    with pytest.raises(WeightsError, match="No space left") as error, fill_folder(tmp_path / "base"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert "\n" not in str(error.value) and "WHISPER_AT_CACHE" in str(error.value)
    assert names(tmp_path) == []


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeightsError, match="cannot write to the cache"), locked(tmp_path / "file", "base"):
        pass


def test_discarding_what_is_not_there_does_nothing(tmp_path):
    discard(tmp_path / "base")
    (tmp_path / "base").mkdir()
    discard(tmp_path / "base")
    assert names(tmp_path) == []


def test_the_sum_is_that_of_the_content(tmp_path):
    path = tmp_path / "file"
    for content in (b"", b"abc", bytes(3 << 20)):
        path.write_bytes(content)
        assert sha256_of(path) == hashlib.sha256(content).hexdigest()


def test_a_file_is_hashed_once_and_again_when_it_has_changed(tmp_path):
    cache, path = tmp_path / "cache", tmp_path / "file"
    path.write_bytes(b"abc")
    once = sha256_of(path, cache=cache)
    status = path.stat()
    path.write_bytes(b"xyz")  # the same size, and by a trick the same time: this is what a stamp cannot see,
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert sha256_of(path, cache=cache) == once  # so it shows that the file was not read
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))
    assert sha256_of(path, cache=cache) == hashlib.sha256(b"xyz").hexdigest()
    path.write_bytes(b"wxyz")
    assert sha256_of(path, cache=cache) == hashlib.sha256(b"wxyz").hexdigest()


def test_a_renamed_file_is_known_and_another_of_its_name_is_not(tmp_path):
    cache, path = tmp_path / "cache", tmp_path / "file"
    path.write_bytes(b"abc")
    sha256_of(path, cache=cache)
    moved = path.rename(tmp_path / "moved")
    notes = names(cache / "hashes")
    assert sha256_of(moved, cache=cache) == hashlib.sha256(b"abc").hexdigest()
    assert names(cache / "hashes") == notes
    path.write_bytes(b"abd")
    assert sha256_of(path, cache=cache) == hashlib.sha256(b"abd").hexdigest()


@pytest.mark.parametrize("damaged", ["", "{}", "[1]", "null", "\0"])
def test_a_damaged_note_is_not_believed(tmp_path, damaged):
    cache, path = tmp_path / "cache", tmp_path / "file"
    path.write_bytes(b"abc")
    wanted = sha256_of(path, cache=cache)
    for note in (cache / "hashes").iterdir():
        note.write_text(damaged)
    assert sha256_of(path, cache=cache) == wanted


def test_a_cache_that_cannot_be_written_to_costs_only_time(tmp_path):
    (tmp_path / "cache").write_bytes(b"a file and no folder")
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of(tmp_path / "file", cache=tmp_path / "cache") == hashlib.sha256(b"abc").hexdigest()


def test_one_at_a_time_holds_a_lock(tmp_path):
    inside, most = 0, 0
    guard = threading.Lock()

    def work():
        nonlocal inside, most
        for _ in range(20):
            with locked(tmp_path, "base"):
                with guard:
                    inside += 1
                    most = max(most, inside)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_the_cache_is_where_the_user_says(tmp_path, monkeypatch):
    monkeypatch.setenv("WHISPER_AT_CACHE", str(tmp_path / "environment"))
    assert cache_folder() == tmp_path / "environment"
    assert cache_folder(tmp_path / "argument") == tmp_path / "argument"
    monkeypatch.delenv("WHISPER_AT_CACHE")
    assert cache_folder().is_absolute() and "whisper-at" in str(cache_folder())
    if sys.platform != "win32":
        monkeypatch.setenv("HOME", str(tmp_path))
        assert cache_folder("~/models") == tmp_path / "models"
