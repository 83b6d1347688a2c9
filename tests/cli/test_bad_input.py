"""What cannot be heard is said in one line, and the others go on; nothing is left half there."""

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from tests.audio.synth import FLOAT, media, png, tone, wav
from tests.conftest import listing

SECOND = tone(440, 1.0, 16_000)
PCM16 = (SECOND * 32767).astype(np.int16)
WITH_NAN = np.where(np.arange(16_000) == 8_000, np.float32(np.nan), SECOND)

UNHEARABLE = {
    "empty.wav": (b"", "is empty"),
    "no samples.wav": (wav(b"", 16_000), "without a single sample"),
    "half a header.wav": (wav(PCM16, 16_000)[:20], "no sound or video format"),
    "page.mp3": (b"<!doctype html><html>404 Not Found</html>" * 20, "no sound or video format"),
    "noise 🐕.ogg": (np.random.default_rng(0).bytes(5_000), "no sound or video format"),
    "picture.mp4": (png(), "no sound"),
    "nan.wav": (wav(WITH_NAN, 16_000, bits=32, tag=FLOAT), "holds NaN at 0.5"),
}


@pytest.mark.parametrize("name", UNHEARABLE)
def test_one_line_says_what_is_wrong_and_the_others_go_on(command, stand_in, sound, here, name):
    data, reason = UNHEARABLE[name]
    (here / name).write_bytes(data)
    answer = command(sound("a.wav"), name, sound("b.wav"), "-o", "out")
    assert answer.status == 1
    assert answer.talk[0] == f"wrote {Path('out/a.json')}"
    assert name in answer.talk[1] and reason in answer.talk[1]
    assert answer.talk[2:] == [f"wrote {Path('out/b.json')}", "1 of 3 inputs failed; the others are done"]
    assert stand_in.heard == ["a.wav", "b.wav"]
    assert listing("out") == ["a.json", "b.json"]


def test_a_film_without_sound(command, stand_in, here):
    media(here / "silent.mp4", None, 16_000, container="mp4", video=True)
    answer = command("silent.mp4")
    assert answer.status == 1
    assert answer.talk == [
        "silent.mp4 has no sound: FFmpeg reads it as QuickTime / MOV and finds video only; "
        "give a file with a sound track"
    ]


def test_a_recording_that_was_cut_off_is_heard_as_far_as_it_goes(command, stand_in, here):
    (here / "cut.wav").write_bytes(wav(PCM16, 16_000)[:16_044])
    answer = command("cut.wav")
    assert answer.status == 0
    assert answer.talk == [
        "cut.wav: stops at 0.5 s although its header says 1.0 s",
        f"wrote {Path('cut.json')}",
    ]
    assert answer.out == "[00:00.0 → 00:00.5]  cut.wav lasts 0.5 s.\n"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_this_user_may_not_read(command, stand_in, sound):
    secret = sound("secret.wav")
    secret.chmod(0)
    answer = command(secret, sound("open.wav"))
    assert answer.status == 1
    assert answer.talk[0] == "secret.wav may not be read by this user; change its permissions"
    assert stand_in.heard == ["open.wav"]


def test_a_folder_with_all_kinds_of_files(command, stand_in, sound, here):
    for name in ("talks/a.wav", "talks/deep/my dog 🐕.wav", "talks/.hidden.wav"):
        sound(name)
    (here / "talks" / "broken.mp3").write_bytes(b"no music")
    (here / "talks" / "notes.txt").write_text("no recording, and not tried")
    (here / "empty").mkdir()
    answer = command("talks", "empty", "-f", "txt")
    assert answer.status == 1
    assert sorted(stand_in.heard) == ["a.wav", "my dog 🐕.wav"]
    assert [line.split()[0] for line in answer.talk] == ["wrote", "cannot", "wrote", "the", "2"]
    assert answer.talk[3].startswith("the folder empty holds no recordings")
    assert answer.talk[4] == "2 of 4 inputs failed; the others are done"
    assert Path("my dog 🐕.txt").read_text(encoding="utf-8") == "my dog 🐕.wav lasts 0.5 s.\n"


def test_no_model_is_loaded_for_files_that_are_not_there(command, stand_in, here):
    (here / "empty").mkdir()
    answer = command("none.wav", "*.mp3", "empty", "")
    assert answer.status == 1
    assert answer.talk[0].startswith("there is no file none.wav in ")
    assert answer.talk[-1] == "4 of 4 inputs failed"
    assert len(answer.talk) == 5
    assert stand_in.loaded == []


def full(*_arguments):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_fills_up_when_an_output_is_finished(command, stand_in, sound, monkeypatch):
    monkeypatch.setattr(os, "fsync", full)
    answer = command(sound("a.wav"), sound("b.wav"), "-o", "out")
    assert answer.status == 1
    assert answer.talk == [
        f"a.wav: {Path('out/a.json')} could not be written (No space left on device); "
        "free space or choose another --output_dir",
        f"b.wav: {Path('out/b.json')} could not be written (No space left on device); "
        "free space or choose another --output_dir",
        "2 of 2 inputs failed",
    ]
    assert listing("out") == []


def test_a_disk_that_takes_half_an_output_keeps_the_old_one(command, stand_in, sound, here):
    """The limit on the size of files stands in for a small disk: the file system takes the first bytes only."""
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    (here / "a.json").write_text("of yesterday")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = sound("a.wav")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        answer = command(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answer.status == 1
    assert "a.json could not be written (File too large)" in answer.talk[0]
    assert (here / "a.json").read_text() == "of yesterday"
    assert listing(".") == ["a.json", "a.wav"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_an_output_on_a_full_device(command, stand_in, sound, here):
    (here / "a.json").symlink_to("/dev/full")
    answer = command(sound("a.wav"), sound("b.wav"))
    assert answer.status == 1
    assert "a.json could not be written (No space left on device)" in answer.talk[0]
    assert answer.talk[1] == "wrote b.json"
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)  # noqa: PTH116
    assert listing(".") == ["a.json", "a.wav", "b.json", "b.wav"]


def test_a_folder_for_outputs_that_cannot_be_is_refused_before_work(
    command, stand_in, sound, here, monkeypatch
):
    assert command(sound(), "-o", "sound.wav").talk == [
        "the folder sound.wav cannot be made (a file is called so); choose another --output_dir"
    ]
    answer = command(sound(), "-o", "sound.wav/deep")
    assert answer.status == 1
    assert answer.talk == [
        f"the folder {Path('sound.wav/deep')} cannot be made (Not a directory); choose another --output_dir"
    ]
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # nothing is denied to root
    assert command(sound(), "-o", "out").talk == [
        "the folder out may not be written to by this user; choose another --output_dir"
    ]
    assert stand_in.loaded == []


def test_ctrl_c_keeps_what_is_finished(command, stand_in, sound):
    answer = command(sound("a.wav"), sound("interrupted.wav"), sound("z.wav"), "-f", "json,txt", "-o", "out")
    assert answer.status == 130
    assert answer.talk[-1] == "stopped; what was finished has been written"
    assert len(answer.talk) == 2
    assert listing("out") == ["a.json", "a.txt"]
