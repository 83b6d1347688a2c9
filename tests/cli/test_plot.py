"""Pictures: every kind of file, whatever there is to draw; the sounds that are there longest are on them."""

from dataclasses import replace

import numpy as np
import pytest

from tests.test_annotation import ANNOTATION, SEGMENT
from whisper_at.annotation import Curve, Curves, Tag, TagRow, Tags
from whisper_at.errors import OptionError, OutputError
from whisper_at.plotting import plot
from whisper_at.timeline import Event

HEADS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


def event(label, mid, start, end):
    return Event(label=label, mid=mid, start=start, end=end, probability=0.8)


SCENE = replace(
    ANNOTATION,
    language="en",
    duration=20.0,
    segments=(replace(SEGMENT, start=1, end=9, text=" Now it is beginning to rain, so let us wait."),),
    events=(event("Rain", "/m/06mb1", 2, 18), event("Bark", "/m/05tny_", 3, 4)),
)
CURVED = replace(
    SCENE,
    curves=Curves(resolution=0.2, curves=(Curve(label="Rain", mid="/m/06mb1", probabilities=(0.25,) * 100),)),
)
ROWS = replace(
    SCENE,
    tags=Tags(
        resolution=10,
        rows=(
            TagRow(start=0, end=10, tags=(Tag(label="Rain", mid="/m/06mb1", probability=0.9),)),
            TagRow(start=10, end=20, tags=()),
        ),
    ),
)  # fmt: skip
NOTHING = replace(ANNOTATION, text="", segments=(), events=(), tags=None, duration=0.0)


def names(figure):
    return [label.get_text() for label in figure.axes[-1].get_yticklabels()]


@pytest.mark.parametrize("suffix", HEADS)
def test_a_picture_is_of_the_kind_that_its_name_says(tmp_path, suffix):
    path = tmp_path / f"scene{suffix}"
    CURVED.plot(path, waveform=np.sin(np.arange(320_000) / 7))
    assert path.read_bytes().startswith(HEADS[suffix])


@pytest.mark.parametrize("annotation", [SCENE, CURVED, ROWS, NOTHING, replace(SCENE, segments=())])
def test_whatever_there_is_is_drawn(annotation, tmp_path):
    for dark in (False, True):
        plot(annotation, tmp_path / "a.png", dark=dark)
        plot(annotation, waveform=np.zeros(0), dark=dark)


def test_the_labels_that_are_heard_longest_are_shown_in_the_readers_language():
    assert names(plot(SCENE)) == ["Rain", "Bark"]
    assert names(plot(SCENE, most=1)) == ["Rain"]
    assert names(plot(SCENE, label_language="es"))[0] == "Lluvia"


def test_a_long_recording_is_drawn_as_quickly_as_a_short_one():
    figure = plot(
        replace(SCENE, duration=7200.0), waveform=np.random.default_rng(0).normal(size=16_000 * 600)
    )
    (wave,) = figure.axes[0].collections
    assert len(wave.get_paths()[0].vertices) < 10_000
    assert [tick.get_text() for tick in figure.axes[-1].get_xticklabels()][:3] == ["0:00", "10:00", "20:00"]


def test_what_cannot_be_drawn_is_said_in_a_line(tmp_path):
    with pytest.raises(OptionError, match=r"ends in \.png, \.svg, \.pdf"):
        plot(SCENE, "scene.gif")
    with pytest.raises(OptionError, match="1 label or more"):
        plot(SCENE, most=0)
    with pytest.raises(OutputError, match="could not be written"):
        plot(SCENE, tmp_path / "missing" / "a.png")


def test_a_stored_annotation_is_drawn_without_a_model(command, here):
    import json

    (here / "scene.json").write_text(json.dumps(CURVED.to_dict()))
    assert command("plot", "scene.json", "-o", "a.svg", "--most", "1").talk == ["wrote a.svg"]
    assert b"<svg" in (here / "a.svg").read_bytes()


def test_what_no_font_has_is_said_once(command, here, monkeypatch):
    import json

    monkeypatch.setattr("whisper_at.plotting.figure.FONTS", ("DejaVu Sans",))
    chinese = replace(SCENE, segments=(replace(SEGMENT, start=1, end=9, text="现在开始下雨了"),), events=())
    (here / "scene.json").write_text(json.dumps(chinese.to_dict()))
    missing, wrote = command("plot", "scene.json").talk
    assert (
        missing.startswith("7 of the characters in scene.png are in no font") and wrote == "wrote scene.png"
    )


def test_the_waveform_of_a_stored_annotation_is_that_of_the_recording_beside_it(command, sound, here):
    import json

    (here / "scene.json").write_text(json.dumps(CURVED.to_dict()))
    command("plot", "scene.json", "-o", "without.svg")
    sound("scene.wav")
    command("plot", "scene.json", "-o", "with.svg")
    command("plot", "scene.json", "-o", "named.svg", "--audio", "scene.wav")
    axes = {
        name: (here / f"{name}.svg").read_text().count('id="axes_') for name in ("without", "with", "named")
    }
    assert axes == {"without": 2, "with": 3, "named": 3}
