"""Watching: a script can tell what was heard from what went wrong, and hears of it at once."""

import json
from dataclasses import replace
from types import SimpleNamespace

from tests.model.tiny import head_card
from whisper_at.tagging import ontology


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


def test_what_can_never_be_heard_is_said_at_once(command, stand_in, sound):
    sound("quiet.wav")
    card = head_card({ontology.find(name).mid: name for name in ("Siren", "Rain", "Explosion")})
    card = replace(card, reported=(ontology.find("Rain").mid,))
    stand_in.head = SimpleNamespace(card=replace(card, frames_per_cell=40))
    answer = command("quiet.wav", "--watch", "Siren,explosions,Rain")
    assert answer.status == 0
    assert answer.talk == [f"head {card.name} has not learned Siren, anything of group:explosions"]
    assert command("quiet.wav", "--watch", "Rain").talk == []
    assert command("quiet.wav", "--watch", "explosions").status == 2  # nothing is left to wait for


def test_what_would_be_passed_over_in_silence_is_refused(command, stand_in, sound):
    sound("quiet.wav")
    for more in (("--labels", "Dog"), ("--channels", "split"), ("--head", "none")):
        assert command("quiet.wav", "--watch", "Siren", *more).status == 2
    assert stand_in.loaded == []
