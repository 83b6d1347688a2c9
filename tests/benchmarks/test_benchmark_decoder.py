"""What a step of the decoder costs is told apart from what comes before it."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import decoder_threads
from whisper_at.model.decoder import Hypothesis

EOT = 50256


class Metronome:
    """A decoder that takes its time: so much for the prompt, so much for each step, twice as much when cold."""

    def __init__(self, monkeypatch, start, step):
        self.start, self.step, self.now, self.cold = start, step, 0.0, True
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def generate(self, features, prompts, search):
        assert EOT in search.suppress_tokens, "or the text might end before the steps do"
        n_steps = min(search.max_length // 2, search.max_length - len(prompts[0]) + 1)
        self.now += (1 + self.cold) * (self.start + n_steps * self.step)
        self.cold = False
        return [Hypothesis(tokens=(7,) * n_steps, avg_logprob=-1.0, no_speech_prob=0.0)]


@given(st.floats(0, 1), st.floats(0.001, 0.1), st.integers(0, 223), st.integers(2, 224))
def test_the_cost_of_a_step_is_found_whatever_comes_before(start, step, n_prompt, steps):
    with pytest.MonkeyPatch.context() as patch:
        decoder = Metronome(patch, start, step)
        first, each = decoder_threads.cost(
            decoder, np.zeros((1, 1500, 1)), [7] * (n_prompt + 1), eot=EOT, beams=5, steps=steps
        )
    assert first == pytest.approx(1e3 * (start + step))
    assert each == pytest.approx(1e3 * step)


@pytest.mark.parametrize(
    "options", [["--steps", "1"], ["--repeats", "0"], ["--threads", "two"], ["--decoders", "torch"]]
)
def test_what_cannot_be_measured_is_refused(options, capsys):
    with pytest.raises(SystemExit) as ended:
        decoder_threads.parse(options)
    assert ended.value.code == 2
    assert options[0].lstrip("-") in capsys.readouterr().err


@pytest.mark.model
def test_a_smoke_test_measures_each_variant(tmp_path: Path, capsys):
    output = tmp_path / "results" / "decoder.json"
    decoder_threads.main(
        ["--smoke", "--threads", "1,2", "--beams", "1,3", "--prompt", "9", "--output", str(output)]
    )
    found = json.loads(output.read_text())
    variants = [(row["decoder"], row["threads"], row["beams"]) for row in found["variants"]]
    assert variants == [
        (name, n, beams) for beams in (1, 3) for name in decoder_threads.DECODERS for n in (1, 2)
    ]
    assert all(row["first_step_ms"] > 0 and len(row["all_step_ms"]) == 1 for row in found["variants"])
    assert (found["model"], found["steps"], found["prompt"]) == ("tiny.en", 4, 9)
    assert str(tmp_path) not in output.read_text()  # no place of this machine in what may be published
    assert capsys.readouterr().out.count("\n") == 2 + len(variants)
