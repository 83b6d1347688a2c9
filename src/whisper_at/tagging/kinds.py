"""Which sounds come in strokes and which go on: a knock is over at once, rain is not over because a drop is missing."""

from dataclasses import dataclass
from functools import cache

from whisper_at.tagging import ontology

STROKES = (
    *(
        "/m/014zdl",
        "/t/dd00099",
        "/t/dd00133",
        "/m/083vt",
        "/m/039jq",
    ),  # explosions, knocks and blows, wood, glass
    *(
        "/m/0k65p",
        "/m/01b_21",
        "/m/01hsr_",
        "/m/07ppn3j",
        "/m/02p3nc",
        "/m/03q5_w",
    ),  # hands, cough, sneeze, sniff, ...
    *("/m/02dgv", "/m/0dv5r", "/m/0242l", "/m/03l9g", "/m/07qc9xj"),  # door, camera, coin, hammer, clicking
    "/m/0l14md",  # percussion
)
"""Nodes of the ontology at and under which sounds are short."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a sound behaves in time, in seconds.

    smoothing: a median over so long; 0 for none. gap: it goes on over a pause that is no longer. shortest: what is
    shorter is a flicker.
    """

    smoothing: float
    gap: float
    shortest: float


# Found on scenes of a fold that is not the test fold, see experiments/LOG.md.
STROKE = Kind(smoothing=0.0, gap=0.4, shortest=0.0)
SUSTAINED = Kind(smoothing=0.6, gap=1.0, shortest=0.4)


@cache
def _strokes() -> frozenset[str]:
    return frozenset(label.mid for root in STROKES for label in ontology.at_or_under(root))


def kind_of(mid: str) -> Kind:
    """How a label behaves; one that the ontology does not have is taken for a sound that goes on.

    >>> kind_of("/m/07r4wb8") is STROKE, kind_of("/m/06mb1") is SUSTAINED  # Knock; Rain
    (True, True)
    """
    return STROKE if mid in _strokes() else SUSTAINED
