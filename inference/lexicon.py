"""What a boundary decision rests on: how often words occur, and which names begin mentions in the training data."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .arabic import restore_article, strip_marks, word_at

WORD_COUNTS_FILE = Path(__file__).with_name("data") / "word_counts.tsv.gz"


@cache
def word_counts() -> Mapping[str, int]:
    """Return how often each common word form occurs in Arabic news (``data/README.md`` says in which)."""
    with gzip.open(WORD_COUNTS_FILE, "rt", encoding="utf-8") as lines:
        return {word: int(count) for word, count in (line.split("\t") for line in lines)}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The evidence for and against a proclitic.

    Attributes:
        names: how often a word, its proclitics off, began a mention in the training data of the model.
        words: how often a word form occurs in Arabic news at large.
    """

    names: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=word_counts)

    @classmethod
    def learn(cls, mentions: Iterable[tuple[str, int]]) -> Lexicon:
        """Collect the names from pairs of a text and the offset at which a mention begins in it."""
        return cls(Counter(name for text, start in mentions if (name := bare_first_word(text, start))))


def bare_first_word(text: str, start: int) -> str:
    """Return the word that begins a mention at ``start``: without marks, with the alif that ل + ال lost."""
    word_start, word_end = word_at(text, start)
    word = strip_marks(text[start:word_end])
    return restore_article(word) if strip_marks(text[word_start:start]).endswith("ل") else word
