"""What a user names, as labels: names, mids, and groups of labels.

In: text such as "Siren, vehicles, group:music". Out: mids, and `group:KEY` for groups, whose labels depend on the head.

A name that is both, such as "Music", is the label; `group:music` is the group.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

from whisper_at.errors import OptionError
from whisper_at.tagging import groups, ontology
from whisper_at.tagging.wording import group_name

GROUP = "group:"


def select(text: str) -> tuple[str, ...]:
    """The labels and groups of a list joined by commas, each once, in the order asked for.

    >>> select("Dog, vehicles, group:music, Chirp, tweet")
    ('/m/0bt9lr', 'group:vehicles', 'group:music', '/m/07pggtn')

    Raises:
        OptionError: if a part is neither; names the nearest.
    """
    pieces = [piece for piece in text.split(",") if piece.strip()]
    if not pieces:
        return tuple(label.mid for label in ontology.select(text))  # which says what is wanted
    chosen: list[str] = []
    while pieces:
        named = ontology.whole_name(pieces)  # first: "pets" is a group, but "Domestic animals, pets" a label
        if named is not None:
            chosen.append(named[0].mid)
        else:
            key = _group(pieces[0])
            chosen.append(_mid(pieces[0]) if key is None else GROUP + key)
        pieces = pieces[named[1] if named is not None else 1 :]
    return tuple(dict.fromkeys(chosen))


def expanded(chosen: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The mids of what was chosen: labels as they are, of groups those that are known.

    >>> expanded(("/m/0bt9lr", "group:explosions"), known=("/m/032s66", "/m/06mb1"))
    ('/m/0bt9lr', '/m/032s66')
    """
    known = tuple(known)
    mids: list[str] = []
    for one in chosen:
        if one.startswith(GROUP):
            of_group = {label.mid for label in groups.members(one.removeprefix(GROUP))}
            mids += [mid for mid in known if mid in of_group]
        else:
            mids.append(one)
    return tuple(dict.fromkeys(mids))


def size(chosen: str) -> int:
    """How many labels a group has; 0 of a label, which is none.

    >>> size("group:explosions"), size("/m/0bt9lr")
    (11, 0)
    """
    return len(groups.members(chosen.removeprefix(GROUP))) if chosen.startswith(GROUP) else 0


def with_kinds(chosen: Iterable[str]) -> frozenset[str]:
    """The mids of what was chosen and of all kinds of it."""
    found: set[str] = set()
    for one in chosen:
        if one.startswith(GROUP):
            found |= {label.mid for label in groups.members(one.removeprefix(GROUP))}
        else:
            found.add(one)
            if any(label.mid == one for label in ontology.labels()):
                found |= {label.mid for label in ontology.descendants(one)}
    return frozenset(found)


def _group(piece: str) -> str | None:
    """The key of the group that is called so."""
    asked = " ".join(piece.casefold().split())
    if asked.startswith(GROUP):
        key = _keys().get(asked.removeprefix(GROUP).strip())
        if key is None:
            near = get_close_matches(asked.removeprefix(GROUP), _keys(), n=3) or list(groups.GROUPS)
            raise OptionError(f"no group is called '{piece.strip()}'; there is {', '.join(near)}")
        return key
    return _keys().get(asked)


def _mid(piece: str) -> str:
    try:
        return ontology.find(piece).mid
    except OptionError as error:
        near = get_close_matches(piece.strip().casefold(), _keys(), n=2)
        hint = f"; or the group {' or '.join(repr(GROUP + _keys()[name]) for name in near)}" if near else ""
        raise OptionError(f"{error}{hint}") from error


@cache
def _keys() -> dict[str, str]:
    """Keys of groups by what they may be called."""
    called = {group_name(key).casefold(): key for key in groups.GROUPS}
    return called | {key: key for key in groups.GROUPS}
