"""Watching: a script can tell what was heard from what went wrong, and hears of it at once."""

import json


def test_what_is_heard_is_a_line_and_an_exit_status(command, stand_in, sound):
    sound("loud.wav")
    sound("quiet.wav")
    answer = command("quiet.wav", "loud.wav", "--watch", "alarms", "--threshold", "0.4")
    assert answer.status == 3
    (line,) = answer.out.splitlines()
    assert json.loads(line) == {
        "file": "loud.wav",
        "label": "Siren",
        "mid": "/m/03kmc9",
        "start": 0.1,
        "end": 0.3,
        "probability": 0.9,
    }
    assert stand_in.options.labels == ("group:alarms",)
    assert (stand_in.options.threshold, stand_in.options.batch_size) == (0.4, 1)


def test_where_nothing_is_heard_the_status_is_that_of_the_work(command, stand_in, sound, here):
    sound("quiet.wav")
    assert command("quiet.wav", "--watch", "Siren").status == 0
    assert command("quiet.wav", "missing.wav", "--watch", "Siren").status == 1
    assert command("quiet.wav", "--watch", "Sirene").status == 2
    assert not list(here.glob("*.json"))  # nothing is written
