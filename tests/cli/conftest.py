"""The command run in this process, in a folder of its own, and recordings for it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.audio.synth import tone, wav
from tests.cli.standin import StandIn
from whisper_at.cli.app import run


@dataclass(frozen=True)
class Answer:
    """What the command did: its exit status, its data, and its talk, a line each."""

    status: int
    out: str
    talk: list[str]


Command = Callable[..., Answer]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the test works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, here: Path) -> StandIn:
    """In the place of every model that is loaded."""
    model = StandIn()
    monkeypatch.setattr("whisper_at.cli.run.load", model.load)
    return model


@pytest.fixture
def command(here: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `whisper-at`; whatever it says on stderr is one line each, by its name."""

    def whisper_at(*arguments: object) -> Answer:
        status = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        talk = err.splitlines()
        assert all(line.startswith("whisper-at: ") for line in talk), err
        return Answer(status, out, [line.removeprefix("whisper-at: ") for line in talk])

    return whisper_at


@pytest.fixture
def sound(here: Path) -> Callable[..., Path]:
    """Writes a recording of that name, a tone of so many seconds."""

    def write(name: str = "sound.wav", seconds: float = 0.5) -> Path:
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav((tone(440, seconds, 16_000) * 32767).astype(np.int16), 16_000))
        return Path(name)

    return write
