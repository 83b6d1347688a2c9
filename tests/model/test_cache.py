"""What lies in the cache is known by its sum, filled by one at a time, and found where the user says."""

import errno
import hashlib
import os
import sys
import threading

import pytest

from tests.conftest import at_once, listing, one_line
from whisper_at.errors import WeightsError
from whisper_at.model.cache import cache_folder, fill_cached, locked, sha256_of


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path):
    with pytest.raises(WeightsError, match="No space left") as error, fill_cached(tmp_path / "base"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert "WHISPER_AT_CACHE" in one_line(error)
    assert listing(tmp_path) == []


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeightsError, match="cannot write to the cache"), locked(tmp_path / "file", "base"):
        pass


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
    notes = listing(cache / "hashes")
    assert sha256_of(moved, cache=cache) == hashlib.sha256(b"abc").hexdigest()
    assert listing(cache / "hashes") == notes
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

    at_once(4, work)
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
