"""What a boundary decision rests on: how often words occur, and which names begin mentions in the training data."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ..annotations.arabic import after_lam, strip_marks, word_at
from .actors import load_actors
from .places import place_names

WORD_COUNTS_FILE = Path(__file__).with_name("data") / "word_counts.tsv.gz"
PERSON_NAMES_FILE = Path(__file__).with_name("data") / "person_names.txt"


@cache
def word_counts() -> Mapping[str, int]:
    """Return how often each common word form occurs in Arabic news (``data/README.md`` says in which)."""
    with gzip.open(WORD_COUNTS_FILE, "rt", encoding="utf-8") as table:
        cells = table.read().split()
    return dict(zip(cells[::2], map(int, cells[1::2]), strict=True))


@cache
def known_names() -> frozenset[str]:
    """Return the first words of all names in the register of actors and the tables of places, and persons' names."""
    names = [name for actor in load_actors() for name in (actor.ar, *actor.aliases)]
    names += PERSON_NAMES_FILE.read_text(encoding="utf-8").split()
    return frozenset(strip_marks(name.split()[0]) for name in (*names, *place_names()) if name.strip())


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The evidence for and against a proclitic.

    Attributes:
        names: how often a word, its proclitics off, began a mention in the training data of the model.
        known: words that begin a listed actor's or place's name.
        words: how often a word form occurs in Arabic news at large.
    """

    names: Mapping[str, int] = field(default_factory=dict)
    known: Set[str] = field(default_factory=known_names)
    words: Mapping[str, int] = field(default_factory=word_counts)

    @classmethod
    def learn(cls, mentions: Iterable[tuple[str, int]]) -> Lexicon:
        """Collect the names from pairs of a text and the offset at which a mention begins in it."""
        plain = cls()
        return cls(Counter(name for text, start in mentions if (name := plain.bare_first_word(text, start))))

    def name_evidence(self, form: str) -> int:
        """Return how often a word was seen to begin a mention, a listed name counting as one sight."""
        return self.names.get(form, 0) + (form in self.known)

    def is_whole(self, word: str, rest: str) -> bool:
        """Tell whether a word is a name as it stands, and no less likely so than the rest after its first letters."""
        evidence = self.name_evidence(word)
        # ردفان may have been seen more often in training; كردفان is listed too and far commoner in the news.
        commoner = word in self.known and self.words.get(word, 0) > self.words.get(rest, 0)
        return evidence > 0 and (commoner or evidence >= self.name_evidence(rest))

    def bare_first_word(self, text: str, start: int) -> str:
        """Return the word that begins a mention at ``start``: without marks, with the alif that ل + ال lost."""
        word_start, word_end = word_at(text, start)
        word = strip_marks(text[start:word_end])
        if not strip_marks(text[word_start:start]).endswith("ل"):
            return word
        return max(after_lam(word), key=lambda form: self.words.get(form, 0))
