"""Which party a mention means: from the names in one article to the entries of a curated register.

Names are looked up, not guessed. A spelling that the register doesn't know stays unlinked unless it is one slip of the
pen from exactly one entry, and a short form (التنظيم, الجيش) means a party only where the article points to one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from ..errors import InputError
from .normalize import drop_article, normalize_name, one_letter_apart, unify_spelling

REGISTER_FILE = Path(__file__).with_name("data") / "actors.jsonl"

ARMED_KINDS = frozenset({"armed_group", "coalition", "military", "militia", "party", "police_security", "tribe"})
"""Kinds whose name can follow a head noun: قوات الحشد الشعبي is الحشد الشعبي, but ميليشيات إيران is not إيران."""

KINDS = ARMED_KINDS | {"government", "international_org", "ngo", "organization", "person", "state"}
"""Every kind an entry can have."""

HEADS = frozenset(
    normalize_name(
        "تنظيم حركة جماعة ميليشيا حزب جبهة هيئة منظمة جيش قوات قوة كتائب كتيبة لواء ألوية فصيل فصائل عصابة عصابات"
        " مسلحو مسلحي متمردو متمردي مقاتلو مقاتلي عناصر"
    ).split()
)
"""Nouns that writers put before a group's name, or leave out, at will; in normalised spelling."""

TAILS = frozenset(normalize_name("إرهابي إرهابية متطرف متطرفة متشدد متشددة مسلح مسلحة متمرد متمردة").split())
"""Adjectives after a group's name that judge it and don't tell it from another; normalised, without article."""

SLIP_LETTERS = 6
"""Letters a word needs, article apart, to count as a misspelling of another: يمنية and يمينية are two words."""

SLIP_LETTERS_HEAD = 4
"""The same for a misspelt head noun (تظيم داعش): the name beside it must be right, so that less can go wrong."""

FEW = 8
"""Entries that may share a short form for the article's countries to decide between them; armies are too many."""

COMMON_KINDS = frozenset({"person", "police_security"})
"""Kinds that any country has more of than the register (surnames, المخابرات), so that its country decides nothing."""

_OWNED = {
    noun + owner: definite
    for noun, definite in (("قوات", "القوات"), ("جيش", "الجيش"), ("ميليشيات", "الميليشيا"), ("مليشيات", "الميليشيا"))
    for owner in ("ه", "ها", "هم", "نا")
}
"""The definite form of a force named by its owner's pronoun."""

_Mask = tuple[int, str, str, tuple[str, ...]]
"""A name less one word: where and between which letters that word stands, and the other words."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An entry of the register.

    Attributes:
        id: stable identifier, ``islamic-state``.
        ar: usual Arabic name.
        en: usual English name.
        aliases: other names and spellings that mean this party wherever they stand.
        kind: one of ``KINDS``.
        country: ISO 3166-1 alpha-2 code of the country it belongs to; None for a transnational party.
        wikidata: Wikidata item, where it is certain.
        short: forms that mean this party only in an article that points to it (التنظيم, القوات).
    """

    id: str
    ar: str
    en: str
    aliases: tuple[str, ...]
    kind: str
    country: str | None
    wikidata: str | None
    short: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Index:
    """The register by key: entries by name, by short form and id, and with their right word by name less that word."""

    names: Mapping[str, Actor]
    shorts: Mapping[str, Mapping[str, Actor]]
    masked: Mapping[_Mask, Sequence[tuple[str, Actor]]]


@cache
def load_actors() -> tuple[Actor, ...]:
    """Return the entries of the register in the order of its file.

    Raises:
        InputError: if a line is not an entry.
    """
    actors = []
    for number, line in enumerate(REGISTER_FILE.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            actors.append(Actor(**row | {"aliases": tuple(row["aliases"]), "short": tuple(row["short"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{REGISTER_FILE}:{number}: not an actor ({error})") from None
    return tuple(actors)


def link_actors(names: Sequence[str]) -> list[Actor | None]:
    """Link the ACTOR mentions of one article to the register.

    Args:
        names: the mentions' surface texts in text order, proclitics off. Where لل was contracted, the second ل begins
            the surface (``لتحالف الدولي``), or the article is already restored.

    Returns:
        One entry for each mention; None where the register has none or the article leaves it open.
    """
    linked: list[Actor | None] = []
    recent: dict[str, Actor] = {}
    for name in names:
        actor = _link(name, recent)
        if actor:
            recent.pop(actor.id, None)
            recent[actor.id] = actor
        linked.append(actor)
    return [actor or _by_surroundings(name, recent.values()) for name, actor in zip(names, linked, strict=True)]


def name_key(name: str) -> str:
    """Return what the spellings of an actor's name have in common; entries are unique by it."""
    return _key(normalize_name(name).split())


@cache
def _index() -> _Index:
    """Build the look-up tables of the register."""
    names: dict[str, Actor] = {}
    shorts: dict[str, dict[str, Actor]] = defaultdict(dict)
    masked: dict[_Mask, list[tuple[str, Actor]]] = defaultdict(list)
    for actor in load_actors():
        for form in actor.short:
            shorts[name_key(form)][actor.id] = actor
        for name in (actor.ar, *actor.aliases):
            words = normalize_name(name).split()
            names[_key(words)] = actor
            for mask, word in _masks(_fold(words)) if actor.kind != "person" else ():
                masked[mask].append((word, actor))
    return _Index(names, shorts, masked)


def _link(name: str, recent: dict[str, Actor]) -> Actor | None:
    """Link one mention: by all of it, then by what is left without head noun or tail, then as a misspelling."""
    whole, cores, readings = _forms(name)
    names = _index().names
    # A form that the register lists as short is taken whole: فصائل المقاومة is not whoever was المقاومة before.
    return (
        _in_context(whole, recent)
        or next((names[key] for key in whole if key in names), None)
        or (_in_context(cores, recent) if not _fitting(whole) else None)
        or next((names[key] for key in cores if key in names and names[key].kind in ARMED_KINDS), None)
        or next(filter(None, map(_by_slip, readings)), None)
    )


@lru_cache(maxsize=1 << 14)
def _forms(name: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the keys of a mention as a whole, those without its head or tail, and its readings in folded words."""
    words = normalize_name(name).split()
    readings = [words] if words else []
    if words and words[0].startswith("ل"):
        readings.append(["ال" + words[0].lstrip("ل"), *words[1:]])
    whole = [_OWNED.get(" ".join(words)) or _key(words) for words in readings]
    cores = [_key(core) for words in readings for core in _cores(words)]
    return tuple(whole), tuple(cores), tuple(_fold(words) for words in readings)


def _cores(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield what is left of a name without its judging adjective, its head noun, or both."""
    tail = len(words) > 1 and drop_article(words[-1]) in TAILS
    head = len(words) > 1 and unify_spelling(drop_article(words[0])) in HEADS
    if tail:
        yield words[:-1]
    if head:
        yield words[1:]
    if head and tail and len(words) > 2:
        yield words[1:-1]


def _in_context(keys: Sequence[str], recent: dict[str, Actor]) -> Actor | None:
    """Return the party named last before the mention that one of the short forms can stand for."""
    fitting = _fitting(keys)
    return next((actor for actor in reversed(recent.values()) if actor.id in fitting), None) if fitting else None


def _by_surroundings(name: str, present: Collection[Actor]) -> Actor | None:
    """Return the only party a short form can mean: of those named later; where it is none's, of their countries."""
    whole, cores, _ = _forms(name)
    fitting = _fitting(whole) or _fitting(cores)
    found = [actor for actor in present if actor.id in fitting]
    if not found and len(fitting) <= FEW:
        countries = {actor.country for actor in present} - {None}
        found = [actor for actor in fitting.values() if actor.country in countries and actor.kind not in COMMON_KINDS]
    return found[0] if len(found) == 1 else None


def _fitting(keys: Sequence[str]) -> Mapping[str, Actor]:
    """Return the entries, by id, that the first known of the short forms can stand for."""
    shorts = _index().shorts
    return next((shorts[key] for key in keys if key in shorts), {})


@lru_cache(maxsize=1 << 14)
def _by_slip(words: tuple[str, ...]) -> Actor | None:
    """Return the only entry with a name that differs by one letter inside one long word or head noun."""
    masked = _index().masked
    found = {
        actor.id: actor
        for mask, written in _masks(words)
        for meant, actor in masked.get(mask, ())
        if _is_slip(written, meant)
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _masks(words: tuple[str, ...]) -> Iterator[tuple[_Mask, str]]:
    """Yield each word of a name that is long enough to be misspelt, with the rest of the name."""
    for at, word in enumerate(words):
        if len(word) >= SLIP_LETTERS_HEAD:
            yield (at, word[0], word[-1], words[:at] + words[at + 1 :]), word


def _is_slip(written: str, meant: str) -> bool:
    """Tell whether a word is a misspelling of another; the shorter the words, the likelier both are right."""
    shortest = SLIP_LETTERS_HEAD if meant in HEADS and len(meant) > SLIP_LETTERS_HEAD else SLIP_LETTERS
    return min(len(written), len(meant)) >= shortest and one_letter_apart(written, meant)


def _key(words: Sequence[str]) -> str:
    """Join the words of a name; articles count in one-word names only (القاعدة is a party, قاعدة is not)."""
    return unify_spelling(words[0]) if len(words) == 1 else "".join(_fold(words))


def _fold(words: Sequence[str]) -> tuple[str, ...]:
    """Strip the articles of a name and unify its spellings."""
    return tuple(unify_spelling(drop_article(word)) for word in words)
