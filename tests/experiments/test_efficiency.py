"""What is counted of published sizes without their weights is what the checkpoints hold, and what papers say."""

import os
from pathlib import Path

import efficiency
import pytest

from whisper_at.evaluation.cost import Cost, blank_encoder, count, encoder_graph, head_graph

OTHERS = {"AST": Cost(parameters=1, multiply_adds=10**12)}


def test_ast_is_as_large_as_published():
    found = efficiency.ast_cost()
    assert found.parameters == pytest.approx(87e6, rel=0.01)
    assert found.multiply_adds == pytest.approx(3 * efficiency.AST_PUBLISHED, rel=0.03)


@pytest.mark.parametrize(
    ("size", "name", "parameters", "giga"),
    [
        ("tiny", "tl-tr", 3_751_823, 0.186),
        ("base", "tl-tr", 6_575_119, 0.495),
        ("small", "tl-tr-512", 6_970_383, 1.108),
        ("medium", "tl-tr", 25_732_623, 7.884),
        ("large-v1, large-v2", "tl-tr-512", 7_233_551, 3.163),
    ],
)
def test_the_papers_heads_are_as_large_as_their_checkpoints(size, name, parameters, giga):
    """Parameters of the published files, and what fvcore counts in their networks for one row of 10 s."""
    found = count(head_graph(efficiency.head_of(name, efficiency.SIZES[size]), 1, 25))
    assert found.parameters == parameters
    assert found.multiply_adds / 1e9 == pytest.approx(giga, abs=6e-4)


def test_a_large_encoder_takes_no_room_to_count():
    """637 million numbers, which written out would be 2.5 GB."""
    dims, before = efficiency.SIZES["large-v3, large-v3-turbo"], resident()
    blank = blank_encoder(dims)
    graph = encoder_graph(dims, blank, 0)
    grown = resident() - before
    assert count(graph).parameters == sum(array.size for array in blank.values()) > 600_000_000
    assert grown < 100_000_000


def resident():
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_projection_to_as_many_dimensions_is_left_out():
    sizes = {
        size: set(efficiency.counted(dims, OTHERS)["heads"])
        for size, dims in list(efficiency.SIZES.items())[:3]
    }
    assert {size: "tl-tr-512" in heads for size, heads in sizes.items()} == {
        "tiny": False,
        "base": False,
        "small": True,
    }


def test_claims_are_held_against_each_head():
    def head(share, times):
        return {"share, rows": share, "times less than AST, rows": times}

    told = efficiency.claims({"base": {"heads": {"a": head(0.009, 39.9), "b": head(0.01, 40.0)}}})
    assert list(told.values()) == [
        {"holds": ["a on base"], "fails": ["b on base"]},
        {"holds": ["b on base"], "fails": ["a on base"]},
    ]


def test_ratios_are_those_within_a_turn():
    """The machine grows ten times slower after the first turn: medians of times mix turns, ratios do not."""
    times = efficiency.times_of({"encoder": [1.0, 10.0, 10.0], "head": [0.5, 5.0, 5.0]}, "encoder")
    assert times["head"] == {"ms": 5000.0, "to encoder": 0.5}


def test_calls_are_made_in_turns_and_the_first_turn_does_not_count():
    made = []
    took = efficiency.in_turns({"a": lambda: made.append("a"), "b": lambda: made.append("b")}, 2)
    assert made == ["a", "b"] * 3
    assert {name: len(seconds) for name, seconds in took.items()} == {"a": 2, "b": 2}
