"""The command as a process of its own: what it imports, its terminal, its pipes, its signals."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

import whisper_at
from tests.conftest import listing

HEAVY = ("numpy", "openvino", "ctranslate2", "torch", "av", "tokenizers", "huggingface_hub", "typer", "rich")
MODULE = {"whisper-at": "whisper_at", "stand-in": "tests.cli.standin"}


@pytest.fixture(autouse=True)
def folder(here, monkeypatch):
    """The modules of this process are found from there too."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path or os.fspath(here) for path in sys.path))
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("FORCE_COLOR", "PYTHONUNBUFFERED"):  # as on a user's machine
        monkeypatch.delenv(name, raising=False)
    return here


def start(program, *arguments, **how):
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    return subprocess.Popen([sys.executable, "-m", MODULE[program], *map(str, arguments)], **how)


def finish(process, data=None):
    """The exit status, stdout and the lines of stderr."""
    out, err = process.communicate(data, timeout=120)
    return process.returncode, (out or b"").decode(), (err or b"").decode().splitlines()


def imported_after(code):
    program = f"import sys; {code}; print(sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stderr.strip()


def test_nothing_heavy_is_imported_before_it_is_used():
    assert imported_after("import whisper_at") == "[]"
    assert imported_after("from whisper_at.cli import main; main(['--version'])") == "[]"
    quick = imported_after("import whisper_at.cli.app")
    assert not {"numpy", "openvino", "ctranslate2", "torch", "av"} & set(json.loads(quick.replace("'", '"')))


def test_the_version_comes_at_once():
    """It takes 0.05 s on an idle machine; the bound is for one that is busy with other tests."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        assert finish(start("whisper-at", "--version")) == (0, f"whisper-at {whisper_at.__version__}\n", [])
        seconds.append(time.perf_counter() - started)
    assert statistics.median(seconds) < 1.0


def test_data_and_talk_go_their_own_ways(sound):
    status, out, err = finish(start("stand-in", sound("my dog 🐕.wav"), "none.wav", "-f", "txt"))
    assert status == 1
    assert out == "my dog 🐕.wav\n[00:00.0 → 00:00.5]  my dog 🐕.wav lasts 0.5 s.\n\n"
    assert err[0] == "whisper-at: wrote my dog 🐕.txt"
    assert err[1].startswith("whisper-at: there is no file none.wav")
    assert len(err) == 3


def test_stdin_is_a_recording(sound):
    data = sound().read_bytes()
    status, out, err = finish(start("stand-in", "-", stdin=subprocess.PIPE), data)
    assert (status, err) == (0, ["whisper-at: wrote stdin.json"])
    assert out.endswith(" lasts 0.5 s.\n")
    status, out, err = finish(start("stand-in", "-", stdin=subprocess.DEVNULL))
    assert (status, out) == (1, "")
    assert len(err) == 1 and "is empty" in err[0]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_that_does_not_know_every_letter(sound, monkeypatch, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("PYTHONUTF8", "0")
    status, out, err = finish(start("stand-in", sound("дождь.wav")))
    assert status == 0 and len(err) == 1
    assert r"\u2192" in out and "lasts 0.5 s." in out


@pytest.mark.skipif(os.name != "posix", reason="Windows has other pipes")
def test_a_reader_that_goes_away_stops_neither_files_nor_makes_noise(sound):
    reading, writing = os.pipe()
    os.close(reading)
    process = start("stand-in", sound("a.wav"), sound("b.wav"), stdout=writing)
    os.close(writing)
    status, _, err = finish(process)
    assert (status, err) == (0, ["whisper-at: wrote a.json", "whisper-at: wrote b.json"])
    assert Path("a.json").exists() and Path("b.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has other pipes")
def test_a_list_may_be_cut_short():
    reading, writing = os.pipe()
    os.close(reading)
    process = start("whisper-at", "models", "--labels", stdout=writing)
    os.close(writing)
    assert finish(process) == (0, "", [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_stdout_on_a_full_disk(sound):
    with Path("/dev/full").open("wb") as full:
        status, _, err = finish(start("stand-in", sound("a.wav"), stdout=full))
    assert status == 1
    assert err == [
        "whisper-at: wrote a.json",
        "whisper-at: a.wav: stdout could not be written to (No space left on device); "
        "free space or send it elsewhere",
    ]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT for another process")
def test_ctrl_c_keeps_what_is_finished_and_leaves_nothing_else(sound, folder):
    def attentive():  # a job in the background of a shell is born deaf to SIGINT
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    files = [sound(name) for name in ("a.wav", "endless.wav", "z.wav")]
    process = start("stand-in", *files, "-o", "out", preexec_fn=attentive)
    deadline = time.monotonic() + 60
    while not (folder / "begun").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    assert status == 130
    assert out == "a.wav\n[00:00.0 → 00:00.5]  a.wav lasts 0.5 s.\n\n"
    assert err == [
        f"whisper-at: wrote {Path('out/a.json')}",
        "whisper-at: stopping; again to stop at once",
        "whisper-at: stopped; what was finished has been written",
    ]
    assert listing("out") == ["a.json"]


def on_terminal(*arguments):
    """Runs the stand-in with stderr on a terminal; gives the exit status, stdout and what the terminal got."""
    pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
    ours, theirs = pty.openpty()
    process = start("stand-in", *arguments, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:  # Linux's way to say that the other side has hung up
            break
        if not block:
            break
        shown += block
    os.close(ours)
    status, out, _ = finish(process)
    return status, out, shown.decode()


def test_a_bar_shows_on_a_terminal_and_never_in_the_data(sound):
    status, out, shown = on_terminal(sound("talk.wav"), "none.wav")
    assert status == 1
    assert out == "talk.wav\n[00:00.0 → 00:00.5]  talk.wav lasts 0.5 s.\n\n"
    for part in ("talk.wav", "100%", "left", "0:00:00", "x"):  # name, share, remaining, elapsed, speed
        assert part in shown.split("wrote")[0]
    wiped = "\x1b[2K"  # the bar goes before a line comes
    assert f"{wiped}whisper-at: wrote talk.json\r\n" in shown
    assert f"{wiped}whisper-at: there is no file none.wav" in shown
    assert "lasts" not in shown


def test_no_bar_where_it_is_not_wanted(sound, monkeypatch):
    assert on_terminal(sound("talk.wav"), "--quiet") == (0, "", "")
    monkeypatch.setenv("FORCE_COLOR", "1")  # says nothing about where stderr goes
    assert finish(start("stand-in", sound("talk.wav")))[2] == ["whisper-at: wrote talk.json"]
