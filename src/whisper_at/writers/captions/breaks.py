"""Where a text may be broken, and how well: after a sentence, after a clause, before a conjunction, never in a name.

In: two units that follow each other. Out: how much a reader is disturbed by a break between them, from 0 on.
"""

from whisper_at.writers.captions.units import Unit

SENTENCE, CLAUSE, PHRASE, ANYWHERE, NEVER = 0.0, 0.3, 0.6, 1.0, 6.0

ENDS_SENTENCE = (
    ".",
    "!",
    "?",
    "…",
    "。",
    "！",
    "？",
    "؟",
    "।",
    '."',
    '!"',
    '?"',
    ".”",
    "!”",
    "?”",
    "」",
    "』",
)
ENDS_CLAUSE = (",", ";", ":", "–", "—", "、", "，", "；", "：", "،", "؛", ")", "）")
TITLES = frozenset(
    "dr mr mrs ms prof st sr jr mme mlle herr frau señor señora don doña sig dott no nr vol".split()
)
OPENS_PHRASE = frozenset(
    # conjunctions and prepositions of languages that have them in front
    "and but or because when while that which who where if although so than as of in on at to for with from by about "
    "und aber oder weil wenn während dass ob der die das in auf an zu für mit von bei über nach vor aus durch "
    "et mais ou parce que quand qui où si comme de dans sur à pour avec par chez sans sous "
    "y pero o porque cuando que quien donde si como en para con por sin desde hasta "
    "e ma perché quando che chi dove se come di in su per con da tra fra "
    "mas ou porque quando quem onde como em com por sem desde até "
    "и но или потому что когда который где если как в на к для с от по о из у за под".split()
)
COUNTED = frozenset(
    "km m cm mm kg g l h min s percent prozent million millions billion o'clock uhr euro euros dollars am pm".split()
)


def disturbance(before: Unit, after: Unit) -> float:
    """How much a break between two units disturbs.

    >>> unit = lambda text: Unit(text=text, start=0, end=1)
    >>> [disturbance(unit(a), unit(b)) for a, b in (("rain.", "It"), ("Dr.", "Smith"), ("10", "000"), ("it", "and"))]
    [0.0, 6.0, 6.0, 0.6]
    """
    if _is_one_name(before.text, after.text) or _is_one_number(before.text, after.text):
        return NEVER
    if before.text.endswith(ENDS_SENTENCE):
        return SENTENCE
    if before.text.endswith(ENDS_CLAUSE):
        return CLAUSE
    if after.text.casefold() in OPENS_PHRASE:
        return PHRASE
    return ANYWHERE + (0.4 if before.text.casefold() in OPENS_PHRASE else 0.0)  # "the rain in | Spain"


def _is_one_name(before: str, after: str) -> bool:
    """A title and a name, or two words with capitals of which the first does not begin a sentence by itself."""
    if before.rstrip(".").casefold() in TITLES and before[:1].isupper():
        return after[:1].isupper() or after[:1].isdigit()
    if before.endswith((*ENDS_SENTENCE, *ENDS_CLAUSE)) and not _is_initial(before):
        return False
    return (
        before[:1].isupper()
        and after[:1].isupper()
        and len(after) > 1
        and before.casefold() not in OPENS_PHRASE
    )


def _is_initial(text: str) -> bool:
    return len(text) == 2 and text[0].isupper() and text[1] == "."


def _is_one_number(before: str, after: str) -> bool:
    """Digits and what they count."""
    return before[-1:].isdigit() and (
        after[:1].isdigit() or after[:1] in "%€$£°" or after.casefold() in COUNTED
    )
