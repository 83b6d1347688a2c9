"""The 527 AudioSet labels: their order, their names, and which sound is a kind of which.

In: `labels.tsv` beside this file. Out: `Label`s, found by name or mid, and their relations.
The labels are facts from AudioSet (Google, CC BY 4.0), the relations from the AudioSet ontology (Google,
CC BY-SA 4.0). A head's outputs lie in the published order, so `index` is the row of a logit.

The ontology has 632 nodes, 105 of which are no labels: gatherings such as "Human voice", or sounds too rare
to be tagged. Relations step through these: the parents of a label are the nearest *labels* above it.

The table is read at the first question and kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from itertools import islice

from whisper_at.errors import OptionError

SPEECH = "/m/09x0r"
SINGING = "/m/015lz1"


@dataclass(frozen=True, order=True)
class Label:
    """One of the 527: the row of its logit, its machine id and its display name."""

    index: int
    mid: str
    name: str


@dataclass(frozen=True)
class _Ontology:
    """All nodes; `up` and `down` lead from a mid to those one step above and below."""

    labels: tuple[Label, ...]
    label_of: Mapping[str, Label]
    up: Mapping[str, tuple[str, ...]]
    down: Mapping[str, tuple[str, ...]]


def labels() -> tuple[Label, ...]:
    """All labels, in the order of a head's outputs.

    >>> len(labels()), labels()[74]
    (527, Label(index=74, mid='/m/0bt9lr', name='Dog'))
    """
    return _ontology().labels


def find(name_or_mid: str) -> Label:
    """The label of this name or mid, in capitals or not.

    The part of a name before its first comma will do, if no other name begins so.

    >>> find("dog").mid, find("/m/0bt9lr").name, find("chirp").name
    ('/m/0bt9lr', 'Dog', 'Chirp, tweet')

    Raises:
        OptionError: if no label answers, or several do; names the nearest, at most three.
    """
    asked = _key(name_or_mid)
    found = _full_names().get(asked) or _ontology().label_of.get(asked)
    if found is not None:
        return found
    candidates = _short_names().get(asked, ())
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        names = " or ".join(f"'{label.name}'" for label in candidates[:3])
        raise OptionError(f"the label '{name_or_mid.strip()}' could be {names}; give the whole name")
    near = ", ".join(f"'{label.name}'" for label in _nearest(asked))
    hint = f"nearest: {near}" if near else "the names are those of AudioSet's 527 labels"
    raise OptionError(f"no label is called '{name_or_mid.strip()}'; {hint}")


def select(text: str) -> tuple[Label, ...]:
    """The labels of a comma-separated list, each once, in the order asked for.

    Names hold commas themselves, so a name goes as far as it can. No name begins with the whole of
    another, hence names joined by commas always come apart again as they were.

    >>> [label.name for label in select("Chirp, tweet,Dog,/m/04rlf")]
    ['Chirp, tweet', 'Dog', 'Music']

    Raises:
        OptionError: if a part is no label, or if there is none at all.
    """
    pieces = [piece for piece in text.split(",") if piece.strip()]
    if not pieces:
        raise OptionError(f"labels must be names or mids joined by commas, e.g. 'Dog,Siren'; got '{text}'")
    return tuple(dict.fromkeys(_longest_first(pieces)))


def whole_name(pieces: Sequence[str]) -> tuple[Label, int] | None:
    """The label whose whole name the first of some pieces make, as many as can be, and how many; None if none does.

    >>> whole_name(["Chirp", " tweet", "Dog"])
    (Label(index=113, mid='/m/07pggtn', name='Chirp, tweet'), 2)
    """
    full_names = _full_names()
    for n in range(1 + max(name.count(",") for name in full_names), 0, -1):
        label = full_names.get(_key(",".join(pieces[:n])))
        if label is not None:
            return label, min(n, len(pieces))
    return None


def parents(mid: str) -> tuple[Label, ...]:
    """The nearest labels above: what this sound is a kind of.

    >>> [label.name for label in parents("/m/05tny_")]  # Bark
    ['Dog']
    """
    return _beside(mid, _ontology().up)


def children(mid: str) -> tuple[Label, ...]:
    """The nearest labels below: kinds of this sound."""
    return _beside(mid, _ontology().down)


def ancestors(mid: str) -> tuple[Label, ...]:
    """All labels above, the nearest first; a label is not its own ancestor.

    >>> [label.name for label in ancestors("/m/05tny_")]  # Bark
    ['Dog', 'Domestic animals, pets', 'Animal']
    """
    return _labels_among(_walk(mid, _ontology().up))


def descendants(mid: str) -> tuple[Label, ...]:
    """All labels below, the nearest first."""
    return _labels_among(_walk(mid, _ontology().down))


def at_or_under(mid: str) -> tuple[Label, ...]:
    """The labels at and below a node, which need not be a label itself.

    >>> [label.name for label in at_or_under("/m/07ppn3j")]
    ['Sniff']
    """
    return _labels_among([mid, *_walk(mid, _ontology().down)])


def is_speech(mid: str) -> bool:
    """Whether this is speech or a kind of it: what a transcript may hold.

    >>> is_speech("/m/02zsn"), is_speech("/m/0bt9lr")  # Female speech; Dog
    (True, False)
    """
    return _is_or_under(mid, SPEECH)


def is_singing(mid: str) -> bool:
    """Whether this is singing or a kind of it."""
    return _is_or_under(mid, SINGING)


@cache
def _ontology() -> _Ontology:
    up: dict[str, tuple[str, ...]] = {}
    label_of: dict[str, Label] = {}
    for index, mid, name, above in _rows():
        up[mid] = tuple(above.split())
        if index:
            label_of[mid] = Label(int(index), mid, name)
    down: dict[str, list[str]] = {mid: [] for mid in up}
    for mid, parent_mids in up.items():
        for parent in parent_mids:
            down[parent].append(mid)
    return _Ontology(
        labels=tuple(sorted(label_of.values())),
        label_of=label_of,
        up=up,
        down={mid: tuple(below) for mid, below in down.items()},
    )


def _rows() -> Iterator[list[str]]:
    text = files("whisper_at.tagging").joinpath("labels.tsv").read_text(encoding="utf-8")
    table = (line for line in text.splitlines() if not line.startswith("#"))
    return (line.split("\t") for line in islice(table, 1, None))  # the first line names the columns


def _walk(mid: str, step: Mapping[str, tuple[str, ...]], *, past_labels: bool = True) -> list[str]:
    """Mids reached from a node, breadth first; without `past_labels`, each way ends at its first label."""
    if mid not in step:
        raise OptionError(f"the AudioSet ontology has no node '{mid}'; a mid looks like '/m/0bt9lr' (Dog)")
    label_of = _ontology().label_of
    reached: dict[str, None] = {}  # keeps the order
    at = list(step[mid])
    while at:
        reached.update(dict.fromkeys(at))
        onward = (node for node in at if past_labels or node not in label_of)
        at = [following for node in onward for following in step[node] if following not in reached]
    return list(reached)


def _beside(mid: str, step: Mapping[str, tuple[str, ...]]) -> tuple[Label, ...]:
    return _labels_among(_walk(mid, step, past_labels=False))


def _labels_among(mids: Iterable[str]) -> tuple[Label, ...]:
    label_of = _ontology().label_of
    return tuple(label_of[mid] for mid in mids if mid in label_of)


@cache
def _is_or_under(mid: str, top: str) -> bool:
    return mid == top or top in _walk(mid, _ontology().up)


def _key(name: str) -> str:
    """How a name is compared: case and the blanks after commas do not count."""
    return ", ".join(" ".join(piece.split()) for piece in name.casefold().split(","))


@cache
def _full_names() -> Mapping[str, Label]:
    return {_key(label.name): label for label in labels()}


@cache
def _short_names() -> Mapping[str, tuple[Label, ...]]:
    """Labels by the part before the first comma; two names begin with "Outside", three with "Inside"."""
    short: dict[str, tuple[Label, ...]] = {}
    for label in labels():
        part = _key(label.name).split(", ")[0]
        short[part] = (*short.get(part, ()), label)
    return short


def _nearest(asked: str, most: int = 3) -> list[Label]:
    """Labels with the word that was asked for, then those spelt much like it, as a whole or in a part."""
    owner = {part: label for label in labels() for part in _key(label.name).split(", ")}
    owner.update(_full_names())
    with_word = [name for name in _full_names() if asked in name.replace(",", "").split()]
    alike = get_close_matches(asked, owner, n=most, cutoff=0.65)
    return list(dict.fromkeys(owner[name] for name in (*with_word, *alike)))[:most]


def _longest_first(pieces: list[str]) -> Iterator[Label]:
    """Reads names off the front, each as long as possible; what begins no full name is left to `find`."""
    while pieces:
        label, n = whole_name(pieces) or (find(pieces[0]), 1)
        yield label
        pieces = pieces[n:]
