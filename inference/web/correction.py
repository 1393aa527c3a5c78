"""Putting an article's marks right: what a user selects or types becomes a sound span."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from ...annotations.schema import Article, Span
from ...errors import InputError


def mark(article: Article, start: int, end: int, label: str) -> Article:
    """Return the article with a stretch of its text marked, in place of any marks that it overlaps.

    Raises:
        InputError: if there is nothing to mark.
    """
    start, end = trimmed(article.text, start, end)
    new = Span(start, end, label)
    return replace(article, spans=tuple(sorted([*(span for span in article.spans if not span.overlaps(new)), new])))


def unmark(article: Article, start: int, end: int) -> Article:
    """Return the article without the marks that share a character with a stretch of its text.

    Raises:
        InputError: if there is no such mark.
    """
    stretch = Span(start, end, "")
    kept = tuple(span for span in article.spans if not span.overlaps(stretch))
    if len(kept) == len(article.spans):
        raise InputError("no mark there")
    return replace(article, spans=kept)


def find(article: Article, words: str, marked: bool) -> tuple[int, int]:
    """Return where words first stand in an article.

    Args:
        article: where to look.
        words: what to look for; spaces around them don't count.
        marked: whether to look among the marks, or in the text outside them.

    Raises:
        InputError: if they stand nowhere there.
    """
    words = words.strip()
    if not words:
        raise InputError("no words; select some in the article, or type them")
    for place in _places(article.text, words):
        free = not any(span.overlaps(Span(*place, "")) for span in article.spans)
        if (any((span.start, span.end) == place for span in article.spans)) if marked else free:
            return place
    raise InputError(f"“{words}”: {'no such mark' if marked else 'not in the text outside the marks'}")


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a selection's edges without spaces, and with every combining mark beside its letter.

    Raises:
        InputError: if nothing is left.
    """
    start, end = max(start, 0), min(end, len(text))
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start >= end:
        raise InputError("no words; select some in the article, or type them")
    while start > 0 and unicodedata.combining(text[start]):
        start -= 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return start, end


def _places(text: str, words: str) -> Iterator[tuple[int, int]]:
    """Yield where words stand in a text."""
    start = text.find(words)
    while start != -1:
        yield start, start + len(words)
        start = text.find(words, start + 1)
