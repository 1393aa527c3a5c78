"""Facts of Arabic script that more than one module needs."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

MARK_CLASS = (
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
    "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
)
"""The inside of a regex character class: tashkeel, tatweel, zero-width and direction marks."""

MARKS = re.compile(f"[{MARK_CLASS}]")

PROCLITIC_CHAINS = frozenset(
    conjunction + preposition for conjunction in ("", "و", "ف") for preposition in ("", "ب", "ك", "ل", "س")
) - {""}
"""Every chain of particles that is written onto the next word: a conjunction, a preposition (or س), or both."""

OTHER, LETTER, DIGIT = 0, 1, 2


def strip_marks(text: str) -> str:
    """Remove tashkeel, tatweel, zero-width and direction marks."""
    return MARKS.sub("", text)


def is_proclitic(prefix: str) -> bool:
    """Tell whether the first letters of a word, marks apart, are a chain of proclitics."""
    return strip_marks(prefix) in PROCLITIC_CHAINS


@cache
def _class_table() -> npt.NDArray[np.uint8]:
    """Return the class of every character of the basic plane; what lies beyond is read as its last entry."""
    table = np.zeros(0x10000, dtype=np.uint8)
    for code in range(0x10000):
        category = unicodedata.category(chr(code))
        if category[0] in "LM" or MARKS.match(chr(code)):
            table[code] = LETTER
        elif category == "Nd":
            table[code] = DIGIT
    return table


def char_classes(text: str) -> npt.NDArray[np.uint8]:
    """Return OTHER, LETTER (with the marks on letters) or DIGIT for each character, shape (len(text),)."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return _class_table()[np.minimum(codes, 0xFFFF)]


def word_at(text: str, at: int) -> tuple[int, int]:
    """Return the offsets of the run of letters that holds the character at ``at``; (at, at) where it is no letter."""
    start = end = at
    while end < len(text) and is_letter(text[end]):
        end += 1
    while start > 0 and end > at and is_letter(text[start - 1]):
        start -= 1
    return start, end


def is_letter(char: str) -> bool:
    """Tell whether a character is a letter or a mark on one."""
    return bool(_class_table()[min(ord(char), 0xFFFF)] == LETTER)


def after_lam(rest: str) -> tuple[str, ...]:
    """Return what may have stood before a proclitic ل: لتحالف (of للتحالف) may be التحالف, which lost its alif."""
    return (rest, "ا" + rest) if rest.startswith("ل") else (rest,)
