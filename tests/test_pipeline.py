"""The main job on a real scene: what is said is written down, what is heard is tagged, in one pass."""

import json
import re
from itertools import pairwise
from pathlib import Path

import jiwer
import numpy as np
import pytest

import whisper_at
from whisper_at.annotation import Annotation
from whisper_at.audio import read
from whisper_at.hearing.options import Options
from whisper_at.speech.options import SpeechOptions

EXAMPLES = Path(__file__).parents[1] / "examples"
SCENE, TRUTH = EXAMPLES / "street.ogg", json.loads((EXAMPLES / "street.json").read_text())
SAID = " ".join(line["text"] for line in TRUTH["speech"])

real = pytest.mark.model


@pytest.fixture(scope="module", params=["base", "tiny.en"])
def model(request):
    return whisper_at.load(request.param)


@pytest.fixture(scope="module")
def annotation(model):
    return model.annotate(SCENE)


def wer(text):
    plain = [re.sub(r"[^a-z ]", "", said.lower().replace("-", " ")) for said in (SAID, text)]
    return jiwer.wer(*plain)


@real
def test_the_words_of_the_scene_are_written_down(annotation):
    assert annotation.language == "en"
    # tiny.en hears "That was a police car" under the siren otherwise in each precision
    assert wer(annotation.text) <= (0.02 if annotation.model.whisper == "base" else 0.2)


@real
def test_the_rows_of_tags_cover_the_recording(annotation):
    rows = annotation.tags.rows
    assert [row.start for row in rows] == [0, 10, 20, 30, 40, 50]
    assert rows[-1].end == pytest.approx(annotation.duration, abs=0.01)
    probabilities = [tag.probability for row in rows for tag in row.tags]
    assert probabilities and all(0 <= p <= 1 for p in probabilities)


@real
def test_events_lie_in_the_recording_and_never_overlap_themselves(annotation):
    assert annotation.events
    last_end = {}
    for event in annotation.events:
        assert 0 <= event.start < event.end <= annotation.duration
        assert event.start >= last_end.get(event.mid, 0)
        last_end[event.mid] = event.end


@real
def test_music_is_heard_where_it_plays_and_speech_where_people_talk(annotation):
    def share(label, start, end):
        spans = [(max(e.start, start), min(e.end, end)) for e in annotation.events if e.label == label]
        return sum(max(0, b - a) for a, b in spans) / (end - start)

    music = next(s for s in TRUTH["sounds"] if s["label"] == "Music")
    assert share("Music", music["start"], music["end"]) > share("Music", 0, 20)
    talk = [share("Speech", line["start"], line["end"]) for line in TRUTH["speech"]]
    assert np.mean(talk) > 0.6


@real
def test_it_comes_back_from_json(annotation):
    assert Annotation.from_dict(json.loads(json.dumps(annotation.to_dict()))) == annotation


@real
def test_each_branch_alone_gives_what_both_give_together(model, annotation):
    words, sounds = model.transcribe(SCENE), model.tag(SCENE)
    assert words.segments == annotation.segments
    assert words.tags is None and words.events == () and words.model.head is None
    assert sounds.segments == () and sounds.text == ""
    assert len(sounds.tags.rows) == len(annotation.tags.rows)


@real
def test_the_form_of_the_source_does_not_matter(model):
    samples, events = read(SCENE).samples, model.tag(SCENE).events
    for source in (str(SCENE), SCENE.read_bytes(), samples, np.stack([samples, samples])):
        assert model.tag(source).events == events
    with SCENE.open("rb") as file:
        assert model.tag(file).events == events


@real
def test_a_label_that_was_not_learned_is_said_so(model):
    annotation = model.tag(SCENE, labels=("/m/07mzm6", "/m/06mb1"))  # Wheeze, Rain
    (note,) = annotation.notes
    assert note == f"head {annotation.model.head} has not learned Wheeze"
    assert {event.label for event in annotation.events} <= {"Rain"}


@real
def test_progress_ends_at_the_end(model):
    seen = []
    model.tag(SCENE, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] == pytest.approx(TRUTH["duration"], abs=0.02)


@real
def test_torch_and_openvino_hear_the_same(annotation):
    """And write the same in single precision, where one decoder serves both."""
    name = annotation.model.whisper
    annotation, other = (
        whisper_at.load(name, engine=engine, compute_type="float32").annotate(SCENE)
        for engine in ("openvino", "torch")
    )
    assert other.text == annotation.text
    for ours, theirs in zip(annotation.tags.rows, other.tags.rows, strict=True):
        a, b = ({tag.mid: tag.probability for tag in row.tags} for row in (ours, theirs))
        for mid in a.keys() & b.keys():
            assert a[mid] == pytest.approx(b[mid], abs=0.01)


@real
def test_word_times_follow_the_words():
    annotation = whisper_at.load("tiny.en", head=None).annotate(SCENE, word_timestamps=True)
    words = [word for segment in annotation.segments for word in segment.words]
    assert "".join(word.word for word in words).split() == annotation.text.split()
    assert all(a.end <= b.start + 0.011 for a, b in pairwise(words))
    said = next(line for line in TRUTH["speech"] if "guitar" in line["text"].lower())
    guitar = next(word for word in words if "guitar" in word.word.lower())
    assert said["start"] - 0.5 < guitar.start < guitar.end < said["end"] + 0.5


@real
def test_the_originals_example_runs_unchanged():
    import whisper_at as whisper

    audio_tagging_time_resolution = 10
    model = whisper.load_model("tiny.en")
    result = model.transcribe(str(SCENE), at_time_res=audio_tagging_time_resolution)
    assert wer(result["text"]) < 0.25  # greedy, as the original's default
    assert result["segments"][0]["text"]
    audio_tag_result = whisper.parse_at_label(
        result, language="follow_asr", top_k=5, p_threshold=-1, include_class_list=list(range(527))
    )
    assert len(audio_tag_result) == 6
    assert audio_tag_result[0]["time"] == {"start": 0, "end": 10}
    assert result["audio_tag"].shape == (6, 527)


def test_options_are_those_of_both_branches():
    options = Options(language="en", tag_resolution=2).with_(beam_size=1)
    assert isinstance(options, SpeechOptions)
    assert (options.language, options.tag_resolution, options.beam_size) == ("en", 2, 1)


def test_an_option_that_does_not_exist_is_named():
    with pytest.raises(whisper_at.OptionError, match="no option 'langauge'; did you mean 'language'"):
        Options().with_(langauge="en")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"compute_type": "int4"}, "compute_type must be one of auto, int8, float32"),
        ({"engine": "onnx"}, "engine must be auto, openvino or torch"),
    ],
)
@real
def test_senseless_settings_of_load_are_refused(settings, message):
    with pytest.raises(whisper_at.OptionError, match=message):
        whisper_at.load("tiny.en", **settings)
