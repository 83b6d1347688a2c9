"""On the screen: plain lines for a pipe, colours and wrapped text for a terminal."""

import re
from dataclasses import replace

from tests.test_annotation import ANNOTATION, SEGMENT
from whisper_at.cli.terminal import IMPORTANT, SOUND, coloured, show
from whisper_at.timeline import Event
from whisper_at.writers.options import WriteOptions
from whisper_at.writers.readable import readable_lines, to_readable

PLAIN = WriteOptions()
SIREN = Event(label="Siren", mid="/m/03kmc9", start=1.0, end=4.0, probability=0.9)
RAIN = Event(label="Rain", mid="/m/06mb1", start=2.0, end=9.0, probability=0.6)
TEXT = "It rained and rained, and nobody came, for all had gone home long ago."
LONG = replace(SEGMENT, start=0.0, end=9.0, text=f" {TEXT}")
SCENE = replace(ANNOTATION, language="en", duration=10.0, segments=(LONG,), events=(SIREN, RAIN))
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def test_a_pipe_gets_plain_lines(capsys):
    show(SCENE, PLAIN)
    assert capsys.readouterr().out == to_readable(SCENE)


def test_a_terminal_gets_colours_and_whole_words_beside_their_times():
    text = coloured(readable_lines(SCENE, PLAIN), width=60)
    assert "\x1b[" in text and SOUND == "magenta" and IMPORTANT == "bold red"
    (siren,) = [line for line in text.splitlines() if "Siren" in line]
    assert "\x1b[1;31m[Siren" in siren
    plain = ESCAPE.sub("", text).splitlines()
    assert all(len(line) <= 60 for line in plain)
    assert plain[1].startswith(" " * 20)  # the rest of the first line stands under its text
    assert " ".join(" ".join(plain[:2]).split()[3:]) == TEXT


def test_labels_are_in_the_language_asked_for(capsys):
    show(SCENE, WriteOptions(label_language="es"))
    assert "[Lluvia 0.60]" in capsys.readouterr().out


def test_a_terminal_that_wants_no_colour_gets_none(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    show(SCENE, PLAIN)
    assert "\x1b[" not in capsys.readouterr().out
    monkeypatch.delenv("NO_COLOR")
    show(SCENE, PLAIN)
    assert "\x1b[" in capsys.readouterr().out


def test_a_heading_stands_above(capsys):
    show(SCENE, PLAIN, heading="street.ogg")
    assert capsys.readouterr().out == f"street.ogg\n{to_readable(SCENE)}\n"
