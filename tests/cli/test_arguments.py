"""Options are taken as people write them, above all people who know openai-whisper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_at.cli.arguments import COMMANDS, normalised


def test_annotate_need_not_be_written():
    assert normalised(["a.mp3", "-f", "txt"]) == normalised(["annotate", "a.mp3", "-f", "txt"])
    assert normalised(["--model", "models", "a.mp3"])[0] == "annotate"
    assert normalised(["--help"]) == ["--help"]
    assert normalised([]) == []


def test_a_file_may_be_called_as_a_command_is():
    assert normalised(["models"]) == ["models"]
    assert normalised(["./models"]) == ["annotate", "./models"]
    assert normalised(["annotate", "models"]) == ["annotate", "models"]


def test_what_follows_two_dashes_is_a_file():
    assert normalised(["--", "--my_talk.mp3", "models"]) == ["annotate", "--", "--my_talk.mp3", "models"]


@given(st.lists(st.from_regex(r"[a-z]+(_[a-z]+)*", fullmatch=True), min_size=1, max_size=4))
def test_blanks_in_options_are_dashes_or_underscores(names):
    dashed = [f"--{name.replace('_', '-')}" for name in names]
    assert normalised(["x", *(f"--{name}" for name in names)]) == normalised(["x", *dashed])


@given(st.lists(st.text(max_size=9).filter(lambda text: not text.startswith("--")), max_size=5))
def test_names_of_files_and_values_are_left_alone(words):
    if [word.lower() for word in words if word.lower() in ("true", "false")]:
        return
    assert normalised(["annotate", *words]) == ["annotate", *words]


@given(st.lists(st.text(max_size=9)))
def test_normalised_arguments_stay_as_they_are(words):
    once = normalised(words)
    assert not once or once[0] in (*COMMANDS, "--help", "-h")
    assert normalised(once) == once


@pytest.mark.parametrize(
    "true", [["--word_timestamps", "True"], ["--word_timestamps=true"], ["--word-timestamps"]]
)
def test_flags_may_have_openais_values(command, stand_in, sound, true):
    assert command(sound(), *true).status == 0
    assert stand_in.options.word_timestamps
    assert command(sound(), *true, "--word_timestamps", "False").status == 0
    assert not stand_in.options.word_timestamps


def test_thresholds_may_be_switched_off_with_none(command, stand_in, sound):
    assert command(sound()).status == 0
    assert stand_in.options.temperature == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    assert (stand_in.options.logprob_threshold, stand_in.options.no_speech_threshold) == (-1.0, 0.6)
    off = [
        "--logprob_threshold",
        "None",
        "--no_speech_threshold=none",
        "--compression_ratio_threshold",
        "None",
    ]
    assert command(sound(), *off, "--temperature_increment_on_fallback", "None").status == 0
    assert stand_in.options.temperature == (0.0,)
    assert stand_in.options.logprob_threshold is None
    assert stand_in.options.no_speech_threshold is None
    assert stand_in.options.compression_ratio_threshold is None


def test_a_command_line_of_openai_whisper_runs(command, stand_in, sound):
    answer = command(
        *(sound(), "--model", "base.en", "--model_dir", "weights", "--device", "cpu", "--output_dir", "out"),
        *("--output_format", "all", "--verbose", "False", "--task", "transcribe", "--language", "English"),
        *("--temperature", "0.2", "--best_of", "3", "--beam_size", "2", "--initial_prompt", "Hello_there."),
        *("--condition_on_previous_text", "False", "--fp16", "False", "--no_speech_threshold", "0.5"),
        *("--word_timestamps", "True", "--threads", "1"),
    )
    assert (answer.status, answer.out, answer.talk) == (0, "", [])  # --verbose False is --quiet
    (loaded,) = stand_in.loaded
    assert (loaded["name"], str(loaded["download_root"]), loaded["threads"]) == ("base.en", "weights", 1)
    options = stand_in.options
    assert (options.beam_size, options.best_of, options.initial_prompt) == (2, 3, "Hello_there.")
    assert options.temperature == (0.2, 0.4, 0.6, 0.8, 1.0)
    assert not options.condition_on_previous_text
