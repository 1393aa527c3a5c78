"""Facts of Arabic script, which live one floor down."""

from ..annotations.arabic import (
    DIGIT,
    LETTER,
    MARK_CLASS,
    MARKS,
    OTHER,
    PROCLITIC_CHAINS,
    after_lam,
    char_classes,
    is_letter,
    is_proclitic,
    strip_marks,
    word_at,
)

__all__ = [
    "DIGIT",
    "LETTER",
    "MARKS",
    "MARK_CLASS",
    "OTHER",
    "PROCLITIC_CHAINS",
    "after_lam",
    "char_classes",
    "is_letter",
    "is_proclitic",
    "strip_marks",
    "word_at",
]
