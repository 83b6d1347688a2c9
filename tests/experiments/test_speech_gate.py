"""The gate is measured as it should be: which words are right, what a threshold would lose."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import speech_cases as c
import speech_gate as g

from tests.training.standin_teacher import write_wav
from whisper_at.annotation import Annotation, Dropped, Provenance, Segment
from whisper_at.audio import Recording
from whisper_at.speech.gate import Evidence

SENTENCES = ("Where is the cat?", "It sleeps.")


def case(sentences=SENTENCES):
    return c.Case(
        name="clean",
        recording=Recording(name="clean (en)", samples=np.zeros(16_000 * 10, np.float32)),
        sentences=sentences,
        language="en",
    )


def segment(start, end, text, avg_logprob=-0.2):
    return Segment(
        id=0, seek=0, start=start, end=end, text=text, tokens=(), temperature=0.0, avg_logprob=avg_logprob,
        compression_ratio=1.0, no_speech_prob=0.0,
    )  # fmt: skip


def annotation(*segments, dropped=()):
    return Annotation(
        text="".join(one.text for one in segments).strip(), language="en", language_probability=None, duration=10.0,
        segments=segments, events=(), tags=None, model=Provenance(whisper="stand-in", whisper_sha256="0"),
        dropped=dropped,
    )  # fmt: skip


VOICE = Evidence(frames_per_cell=100, voice=np.float32([0.9] * 5 + [0.2] * 5))  # in cells of a second


def test_words_are_right_where_they_were_spoken():
    said = annotation(
        segment(0, 2, " Where is the dog?"),
        segment(2, 4, " It sleeps."),
        segment(7, 9, " Thanks for watching!", avg_logprob=-0.9),
    )
    parts = g.parts_of(case(), said, VOICE)
    assert [(part.words, part.right) for part in parts] == [(4, 3), (2, 2), (3, 0)]
    assert [part.doubted for part in parts] == [False, False, True]
    assert [part.voice for part in parts] == pytest.approx([0.9, 0.9, 0.2])


def test_what_was_dropped_may_have_been_right():
    lost = Dropped(text=" It sleeps.", start=2, end=4, voice=0.01, reason="")
    spared = Dropped(text=" Thank you.", start=7, end=9, voice=0.01, reason="")
    whole = Dropped(text="", start=9, end=10, voice=0.01, reason="")
    said = annotation(segment(0, 2, " Where is the cat?"), dropped=(lost, spared, whole))
    parts = g.parts_of(case(), said, VOICE)
    assert [(part.kept, part.words, part.right) for part in parts] == [
        (True, 4, 4), (False, 2, 2), (False, 2, 0),
    ]  # fmt: skip


def test_where_nobody_speaks_no_word_is_right():
    said = annotation(segment(0, 1, " Thank you."), segment(6, 7, " Bye."))
    assert [(part.words, part.right) for part in g.parts_of(case(()), said, VOICE)] == [(2, 0), (1, 0)]
    assert g.wrong_words(case(()), said.text) == 3


def row(gate, *parts, spoken=10, wrong=0, name="clean"):
    """Parts as (kept, voice, doubted, words, right)."""
    named = [dict(zip(("kept", "voice", "doubted", "words", "right"), part, strict=True)) for part in parts]
    return {
        "case": name, "gate": gate, "seconds": 30.0, "took": 1.0, "spoken": spoken, "wrong": wrong,
        "not_decoded": 0.0, "parts": named,
    }  # fmt: skip


def test_a_threshold_loses_and_spares_what_lies_below_it():
    off = row(
        "off",
        (True, 0.04, True, 3, 0),
        (True, 0.12, False, 5, 4),
        (True, 0.4, True, 2, 2),
        (True, 0.9, False, 5, 5),
    )
    table = {line.pop("threshold"): line for line in g.losses([off, row("auto", (True, 0.01, True, 9, 0))])}
    assert set(table[0.03].values()) == {0}
    assert table[0.05] == {
        "lost, doubted": 0,
        "spared, doubted": 3,
        "lost, not doubted": 0,
        "spared, not doubted": 0,
    }
    assert table[0.5] == {
        "lost, doubted": 2,
        "spared, doubted": 3,
        "lost, not doubted": 4,
        "spared, not doubted": 0,
    }


def test_the_summary_counts_words_of_speech_and_words_a_minute_where_nobody_speaks():
    rows = [
        row("off", spoken=10, wrong=3), row("off", spoken=30, wrong=1), row("auto", (False, 0.1, None, 3, 2), wrong=5),
        row("off", spoken=0, wrong=4, name="rain"), row("off", spoken=0, wrong=0, name="music"),
    ]  # fmt: skip
    table = g.summary(rows)
    assert (table["clean"]["off"], table["clean"]["auto"], table["clean"]["auto, words lost"]) == (
        10.0,
        50.0,
        2,
    )
    assert (table["rain"]["off"], table["nobody speaks"]["off"]) == (8.0, 4.0)
    assert table["all speech"]["off"] == 10.0


def test_strict_is_heard_by_itself_wherever_it_could_differ():
    sure, weak = (True, 0.95, True, 1, 1), (True, 0.6, False, 1, 1)
    assert g._is_surely_spoken(row("auto", sure, sure))
    assert not g._is_surely_spoken(row("auto", sure, weak))
    assert not g._is_surely_spoken(row("auto", (False, 0.95, None, 1, 1)))
    assert not g._is_surely_spoken({**row("auto"), "not_decoded": 30.0})


def test_what_is_written_is_json_at_any_time():
    for rows in ([], [row("off")], [row("off"), row("auto", (True, 0.5, False, 1, 1))]):
        assert json.loads(g.account(rows, {"model": "base"}))["recordings"] == rows


def test_noise_lies_so_many_decibels_below_what_is_said():
    rng = np.random.default_rng(0)
    speech = c.joined([rng.normal(0, 0.1, 16_000).astype(np.float32)], 3.0)  # one second in four
    for level in c.LEVELS:
        noise = c.mixed(speech, rng.normal(0, 0.5, 5000).astype(np.float32), level) - speech
        power = np.mean(speech[:16_000] ** 2) / np.mean(noise**2)
        assert 10 * np.log10(power) == pytest.approx(level, abs=0.1)


def harmonicity(samples):
    """How alike a sound is to itself, a period of 100 Hz later."""
    return float(np.corrcoef(samples[:-160], samples[160:])[0, 1])


def test_a_whisper_has_the_loudness_of_the_voice_and_not_its_pitch():
    time = np.arange(32_000) / 16_000
    voice = sum(np.sin(2 * np.pi * 100 * n * time) / n for n in range(1, 30)).astype(np.float32) * 0.1
    voice[16_000:] = 0
    heard = c.whispered(voice)
    assert np.mean(heard**2) == pytest.approx(np.mean(voice**2), rel=0.25)
    assert np.abs(heard[17_000:]).max() < 1e-3
    assert harmonicity(voice[:15_000]) > 0.95 and abs(harmonicity(heard[:15_000])) < 0.4


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A clip of each kind and fold, half a second each."""
    rng = np.random.default_rng(0)
    listed = [(name, "speech", "en" if "kathleen" in name else "de", "Hello.") for name in c.READ.values()]
    listed += [(name, "speech", "en", "Hello.") for name in c.PHRASES]
    listed += [(sets[0], word, "", "") for sets, word in c.SPEECHLESS.values()]
    with (tmp_path / "manifest.tsv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        table.writerow(["path", "set", "label", "fold", "transcript", "lang"])
        for i, (name, label, language, text) in enumerate(listed):
            for fold in "34":
                path = write_wav(tmp_path / f"{i}-{fold}.wav", rng.normal(0, 0.1, 8000).astype(np.float32))
                table.writerow([path.name, name, label, fold, text, language])
    return tmp_path


def test_recordings_are_of_one_fold_and_of_languages_that_are_known(corpus):
    made = list(c.cases(corpus, "4", ["en"], seconds=1))
    assert {one.language for one in made} == {"en"}
    again = list(c.cases(corpus, "4", ["en"], seconds=1))
    other = list(c.cases(corpus, "3", ["en"], seconds=1))
    for one, same, different in zip(made, again, other, strict=True):
        assert (one.recording.samples == same.recording.samples).all()
        assert not np.array_equal(one.recording.samples, different.recording.samples)
    both = {(one.name, one.language) for one in c.cases(corpus, "4", ["en", "de"], seconds=1)}
    for name in ("clean", "quiet", "distant", "whispered", "rain, 0 dB", "music, 10 dB", "seldom, rain"):
        assert {(name, "en"), (name, "de")} <= both
    silent = {one.name for one in made if not one.sentences}
    assert silent == {f"{name} alone" for name in c.SPEECHLESS} | {"ESC-10, one by one"}


def test_noises_that_are_not_there_are_asked_for(corpus):
    listed = corpus / "manifest.tsv"
    listed.write_text(listed.read_text().replace("helicopter", "hen"))
    with pytest.raises(SystemExit, match="wanted clips of esc10, debian_fx with 'helicopter' in their names"):
        list(c.cases(corpus, "4", ["en"], seconds=1))


def test_what_was_measured_before_an_interruption_is_kept(tmp_path, monkeypatch):
    """Strict is not heard where nothing could fall: the decoder is asked twice for the recording, not three times."""
    asked = []

    class Model:
        head, tokenizer = None, SimpleNamespace(languages=("en",))

        def transcribe(self, samples, *, language, speech_gate):
            asked.append(speech_gate)
            return annotation(segment(0, 2, " Where is the cat?"), segment(2, 4, " It sneezes."))

    def two(*_args, **_how):
        yield case()
        raise KeyboardInterrupt

    loud = Evidence(frames_per_cell=100, voice=np.full(10, 0.99, np.float32))
    monkeypatch.setattr(g, "load", lambda *_args, **_how: Model())
    monkeypatch.setattr(g, "evidence_of", lambda *_args: loud)
    monkeypatch.setattr(g, "cases", two)
    out = tmp_path / "results" / "gate.json"
    with pytest.raises(KeyboardInterrupt):
        g.main(["data", "--output", str(out)])
    kept = json.loads(out.read_text(encoding="utf-8"))
    assert asked == ["off", "auto"]
    assert [(row["gate"], row["wrong"], row["spoken"]) for row in kept["recordings"]] == [
        ("off", 1, 6), ("auto", 1, 6), ("strict", 1, 6),
    ]  # fmt: skip
    assert kept["summary"]["clean"]["strict"] == pytest.approx(100 / 6, abs=0.01)
