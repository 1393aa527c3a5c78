"""One spelling for names that Arabic writes in many ways, so that equal names compare equal.

The result is a key for looking up, not something to show: it drops vowels and punctuation, folds letters that writers
exchange freely, and joins what they join or part at will (``عبد الله`` and ``عبدالله``). Offsets are not kept.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters that Arabic, Persian and Urdu keyboards or habits exchange within one name, and the three digit sets.
_VARIANTS = {
    "ا": "أإآٱ",
    "ي": "ىئیېےۍ",
    "ه": "ةہھەۀۂۃ",
    "ك": "کگڪ",
    "و": "ؤ",
    "ب": "پ",
    "ج": "چژ",
    "ف": "ڤ",
} | {str(digit): chr(0x660 + digit) + chr(0x6F0 + digit) for digit in range(10)}

# Vowel and Quranic signs, tatweel, soft hyphen, and the zero-width and bidirectional controls.
_UNWRITTEN = [
    *range(0x0610, 0x061B),
    *range(0x064B, 0x0660),
    0x0670,
    *range(0x06D6, 0x06EE),
    *(0x0640, 0x061C, 0x00AD, 0xFEFF),
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
]

_FOLDS: dict[int, str | None] = dict.fromkeys(_UNWRITTEN)
_FOLDS |= {ord(variant): letter for letter, variants in _VARIANTS.items() for variant in variants}

_SEPARATORS = re.compile(r"[\W_]+")
_FINAL_HAMZA = re.compile(r"(?<=ا)ء(?!\w)")
_JOINED_HEAD = re.compile(r"\b(ابو|ابي|ابا|عبد(?= ال)) (?=\w)")
_JOINED_TAIL = re.compile(r"(?<=\w) (?=(?:الله|الدين)\b)")

_WORDS = dict.fromkeys(["مليشيا", "مليشيات", "ميليشيات", "ميلشيا", "ميلشيات", "ميليشا"], "ميليشيا") | {
    "افريقيا": "افريقيه"
}
_STEMS = (("اميرك", "امريك"), ("امركي", "امريكي"), ("ديموقراط", "ديمقراط"), ("كوردستان", "كردستان"))


@lru_cache(maxsize=1 << 16)
def normalize_name(name: str) -> str:
    """Return the form of a name that all its spellings share.

    Vowel signs, tatweel and invisible characters go; hamza carriers, alif maqsura, ta marbuta, Persian letters and
    digits are unified; quotes, underscores and other punctuation count as space; a final hamza after alif goes
    (``صنعاء``, ``صنعا``); ``أبو``, ``عبد ال…``, ``الله`` and ``الدين`` are joined to their neighbour.
    """
    folded = unicodedata.normalize("NFKC", name).translate(_FOLDS).casefold()
    # Thousands of names are one word, which has nothing to part or to join.
    words = folded if folded.isalpha() else _SEPARATORS.sub(" ", folded).strip()
    if " " not in words:
        return _FINAL_HAMZA.sub("", words)
    return _JOINED_TAIL.sub("", _JOINED_HEAD.sub(r"\1", _FINAL_HAMZA.sub("", words)))


def drop_article(name: str) -> str:
    """Remove the article from every word of a normalised name, since an indefinite mention leaves out all of them.

    ``القوات العراقيه`` becomes ``قوات عراقيه``. A word keeps its article when fewer than two letters would remain.
    """
    return " ".join(
        word[2:] if word.startswith("ال") and len(word) > 3 and word != "الله" else word for word in name.split()
    )


@lru_cache(maxsize=1 << 16)
def unify_spelling(word: str) -> str:
    """Unify what is transcribed or inflected in several ways: ميليشيات and مليشيا, الحوثيون and الحوثيين.

    Coarser than ``normalize_name``, whose result it takes: a key for names of parties, not for those of places.
    """
    for variant, stem in _STEMS:
        word = word.replace(variant, stem)
    article, bare = ("ال", word[2:]) if word.startswith("ال") else ("", word)
    bare = _WORDS.get(bare, bare)
    return article + (bare[:-2] + "ين" if bare.endswith("ون") and len(bare) > 5 else bare)


def one_letter_apart(first: str, second: str) -> bool:
    """Tell whether two words differ by one letter lost, added or replaced, before which they agree in one at least."""
    at = next((at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), 0)
    rest, other = first[at:], second[at:]
    return at > 0 and rest != other and (rest[1:] == other or rest == other[1:] or rest[1:] == other[1:])
