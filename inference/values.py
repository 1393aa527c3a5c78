"""From mentions to values: a normalised name for each, a quantity for counts, an entry for actors and places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ..annotations.arabic import after_lam, strip_marks, word_at
from .actors import link_actors
from .counted import read_counted
from .lexicon import Lexicon
from .mentions import Count, Mention
from .numbers import parse_number
from .places import link_places
from .quantities import read_quantity

Entry = TypeVar("Entry")

ENCLITICS = ("هما", "هم", "هن", "ها", "كم", "نا", "ه")
"""Pronouns written onto a noun, long first."""

FORCES = frozenset(
    [
        "قوات",
        "جيش",
        "ميليشيا",
        "ميليشيات",
        "مليشيا",
        "مليشيات",
        "حكومة",
        "حركة",
        "جماعة",
        "تنظيم",
        "حزب",
        "قيادة",
        "شرطة",
        "أجهزة",
    ]
)
"""Heads of actors' names that take an owner's pronoun; on other words it is part of a name (فرانكونا)."""

SHORTEST_STEM = 3
"""Letters that must be left before a pronoun."""


def add_values(text: str, mentions: Sequence[Mention], lexicon: Lexicon) -> list[Mention]:
    """Return the mentions of one article with their values filled in.

    Args:
        text: the article.
        mentions: its mentions in text order.
        lexicon: word frequencies, to tell a pronoun from a name's own letters.
    """
    cited = [citation(text, mention, lexicon) for mention in mentions]
    actors = _link(mentions, cited, "ACTOR", link_actors)
    places = _link(mentions, cited, "PLACE", link_places)
    return [
        replace(
            mention,
            name=normal_name(cited[i], mention.label, lexicon),
            actor=actors.get(i),
            place=places.get(i),
            count=_count(text, mention, mentions),
        )
        for i, mention in enumerate(mentions)
    ]


def citation(text: str, mention: Mention, lexicon: Lexicon) -> str:
    """Return a mention as it would be written alone: للتحالف gives التحالف.

    Marks go, underscores and line breaks become spaces; an article that lost its alif after ل gets it back.
    """
    words = strip_marks(mention.text).replace("_", " ").split() or [mention.text]
    word_start, _ = word_at(text, mention.start)
    if strip_marks(text[word_start : mention.start]).endswith("ل"):
        words[0] = max(after_lam(words[0]), key=lambda form: lexicon.words.get(form, 0))
    return " ".join(words)


def normal_name(cited: str, label: str, lexicon: Lexicon) -> str:
    """Return a mention's name as a list would have it: without its owner's pronoun, طائراته is طائرات.

    Args:
        cited: the mention as :func:`citation` gives it.
        label: only the first word of an actor or a weapon is taken to carry a pronoun.
        lexicon: word frequencies.
    """
    words = cited.split()
    if label not in ("ACTOR", "WEAPON") or not words:
        return cited
    bare = without_pronoun(words[0], lexicon)
    if bare == words[0] or (label == "ACTOR" and bare not in FORCES):
        return cited
    # The pronoun made the noun definite, as its adjective shows: قواته المسلحة is القوات المسلحة.
    definite = len(words) > 1 and words[1].startswith("ال")
    return " ".join(["ال" + bare if definite else bare, *words[1:]])


def without_pronoun(word: str, lexicon: Lexicon) -> str:
    """Return a noun without the pronoun written onto it, where the bare noun is the commoner word; else the word."""
    if word.startswith("ال") or word in lexicon.known:
        return word
    for pronoun in ENCLITICS:
        stem = word.removesuffix(pronoun)
        if stem == word or len(stem) < SHORTEST_STEM:
            continue
        forms = [stem, stem[:-1] + "ة"] if stem.endswith("ت") else [stem]
        best = max(forms, key=lambda form: lexicon.words.get(form, 0))
        # منظمه is منظمة in careless spelling, not منظم with a pronoun.
        misspelt = lexicon.words.get(stem + "ة", 0) if pronoun == "ه" else 0
        if lexicon.words.get(best, 0) > max(lexicon.words.get(word, 0), misspelt):
            return best
    return word


def _link(
    mentions: Sequence[Mention],
    cited: Sequence[str],
    label: str,
    linker: Callable[[Sequence[str]], list[Entry | None]],
) -> dict[int, Entry | None]:
    """Link the mentions of one label, which need each other's company; keys are places in the list of mentions."""
    places = [i for i, mention in enumerate(mentions) if mention.label == label]
    return dict(zip(places, linker([cited[i] for i in places]), strict=True))


def _count(text: str, mention: Mention, mentions: Sequence[Mention]) -> Count | None:
    """Return the quantity of a count, or of a weapon in the dual, with what is counted."""
    if mention.label == "WEAPON":
        quantity = parse_number(mention.text)
        if quantity is None:
            return None
        return Count(quantity.value, quantity.low, quantity.high, quantity.exact, None, mention.text, None, None)
    if mention.label != "COUNT":
        return None
    quantity = read_quantity(text, mention.start, mention.end)
    if quantity is None:
        return None
    counted = read_counted(text, mention.start, mention.end)
    noun = None if counted.start is None or counted.end is None else (counted.start, counted.end)
    return Count(
        quantity.value,
        quantity.low,
        quantity.high,
        quantity.exact,
        counted.role,
        text[slice(*noun)] if noun else None,
        noun,
        _counted_mention(noun, mentions),
    )


def _counted_mention(noun: tuple[int, int] | None, mentions: Sequence[Mention]) -> int | None:
    """Return which actor or weapon the counted noun is, by its place in the list of mentions."""
    if noun is None:
        return None
    return next(
        (i for i, m in enumerate(mentions) if m.label in ("ACTOR", "WEAPON") and m.start < noun[1] and noun[0] < m.end),
        None,
    )
