"""Files and folders appear whole or not at all."""

import os
import threading
from pathlib import Path

import pytest

from tests.conftest import listing
from whisper_at.files import discard, fill_folder, write_atomically


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
    assert listing(tmp_path) == ([path.name] if before else [])
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
    assert listing(tmp_path) == ["weights"]


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
    with write_atomically(Path("/dev/null")) as file:
        file.write(b"gone")
    assert not Path("/dev/null").is_file()


def test_long_names_and_emoji_are_written(tmp_path):
    path = tmp_path / ("ä🐕" + "x" * 200)
    with write_atomically(path) as file:
        file.write(b"x")
    assert listing(tmp_path) == [path.name]


def test_an_interrupted_folder_is_not_there(tmp_path):
    folder = tmp_path / "base"
    with pytest.raises(Interrupted), fill_folder(folder) as unfinished:
        (unfinished / "model.bin").write_bytes(b"half")
        raise Interrupted
    assert listing(tmp_path) == []


def test_a_finished_folder_replaces_the_one_before(tmp_path):
    for content in (b"one", b"two"):
        with fill_folder(tmp_path / "base") as unfinished:
            assert listing(unfinished) == []
            (unfinished / "model.bin").write_bytes(content)
    assert listing(tmp_path) == ["base"] and (tmp_path / "base" / "model.bin").read_bytes() == b"two"


def test_an_interrupted_download_goes_on_where_it_stopped(tmp_path):
    with pytest.raises(Interrupted), fill_folder(tmp_path / "base", resume=True) as unfinished:
        (unfinished / "first").write_bytes(b"1")
        raise Interrupted
    with fill_folder(tmp_path / "base", resume=True) as unfinished:
        assert listing(unfinished) == ["first"]
    assert listing(tmp_path) == ["base"]


def test_discarding_what_is_not_there_does_nothing(tmp_path):
    discard(tmp_path / "base")
    (tmp_path / "base").mkdir()
    discard(tmp_path / "base")
    assert listing(tmp_path) == []
