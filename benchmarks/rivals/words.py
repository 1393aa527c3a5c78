"""Articles as the words that word-based taggers read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from marsad.annotations.arabic import MARK_CLASS
from marsad.annotations.schema import Article

TOKEN = re.compile(rf"[\w{MARK_CLASS}]+|\S")
"""A word with its vowel marks, or one character of punctuation: what corpora such as CoNLL's call a token."""

WHITESPACE = re.compile(r"\S+")

SENTENCE_ENDS = frozenset(".!?؟…\n")
MOST_WORDS = 100
"""Passages end with the last sentence before this many words, for these taggers cut off what is too long for them."""

MASKED = "-"
"""The tag of words of a mention that is undecidable: not to be learned."""

Word = tuple[int, int]


def split_words(text: str, pattern: re.Pattern[str] = TOKEN) -> list[Word]:
    """Return the offsets of the words of a text."""
    return [match.span() for match in pattern.finditer(text)]


def iob2(article: Article, words: Sequence[Word]) -> list[str]:
    """Return each word's IOB2 tag; a mention is every word that it touches, particles written onto it included."""
    tags = ["O"] * len(words)
    for span in article.spans:
        touched = [i for i, (start, end) in enumerate(words) if start < span.end and span.start < end]
        for i in touched:
            tags[i] = MASKED if span.optional else f"{'B' if i == touched[0] else 'I'}-{span.label}"
    return tags


def passages(article: Article, pattern: re.Pattern[str] = TOKEN) -> Iterator[dict[str, Any]]:
    """Yield an article in passages of whole sentences: keys ``words``, ``offsets`` and ``tags``.

    A sentence that is longer than a passage is cut, but in no mention.
    """
    words = split_words(article.text, pattern)
    tags = iob2(article, words)
    first = 0
    while first < len(words):
        last = _end_of_passage(article.text, words, tags, first)
        part = words[first:last]
        yield {"words": [article.text[s:e] for s, e in part], "offsets": part, "tags": tags[first:last]}
        first = last


def _end_of_passage(text: str, words: Sequence[Word], tags: Sequence[str], first: int) -> int:
    """Return the word after the last whole sentence, else the last word that is in no mention with its neighbour."""
    if len(words) - first <= MOST_WORDS:
        return len(words)
    places = range(first + MOST_WORDS, first, -1)
    possible = [at for at in places if not tags[at].startswith(("I-", MASKED))] or [places[0]]
    gaps = ((at, text[words[at - 1][1] - 1 : words[at][0]]) for at in possible)
    return next((at for at, gap in gaps if SENTENCE_ENDS & set(gap)), possible[0])


def read_tags(offsets: Sequence[Word], tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return the spans of IOB2 tags, from the first character of their first word to the last of their last.

    An ``I-`` that follows no word of its label begins a span, as in the CoNLL script and in seqeval by default.
    """
    spans: list[tuple[int, int, str]] = []
    before = "O"
    for (start, end), tag in zip(offsets, tags, strict=True):
        label = tag[2:]
        if tag.startswith("I-") and before[2:] == label:
            spans[-1] = (spans[-1][0], end, label)
        elif label:
            spans.append((start, end, label))
        before = tag
    return spans
