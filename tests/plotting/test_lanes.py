"""Lanes: the probability is drawn from its first step to the end of its last."""

from dataclasses import replace

import numpy as np
import pytest

from tests.test_annotation import ANNOTATION
from whisper_at.annotation import Curve, Curves, Tag, TagRow, Tags
from whisper_at.plotting.sheet import COLUMNS
from whisper_at.plotting.sounds import curve

RAIN = "/m/06mb1"


def row(start, end, probability, channel=None):
    tag = Tag(label="Rain", mid=RAIN, probability=probability)
    return TagRow(start=start, end=end, tags=(tag,) if probability else (), channel=channel)


def of_rows(*rows):
    return replace(ANNOTATION, duration=30.0, curves=None, tags=Tags(resolution=10, rows=rows))


def of_cells(*curves):
    found = tuple(Curve(label="Rain", mid=RAIN, probabilities=tuple(one)) for one in curves)
    return replace(ANNOTATION, duration=7200.0, curves=Curves(resolution=0.2, curves=found))


@pytest.mark.parametrize(
    ("annotation", "edges", "shares"),
    [
        (of_rows(row(0, 10, 0.9)), [0, 10], [0.9]),  # also where there is a single one
        (of_rows(row(0, 10, 0.9), row(10, 14, 0)), [0, 10, 14], [0.9, 0]),
        (
            of_rows(row(0, 10, 0.9), row(20, 30, 0.5)),
            [0, 10, 20, 30],
            [0.9, 0, 0.5],
        ),  # the middle was not heard
        (of_rows(row(0, 10, 0.2, 0), row(0, 10, 0.7, 1)), [0, 10], [0.7]),  # of channels the likelier
        (of_rows(), [0], []),
    ],
)
def test_rows_of_tags_are_steps(annotation, edges, shares):
    found = curve(annotation, RAIN)
    assert (list(found[0]), list(found[1])) == (edges, shares)


def test_of_channels_of_different_lengths_the_likelier_counts():
    edges, shares = curve(of_cells([0.1, 0.9], [0.5, 0.2, 0.3]), RAIN)
    assert list(shares) == [0.5, 0.9, 0.3] and list(edges) == pytest.approx([0, 0.2, 0.4, 0.6])


def test_a_short_sound_is_seen_in_two_hours():
    probabilities = np.zeros(36_000)
    probabilities[20_000] = 0.8
    edges, shares = curve(of_cells(probabilities), RAIN)
    assert len(edges) - 1 == len(shares) == COLUMNS
    assert edges[0] == 0 and edges[-1] == pytest.approx(7200)
    at = shares.argmax()
    assert shares[at] == 0.8 and edges[at] <= 4000 < edges[at + 1]
