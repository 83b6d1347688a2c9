"""The original's interface, and its defects one by one: each test shows one gone.

Numbers are those of the list of defects in docs/original.md. Most run on a recording that tells the time: an encoder
whose taps are the time they were heard at, a head that repeats it, and a decoder that seeks as it is told.
"""

import time
import tracemalloc
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose

import whisper_at
from tests.model.tiny import head_card
from tests.tagging.clock import clock_encoder
from whisper_at.audio import MelStream, Recording
from whisper_at.compat import CompatModel
from whisper_at.errors import HeadError, OptionError
from whisper_at.hearing.in_batches import hear_in_batches
from whisper_at.hearing.in_order import hear_in_order
from whisper_at.hearing.options import Options
from whisper_at.model.decoder import Hypothesis
from whisper_at.model.encoder import Encoded
from whisper_at.model.head_file import Head
from whisper_at.model.weights import find
from whisper_at.pipeline import Model
from whisper_at.tagging import ontology

pytestmark = pytest.mark.model  # the tokenizer is the real one

HOPS_OF_REAL_SPEECH = (29.0, 26.0, 27.0)  # what tiny.en does with 93.6 s of speech: seeks 0, 29, 55, 82


@dataclass
class SeekingDecoder:
    """Answers each window with one finished segment, so that the next one starts `hops[i]` seconds later."""

    hops: tuple[float, ...]
    calls: int = 0

    def generate(self, features, prompts, search, *, seeds=None, rows=None, until=None):
        hop = self.hops[self.calls % len(self.hops)]
        self.calls += 1
        begin, text = 50363, 318
        end = begin + round(hop / 0.02)
        return [Hypothesis(tokens=(begin, text, end, end, text), avg_logprob=-0.1, no_speech_prob=0.0)]

    def detect_language(self, features):
        return [{"en": 1.0}]


def clock_model(hops=HOPS_OF_REAL_SPEECH):
    """A model whose logits are the time in seconds that they were pooled from."""
    windows = []

    def encoder(mel, pool):
        # The first log-mel value of each window carries its seek: see `recording`.
        taps = []
        for window, matrix in zip(mel, pool, strict=True):
            seek = round(float(window[0, 0]) * 1000)
            windows.append(seek)
            taps.append((matrix @ clock_encoder(seek))[None])
        return Encoded(np.zeros((len(mel), 1500, 1), np.float32), np.stack(taps))

    model = Model(
        checkpoint=find("tiny.en"),
        encoder=encoder,
        decoder=SeekingDecoder(hops),
        head=Head(card=head_card(name="clock", n_state=1, n_layers=1, reported=()), arrays={}, sha256=""),
        head_function=lambda taps: np.repeat(taps[:, 0].mean(axis=1) / 100, 527, axis=1),
    )
    return model, windows


@pytest.fixture
def telling_mel(monkeypatch):
    """A log-mel whose every column holds its own number, so that the encoder can tell where it is."""

    class TellingMel(MelStream):
        def between(self, start, stop):
            self.reaches(stop)
            columns = np.zeros((80, min(stop, self.n_frames) - start), np.float32)
            columns[0] = np.arange(start, min(stop, self.n_frames)) / 1000
            return columns

    monkeypatch.setattr("whisper_at.hearing.session.MelStream", TellingMel)


def rows_of(seconds, resolution, hops=HOPS_OF_REAL_SPEECH):
    model, windows = clock_model(hops)
    silence = np.zeros(round(seconds * 16000), np.float32)
    result = CompatModel(model).transcribe(silence, at_time_res=resolution)
    return result, windows


def own_times(seconds, resolution, cell=0.4):
    """For each row the mean of its cells' middles: the last cell and row may be cut."""
    n_cells = int(np.ceil(seconds / cell - 1e-9))
    middles = [(i * cell + min((i + 1) * cell, seconds)) / 2 for i in range(n_cells)]
    per_row = round(resolution / cell)
    return [float(np.mean(middles[i : i + per_row])) for i in range(0, n_cells, per_row)]


@pytest.mark.parametrize("resolution", [0.4, 2, 10, 12, 20, 60])
def test_1_tags_lie_in_their_own_rows_wherever_windows_start(telling_mel, resolution):
    """The original's rows describe audio 6 to 18 s away in this recording."""
    result, windows = rows_of(93.6, resolution)
    assert windows == [0, 2900, 5500, 8200]
    assert_allclose(result["audio_tag"][:, 0], own_times(93.6, resolution), atol=0.02)


@pytest.mark.parametrize(("seconds", "resolution"), [(60, 12), (90, 20), (61, 0.4)])
def test_2_every_row_is_written(telling_mel, seconds, resolution):
    """The original leaves rows at zero where its length does not divide 30 s, and then names labels for them."""
    result, _ = rows_of(seconds, resolution, hops=(30.0,))
    assert result["audio_tag"].shape == (int(np.ceil(seconds / resolution - 1e-9)), 527)
    assert_allclose(result["audio_tag"][:, 0], own_times(seconds, resolution), atol=0.02)


def test_3_a_row_may_be_longer_than_a_window(telling_mel):
    result, _ = rows_of(150, 60, hops=(28.0,))
    assert_allclose(result["audio_tag"][:, 0], [30, 90, 135], atol=0.02)


def test_4_memory_does_not_grow_with_the_windows(telling_mel):
    """The original keeps 17.7 MB a window for `base`. Here what stays are the logits: 158 kB a window of 75 cells."""
    model, _ = clock_model(hops=(30.0,))
    peaks = []
    for windows in (40, 120):  # two blocks and six
        recording = Recording(name="long", samples=np.zeros(windows * 480_000, np.float32))
        tracemalloc.start()
        hear_in_order(recording.stream(), model, Options(language="en"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 80 * 500_000


def test_5_padding_is_never_scored(telling_mel):
    """12 s: the second row is the mean of 10 to 12 s, not of 10 to 20 s of which 8 are silence."""
    result, _ = rows_of(12, 10, hops=(12.0,))
    assert_allclose(result["audio_tag"][:, 0], [5, 11], atol=0.02)


def test_6_each_window_of_a_batch_has_its_own_tags(telling_mel):
    model, windows = clock_model()
    silence = Recording(name="x", samples=np.zeros(16000 * 93, np.float32))
    options = Options(labels=model.head.card.mids)
    (heard,) = hear_in_batches([silence.stream()], model, options, words=False)
    assert windows == [0, 3000, 6000, 9000]  # one batch
    track = heard.tracks[0]
    assert_allclose(track.rows[:, 0], own_times(93, 10), atol=0.02)


CLIPS = {"clip_timestamps": (10.1, 21, 45, 80)}


@pytest.mark.parametrize("sequential", [False, True])
def test_of_clips_each_hears_its_own_time_and_nothing_else_is_heard(telling_mel, sequential):
    """Rows count from the cell in which a clip begins; a cell that it cuts is the mean of what is heard of it."""
    model, windows = clock_model()
    stream = Recording(name="x", samples=np.zeros(16000 * 93, np.float32)).stream()
    options = Options(**CLIPS, labels=model.head.card.mids, sequential=sequential, speech_gate="off")
    (heard,) = (
        [hear_in_order(stream, model, options)]
        if sequential
        else hear_in_batches([stream], model, options, words=False)
    )
    assert all(1010 <= seek < 2100 or 4500 <= seek < 8000 for seek in windows)
    first, second = heard.tracks
    assert (first.start, first.n_frames, second.start, second.n_frames) == (1010, 2100, 4500, 8000)
    # Cells lie on the recording: 25 begins at 10.0 s, 52 ends at 21.2 s, 112 begins at 44.8 s.
    assert_allclose(first.cells[[0, 1, -1], 0], [10.25, 10.6, 20.9], atol=0.02)
    assert_allclose(second.cells[[0, 1, -1], 0], [45.1, 45.4, 79.8], atol=0.02)
    assert (len(first.cells), len(second.cells)) == (28, 88)
    assert (len(first.rows), len(second.rows)) == (2, 4)
    assert heard.until is None and heard.notes == ()


def test_a_clip_beyond_the_end_is_told(telling_mel):
    model, windows = clock_model()
    silence = Recording(name="x", samples=np.zeros(16000 * 20, np.float32))
    options = Options(clip_timestamps="5,8,30,40")
    (heard,) = hear_in_batches([silence.stream()], model, options, words=False)
    assert windows == [500] and len(heard.tracks) == 1
    assert heard.notes == ("nothing from 30 s on was heard: it ends at 20.0 s",)


def test_clips_have_no_place_in_the_originals_rows():
    model, _ = clock_model()
    with pytest.raises(OptionError, match="the original's rows follow each other from 0 s on"):
        CompatModel(model).transcribe(np.zeros(16000, np.float32), **CLIPS)
    with pytest.raises(OptionError, match="the original hears the mix of all channels"):
        CompatModel(model).transcribe(np.zeros(16000, np.float32), channels="split")


def test_7_language_detection_costs_no_second_encoding(telling_mel):
    result, windows = rows_of(29, 10, hops=(29.0,))
    assert result["language"] == "en"
    assert windows == [0]


def test_8_labels_are_chosen_among_those_that_are_asked_for():
    """The original finds nothing when cough is the 50th most probable label and cough alone is asked for."""
    logits = np.linspace(5, 0, 527, dtype=np.float32)[None]
    cough = ontology.find("Cough").index
    logits[0, cough] = 0.7
    result = {"audio_tag": logits, "at_time_res": 10, "language": "en"}
    (row,) = whisper_at.parse_at_label(result, include_class_list=[cough], top_k=10, p_threshold=-5)
    assert row["audio tags"] == [("Cough", pytest.approx(0.7))]
    (everything,) = whisper_at.parse_at_label(result, top_k=1000, p_threshold=-1)
    assert len(everything["audio tags"]) == 527


def test_8_languages_go_by_name_and_translations_have_english_labels():
    result = {
        "audio_tag": np.ones((1, 527), np.float32),
        "at_time_res": 10,
        "language": "zh",
        "task": "translate",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = whisper_at.parse_at_label(result)
        assert rows == whisper_at.parse_at_label(result, language="English")
    assert rows[0]["audio tags"][0][0] == "Speech"
    (row,) = whisper_at.parse_at_label({**result, "task": "transcribe"}, include_class_list=[74])
    assert row["audio tags"][0][0] == "狗"
    assert [row] == whisper_at.parse_at_label(result, language="Chinese", include_class_list=[74])
    with pytest.warns(UserWarning, match="no label names in 'cy'; they are given in English"):
        whisper_at.parse_at_label(result, language="Welsh")
    with pytest.raises(OptionError, match="none that Whisper knows"):
        whisper_at.parse_at_label(result, language="Klingonese")


def test_8_many_rows_are_quick():
    """900 rows took the original 3.3 s, with 50 labels each 24 s."""
    logits = np.random.default_rng(0).standard_normal((900, 527)).astype(np.float32)
    started = time.process_time()
    rows = whisper_at.parse_at_label({"audio_tag": logits, "at_time_res": 0.4, "language": "en"}, top_k=50)
    assert time.process_time() - started < 2
    assert len(rows) == 900


def test_9_a_model_is_loaded_from_a_path(tmp_path):
    """A fine-tuned model is a folder; the original's `load_model(path)` always fails."""
    folder = tmp_path / "my-own-tiny"
    folder.symlink_to(find("tiny.en").folder)
    assert find(folder).dims == find("tiny.en").dims


def test_9_a_head_that_was_never_published_is_named_before_anything_is_fetched():
    with pytest.raises(HeadError, match=r"no head is called 'tiny\.en-tl-tr-512'; there is .*tiny\.en-tl-tr"):
        whisper_at.load_model("tiny.en", at_low_compute=True)


def test_11_rows_do_not_depend_on_the_decoder(telling_mel):
    tags = [
        rows_of(93.6, 10, hops=hops)[0]["audio_tag"] for hops in [HOPS_OF_REAL_SPEECH, (30.0,), (3.0, 17.0)]
    ]
    assert_allclose(tags[0], tags[1], atol=1e-3)
    assert_allclose(tags[0], tags[2], atol=1e-3)


def test_11_tags_need_no_decoder(telling_mel):
    model, _ = clock_model()
    model.decoder = None
    annotation = model.tag(np.zeros(16000 * 40, np.float32))
    assert annotation.text == "" and annotation.language is None
    assert [row.end for row in annotation.tags.rows] == [10, 20, 30, 40]


@pytest.mark.parametrize("resolution", [4.4, 8.8, 9.2, 16.4, 17.6, 18.4, 19.6, 20.4, 3 * 0.4])
def test_lengths_that_the_original_refuses(telling_mel, resolution):
    result, _ = rows_of(21, resolution, hops=(21.0,))
    assert len(result["audio_tag"]) == np.ceil(21 / resolution)


@pytest.mark.parametrize("resolution", [0, -10, 0.3])
def test_senseless_lengths_are_refused_with_a_sentence(resolution):
    with pytest.raises(OptionError, match=r"multiple of 0\.4 s"):
        rows_of(1, resolution)


def test_the_last_row_ends_with_the_recording(telling_mel):
    result, _ = rows_of(12.5, 10, hops=(12.5,))
    assert [row["time"] for row in whisper_at.parse_at_label(result)] == [
        {"start": 0, "end": 10},
        {"start": 10, "end": 12.5},
    ]


def test_the_result_has_the_originals_shape(telling_mel):
    result, _ = rows_of(12.5, 10, hops=(5.0,))
    assert {"text", "segments", "language", "at_time_res", "audio_tag"} <= result.keys()
    assert result["audio_tag"].dtype == np.float32
    assert list(result["segments"][0]) == [
        *("id", "seek", "start", "end", "text", "tokens"),
        *("temperature", "avg_logprob", "compression_ratio", "no_speech_prob"),
    ]
    assert result["segments"][1]["seek"] == 500


def test_labels_and_languages_are_printed(capsys):
    whisper_at.print_label_name(language="en")
    assert capsys.readouterr().out.splitlines()[74] == "index: 74 : Dog"
    whisper_at.print_support_language()
    assert {"en", "zh", "zh-Hant"} <= {*capsys.readouterr().out.split()}
    with pytest.raises(OptionError, match="labels are there in ar, de, en"):
        whisper_at.print_label_name(language="xx")


def test_an_option_that_does_not_exist_is_named(telling_mel):
    model, _ = clock_model()
    with pytest.raises(OptionError, match="no option 'best_off'; did you mean 'best_of'"):
        CompatModel(model).transcribe(np.zeros(16000, np.float32), best_off=3)
