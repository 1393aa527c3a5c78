"""Passages of articles, cut where sentences end: what annotators are given, and of the length that models train on."""

from __future__ import annotations

import re
from collections.abc import Iterator

SENTENCE = re.compile(r"\S.*?(?:[.!?؟…]+[\"'”»’)\]]*(?=\s)|(?=\n)|$)", re.DOTALL)
"""A sentence, or what stands on a line of its own; it ends at a mark that whitespace follows."""


def cut(text: str, longest: int) -> Iterator[tuple[int, int]]:
    """Yield the passages of a text, each of as many whole sentences as fit.

    Args:
        text: the text.
        longest: the most words of a passage; a longer sentence is a passage of its own, for half of one teaches wrong.

    Yields:
        Start and end of each, in characters.
    """
    start = end = words = 0
    for sentence in SENTENCE.finditer(text):
        count = len(sentence[0].split())
        if words and words + count > longest:
            yield start, end
            words = 0
        start = start if words else sentence.start()
        end, words = sentence.end(), words + count
    if words:
        yield start, end
