"""The command with real weights: odd recordings, the JSON, and one process from end to end."""

import io
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import whisper_at
from tests.audio.synth import tone, wav
from tests.conftest import listing
from whisper_at.annotation import Annotation

pytestmark = pytest.mark.model

SCENE = Path(__file__).parents[2] / "examples" / "street.ogg"
QUICK = ("--beam_size", "1", "--temperature_increment_on_fallback", "0")


def pcm16(samples):
    return (samples * 32767).astype(np.int16)


def in_24_bits(samples):
    return (samples * 8388607).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


SECOND = tone(440, 1.0, 16_000)
ODD = {  # recordings, and how long they last
    "one sample.wav": (wav(np.array([1000], np.int16), 16_000), 1 / 16_000),
    "a tenth.wav": (wav(pcm16(SECOND[:1600]), 16_000), 0.1),
    "8 kHz.wav": (wav(pcm16(tone(440, 1.0, 8_000)), 8_000), 1.0),
    "24 bits.wav": (wav(in_24_bits(SECOND), 16_000, bits=24), 1.0),
    "7.1.wav": (wav(np.repeat(pcm16(SECOND), 8), 16_000, channels=8, mask=0x63F), 1.0),
    "clipped.wav": (wav(pcm16(np.sign(SECOND)), 16_000), 1.0),
    "silent.wav": (wav(np.zeros(16_000, np.int16), 16_000), 1.0),
    "dog 🐕.wav": (wav(pcm16(SECOND), 16_000), 1.0),
}


@pytest.fixture(scope="module")
def tiny():
    return whisper_at.load("tiny.en", head=None, threads=1)


@pytest.fixture(autouse=True)
def loaded_once(request, monkeypatch):
    if "tiny" in request.fixturenames:
        monkeypatch.setattr(
            "whisper_at.cli.run.load", lambda *_args, **_kwargs: request.getfixturevalue("tiny")
        )


def reject(constant):
    raise AssertionError(f"{constant} is no JSON")


def test_odd_recordings_are_heard(tiny, command, here):
    (here / "odd").mkdir()
    for name, (data, _) in ODD.items():
        (here / "odd" / name).write_bytes(data)
    answer = command("odd", "-o", "out", *QUICK)
    assert answer.status == 0
    assert [line.split()[0] for line in answer.talk] == ["wrote"] * len(ODD)
    for name, (_, duration) in ODD.items():
        text = (here / "out" / f"{Path(name).stem}.json").read_text(encoding="utf-8")
        annotation = Annotation.from_dict(json.loads(text, parse_constant=reject))
        assert annotation.duration == pytest.approx(duration, abs=0.01)
        assert all(segment.end <= duration + 0.01 for segment in annotation.segments)
    assert listing("out") == sorted(f"{Path(name).stem}.json" for name in ODD)


TWENTY = 20 * 16_000
NOBODY_SPEAKS = {
    "nothing": np.zeros(3 * TWENTY),
    "hiss of a converter": np.random.default_rng(0).normal(0, 2e-5, TWENTY),
    "white noise": np.random.default_rng(1).normal(0, 0.1, TWENTY),
    "hum": tone(50, 20, 16_000),
    "tone": tone(1000, 20, 16_000),
    "whistle": tone(3000, 20, 16_000),
    "square wave": 0.5 * np.sign(tone(200, 20, 16_000)),
    "direct current": np.full(TWENTY, 0.5),
    "clicks": 0.9 * (np.arange(TWENTY // 4) % 8000 == 0),
}


@pytest.mark.parametrize("name", NOBODY_SPEAKS)
def test_where_nothing_speaks_nothing_is_written(name):
    """Whatever the decoder would make of it, and whichever of the gate and its own tests finds out."""
    annotation = hearing_tiny().annotate(NOBODY_SPEAKS[name].astype(np.float32), beam_size=1, temperature=0.0)
    assert (annotation.text, annotation.segments) == ("", ())
    assert annotation.duration == pytest.approx(len(NOBODY_SPEAKS[name]) / 16_000)


@cache
def hearing_tiny():
    return whisper_at.load("tiny.en", threads=1)


def test_of_a_prompt_longer_than_the_context_the_end_counts():
    """So a text that repeats itself is as good a prompt as the same one, ten times as long."""
    texts = {
        hearing_tiny()
        .transcribe(SCENE, initial_prompt=RAIN * n, hotwords=RAIN * n, beam_size=1, temperature=0.0)
        .text
        for n in (100, 1000)
    }
    assert len(texts) == 1 and texts != {""}


RAIN = "A man walked through the rain. "


def test_the_json_has_what_openai_whisper_has(tiny, command):
    answer = command(SCENE, "--word_timestamps", "True", "-f", "json,txt", *QUICK)
    assert answer.status == 0
    data = json.loads(Path("street.json").read_text(encoding="utf-8"), parse_constant=reject)
    assert data["language"] == "en" and data["tags"] is None and data["events"] == []
    assert data["model"]["whisper"] == "tiny.en" and len(data["model"]["whisper_sha256"]) == 64
    assert data["segments"]
    for segment in data["segments"]:
        assert list(segment) == [
            *("id", "seek", "start", "end", "text", "tokens"),
            *("temperature", "avg_logprob", "compression_ratio", "no_speech_prob", "words"),
        ]
        assert "".join(word["word"] for word in segment["words"]).strip() == segment["text"].strip()
    assert Path("street.txt").read_text(encoding="utf-8").split() == data["text"].split()
    assert answer.out.count("\n") == len(data["segments"])


def test_a_process_from_end_to_end(here):
    """Recording in by a pipe, text out by a pipe, whole files, nothing else said."""
    data = wav(pcm16(SECOND), 16_000)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "whisper_at",
            "-",
            "--model",
            "tiny.en",
            "--head",
            "none",
            "--offline",
            *QUICK,
        ],
        input=data,
        capture_output=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.fspath(here) for path in sys.path)},
    )
    assert done.stderr.decode().splitlines() == ["whisper-at: wrote stdin.json"]
    assert done.returncode == 0
    written = Annotation.from_dict(json.load(io.BytesIO(Path("stdin.json").read_bytes())))
    assert written.duration == 1.0
    assert len(done.stdout.decode().splitlines()) == max(1, len(written.segments))
    assert listing(".") == ["stdin.json"]


def test_names_that_nobody_knows_are_answered_with_those_that_are_known(command, sound):
    answer = command(sound(), "--model", "tiny.en", "--head", "tiny.en-tltr")
    assert answer.status == 1
    (line,) = answer.talk
    assert line.startswith("no head is called 'tiny.en-tltr'") and "tiny.en-tl-tr" in line


def test_channels_are_kept_apart(tiny, command, here):
    """A call of two channels, and a recording of one beside it."""
    (here / "call.wav").write_bytes(wav(np.repeat(pcm16(SECOND), 2), 16_000, channels=2))
    (here / "mono.wav").write_bytes(wav(pcm16(SECOND), 16_000))
    answer = command("call.wav", "mono.wav", "--channels", "split", "--speech_gate", "off", *QUICK)
    assert answer.status == 0
    assert "mono.wav: one channel: there is nothing to keep apart" in answer.talk
    call, mono = (
        Annotation.from_dict(json.loads(Path(name).read_text(encoding="utf-8")))
        for name in ("call.json", "mono.json")
    )
    assert call.duration == mono.duration == 1.0
    said = [(s.channel, s.text) for s in call.segments]
    assert said == [(i, s.text) for s in mono.segments for i in (0, 1)]  # the same on both
