"""Rows and events of planted sounds, from taps that tell what is heard."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.tiny import head_card
from tests.tagging.clock import seek_lists
from whisper_at.audio import log_mel
from whisper_at.audio.windows import Window
from whisper_at.errors import OptionError
from whisper_at.model.heads import rows_of_cells
from whisper_at.tagging.events import report
from whisper_at.tagging.options import TagOptions
from whisper_at.tagging.tagger import Tagger
from whisper_at.timegrid import FRAMES_PER_WINDOW, STEPS_PER_WINDOW, TagGrid

SOUND = np.tile(np.linspace(0, 1, 80, dtype=np.float32)[:, None], (1, FRAMES_PER_WINDOW))
CARD = head_card({"/m/dog": "Dog", "/m/rain": "Rain"}, name="planted", n_state=2, n_layers=1)


def planted_head(taps):
    """[row, layer, cell, 2] to logits: a label is as probable as its share of the row is large."""
    share = np.clip(taps[:, 0].mean(axis=1), 1e-6, 1 - 1e-6)
    return np.log(share / (1 - share)).astype(np.float32)


def hear(sounds, seeks, n_frames, options, card=CARD):
    """The report on a recording in which `sounds` [frame, label] is 1 where a label is heard."""
    tagger = Tagger(card, planted_head, options, n_frames)
    for seek in seeks:
        n_real = min(FRAMES_PER_WINDOW, n_frames - seek)
        window = Window(seek=seek, n_frames=n_real, padded=SOUND)
        padded = np.ones((FRAMES_PER_WINDOW, 2), np.float32)  # padding is full of dogs and rain
        padded[:n_real] = sounds[seek : seek + n_real]
        steps = padded.reshape(STEPS_PER_WINDOW, 2, 2).mean(axis=1)
        matrix = tagger.plan(window)
        tagger.hear(window, matrix, (matrix @ steps)[None])
    found = report(tagger.track(), card, options)
    return found.events, found.rows


@given(seek_lists(whole_steps=True), st.sampled_from([0.4, 2.0, 10.0, 12.0, 60.0]), st.data())
def test_a_planted_sound_is_found_where_it_is(recording, resolution, data):
    seeks, n_frames = recording
    n_frames += n_frames % 2  # a step is two frames
    n_cells = TagGrid().n_cells(n_frames)
    first = data.draw(st.integers(0, n_cells - 1))
    last = data.draw(st.integers(first, n_cells - 1))
    sounds = np.zeros((n_frames, 2), np.float32)
    sounds[first * 40 : (last + 1) * 40, 0] = 1
    events, rows = hear(sounds, seeks, n_frames, TagOptions(tag_resolution=resolution))
    (event,) = events
    assert (event.label, event.start) == ("Dog", first * 40 / 100)
    assert event.end == min((last + 1) * 40, n_frames) / 100
    assert event.probability > 0.99
    assert rows[0].start == 0 and rows[-1].end == n_frames / 100
    per_row = round(resolution / 0.4)
    for i, row in enumerate(rows):
        cells = range(i * per_row, min((i + 1) * per_row, n_cells))
        heard = np.mean([first <= cell <= last for cell in cells])  # the last cell counts like the others
        if abs(heard - 0.5) > 1e-3:
            assert [tag.label for tag in row.tags] == (["Dog"] if heard > 0.5 else [])


def test_the_last_row_and_cell_are_means_over_what_is_there():
    """12.1 s of rain: the second row is 2.1 s of rain, not 2.1 s of rain and 7.9 s of padding."""
    n_frames = 1210
    sounds = np.zeros((n_frames, 2), np.float32)
    sounds[:, 1] = 1
    events, rows = hear(sounds, [0], n_frames, TagOptions())
    assert [(row.start, row.end, row.tags[0].label) for row in rows] == [
        (0, 10, "Rain"),
        (10, 12.1, "Rain"),
    ]
    assert [tag.probability for row in rows for tag in row.tags] == [1.0, 1.0]
    assert [(e.label, e.start, e.end) for e in events] == [("Rain", 0.0, 12.1)]


@given(seek_lists(whole_steps=True), st.sampled_from([0.4, 2.0, 10.0]))
def test_a_head_by_cell_hears_rows_as_if_it_had_been_run_on_them(recording, resolution):
    """And is run on each cell once: its rows are pooled from what it has said."""
    seeks, n_frames = recording
    n_cells = TagGrid().n_cells(n_frames)
    asked = []

    def cell_head(taps):
        asked.append(taps.shape)
        return rows_of_cells(4 * taps[:, 0] - 1)

    tagger = Tagger(
        replace(CARD, architecture="cell-mlp"), cell_head, TagOptions(tag_resolution=resolution), n_frames
    )
    steps = np.random.default_rng(n_frames).standard_normal((1, STEPS_PER_WINDOW, 2)).astype(np.float32)
    for seek in seeks:
        window = Window(
            seek=seek,
            n_frames=min(FRAMES_PER_WINDOW, n_frames - seek),
            padded=SOUND,
        )
        matrix = tagger.plan(window)
        tagger.hear(window, matrix, matrix @ steps)
    track = tagger.track()
    assert {shape[1:] for shape in asked} <= {(1, 1, 2)} and sum(shape[0] for shape in asked) == n_cells
    per_row = round(resolution / 0.4)
    every = [rows_of_cells(track.cells[None, at : at + per_row])[0] for at in range(0, n_cells, per_row)]
    np.testing.assert_allclose(track.rows, every, atol=1e-5)


def test_labels_are_filtered_before_the_top_is_taken():
    """The original takes the top k of all labels and then drops those that nobody asked for."""
    sounds = np.full((1000, 2), 0.9, np.float32)
    sounds[:, 1] = 0.6
    _, rows = hear(sounds, [0], 1000, TagOptions(top_k=1, labels=("/m/rain",)))
    assert [tag.label for tag in rows[0].tags] == ["Rain"]


def test_what_a_head_has_not_learned_is_said_only_when_asked_for():
    sounds = np.ones((1000, 2), np.float32)
    shy = replace(CARD, reported=("/m/dog",))
    for options, label in (TagOptions(), "Dog"), (TagOptions(labels=("/m/rain",)), "Rain"):
        events, rows = hear(sounds, [0], 1000, options, shy)
        assert [e.label for e in events] == [tag.label for row in rows for tag in row.tags] == [label]


def test_a_label_that_the_head_does_not_have_is_an_error():
    with pytest.raises(OptionError, match="head planted has no label /m/siren"):
        hear(np.zeros((100, 2), np.float32), [0], 100, TagOptions(labels=("/m/siren",)))


@pytest.mark.parametrize(
    ("change", "message"), [({"threshold": 1.2}, "between 0 and 1"), ({"top_k": 0}, "1 or more")]
)
def test_senseless_options_are_refused(change, message):
    with pytest.raises(OptionError, match=message):
        TagOptions(**change)


def test_in_silence_nothing_is_heard_whatever_the_head_says():
    """Digital silence, alone and after speech; and a hiss that no loudspeaker would give."""
    rng = np.random.default_rng(0)
    hiss, speech = 1e-5 * rng.standard_normal(32_000), 0.1 * rng.standard_normal(32_000)
    every_label = replace(CARD, reported=CARD.mids)
    for samples, heard in (
        (np.zeros(64_000), []),
        (np.concatenate([hiss, hiss]), []),
        (np.concatenate([speech, np.zeros(32_000)]), [(0, 2.0)]),
        (np.concatenate([hiss, speech]), [(2.0, 4.0)]),
    ):
        window = log_mel(samples).window(0)
        for by_cell in (False, True):
            card = replace(every_label, architecture="cell-mlp" if by_cell else "last-mlp")
            tagger = Tagger(card, lambda taps: np.full((len(taps), 2), 9, np.float32), TagOptions(), 400)
            matrix = tagger.plan(window)
            tagger.hear(window, matrix, np.ones((1, len(matrix), 2), np.float32))
            found = report(tagger.track(), card, TagOptions())
            dogs = [(e.start, e.end) for e in found.events if e.label == "Dog"]
            assert dogs == [pytest.approx(times, abs=0.02) for times in heard]  # a column looks 12 ms around
            if by_cell:
                assert bool(found.rows[0].tags) == bool(heard)
