"""What sounds are called, in the reader's language: in lists, and in captions.

In: `wordings/*.tsv` beside this file, one a language. Out: names ("Bark"), captions ("dog barking") and names of groups
("vehicles"), by mid or key. Each is worded by what the label means, and none is there twice in a language.

A table is read at the first question in its language and kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from whisper_at.errors import OptionError

ENGLISH = "en"
OTHER_CODES = {
    "zh-hans": "zh",
    "zh-cn": "zh",
    "zh-sg": "zh",
    "zh-tw": "zh-Hant",
    "zh-hk": "zh-Hant",
    "zh-hant": "zh-Hant",
}
GROUP, PHRASE = "group/", "phrase/"


@dataclass(frozen=True)
class Wording:
    """A sound as it stands in a list, and as it stands in a caption."""

    name: str
    caption: str


def languages() -> tuple[str, ...]:
    """The codes of the languages that there are wordings in.

    >>> "en" in languages()
    True
    """
    folder = files("whisper_at.tagging").joinpath("wordings")
    return tuple(sorted(file.name.removesuffix(".tsv") for file in folder.iterdir()))


def language_of(asked: str | None, text_language: str | None = None) -> str:
    """The language to write labels in: the one asked for, else that of the text, else English.

    >>> language_of(None, "es"), language_of(None, "cy"), language_of("pt-BR")
    ('es', 'en', 'pt')

    Raises:
        OptionError: if there are no wordings in the one asked for.
    """
    if asked is None:
        return text_language if text_language in languages() else ENGLISH
    known = {code.casefold(): code for code in languages()} | OTHER_CODES
    found = known.get(asked.casefold().replace("_", "-")) or known.get(asked.casefold().split("-")[0])
    if found is None:
        raise OptionError(f"labels are worded in {', '.join(languages())}; label_language was {asked!r}")
    return found


def wording(mid: str, label: str, language: str = ENGLISH) -> Wording:
    """How a label is worded; a label of somebody's own, which no table has, is called what it is called.

    >>> wording("/m/05tny_", "Bark").caption
    'dog barking'
    """
    return _table(language).get(mid) or Wording(name=label, caption=label.lower())


def group_name(key: str, language: str = ENGLISH) -> str:
    """How a group of labels is called.

    >>> group_name("vehicles")
    'vehicles'
    """
    return _table(language)[GROUP + key].name


def continues(caption: str, language: str = ENGLISH) -> str:
    """A caption for a sound that went on all the while.

    >>> continues("dog barking")
    'dog barking continues'
    """
    return _table(language)[PHRASE + "continues"].caption.format(sound=caption)


@cache
def _table(language: str) -> Mapping[str, Wording]:
    text = files("whisper_at.tagging").joinpath("wordings", f"{language}.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])  # the first line names the columns
    return {mid: Wording(name, caption) for mid, name, caption in rows}
