"""Groups of labels that people speak of together: "vehicles", "music", "domestic".

In: the key of a group. Out: its labels, from the AudioSet ontology: those at and below the nodes that it names.
"""

from collections.abc import Mapping
from functools import cache

from whisper_at.tagging import ontology
from whisper_at.tagging.ontology import Label

GROUPS: Mapping[str, tuple[str, ...]] = {
    "human": ("/m/0dgw9r",),  # Human sounds
    "speech": ("/m/09x0r",),
    "crowd": ("/t/dd00012",),  # Human group actions
    "animals": ("/m/0jbk",),
    "pets": ("/m/068hy",),  # Domestic animals, pets
    "farm": ("/m/0ch8v",),  # Livestock, farm animals, working animals
    "birds": ("/m/015p6",),
    "music": ("/m/04rlf",),
    "instruments": ("/m/04szw",),
    "vehicles": ("/m/07yv9",),
    "engines": ("/m/02mk9",),
    "domestic": ("/t/dd00071",),  # Domestic sounds, home sounds
    "alarms": ("/m/07pp_mv",),
    "bells": ("/m/0395lw",),
    "tools": ("/m/07k1x",),
    "machines": ("/t/dd00077",),  # Mechanisms
    "nature": ("/m/059j3w",),  # Natural sounds
    "water": ("/m/0838f", "/m/04k94"),  # Water, Liquid
    "explosions": ("/m/014zdl",),
    "impacts": ("/t/dd00099", "/t/dd00133"),  # Generic and specific impact sounds
    "noise": ("/t/dd00123",),  # Channel, environment and background
    # What a viewer must know of: sirens, smoke, fire and car alarms, alarm clocks, doorbells, buzzers, horns
    "important": (
        *(
            "/m/03kmc9",
            "/m/01y3hg",
            "/m/0c3f7m",
            "/m/02mfyn",
            "/m/046dlr",
            "/m/03wwcy",
            "/m/030rvx",
            "/m/0912c9",
        ),
        *("/m/014zdl", "/m/07rn7sz", "/t/dd00002", "/m/03qc9zr"),  # Explosion, Shatter, Baby cry, Screaming
    ),
}
"""Nodes of the ontology by key, in the order of lists."""

ALONE = {"important": ("/m/07pp_mv",)}  # Alarm, under which telephones are too


@cache
def members(key: str) -> tuple[Label, ...]:
    """The labels of a group, in the order of a head's outputs.

    >>> [label.name for label in members("explosions")][:3]
    ['Explosion', 'Gunshot, gunfire', 'Machine gun']
    """
    mids = {label.mid for root in GROUPS[key] for label in ontology.at_or_under(root)} | {*ALONE.get(key, ())}
    return tuple(label for label in ontology.labels() if label.mid in mids)
