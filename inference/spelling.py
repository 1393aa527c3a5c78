"""Word endings that many writers leave the dots off, or put dots on: المدينه for المدينة, فى for في.

The model has seen newspapers, which seldom write so; posts, regional papers and Egyptian ones often do.
"""

from __future__ import annotations

import re

from ..annotations.arabic import MARK_CLASS
from .lexicon import word_counts

MEANT = {"ه": "ة", "ى": "ي"}
"""A final letter, and the one that it may stand for."""

TIMES_COMMONER = 10
"""How many times commoner in the news the other spelling must be; مياه, له, على and أخيه are words as they stand."""

_LETTER = "ء-غف-ي"
_ENDING = re.compile(f"(?<![{_LETTER}{MARK_CLASS}])[{_LETTER}]+[{''.join(MEANT)}](?![{_LETTER}{MARK_CLASS}])")

_ARTICLE = re.compile("[وف]?(?:[بك]?ال|لل)(?=..)")
# ال and a possessive ه exclude each other. Short words (والداه) and names of God (عبدالله) may only look so.
_NOUN_WITH_ARTICLE = re.compile("ال.{3,}(?<!لل)")


def restore_endings(text: str) -> str:
    """Write ة and ي where a word ends with a ه or ى that is not meant.

    A word that the news knows is decided by how often it has either ending; of unknown ones, those with the article
    take ة, for nothing else is likely there. Words with vowel signs or tatweel are left alone, and so is all else:
    the result has the length of the text and the same words at the same offsets.
    """
    return _ENDING.sub(_restore, text)


def _restore(match: re.Match[str]) -> str:
    """Return the word as it is likely meant."""
    word, stem, written = match[0], match[0][:-1], match[0][-1]
    meant, counts = MEANT[written], word_counts()
    if not (word in counts or stem + meant in counts) and (article := _ARTICLE.match(stem)):
        stem = "ال" + stem[article.end() :]  # without its particles it may be known
    as_written, as_meant = counts.get(stem + written, 0), counts.get(stem + meant, 0)
    new_to_the_news = not as_written and written == "ه" and _NOUN_WITH_ARTICLE.fullmatch(stem)
    return word[:-1] + meant if as_meant > TIMES_COMMONER * as_written or new_to_the_news else word
