"""Data goes to stdout and to files, talk to stderr."""

import json
from pathlib import Path

from whisper_at.annotation import Annotation


def test_one_recording(command, stand_in, sound):
    answer = command(sound("my dog 🐕.wav"))
    assert answer.status == 0
    assert answer.out == "[00:00.0 → 00:00.5]  my dog 🐕.wav lasts 0.5 s.\n"
    assert answer.talk == [f"wrote {Path('my dog 🐕.json')}"]
    data = json.loads(Path("my dog 🐕.json").read_text(encoding="utf-8"))
    assert data["schema"] == "whisper-at/1"
    assert Annotation.from_dict(data).text == "my dog 🐕.wav lasts 0.5 s."


def test_several_recordings_have_headings(command, stand_in, sound):
    answer = command(
        sound("a.wav"), sound("b/c.wav"), "--output_format", "json,txt", "--output_dir", "out/deep"
    )
    assert answer.out == (
        "a.wav\n[00:00.0 → 00:00.5]  a.wav lasts 0.5 s.\n\n"
        f"{Path('b/c.wav')}\n[00:00.0 → 00:00.5]  c.wav lasts 0.5 s.\n\n"
    )
    out = Path("out/deep")
    assert answer.talk == [
        f"wrote {out / 'a.json'}, {out / 'a.txt'}",
        f"wrote {out / 'c.json'}, {out / 'c.txt'}",
    ]
    assert (out / "c.txt").read_bytes() == b"c.wav lasts 0.5 s.\n"


def test_quiet_leaves_files_and_errors(command, stand_in, sound):
    answer = command(sound(), "none.wav", "-q", "-f", "txt")
    assert (answer.status, answer.out) == (1, "")
    assert answer.talk[0].startswith("there is no file none.wav")
    assert Path("sound.txt").exists()


def test_equal_names_from_different_folders(command, stand_in, sound):
    assert command(sound("a/talk.wav"), sound("b/talk.wav"), "-f", "txt").status == 0
    assert stand_in.heard == ["talk.wav", "talk.wav"]
    assert Path("talk.txt").exists() and Path("talk.wav.txt").exists()


def test_a_recording_is_never_overwritten(command, stand_in, sound):
    """A file that is named by itself is tried whatever it is called."""
    recording = sound("talk.txt")
    before = recording.read_bytes()
    assert command(recording, "-f", "all").status == 0
    assert recording.read_bytes() == before
    assert Path("talk.txt.txt").read_text(encoding="utf-8") == "talk.txt lasts 0.5 s.\n"


def test_an_output_of_last_time_is_replaced(command, stand_in, sound):
    sound("talk.wav", seconds=0.5)
    command("talk.wav", "-f", "txt")
    sound("talk.wav", seconds=1.5)
    command("talk.wav", "-f", "txt")
    assert Path("talk.txt").read_text(encoding="utf-8") == "talk.wav lasts 1.5 s.\n"
