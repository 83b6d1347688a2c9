"""Options that cannot work are refused in one line, before a model is loaded or a recording is read."""

from dataclasses import fields
from types import SimpleNamespace

import pytest
import typer

from tests.model.tiny import head_card
from whisper_at.cli.app import app
from whisper_at.cli.output import formats
from whisper_at.cli.run import temperatures
from whisper_at.errors import OptionError
from whisper_at.writers import WRITERS
from whisper_at.writers.options import WriteOptions


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["-f", "doc"], "or all; got 'doc'"),
        (["-f", "json,,txt"], "or all; got ''"),
        (["--task", "summarise"], "task must be transcribe or translate, got 'summarise'"),
        (
            ["--language", "germn"],
            "language 'germn' is none that Whisper knows; did you mean german or georgian?",
        ),
        (["--language", ""], "language '' is none that Whisper knows"),
        (
            ["--multilingual", "--language", "en"],
            "multilingual detects the language of each window, but language 'en' was given; leave one",
        ),
        (["--clip_timestamps", "10,5"], "clip_timestamps must rise, but 5 follows 10"),
        (["--channels", "left"], "channels must be mix or split, got 'left'"),
        (["--labels", "Dogg"], "no label is called 'Dogg'; nearest: 'Dog'"),
        (["--labels", "Dog,Sirene"], "no label is called 'Sirene'; nearest: 'Siren'"),
        (["--labels", ""], "label"),
        (
            ["--labels", "Dog", "--head", "none"],
            "labels were asked for, but with head none nothing is tagged",
        ),
        (["--temperature", "1.5"], "temperature must lie between 0 and 1, got 1.5"),
        (["--temperature", "nan"], "temperature must lie between 0 and 1, got nan"),
        (["--temperature", "inf"], "temperature must lie between 0 and 1, got inf"),
        (["--temperature", "warm"], "Invalid value for '--temperature'"),
        (
            ["--temperature_increment_on_fallback", "-1"],
            "temperature_increment_on_fallback must be 0.01 or more",
        ),
        (
            ["--temperature_increment_on_fallback", "nan"],
            "temperature_increment_on_fallback must be 0.01 or more",
        ),
        (
            ["--temperature_increment_on_fallback", "1e-9"],  # a thousand million tries
            "temperature_increment_on_fallback must be 0.01 or more, or 0 for no fallback; got 1e-09",
        ),
        (["--logprob_threshold", "low"], "Invalid value for '--logprob-threshold'"),
        (["--beam_size", "0"], "beam_size must lie between 1 and 100, got 0"),
        (["--beam_size", "many"], "Invalid value for '--beam-size'"),
        (["--beam_size", "100000"], "beam_size must lie between 1 and 100, got 100000"),
        (["--best_of", "0"], "best_of must lie between 1 and 100, got 0"),
        (["--tag_resolution", "0"], "tag_resolution is a length in seconds, such as 10; got 0"),
        (["--tag_resolution", "-1"], "tag_resolution is a length in seconds, such as 10; got -1"),
        (["--tag_resolution", "nan"], "tag_resolution is a length in seconds, such as 10; got nan"),
        (["--tag_resolution", "inf", "--head", "none"], "tag_resolution is a length in seconds"),
        (["--threshold", "1.5"], "threshold is a probability between 0 and 1, got 1.5"),
        (["--top_k", "0"], "top_k must be 1 or more, got 0"),
        (["--modell", "base"], "No such option: --modell"),
        (["--model"], "Option '--model' requires an argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_refused_before_work(command, stand_in, sound, options, reason):
    answer = command(sound(), *options)
    assert answer.status == 2
    (line,) = answer.talk
    assert reason in line
    assert (answer.out, stand_in.loaded, stand_in.heard) == ("", [], [])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--threads", "-1"], "threads must be 1 or more, or 0 for all cores; got -1"),
        (["--device", "foo"], "device must be one of auto, cpu, cuda, mps, gpu; got 'foo'"),
        (["--compute_type", "int4"], "compute_type must be one of auto, int8, float32, got 'int4'"),
    ],
)
def test_what_no_machine_can_do_is_refused_without_looking_for_weights(
    command, sound, monkeypatch, options, reason
):
    monkeypatch.setattr(
        "whisper_at.pipeline.find", lambda *args, **how: pytest.fail("weights were looked for")
    )
    answer = command(sound(), *options)
    assert (answer.status, answer.talk) == (2, [reason])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            ["--tag_resolution", "0.3"],
            "multiple of 0.4 s, the length of a cell; got 0.3; the nearest are 0.4 or 0.8",
        ),
        (["--labels", "Siren"], "head yard has no label /m/03kmc9"),
        (
            ["--suppress_tokens", "7,51864"],
            "suppress_tokens must lie between 0 and 51863, or be -1 for the model's own list; got 51864",
        ),
        (["--suppress_tokens", "-2"], "got -2"),
        (["--language", "de"], "language 'de' was asked for, but"),
        (["--multilingual"], "multilingual was asked for, but stand-in.en knows English only; take"),
    ],
)
def test_what_the_model_cannot_do_is_refused_before_a_recording_is_read(
    command, stand_in, sound, options, reason
):
    stand_in.head = SimpleNamespace(card=head_card({"/m/0bt9lr": "Dog"}, name="yard"))
    answer = command(sound("a.wav"), sound("b.wav"), *options)
    assert answer.status == 2
    (line,) = answer.talk
    assert reason in line
    assert len(stand_in.loaded) == 1 and stand_in.heard == []


def test_what_the_model_refuses_is_said_once(command, stand_in, sound, monkeypatch):
    def refuse(*args):
        raise OptionError("no option can be like that")

    monkeypatch.setattr(stand_in, "annotate", refuse)
    answer = command(sound("a.wav"), sound("b.wav"))
    assert (answer.status, answer.talk) == (2, ["no option can be like that"])


def test_options_reach_the_model(command, stand_in, sound):
    answer = command(
        *(
            sound(),
            "--labels",
            "Chirp, tweet,Dog",
            "--threshold",
            "0.3",
            "--top_k",
            "2",
            "--tag-resolution",
            "2",
        ),
        *("--head", "my.safetensors", "--device", "cuda:1", "--compute_type", "int8", "--task", "translate"),
        *("--language", "en", "--offline"),
    )
    assert answer.status == 0
    options = stand_in.options
    assert options.labels == ("/m/07pggtn", "/m/0bt9lr")
    assert (options.threshold, options.top_k, options.tag_resolution) == (0.3, 2, 2.0)
    assert (options.task, options.language) == ("translate", "en")
    assert stand_in.loaded == [
        {
            "name": "base",
            "head": "my.safetensors",
            "device": "cuda:1",
            "threads": 0,
            "compute_type": "int8",
            "offline": True,
            "download_root": None,
        }
    ]


def test_what_is_not_asked_for_is_left_to_the_model(command, stand_in, sound):
    assert command(sound()).status == 0
    (loaded,) = stand_in.loaded
    assert (loaded["name"], loaded["head"], loaded["offline"]) == ("base", "default", None)
    assert (stand_in.options.labels, stand_in.options.language, stand_in.options.beam_size) == (None, None, 5)
    assert command(sound(), "--head", "none").status == 0
    assert stand_in.loaded[1]["head"] is None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            ["--model", "bass"],
            "no Whisper model is called 'bass', and no such file or folder is there; did you mean",
        ),
        (["--model", "./bass"], "no Whisper model is called"),
    ],
)
def test_a_model_that_is_not_there_is_no_wrong_usage(command, sound, options, reason):
    answer = command(sound(), *options)
    assert (answer.status, answer.out) == (1, "")
    (line,) = answer.talk
    assert reason in line


def test_temperatures_are_openais():
    assert temperatures(0.0, 0.2) == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    assert temperatures(0.4, 0.3) == (0.4, 0.7, 1.0)
    assert temperatures(0.9, 0.2) == (0.9,)
    assert temperatures(0.3, 0.0) == temperatures(0.3, None) == (0.3,)


def test_formats_are_taken_in_any_spelling_each_once():
    assert formats("json") == ("json",)
    assert formats("TXT, json,txt") == ("txt", "json")
    assert formats("all") == formats("json,all") == tuple(WRITERS)
    with pytest.raises(OptionError, match=r"output_format must be json, .* or all; got 'doc'"):
        formats("json,doc")


def test_nothing_to_do_is_answered_with_the_help(here, capsys):
    from whisper_at.cli.app import run

    assert run([]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("Usage: whisper-at ") and "--word-timestamps" in err
    assert run(["heads"]) == 2
    assert capsys.readouterr().err.startswith("Usage: whisper-at heads")


def test_wrong_usage_of_the_commands(command):
    answer = command("models", "extra")
    assert answer.status == 2
    (line,) = answer.talk
    assert line.startswith("Got unexpected extra argument")
    assert line.endswith("(extra) (whisper-at --help tells the options)")
    assert command("annotate").status == 2
    assert command("heads", "export").status == 2
    answer = command("heads", "import", "none.pth", "--encoder", "base")
    assert answer.status == 1 and len(answer.talk) == 1


def test_help_has_examples_and_every_option(capsys):
    from whisper_at.cli.app import run

    texts = []
    for arguments in (["--help"], ["-h"], ["a.mp3", "--help"], ["heads", "import", "--help"]):
        assert run(arguments) == 0
        out, err = capsys.readouterr()
        assert err == ""
        texts.append(out)
    assert texts[0] == texts[1]
    for text in texts[:3]:
        assert "whisper-at talks/ -o out -f json,srt" in text
        for (
            option
        ) in "--model --head --language --task --output-dir --output-format --labels --offline".split():
            assert f"{option} " in text or f"{option}," in text
    for command in ("annotate", "models", "heads"):
        assert f"\n  {command} " in texts[0]
    assert "--encoder" in texts[3]


def test_what_is_written_has_the_same_options_and_defaults_everywhere():
    """In `annotate`, in `convert`, and in Python."""
    commands = typer.main.get_command(app).commands
    defaults = {
        name: {one.name: one.default for one in commands[name].params} for name in ("annotate", "convert")
    }
    of_one_file = {"recording", "sound", "folder"}  # which the command line finds by itself
    from_python = {one.name: one.default for one in fields(WriteOptions) if one.name not in of_one_file}
    for options in defaults.values():
        assert {name: options[name] for name in from_python} == from_python
