"""Read the number that an Arabic expression states: digits, number words, both, a range, or a dual noun."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

from ..annotations.arabic import strip_marks

Number = int | float


@dataclass(frozen=True, slots=True)
class Quantity:
    """How many, in units of the counted thing.

    Attributes:
        value: the number stated; None where only a magnitude (عشرات) or two bounds are.
        low: the least number that the wording allows; None if it sets no floor.
        high: the greatest number that the wording allows; None if it sets no ceiling.
        exact: whether the number is stated without hedge, range or vagueness.
    """

    value: Number | None
    low: Number | None
    high: Number | None
    exact: bool


# --- One spelling for many ----------------------------------------------------------------------------------------

_FOLDS = str.maketrans(
    "أإآٱىیېةۀەؤئکگ" + "٠١٢٣٤٥٦٧٨٩" + "۰۱۲۳۴۵۶۷۸۹" + "\u00a0\u202f\u2009–—−‐‑",
    "اااايييهههويكك" + "0123456789" * 2 + "   -----",
    "ء",
)
_TANWEEN_ALIF = re.compile("اً|ًا")
_PRESENTATION_FORM = re.compile("[\ufb50-\ufdff\ufe70-\ufefc]")


def fold(text: str) -> str:
    """Return the text in one spelling: no marks, hamza or tanween alif, one letter of each family, ASCII digits.

    For looking words up; offsets are not kept.
    """
    if _PRESENTATION_FORM.search(text):
        text = unicodedata.normalize("NFKC", text)
    return strip_marks(_TANWEEN_ALIF.sub("", text)).translate(_FOLDS)


# --- The words ----------------------------------------------------------------------------------------------------

_ONES = {
    0: "صفر",
    1: "واحد واحدة أحد إحدى",
    2: "اثنان اثنين اثنا اثني اثنتان اثنتين اثنتا اثنتي ثنتان ثنتين ثنتا ثنتي اتنين اتنان اتنا اتني",
    3: "ثلاث ثلاثة تلات تلاتة ثلات ثلاتة",
    4: "أربع أربعة",
    5: "خمس خمسة",
    6: "ست ستة",
    7: "سبع سبعة",
    8: "ثمان ثماني ثمانية ثمنية تمان تمانية تماني",
    9: "تسع تسعة",
}
_TENS = {
    20: "عشرون عشرين",
    30: "ثلاثون ثلاثين تلاتين ثلاتين",
    40: "أربعون أربعين",
    50: "خمسون خمسين",
    60: "ستون ستين",
    70: "سبعون سبعين",
    80: "ثمانون ثمانين تمانين",
    90: "تسعون تسعين",
}
_HUNDRED = "مئة مائة مية مأة ماية"
_TWO_HUNDRED = "مئتان مئتين مئتا مئتي مائتان مائتين مائتا مائتي ميتان ميتين ميتا ميتي مأتان مأتين مأتا مأتي"
# The stems that مئة is written onto; the short ones are the classical ثلثمائة and the spoken ربعمية, تمنمية.
_HUNDRED_STEMS = {
    3: "ثلاث ثلاثة ثلث تلات تلت ثلات",
    4: "أربع أربعة ربع",
    5: "خمس خمسة",
    6: "ست ستة",
    7: "سبع سبعة",
    8: "ثمان ثماني ثمانية ثمن تمن تمان",
    9: "تسع تسعة",
}
_SCALES = {10**3: "ألف", 10**6: "مليون", 10**9: "مليار", 10**12: "تريليون"}
_SCALE_VARIANTS = {10**9: "بليون", 10**12: "ترليون"}
_PLURALS = {
    10: "عشرات",
    100: "مئات مائات مآت",
    10**3: "آلاف ألوف",
    10**6: "ملايين",
    10**9: "مليارات بلايين",
    10**12: "تريليونات",
}
_FRACTIONS = {1 / 2: "نصف", 1 / 3: "ثلث", 2 / 3: "ثلثا ثلثي ثلثان ثلثين", 1 / 4: "ربع"}

_FEW = 3  # the least that بضع and بضعة mean
_PLURAL = 2  # the least that an indefinite plural (مئات) means in a report, where duals are seldom kept apart


# --- Adding words up ----------------------------------------------------------------------------------------------


class _NotANumberError(ValueError):
    """The words do not make up one number."""


@dataclass(slots=True)
class _Sum:
    """A number under construction: closed groups (``total``) and the group that the next scale word multiplies."""

    total: Number = 0
    group: Number | None = None
    scale: int | None = None
    vague: bool = False
    part: bool = False

    def add(self, value: Number, joined: bool) -> None:
        """Add a number below a thousand, or one in digits, after و or as the first of its group."""
        if self.group is None:
            self._require(self.scale is None or value < self.scale)
            self.group = value
        else:
            units_then_tens = 0 < self.group < 10 and 20 <= value < 100
            hundreds_then_rest = self.group % 100 == 0 and value < 100
            after_hundreds = self.group > 100 and 0 < self.group % 100 < 10 and 20 <= value < 100
            self._require(joined and (units_then_tens or hundreds_then_rest or after_hundreds))
            self.group += value

    def add_ten(self, value: int, joined: bool) -> None:
        """Take عشر: ten by itself, and ten more after a unit (خمسة عشر)."""
        if self.group is not None and not joined and 0 < self.group % 100 < 10:
            self.group += value
        else:
            self.add(value, joined)

    def add_hundred(self, value: int, joined: bool) -> None:
        """Take مئة: a hundred by itself, a factor after a unit (ثلاث مئة)."""
        if self.group is not None and not joined and 2 < self.group < 10:
            self.group *= value
        else:
            self.add(value, joined)

    def multiply(self, scale: int, joined: bool) -> None:
        """Take a scale word: it multiplies the group before it, or stands for one of its kind."""
        if self.group is None and self.total and not joined and self.scale and scale > self.scale:
            self.total *= scale
        else:
            group = 1 if self.group is None else self.group
            self._require(self.group is None or not joined)
            self._require(self.scale is None or scale < self.scale or (scale == self.scale and group < 1))
            self.total += group * scale
        self.group, self.scale, self.part = None, scale, False

    def multiply_or_double(self, scale: int, joined: bool) -> None:
        """Take ألفا, which is a thousand after a number (20 ألفا) and two thousand before a noun (ألفا جندي)."""
        if self.group is None or joined:
            self.double(scale, joined)
        else:
            self.multiply(scale, joined)

    def double(self, scale: int, joined: bool) -> None:
        """Take a dual of a scale word (ألفين)."""
        self._require(self.group is None)
        self.group = 2
        self.multiply(scale, joined=False)

    def pluralise(self, unit: int, joined: bool) -> None:
        """Take a plural: a factor after a number (3 آلاف، عشرات الآلاف), otherwise the least plural of its unit."""
        if self.group is None and self.scale is None:
            self.group, self.vague = _PLURAL, True
        if unit < 1000:
            self._require(self.group is not None and not joined)
            self.group = (self.group or 0) * unit
        else:
            self.multiply(unit, joined)

    def take_part(self, fraction: float, joined: bool) -> None:
        """Take a fraction, to be multiplied by the scale word after it (نصف مليون) or before it (مليون ونصف)."""
        self._require(self.group is None)
        self.group, self.part = fraction, True

    def divide(self, divisor: int, joined: bool) -> None:
        """Take أرباع (ثلاثة أرباع المليون)."""
        self._require(self.group is not None and 1 < self.group < divisor)
        self.group, self.part = (self.group or 0) / divisor, True

    def take_few(self, value: int, joined: bool) -> None:
        """Take بضع, or نيف with the value nought."""
        self.vague = True
        if value:
            self.add(value, joined)

    def close(self) -> Quantity:
        """Return the quantity of the words taken so far."""
        number = self.total + self._last_group()
        number = int(number) if number == int(number) else round(number, 6)
        return Quantity(None, number, None, exact=False) if self.vague else Quantity(number, number, number, exact=True)

    def _last_group(self) -> Number:
        self._require(not self.part or self.scale is not None)
        return (self.group or 0) * (self.scale or 1) if self.part else self.group or 0

    @staticmethod
    def _require(condition: bool) -> None:
        if not condition:
            raise _NotANumberError


_Step = Callable[[_Sum, Any, bool], None]
_Entry = tuple[_Step, Number]


def _entries(step: _Step, forms: Mapping[int, str] | Mapping[float, str]) -> dict[str, _Entry]:
    """Spell a table of values out into one entry per written form."""
    return {fold(form): (step, value) for value, words in forms.items() for form in words.split()}


def _scale_entries() -> dict[str, _Entry]:
    words = [*_SCALES.items(), *_SCALE_VARIANTS.items()]
    singular: dict[str, _Entry] = {fold(word): (_Sum.multiply, scale) for scale, word in words}
    duals: dict[str, _Entry] = {
        fold(word) + ending: (_Sum.double, scale) for scale, word in words for ending in ("ان", "ين", "ي")
    }
    construct: dict[str, _Entry] = {fold(word) + "ا": (_Sum.multiply_or_double, scale) for scale, word in words}
    return singular | duals | construct


def _joined_entries() -> dict[str, _Entry]:
    """Return the compounds written as one word: ثلاثمئة, احدعشر."""
    hundreds: dict[str, _Entry] = {
        fold(stem + hundred): (_Sum.add, 100 * unit)
        for unit, stems in _HUNDRED_STEMS.items()
        for stem, hundred in product(stems.split(), _HUNDRED.split())
    }
    teens: dict[str, _Entry] = {
        fold(stem) + ten: (_Sum.add, 10 + unit)
        for unit, stems in _ONES.items()
        if unit
        for stem, ten in product(stems.split(), ("عشر", "عشره"))
    }
    return hundreds | teens


_LEXICON: dict[str, _Entry] = (
    _joined_entries()
    | _entries(_Sum.add, _ONES | _TENS | {200: _TWO_HUNDRED, 12: "دزينة درزن"})
    | _entries(_Sum.add_ten, {10: "عشر عشرة"})
    | _entries(_Sum.add_hundred, {100: _HUNDRED})
    | _entries(_Sum.pluralise, _PLURALS)
    | _entries(_Sum.take_part, _FRACTIONS)
    | _entries(_Sum.divide, {4: "أرباع", 5: "أخماس"})
    | _entries(_Sum.take_few, {_FEW: "بضع بضعة", 0: "نيف"})
    | _scale_entries()
)


@lru_cache(maxsize=1 << 14)
def _look_up(word: str) -> tuple[_Entry | None, bool]:
    """Return a folded word's entry, without its و, article and accusative alif; and whether it carries و."""
    for joined in (False, True):
        rest = word[1:] if joined else word
        if joined and word[:1] not in ("و", "ف"):
            break
        bare = rest[2:] if rest.startswith("ال") else rest
        for form in (rest, bare, bare.removesuffix("ا")):
            if form in _LEXICON:
                return _LEXICON[form], joined
    return None, False


def is_number_word(word: str) -> bool:
    """Tell whether a folded word is, or begins with, digits or a word of a number."""
    return word[:1].isdigit() or _look_up(word)[0] is not None


# --- Digits -------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<spaced>\d{1,3}(?: \d{3})+(?!\d))"
    r"|(?P<wire>\d+ر\d+)"
    r"|(?P<number>\d+(?:[.,٫٬،'’]\d+)*)"
    r"|(?P<word>[ء-ي]+)"
    r"|(?P<other>\S)"
)
_SEPARATOR = re.compile("[.,٫٬،'’]")
_AMBIGUOUS_SEPARATORS = frozenset(".,،٫")


def _digits(text: str, before_scale: bool) -> Number:
    """Read a number in ASCII digits with separators.

    Groups of three are thousands (12,500 and 3.500 alike), unless a single group stands before a scale word
    (1.250 مليون), which makes it a decimal; any other single group is a decimal (2,6).
    """
    separators = _SEPARATOR.findall(text)
    if not separators:
        return int(text)
    head, *groups = _SEPARATOR.split(text)
    grouped = len(head) <= 3 and head[0] != "0" and all(len(group) == 3 for group in groups)
    decimal = len(groups) == 1 and separators[0] in _AMBIGUOUS_SEPARATORS
    if grouped and not (decimal and before_scale):
        return int(head + "".join(groups))
    if grouped or decimal:
        return float(f"{head}.{groups[0]}")
    *thousands, last = groups
    if all(len(group) == 3 for group in thousands) and separators[-1] != separators[0]:
        return float(f"{head}{''.join(thousands)}.{last}")
    raise _NotANumberError


def _wire_digits(text: str, before_scale: bool) -> Number:
    """Read the agencies' ر between digits, whose parts are typed in visual order: 225ر29 is 29,225 and 5ر2 is 2.5."""
    first, second = text.split("ر")
    whole, rest = (first, second) if len(second) == 3 and len(first) < 3 else (second, first)
    return _digits(f"{whole},{rest}", before_scale)


def _numeral(token: re.Match[str], before_scale: bool) -> Number | None:
    """Return the number of a token in digits, None for any other token."""
    match token.lastgroup:
        case "spaced":
            return int(token.group().replace(" ", ""))
        case "wire":
            return _wire_digits(token.group(), before_scale)
        case "number":
            return _digits(token.group(), before_scale)
    return None


# --- One number ---------------------------------------------------------------------------------------------------

PREFIXES = "وفبلك"
"""Particles of one letter that are written onto a number's first word."""

QUOTES = "\"'«»“”()[]#"
"""What may enclose a number."""

BARE = frozenset({"ال", "ل", "ب"})
"""What is left of a proclitic before digits (الـ15)."""

RANGE_WORDS = r"(?:-|\bالي\b|\bاو\b)"
"""A pattern for what stands between the ends of a range, folded."""

_INNER_RANGE = re.compile(rf"\s*{RANGE_WORDS}\s*")
_SCALE_STEPS = frozenset({_Sum.multiply, _Sum.multiply_or_double, _Sum.pluralise})


def _is_scale(token: re.Match[str] | None) -> bool:
    entry = _look_up(token.group())[0] if token else None
    return entry is not None and entry[0] in _SCALE_STEPS and entry[1] >= 1000


def _add_up(folded: str) -> Quantity:
    """Read folded words and digits as one number, with or without a proclitic on the first word."""
    tokens = [token for token in _TOKEN.finditer(folded.strip(QUOTES + " ")) if token.group() not in BARE]
    if not tokens:
        raise _NotANumberError
    number, joined, taken = _Sum(), False, False
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        word = token.group()
        if word == "و":
            joined = True
            continue
        numeral = _numeral(token, _is_scale(following))
        if numeral is not None:
            number.add(numeral, joined)
        else:
            entry, with_conjunction = _look_up(word)
            if entry is None and not taken and word[:1] in PREFIXES:
                entry, _ = _look_up(word[1:])
            if entry is None:
                raise _NotANumberError
            entry[0](number, entry[1], joined or with_conjunction)
        joined, taken = False, True
    if not taken:
        raise _NotANumberError
    return number.close()


# --- Duals --------------------------------------------------------------------------------------------------------

SURE_DUAL = re.compile(r"[ء-ي]{2,}(?:[يا]ن|[^ا]ت[اي])|[ء-ي]{2,}ت[اي](?:ه|ها|هم|هن|هما|نا)")
"""A folded word whose ending only a dual has, exceptions apart."""

_WEAK_DUAL = re.compile(r"[ء-ي]{2,}(?:[اي](?:ن|ه|ها|هم|هن|هما|نا)|ي|(?<!ه)(?<!ن)ا)")
_NOT_DUALS = frozenset(
    fold(
        "طيران نيران بركان ميدان عدوان لبنان إيران ثمان إنسان سلطان قبطان مهرجان عنوان برلمان جدران غربان فرسان "
        "قضبان صلبان شبان سكان بلدان جيران قطعان أوزان ألوان أعيان "
        "سكين سكاكين سارين فلسطين صين تنين بنزين قوانين ميادين مساكين ملايين براكين سلاطين بساتين شياطين "
        "كاتيوشا أربيجي دوشكا أباتشي عصي"
    ).split()
)
# Singulars that take the accusative alif (أطلق صاروخا); their construct dual in ا is rarer than that in news.
_ARMS = frozenset(
    fold("صاروخ مدفع لغم رشاش مسدس سلاح حزام برميل مقذوف زورق قارب مضاد خنجر سيف سهم هاون رصاص بارود درون").split()
)


def _bare_noun(word: str) -> str:
    """Take the article and the proclitics before it off a folded noun (والجنديين, للضابطين)."""
    return re.sub(r"^[وف]?(?:[بك]?ال|لل)(?=...)", "", word)


def _is_dual(phrase: str, weak: bool) -> bool:
    """Tell whether a phrase begins with a dual noun.

    Args:
        phrase: the phrase, not folded: ة tells مدفعية (a gun) from والديه (both his parents).
        weak: accept the endings of a dual that other words share (سفيرا, هدفي, والديه), on a single word.
    """
    words = phrase.strip(QUOTES + " ").split()
    if not words or strip_marks(words[0]).endswith("ة"):
        return False
    whole = fold(words[0])
    noun = _bare_noun(whole)
    if noun.removesuffix("ا") in _NOT_DUALS | _ARMS or noun in _NOT_DUALS:
        return False
    if len(words) > 1 and noun.endswith("ي") and noun[:-1] in _ARMS:
        return True
    ending = _WEAK_DUAL if weak and len(words) == 1 else SURE_DUAL
    return bool(ending.fullmatch(noun) or ending.fullmatch(whole))


_TWO = Quantity(2, 2, 2, exact=True)


@lru_cache(maxsize=1 << 14)
def _parse_one(folded: str) -> Quantity | None:
    """Read one folded number, None if it is not one."""
    try:
        return _add_up(folded)
    except _NotANumberError:
        return None


def parse_number(expression: str, *, any_dual: bool = False) -> Quantity | None:
    """Read a number expression by itself.

    Args:
        expression: number words, digits of any of the three kinds, a mixture of them, a range, or a dual noun.
        any_dual: take a single word for a dual wherever its ending allows (سفيرا). By default only endings that mark
            one beyond doubt do: safe on any WEAPON mention (صاروخين is 2, صاروخ and طيران are None).

    Returns:
        The quantity, None if the expression states none.
    """
    folded = fold(expression)
    whole = _parse_one(folded)
    if whole is not None:
        return whole
    ends = _INNER_RANGE.split(folded, maxsplit=1)
    if len(ends) == 2 and (bounds := range_bounds(*ends)):
        return Quantity(None, *bounds, exact=False)
    return _TWO if _is_dual(expression, any_dual) else None


# --- Ranges -------------------------------------------------------------------------------------------------------


def range_bounds(first: str, second: str) -> tuple[Number, Number] | None:
    """Return the bounds of a range from its two folded ends, None unless they are numbers that rise.

    A scale word on the second end alone holds for both: in "20 to 30 thousand" the first end is 20,000.
    """
    low, high = (_stated(end) for end in (first, second))
    if low is None or high is None:
        return None
    scale = _trailing_scale(second)
    low = low * scale if low < 1000 and low * scale < high else low
    return (low, high) if low < high else None


def _stated(folded: str) -> Number | None:
    quantity = _parse_one(folded)
    if quantity is None and " " not in folded and _is_dual(folded, weak=False):
        quantity = _TWO
    return quantity.value if quantity else None


def _trailing_scale(folded: str) -> int:
    tokens = list(_TOKEN.finditer(folded))
    entry = _look_up(tokens[-1].group())[0] if len(tokens) > 1 and _is_scale(tokens[-1]) else None
    return int(entry[1]) if entry else 1
