"""Files, folders, globs, addresses and stdin become recordings, each once, with outputs that disturb nothing."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.cli.inputs import expand
from whisper_at.errors import AudioError


@pytest.fixture
def make(here):
    def files(*names):
        for name in names:
            path = here / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"RIFF")

    return files


def names(*arguments):
    return [item.name for item in expand(arguments)]


def problem(argument):
    (item,) = expand([argument])
    assert isinstance(item.source, AudioError)
    with pytest.raises(AudioError) as caught:
        item.open()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_stands_for_its_media_and_those_of_its_folders(make):
    make("talks/b.MP3", "talks/a.wav", "talks/2024/c.ogg", "talks/notes.txt", "talks/a.json", "talks/._a.wav")
    assert names("talks") == ["talks/2024/c.ogg", "talks/a.wav", "talks/b.MP3"]
    assert names("talks/") == names("talks")


def test_a_glob_stands_for_the_files_that_fit(make):
    make("b.wav", "a.wav", "deep/down/c.wav", "music.wav/d.wav")
    assert names("*.wav") == ["a.wav", "b.wav"]
    assert names("**/c.*") == ["deep/down/c.wav"]
    assert problem("*.mp3").startswith("there is no file *.mp3 in ")


def test_a_file_may_look_like_a_glob(make):
    make("talk [1].wav", "1.wav")
    assert names("talk [1].wav") == ["talk [1].wav"]


def test_each_recording_is_taken_once(make):
    make("talks/a.wav", "b.txt")
    assert names("talks", "talks/a.wav", "./talks/../talks/a.wav", "talks/*.wav") == ["talks/a.wav"]
    assert names("b.txt", "b.txt") == ["b.txt"]  # named by itself it is tried
    assert names("-", "-") == ["stdin"]


def test_what_is_not_there_is_known_at_once(make):
    make("notes/a.txt")
    assert problem("notes") == (
        "the folder notes holds no recordings (files such as talk.mp3, yard.wav or street.mp4); "
        "name files to try them"
    )
    assert problem("none.wav").startswith("there is no file none.wav in ")
    assert problem("") == "the path of the recording is empty; give a file"
    assert problem("x" * 5000).startswith("cannot open xxx")
    assert problem("two\nlines.wav").startswith(r"there is no file 'two\nlines.wav'")
    assert problem("nul\0.wav").startswith("cannot open ")


def test_outputs_of_equal_names_do_not_overwrite_one_another(make):
    make("a/talk.mp3", "b/talk.mp3", "c/talk.mp3", "talk.wav", "TALK.ogg")
    items = expand(["talk.wav", "a", "b", "c", "TALK.ogg"], formats=["json"])
    assert [item.stem for item in items] == ["talk", "talk.mp3", "talk.mp3-2", "talk.mp3-3", "TALK.ogg"]


def test_an_output_never_has_the_name_of_a_recording(make, here):
    make("talk.txt", "speech.wav", "out/keep")
    (here / "out" / "speech.json").symlink_to(here / "speech.wav")
    assert [item.stem for item in expand(["talk.txt", "speech.wav"], formats=["txt"])] == [
        "talk.txt",
        "speech",
    ]
    assert [item.stem for item in expand(["talk.txt"], formats=["json"])] == ["talk"]
    (here / "link").symlink_to(here)
    assert [item.stem for item in expand(["link/talk.txt"], formats=["txt"])] == ["talk.txt"]
    into_out = expand(["talk.txt", "speech.wav"], folder=Path("out"), formats=["json", "txt"])
    assert [item.stem for item in into_out] == ["talk", "speech.wav"]


FOLDERS, STEMS = (
    st.sampled_from(["", "a", "b", "A"]),
    st.sampled_from(["x", "X", "x.txt", "x.json", "x.wav", "é"]),
)


@given(
    st.lists(st.tuples(FOLDERS, STEMS, st.sampled_from(["", ".wav", ".txt", ".json", ".mp3"])), max_size=8),
    st.sampled_from(["", "a"]),
)
def test_no_output_ever_overwrites_a_recording_or_another_output(tmp_path_factory, files, folder):
    base = tmp_path_factory.getbasetemp() / "any names"
    paths = [base / place / (stem + suffix) for place, stem, suffix in files]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    items = expand([str(path) for path in paths], folder=base / folder, formats=["json", "txt"])
    outputs = [
        os.path.normcase(base / folder / f"{item.stem}.{kind}") for item in items for kind in ("json", "txt")
    ]
    assert len({output.casefold() for output in outputs}) == len(outputs)
    assert not {os.path.normcase(path) for path in paths} & set(outputs)
    assert len(items) == len({str(path) for path in paths})


def test_an_address_has_the_name_of_its_file_and_no_secrets():
    (item,) = expand(["https://me:pw@example.org/a/my%20dog.mp3?token=1#t=3"])
    assert (item.name, item.stem) == ("my dog.mp3", "my dog")
    assert item.open() == "https://me:pw@example.org/a/my%20dog.mp3?token=1#t=3"
    assert [
        item.stem for item in expand(["https://example.org/", "http://example.org/a/%2Fetc%2Fpasswd"])
    ] == [
        "example",
        "passwd",
    ]


def test_a_name_that_a_terminal_cannot_show_is_shown_with_escapes(make):
    make("bell\a.wav")
    assert names("bell\a.wav") == [r"'bell\x07.wav'"]


class Stdin(io.TextIOWrapper):
    def __init__(self, *, terminal):
        super().__init__(io.BytesIO(b"RIFF"))
        self._terminal = terminal

    def isatty(self):
        return self._terminal


def test_stdin_is_read_from_a_pipe_only(monkeypatch):
    (item,) = expand(["-"])
    assert item.stem == "stdin"
    monkeypatch.setattr("sys.stdin", Stdin(terminal=False))
    assert item.open().read() == b"RIFF"
    monkeypatch.setattr("sys.stdin", Stdin(terminal=True))
    with pytest.raises(AudioError, match="stdin is a terminal; pipe a recording into it"):
        item.open()
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(AudioError, match="stdin is closed"):
        item.open()
