"""Find what a number counts, and what the words around it say befell the counted.

Conventions:

- The span is the head noun alone (``13`` → عنصر), with its complement after a measure word (20 → قطعة سلاح). In the
  partitive it is the noun after من (``5`` من عناصر → عناصر); a dual counts itself; آخرين stands for what is left out.
- The noun follows the number, but for واحد, اثنين and definite cardinals (جندي واحد، الرجال الثلاثة).
- Things have the role of their kind, whatever happens to them: **weapons** are what is fired, thrown, laid or carried,
  car bombs included; **vehicles** are what drives, sails or flies, with all aircraft, drones among them, unless rigged
  to explode; **strikes** are attacks of every kind; **other** is any other thing of the word list (houses, villages).
- People have the role of the event that befell them: of the nearest that governs the number, or of their own noun
  (قتيل، جريح، نازح). Freed, rescued and surrendered people are **other**; where nothing is said the role is None.
- Killed and wounded counted together (مقتل وإصابة العشرات) are **killed**, the graver of the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ..annotations.arabic import MARK_CLASS
from .numbers import fold, is_number_word

ROLES = ("killed", "wounded", "detained", "missing", "displaced", "weapons", "vehicles", "strikes", "other")
"""What the counted can be, or have undergone."""

WORDS_FILE = Path(__file__).with_name("data") / "counted_words.yaml"
_THINGS = frozenset({"weapons", "vehicles", "strikes", "other"})
_CAPTIVE_OR_HOMELESS = frozenset({"detained", "displaced"})


@dataclass(frozen=True, slots=True)
class Counted:
    """What a number counts.

    Attributes:
        start: offset of the first character of the counted noun in the article; None if no noun is there.
        end: offset after its last character; None if no noun is there.
        role: one of ``ROLES``, or None where the words do not say.
    """

    start: int | None
    end: int | None
    role: str | None


class _Word(NamedTuple):
    """A word of the article: its offsets, its folded form, and whether a comma parts it from the mention's side."""

    start: int
    end: int
    form: str
    parted: bool


# --- Words --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """The word list, folded: events by word form, nouns by stem, and the closed classes."""

    events: Mapping[str, str | None]
    outcomes: Mapping[str, str]
    nouns: Mapping[str, str]
    sets: Mapping[str, frozenset[str]]
    asides: tuple[tuple[str, ...], ...]
    radical: tuple[str, ...]


def _forms(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split())


def _phrases(phrases: str) -> tuple[str, ...]:
    return tuple(fold(phrase) for phrase in phrases.split("|") if phrase)


_ON = fold("على")
_OBJECTS = ("هم", "تهم", "وهم", "هما", "تهما")


def _event_forms(entry: Mapping[str, str]) -> Iterable[str]:
    """Return every form of an event's verbs, nouns and phrases."""
    verbs = _forms(entry["verbs"])
    yield from (stem + ending for stem in verbs for ending in ("", "ت", "وا", "ا", "تا", "ته", *_OBJECTS))
    yield from (noun + ending for noun in _forms(entry["nouns"]) for ending in ("", "ا", "ان", "ين", "ه", "ها", "هم"))
    yield from _phrases(entry.get("phrases", ""))


def _outcome_forms(entry: Mapping[str, str]) -> Iterable[str]:
    """Return the forms that tell an event of people named before them: قتلوا, اعتقالهم."""
    yield from (stem + ending for stem in _forms(entry["verbs"]) for ending in ("وا", "ا", *_OBJECTS))
    yield from (noun + ending for noun in _forms(entry["nouns"]) for ending in ("هم", "هما", "هن"))


@cache
def _lexicon() -> _Lexicon:
    """Load the word list that comes with the package."""
    data: dict[str, Any] = yaml.safe_load(WORDS_FILE.read_text(encoding="utf-8"))
    closed = ("function", "not_partitive", "bridges", "clause", "measures", "bomb_adjectives", "transitive", "fallen")
    outcomes = {form: role for role, entry in data["events"].items() for form in _outcome_forms(entry)}
    told = {form: role for role, words in data["outcomes"].items() for form in _forms(words)}
    return _Lexicon(
        events={form: role for role, entry in data["events"].items() for form in _event_forms(entry)}
        | dict.fromkeys(_forms(data["no_event"])),
        outcomes=outcomes | told,
        nouns={form: role for role, words in data["nouns"].items() for form in _forms(words)},
        sets={name: _forms(data[name]) for name in closed},
        asides=tuple(tuple(phrase.split()) for phrase in _phrases(data["asides"])),
        radical=tuple(_forms(data["radical"])),
    )


_PROCLITICS = ("", "و", "ف", "ال", "وال", "فال", "بال", "وبال", "لل", "ولل", "ب", "ل", "ك", "وب", "ول", "فب", "فل")
_PRONOUNS = ("", "هما", "هم", "هن", "ها", "ه", "نا")
_NOUN_ENDINGS = ("", "ا", "ين", "ون", "ان", "ي", "و")
_FEMININE_ENDINGS = ("ات", "تين", "تان", "تي", "تا", "ت")  # they take the place of ة


def _without_proclitics(form: str) -> Iterator[str]:
    return (form[len(prefix) :] for prefix in _PROCLITICS if form.startswith(prefix) and len(form) > len(prefix) + 1)


@lru_cache(maxsize=1 << 14)
def _event_of(form: str) -> tuple[bool, str | None]:
    """Tell whether a folded word names an event, and which role that gives the people it governs."""
    events = _lexicon().events
    found = next((bare for bare in _without_proclitics(form) if bare in events), None)
    # الأسر are families; أسر خمسة and وأسر خمسة are captures.
    is_family = found is not None and "ال" in form.removesuffix(found) and _kind_of(form)[0] == "people"
    return (False, None) if found is None or is_family else (True, events[found])


def _stems(bare: str) -> Iterator[str]:
    """Return what a noun may be without its pronoun and ending, the likeliest first."""
    for pronoun in filter(bare.endswith, _PRONOUNS):
        owned = bare.removesuffix(pronoun)
        yield from (owned.removesuffix(ending) for ending in _NOUN_ENDINGS if owned.endswith(ending))
        for ending in filter(owned.endswith, _FEMININE_ENDINGS):
            stem = owned.removesuffix(ending)
            yield from (stem + "ه", stem)


@lru_cache(maxsize=1 << 14)
def _kind_of(form: str) -> tuple[str | None, int]:
    """Return the kind of a folded noun (None if the word list lacks it) and the length of the proclitics on it."""
    nouns = _lexicon().nouns
    for bare in _without_proclitics(form):
        kind = next((nouns[stem] for stem in _stems(bare) if len(stem) > 1 and stem in nouns), None)
        if kind:
            return kind, len(form) - len(bare)
    return None, 0


# --- The words around a mention -----------------------------------------------------------------------------------

_TOKEN = re.compile(rf"(?P<word>\d+(?:[.,٫٬]\d+)*|[^\W\d][{MARK_CLASS}\w]*)|(?P<comma>[,،:])|(?P<stop>[.!؟؛\n])")
_fold_word = lru_cache(maxsize=1 << 16)(fold)
_CHARACTERS_AROUND = 120
_WORDS_FOR_AN_EVENT = 14
_WORDS_FOR_A_NOUN = 5


def _words_around(tokens: Iterable[re.Match[str]], count: int) -> list[_Word]:
    """Return the first words, up to the end of the sentence, in the order of the tokens."""
    words: list[_Word] = []
    parted = False
    for token in tokens:
        if token.lastgroup == "word" and len(words) < count:
            start, end = token.span()
            words.append(_Word(start, end, _fold_word(token.group()), parted))
            parted = False
        elif token.lastgroup == "comma":
            parted = True
        else:
            break
    return words


def _words_before(text: str, start: int) -> list[_Word]:
    """Return the words of the same sentence before an offset, the nearest first."""
    tokens = list(_TOKEN.finditer(text, max(0, start - _CHARACTERS_AROUND), start))
    return _words_around(reversed(tokens), _WORDS_FOR_AN_EVENT)


def _words_after(text: str, end: int, count: int = _WORDS_FOR_AN_EVENT) -> list[_Word]:
    """Return the words of the same sentence after an offset."""
    return _words_around(_TOKEN.finditer(text, end, end + _CHARACTERS_AROUND), count)


# --- The counted noun ---------------------------------------------------------------------------------------------

_ONE = _forms("واحد واحدة واحدا")
_TWO = _forms("اثنين اثنان اثنتين اثنتان إثنين إثنان")
_VAGUE = _forms("عشرات مئات مائات آلاف ألوف ملايين مليارات")
_OTHERS = _forms("آخر آخرين آخرون آخران أخرى أخريات آخرا الآخرين الآخرون")
_WRITTEN_ON = frozenset("وفبلك")
_BARE = frozenset({"ال", "ل", "ب", "و"})  # what stands by itself before digits
_ARTICLE = re.compile(r"ال[ـ\s]*$")  # before digits: الركاب الـ18
_PLURAL_VERB = re.compile("[ء-ي]+وا")


def _is_definite(form: str) -> bool:
    return form.startswith("ال") and form not in _lexicon().nouns


def _is_written_on(form: str) -> bool:
    """Tell whether a word begins with a conjunction or preposition that cuts it off from the number before it."""
    return form[:1] in _WRITTEN_ON and not form.startswith(_lexicon().radical)


def _can_be_counted(form: str, definite: bool) -> bool:
    """Tell whether a word after a number can be what it counts; ``definite`` if it may carry the article."""
    words = _lexicon()
    closed = form in words.sets["function"] or form in words.outcomes or _PLURAL_VERB.fullmatch(form)
    return not (closed or (_is_definite(form) and not definite) or _is_written_on(form) or len(form) < 2)


def _is_measure(word: _Word) -> bool:
    return word.form.removesuffix("ا") in _lexicon().sets["measures"]


def _skip_asides(after: Sequence[_Word]) -> Sequence[_Word]:
    """Drop what may stand between a number and its noun: على الأقل, or the rest of the number."""
    while after and is_number_word(after[0].form) and not _is_written_on(after[0].form):
        after = after[1:]
    for aside in _lexicon().asides:
        if after and after[0].form == aside[0] and tuple(word.form for word in after[: len(aside)]) == aside:
            return after[len(aside) :]
    return after


def _noun_after(after: Sequence[_Word], definite: bool) -> list[_Word]:
    """Return the noun counted by the number before these words, with the complement of a measure word."""
    after = _skip_asides(after)
    if not after or after[0].parted:
        return []
    if after[0].form == "من":
        part = after[1:2]
        closed = _lexicon().sets["not_partitive"] | _lexicon().sets["function"]
        return [word for word in part if word.form not in closed and not is_number_word(word.form)]
    head, *rest = after[:2]
    if not _can_be_counted(head.form, definite):
        return []
    complement = _is_measure(head) and rest and not rest[0].parted and _can_be_counted(rest[0].form, definite=True)
    return [head, rest[0]] if complement and rest[0].form not in _OTHERS else [head]


def _singled_out(before: Sequence[_Word], dual: bool) -> list[_Word]:
    """Return the noun that واحد or اثنين follows (جندي واحد, مدنيين اثنين)."""
    if not before or before[0].parted:
        return []
    form = before[0].form
    closed = form in _lexicon().sets["function"] or form in _lexicon().sets["bridges"] or is_number_word(form)
    fits = form.endswith(("ين", "ان")) if dual else not form.endswith("وا")
    is_event = _event_of(form)[0] and _kind_of(form)[0] is None
    return [before[0]] if fits and not closed and not is_event else []


def _defined(before: Sequence[_Word]) -> list[_Word]:
    """Return the noun phrase that a definite cardinal follows (الرجال الثلاثة, أفراد الطاقم الخمسة)."""
    phrase: list[_Word] = []
    for word in islice(before, 3):
        owned = word.form.endswith(("ها", "هم", "هما")) and _kind_of(word.form)[0]
        headed = phrase and _kind_of(word.form)[0] and not _event_of(word.form)[0]
        known = word.form in _lexicon().sets["function"] or is_number_word(word.form) or word.parted
        if known or not (_is_definite(word.form) or owned or headed):
            break
        phrase.insert(0, word)
        if not _is_definite(word.form):
            break
    return phrase


def _noun_of(text: str, start: int, end: int, before: Sequence[_Word], after: Sequence[_Word]) -> list[_Word]:
    """Return the words of the noun that a mention counts."""
    span = [
        _Word(word.start(), word.end(), _fold_word(word.group()), False) for word in _TOKEN.finditer(text, start, end)
    ]
    if not span:
        return []
    last = span[-1].form
    if not any(is_number_word(word.form) or is_number_word(word.form[1:]) for word in span):
        return span  # a dual counts itself
    partitive = bool(after) and after[0].form == "من"
    if last in _ONE | _TWO and len(span) == 1 and not partitive and (noun := _singled_out(before, last in _TWO)):
        return noun
    vague = last.removeprefix("ال") in _VAGUE or last in _VAGUE
    definite = last.startswith("ال") or _ARTICLE.search(text, max(0, start - 4), start)
    if definite and not vague and (noun := _defined(before)):
        return noun
    return _noun_after(after, definite=vague or bool(definite))


# --- The role -----------------------------------------------------------------------------------------------------


def _event_at(before: Sequence[_Word], index: int) -> tuple[bool, str | None]:
    """Return the event named by a word, or by it and على after it (القضاء على)."""
    form = before[index].form
    found = _event_of(form)
    if found[0] or index == 0 or before[index - 1].form != _ON:
        return found
    return _event_of(f"{form} {_ON}")


class _Event(NamedTuple):
    """The event that governs a number: the role it gives, and how close it is.

    ``adjoins``: nothing but bridges and numbers lies between. ``overrules``: it also decides for people who carry a
    role in their noun, as وفاة does in وفاة 3 جرحى and قتلى does not in 5 قتلى و3 جرحى.
    """

    role: str | None = None
    adjoins: bool = False
    overrules: bool = False


def _is_joint(words: Sequence[_Word]) -> bool:
    """Tell whether wounding and, before it, killing share their number (قتل وجرح العشرات); nearest word first."""
    if len(words) < 2 or not words[0].form.startswith("و") or words[1].form in _lexicon().outcomes:
        return False
    has_its_own = len(words) > 2 and (is_number_word(words[2].form) or _kind_of(words[2].form)[0] == "people")
    return _event_of(words[1].form)[1] == "killed" and not has_its_own


def _governing_event(before: Sequence[_Word]) -> _Event:
    """Return the nearest event before a number in its clause; one without a role if there is none."""
    sets, adjoins, fallen = _lexicon().sets, True, False
    for index, word in enumerate(before):
        if word.form in sets["clause"] or word.form[1:] in sets["clause"]:
            break
        found, role = (False, None) if word.form in sets["bridges"] else _event_at(before, index)
        if found:
            role = "killed" if role == "wounded" and _is_joint(before[index : index + 3]) else role
            return _Event(role, adjoins, adjoins and _kind_of(word.form)[0] is None)
        fallen = fallen or word.form.removeprefix("و") in sets["fallen"]
        adjoins = adjoins and (word.form in sets["bridges"] or is_number_word(word.form))
    return _Event("killed" if fallen else None)


def _outcome(after: Sequence[_Word]) -> str | None:
    """Return the role that the words after a number give to the people it counts (15 شخصا قتلوا)."""
    words = _lexicon()
    for index, word in enumerate(after):
        following = after[index + 1].form if index + 1 < len(after) else ""
        role = words.outcomes.get(word.form)
        if role and not _acts_on(word.form, following):
            return role
        if word.form == "بين" and _event_of(following)[1]:
            return _event_of(following)[1]
        if word.form in words.sets["clause"] or (_event_of(word.form)[0] and not role):
            return None
    return None


def _acts_on(verb: str, following: str) -> bool:
    """Tell whether a verb of several people has an object, so that it says what they did, not what befell them."""
    if not following or _is_written_on(following):
        return False
    stem = verb.removesuffix("ا").removesuffix("و")
    is_object = is_number_word(following) or _kind_of(following)[0] or following in _lexicon().outcomes
    return stem in _lexicon().sets["transitive"] and bool(is_object)


def _is_person(form: str, kind: str | None) -> bool:
    return kind == "people" or (kind is None and form.endswith(("ين", "ون", "ي", "يا", "ان")))


def _role_of_people(noun: str | None, kind: str | None, before: Sequence[_Word], text: str, end: int) -> str | None:
    """Return what befell the people counted by the number that ends at ``end``; ``noun`` is None where left out."""
    event = _governing_event(before)
    if kind not in (None, "people"):
        overruled = event.overrules and (kind in _CAPTIVE_OR_HOMELESS or (kind == "wounded" and event.role == "killed"))
        return event.role if overruled else kind
    if event.adjoins:
        return event.role
    outcome = _outcome(_words_after(text, end))
    if outcome or not (noun is None or noun in _OTHERS or _is_person(noun, kind)):
        return outcome
    return event.role


def _proclitic_length(form: str) -> int:
    """Return how many letters before a noun of the word list are proclitics; the article is none."""
    return 0 if _is_definite(form) else _kind_of(form)[1]


def read_counted(text: str, start: int, end: int) -> Counted:
    """Find the noun that a COUNT mention counts and the role of what it counts.

    Args:
        text: the article as written.
        start: offset of the mention's first character.
        end: offset after its last character.

    Returns:
        The span of the noun, without proclitics, and its role; each None where the words do not give it.
    """
    before, after = _words_before(text, start), _words_after(text, end, _WORDS_FOR_A_NOUN)
    before = before[1:] if before and before[0].form in _BARE else before
    noun = _noun_of(text, start, end, before, after)
    form = noun[-1 if _is_measure(noun[0]) else 0].form if noun else None
    kind = (_kind_of(form)[0] or _event_of(form)[1]) if form else None
    if kind in _THINGS:
        rigged = any(word.form in _lexicon().sets["bomb_adjectives"] for word in after[:2])
        role = "weapons" if rigged and kind == "vehicles" else kind
    else:
        outside = before[len(noun) :] if noun and noun[0].start < start else before
        role = _role_of_people(form, kind, outside, text, end)
    if not noun:
        return Counted(None, None, role)
    return Counted(noun[0].start + _proclitic_length(noun[0].form), noun[-1].end, role)
