"""Read the quantity of a mention: its number, with the hedge, range or negation in the sentence around it.

Conventions, chosen so that an analyst can read one record without its neighbours:

=============================  ======  =====  =====  =====  ====================================================
Wording                        value   low    high   exact  Remark
=============================  ======  =====  =====  =====  ====================================================
plain (13)                     13      13     13     yes    duals too (جنديين is 2)
at least (أكثر من 20)           20      20     None   no     the bound as stated, for "more than" as well
at most (أقل من 20)             20      None   20     no
about (نحو 30)                  30      None   None   no     the wording does not say how far off it may be
range (بين 20 و30)              20      20     30     no     two mentions: each its own value, both the two bounds
range in one mention (20-30)   None    20     30     no
vague (عشرات)                   None    20     None   no     twice the unit, the least that a plural can mean
few (بضع مئات، بضعة عشر)          None    300    None   no     three times the unit, the least that بضع can mean
=============================  ======  =====  =====  =====  ====================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Literal

from .numbers import (
    BARE,
    PREFIXES,
    QUOTES,
    RANGE_WORDS,
    SURE_DUAL,
    Number,
    Quantity,
    fold,
    is_number_word,
    parse_number,
    range_bounds,
)

Hedge = Literal["least", "most", "about"]

# --- Ranges over two mentions -----------------------------------------------------------------------------------------

_WORDS_OF_A_NUMBER = 6
_NUMBER_WORD = re.compile(r"\d(?:[\d.,٫٬]*\d)?|[ء-ي]+")
_LINK_AFTER = re.compile(rf"\s*(?P<noun>[ء-ي]{{2,}}\s+)??(?P<link>{RANGE_WORDS}|\bو(?=[ \dء-ي]))\s*")
_LONGEST_LINK = len(" الي  ")
_LINK_BEFORE = re.compile(rf"(?P<link>{RANGE_WORDS}|\bو)\s*$")
_BETWEEN = re.compile(r"\b[وفبل]?بين\s*$")
_FROM = re.compile(r"\bمن\s*$")
# After "rose from 20 to 30" the two numbers are two states, not the ends of a range.
_CHANGE = re.compile(
    r"\b[وفل]?(?:[يت]?(?:رتفع|زداد|زيد|نخفض|تراجع|قفز|رفع|خفض|نتقل)|ارتف|ازداد|زاد|انخف|انتقل)[ء-ي]*\b"
)


def _link_holds(link: str, lead: str, direct: bool) -> bool:
    """Tell whether a word between two numbers makes a range of them.

    Args:
        link: the word.
        lead: the folded text before the first number.
        direct: no counted noun stands between the first number and the word.
    """
    if link == "و":
        return bool(_BETWEEN.search(lead))
    if link == "الي":
        return (direct or bool(_FROM.search(lead))) and not _CHANGE.search(lead[-40:])
    return direct or link == "او"


def _ends_as_first(span: str, before: str, after: str) -> tuple[Number, Number] | None:
    """Return the bounds of the range whose first end is the span."""
    link = _LINK_AFTER.match(after)
    if not link or not _link_holds(link["link"], before, not link["noun"]):
        return None
    words = _NUMBER_WORD.findall(after[link.end() : link.end() + 60])[:_WORDS_OF_A_NUMBER]
    candidates = (range_bounds(span, " ".join(words[:count])) for count in range(len(words), 0, -1))
    return next(filter(None, candidates), None)


def _ends_as_second(span: str, before: str) -> tuple[Number, Number] | None:
    """Return the bounds of the range whose second end is the span."""
    link = _LINK_BEFORE.search(before, max(0, len(before) - _LONGEST_LINK))
    if not link:
        return None
    words = list(_NUMBER_WORD.finditer(before, 0, link.start()))[-_WORDS_OF_A_NUMBER - 1 :]
    for direct, stop in ((True, len(words)), (False, len(words) - 1)):
        for first in range(stop):
            lead = before[: words[first].start()]
            bounds = range_bounds(" ".join(word.group() for word in words[first:stop]), span)
            if bounds and _link_holds(link["link"], lead, direct):
                return bounds
    return None


# --- Hedges -----------------------------------------------------------------------------------------------------------


def _phrases(*alternatives: str) -> Iterable[str]:
    """Return every phrase that takes one of the words of each place; ``-`` stands for an empty place."""
    for words in product(*(place.split() for place in alternatives)):
        yield fold(" ".join(word for word in words if word != "-"))


_THEIR_NUMBER = "- عدده عددها عددهم عددهن عددهما"


def _hedges(hedge: Hedge, *places: tuple[str, ...]) -> dict[str, Hedge]:
    """Return the phrases that the places spell out (see ``_phrases``), each with its meaning."""
    return {phrase: hedge for alternatives in places for phrase in _phrases(*alternatives)}


_HEDGES_BEFORE = (
    _hedges(
        "least",
        ("أكثر أزيد أكبر", "- بقليل بكثير", "من"),
        ("ما بما لما -", "لا لم", "يقل تقل يقلون", _THEIR_NUMBER, "عن على من"),
        ("ليس ليسوا ليست لا", "أقل", "من عن"),
        ("ما بما لما -", "يزيد تزيد يزيدون زاد زادت يربو تربو ينوف ينيف", _THEIR_NUMBER, "عن على"),
        ("ما بما لما -", "يفوق تفوق فاق فاقت يتعدى تتعدى تعدى", _THEIR_NUMBER),
        ("ما بما لما -", "يتجاوز تتجاوز تجاوز تجاوزت تخطى تخطت يتخطى", _THEIR_NUMBER),
        ("- على", "فوق الأقل"),
        ("متجاوزا متجاوزة متجاوزاً",),
    )
    | _hedges(
        "most",
        ("أقل أدنى", "- بقليل بكثير", "من"),
        ("ما بما -", "يقل تقل يقلون", _THEIR_NUMBER, "عن"),
        ("ما بما لما -", "لا لم لن", "يزيد تزيد يزد تزد يزيدون يربو", _THEIR_NUMBER, "عن على"),
        ("ما بما -", "لا لم لن", "يتجاوز تتجاوز يتجاوزون يتعدى يتعد تتعدى تتعد يفوق", _THEIR_NUMBER),
        ("ما بما -", "يصل تصل", _THEIR_NUMBER, "إلى"),
        ("على", "الأكثر"),
        ("بحد كحد", "أقصى"),
        ("حتى لغاية",),
    )
    | _hedges(
        "about",
        ("نحو نحوا حوالي قرابة زهاء تقريبا تقريباً يناهز تناهز ناهز بحدود حدود قريب قريبا", "- من"),
        ("ما بما -", "يقارب تقارب قارب", _THEIR_NUMBER, "- من"),
        ("ما بما -", "يقرب تقرب", _THEIR_NUMBER, "من"),
        ("يقدر تقدر قدر قدرت المقدر", _THEIR_NUMBER),
        ("ما بما", "يناهز يعادل"),
    )
)
_LONGEST_HEDGE = max(len(phrase.split()) for phrase in _HEDGES_BEFORE)

_HEDGES_AFTER = (
    _hedges(
        "least",
        ("على في", "الأقل"),
        ("على في", "أقل", "تقدير"),
        ("كحد بحد", "أدنى"),
        ("أو", "أكثر يزيد"),
        ("فأكثر ويزيد ونيف ونيفا ونيفاً",),
        ("وما فما", "فوق"),
    )
    | _hedges(
        "most",
        ("على في", "الأكثر"),
        ("على في", "أكثر أقصى", "تقدير"),
        ("كحد بحد", "أقصى"),
        ("فأقل",),
        ("فما", "دون"),
    )
    | _hedges("about", ("تقريبا تقريباً",), ("على", "وجه", "التقريب"), ("بشكل", "تقريبي"))
)
_HEDGE_AFTER = re.compile(
    rf"(?P<passed>(?:\s+[ء-ي#]+){{0,4}}?)[،,]?\s+(?P<hedge>{'|'.join(sorted(_HEDGES_AFTER, key=len, reverse=True))})\b"
)
_PROCLITIC = re.compile(r"(?:^|(?<=\s))(?P<conjunction>[وف]?)[بلك]?(?:ال)?$")


_NUMBER_OF = re.compile(r"\b(?:عدد|حصيله) ال[ء-ي]+ ?")
_REACHED = ("ليصل", "لتصل")  # "so that it reaches" states a number, where "it may reach" bounds one


def _hedge_before(before: str, abuts: bool) -> Hedge | None:
    """Return the hedge that ends the text before a number; ``abuts`` if the number is written onto that text."""
    if abuts and (proclitic := _PROCLITIC.search(before)):
        if proclitic["conjunction"]:  # what a conjunction follows belongs to the number before it
            return None
        before = before[: proclitic.start()]
    words = [word.lstrip(QUOTES) for word in _NUMBER_OF.sub("", before).rstrip(QUOTES + " ").split()]
    words = words[:-1] if words and words[-1] in BARE else words
    for count in range(min(_LONGEST_HEDGE, len(words)), 0, -1):
        phrase = " ".join(words[-count:])
        hedge = _HEDGES_BEFORE.get(phrase) or (phrase[:1] in PREFIXES and _HEDGES_BEFORE.get(phrase[1:]))
        if hedge:
            return None if phrase.startswith(_REACHED) else hedge
    return None


def _hedge_after(after: str) -> Hedge | None:
    """Return the hedge after a number and its noun, unless another number stands between."""
    found = _HEDGE_AFTER.match(after)
    if not found or any(is_number_word(word) or SURE_DUAL.fullmatch(word) for word in found["passed"].split()):
        return None
    return _HEDGES_AFTER[found["hedge"]]


# --- Negation, and all together ---------------------------------------------------------------------------------------

_NEGATION = re.compile(
    r"\b[وف]?(?:لم|لن|دون|بدون|بلا)\s(?:[^،,]*?\s)?[بل]?"
    r"(?:[يت](?:قتل|صب|صيب|جرح|عتقل|سقط|سفر|ود|ودي|وقع|خلف|سجل|قع|لق|ستشهد|فقد|مت|سفر)"
    r"|وقوع|سقوط|تسجيل|اصابه|اصابات|مقتل|قتل|خساير|ضحايا|قتلي|جرحي)"
    r"(?!.*\b(?:سوي|الا|غير|بل|لكن|ولكن|انما)\b)(?:\s+[ء-ي]+){0,4}\s*$"
)
_NEGATOR = re.compile(r"\b[وف]?(?:لم|لن|دون|بدون|بلا)\b")

_HEDGED: Mapping[Hedge, Callable[[Number], Quantity]] = {
    "least": lambda value: Quantity(value, value, None, exact=False),
    "most": lambda value: Quantity(value, None, value, exact=False),
    "about": lambda value: Quantity(value, None, None, exact=False),
}

_REACH = 80
_CLAUSE_END = re.compile(r"[.!؟؛\n](?=\s|$)|\n")


def _context(text: str, start: int, end: int) -> tuple[str, str]:
    """Return the folded text of the same sentence before and after a mention, as far as a hedge can reach."""
    before = _CLAUSE_END.split(text[max(0, start - _REACH) : start])[-1]
    after = _CLAUSE_END.split(text[end : end + _REACH], maxsplit=1)[0]
    return fold(before), fold(after)


def read_quantity(text: str, start: int, end: int) -> Quantity | None:
    """Read the quantity of a COUNT mention from its words and from the hedge, range or negation around it.

    Args:
        text: the article as written.
        start: offset of the mention's first character.
        end: offset after its last character.

    Returns:
        The quantity (the module's table says how each wording is read). None if the mention states none, or if it is
        negated (لم يقتل أحد).
    """
    span = text[start:end]
    quantity = parse_number(span, any_dual=True)
    if quantity is None or quantity.value is None:
        return quantity
    before, after = _context(text, start, end)
    bounds = _ends_as_second(fold(span), before) or _ends_as_first(fold(span), before, after)
    if bounds:
        value = quantity.value if quantity.value in bounds else bounds[0]  # the first of "20 to 30 thousand"
        return Quantity(value, *bounds, exact=False)
    abuts = start > 0 and not text[start - 1].isspace()
    hedge = _hedge_before(before, abuts) or _hedge_after(after)
    if hedge:
        return _HEDGED[hedge](quantity.value)
    return None if _NEGATOR.search(before) and _NEGATION.search(before) else quantity
