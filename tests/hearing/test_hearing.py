"""What is heard in a recording hangs on the recording alone: not on the batch, its neighbours or what ran before."""

import os
import threading
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

import whisper_at
from tests.audio.synth import wav
from whisper_at.audio import Recording, Stream, read
from whisper_at.hearing.options import Options
from whisper_at.pipeline import heard as pipeline_heard
from whisper_at.pipeline import said

SCENE = Path(__file__).parents[2] / "examples" / "street.ogg"

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def model():
    return whisper_at.load("tiny.en")


@pytest.fixture(scope="module")
def scene():
    return read(SCENE)


@pytest.fixture(scope="module")
def recordings(scene):
    """The scene, half of it, silence, and a part shorter than a window."""
    samples = scene.samples
    return [
        scene,
        Recording(name="half", samples=samples[: len(samples) // 2]),
        Recording(name="silence", samples=np.zeros(5 * 16_000, np.float32)),
        Recording(name="part", samples=samples[9 * 16_000 : 20 * 16_000]),
    ]


def without_scores(annotation):
    """All but what rounding may move: a batch is multiplied in another order."""
    segments = tuple(
        replace(s, avg_logprob=round(s.avg_logprob, 2), no_speech_prob=round(s.no_speech_prob, 2))
        for s in annotation.segments
    )
    return annotation.text, segments, annotation.language, annotation.dropped


@pytest.fixture(scope="module")
def alone(model, recordings):
    return [model.annotate(recording.samples, batch_size=1) for recording in recordings]


@pytest.mark.parametrize("batch_size", [2, 3, 8])
def test_no_result_depends_on_the_batch(model, recordings, alone, batch_size):
    together = list(model.annotate_all(recordings, batch_size=batch_size))
    for one, other in zip(alone, together, strict=True):
        assert without_scores(one) == without_scores(other)
        assert [(e.label, e.start, e.end) for e in one.events] == [
            (e.label, e.start, e.end) for e in other.events
        ]


def test_no_result_depends_on_the_order_of_recordings(model, recordings, alone):
    backwards = list(model.annotate_all(reversed(recordings)))
    for one, other in zip(alone, reversed(backwards), strict=True):
        assert without_scores(one) == without_scores(other)


def test_batches_and_sequence_hear_the_same_words_in_a_plain_recording(model, scene):
    batches, sequence = (model.annotate(SCENE, sequential=s).text.lower().split() for s in (False, True))
    # In their order, wherever they stand: one word more must not move all that follow out of their places.
    same = sum(block.size for block in SequenceMatcher(None, batches, sequence, False).get_matching_blocks())
    assert same >= 0.8 * len(sequence)


def test_nothing_is_written_where_nobody_speaks(model, alone):
    silence = alone[2]
    assert silence.text == "" and silence.segments == ()
    assert [(one.start, one.end, one.text) for one in silence.dropped] == [(0.0, 5.0, "")]


def test_recordings_are_read_only_when_there_is_room_for_them(model, scene):
    read_so_far = []

    def coming():
        for i in range(6):
            read_so_far.append(i)
            yield scene

    annotations = model.annotate_all(coming(), batch_size=2)
    next(annotations)
    assert len(read_so_far) <= 5


def test_what_was_heard_before_it_was_stopped_is_kept_and_said(model, scene):
    """Stopped after the first of the scene's two windows."""
    stop = threading.Event()
    whole = model.annotate(SCENE)
    annotation = model.annotate(SCENE, batch_size=1, cancel=stop, progress=lambda done, total: stop.set())
    assert 10 < annotation.segments[-1].end < 31
    (note,) = [note for note in annotation.notes if note.startswith("stopped at")]
    assert note.endswith(f"of {scene.duration:.1f} s")
    assert whole.text.startswith(annotation.text)
    assert len(annotation.tags.rows) < len(whole.tags.rows)
    assert annotation.tags.rows[-1].end == max(row.end for row in annotation.tags.rows) < 31
    assert all(event.start < event.end < 31 for event in annotation.events)


def test_stopped_before_it_began_it_is_empty(model):
    stop = threading.Event()
    stop.set()
    for sequential in (False, True):
        annotation = model.annotate(SCENE, cancel=stop, sequential=sequential)
        assert annotation.text == "" and "stopped at 0.0 s" in annotation.notes[0]


def test_progress_rises_to_the_end(model, scene):
    told = []
    model.annotate(SCENE, batch_size=1, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1] == pytest.approx(scene.duration, abs=0.01)


def minutes(scene, n, taken):
    """The scene over and over, in blocks of 40 s; `taken` counts them."""
    samples = np.tile(scene.samples, 1 + 60 * n // int(scene.duration))[: 60 * n * 16_000]

    def blocks():
        for start in range(0, len(samples), 640_000):
            taken.append(start)
            yield samples[start : start + 640_000]

    return Stream(name="long", blocks=blocks(), promised=60.0 * n, notes=tuple, samples_per_block=640_000)


@pytest.mark.parametrize("sequential", [False, True])
def test_segments_come_while_the_rest_is_still_to_be_read(model, scene, sequential):
    taken = []
    options = Options(batch_size=1, sequential=sequential)
    segments = said(minutes(scene, 3, taken), model, options)
    first = next(segments)
    assert first.start < 15 and len(taken) <= 3
    others = list(segments)
    assert len(taken) == 5 and others[-1].end > 120
    starts = [segment.start for segment in [first, *others]]
    assert starts == sorted(starts)
    assert [segment.id for segment in [first, *others]] == list(range(len(starts)))


def test_the_segments_are_those_of_the_annotation(model):
    for options in ({}, {"sequential": True}, {"word_timestamps": True, "batch_size": 1}):
        assert tuple(model.segments(SCENE, **options)) == model.annotate(SCENE, **options).segments


@pytest.mark.parametrize("sequential", [False, True])
def test_a_clip_is_heard_as_if_it_were_the_recording_but_for_its_times(model, scene, recordings, sequential):
    alone = model.annotate(recordings[3].samples, sequential=sequential)  # from 9 to 20 s
    clip = model.annotate(SCENE, clip_timestamps="9,20", sequential=sequential)
    # The recording is cut within a word, which may be heard or not.
    assert clip.text and alone.text.lower().endswith(clip.text.lower())
    assert 9 <= clip.segments[0].start and clip.segments[-1].end <= 20
    assert clip.segments[-1].end - 9 == pytest.approx(alone.segments[-1].end, abs=0.3)
    assert all(9 <= event.start < event.end <= 20 for event in clip.events)
    assert [(row.start, row.end) for row in clip.tags.rows] == [(9.0, 19.0), (19.0, 20.0)]
    assert clip.duration == scene.duration and not clip.notes


def test_sounds_that_come_as_they_are_heard_are_those_of_the_whole(model, scene):
    """In three windows: what goes on over a border comes twice, the second time with its end."""
    long = Recording(name="long", samples=np.concatenate([scene.samples] * 2))
    heard = list(model.events(long.samples, batch_size=1))
    assert [e.start for e in heard] != []
    final = {(e.mid, e.start): e for e in heard}
    whole = model.tag(long.samples, batch_size=1, parents=True).events
    assert sorted(final.values(), key=str) == sorted(whole, key=str)
    for event in heard:
        assert event.start <= final[event.mid, event.start].end


def test_a_pipe_is_heard_while_it_is_written(model, scene):
    """A minute of it is enough for the first sounds, and they come although nobody closes it."""
    receiver, sender = os.pipe()
    rung, waited = threading.Event(), []

    def send():
        with os.fdopen(sender, "wb") as pipe:
            pipe.write(wav((scene.samples * 32767).astype(np.int16), 16_000))
            pipe.flush()
            waited.append(rung.wait(60))

    sending = threading.Thread(target=send)
    sending.start()
    with os.fdopen(receiver, "rb") as pipe:
        events = iter(model.events(pipe, batch_size=1))
        first = next(events)
        rung.set()
        heard = [first, *events]
    sending.join()
    assert waited == [True]
    assert first.end < 40
    assert {event.label for event in heard} >= {"Speech", "Music"}


def test_sounds_are_given_before_the_rest_is_read(model, scene):
    """Of an endless recording."""
    minute = scene.samples
    blocks = (minute for _ in iter(int, 1))
    endless = Stream(name="endless", blocks=blocks, promised=0.0, notes=tuple, samples_per_block=len(minute))
    first = next(iter(pipeline_heard(endless, model, model.head.card, Options(batch_size=1))))
    assert first.end < 60
