"""Pictures of an evaluation: there, readable, and the same each time."""

from dataclasses import replace

import numpy as np
import pytest

from tests.evaluation.scenes import random_scene, scene
from tests.evaluation.test_run import QUICK, weak
from whisper_at.errors import OutputError
from whisper_at.evaluation import plots
from whisper_at.evaluation.run import evaluate


@pytest.fixture(scope="module")
def found():
    return evaluate(*weak(subset="esc10"), QUICK)


def test_each_picture_is_written_and_named(found, tmp_path):
    paths = plots.write_plots(found, tmp_path / "new", ".svg")
    assert [path.name for path in paths] == ["reliability.svg", "labels.svg", "confusion-esc-10.svg"]
    assert all(path.read_text().lstrip().startswith("<?xml") for path in paths)


def test_the_same_evaluation_gives_the_same_bytes(found, tmp_path):
    for suffix in (".png", ".svg"):
        for name in ("one", "two"):
            plots.write_plots(found, tmp_path / name, suffix)
        for path in (tmp_path / "one").glob(f"*{suffix}"):
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_bars_are_the_labels_with_their_intervals(found):
    axis = plots.label_bars(found).axes[0]
    assert [bar.get_width() for bar in axis.patches] == [row.ap.value for row in found.labels]
    assert [text.get_text() for text in axis.get_yticklabels()] == [f"{row.name} (2)" for row in found.labels]


def test_many_labels_stand_in_columns(found):
    many = replace(found, labels=found.labels * 70)
    axes = plots.label_bars(many).axes
    assert len(axes) == 3
    assert sum(len(axis.patches) for axis in axes) == 140


def test_the_reliability_line_goes_through_what_was_found():
    said, _, dataset = scene(*random_scene(2, n_clips=40))
    found = evaluate(said, dataset, QUICK).reliability
    line = plots.reliability_diagram(found).axes[0].lines[1]
    used = np.array(found.count) > 0
    np.testing.assert_allclose(line.get_xdata(), np.array(found.predicted)[used])
    np.testing.assert_allclose(line.get_ydata(), np.array(found.observed)[used])


def test_the_confusion_matrix_shows_each_count(found):
    one = found.closed_sets[0]
    axis = plots.confusion_matrix(one).axes[0]
    shown = {(int(y), int(x)): text.get_text() for text in axis.texts for x, y in [text.get_position()]}
    assert shown == {(r, c): str(n) for r, row in enumerate(one.confusion) for c, n in enumerate(row) if n}


def test_a_place_that_cannot_be_written_to_and_no_picture_are_errors(found, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        plots.write_plots(found, tmp_path / "file")
    with pytest.raises(OutputError, match=r"got '\.gif'"):
        plots.write_plots(found, tmp_path, ".gif")
