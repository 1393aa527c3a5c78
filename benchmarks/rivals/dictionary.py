"""A dictionary of the training mentions: the longest match wins, particles written onto a word are allowed for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from marsad.annotations.arabic import after_lam, is_proclitic, strip_marks
from marsad.annotations.schema import Article, Span
from marsad.annotations.scoring import Scores, score_article
from marsad.annotations.surfaces import marked_surfaces
from marsad.benchmarks.rivals.words import Word, split_words

Key = tuple[str, ...]
"""The words of a surface, vowel marks apart."""

LONGEST_PARTICLES = 4
"""Characters that may be particles: a conjunction and a preposition, each with a vowel mark."""

PRECISIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""How often, at least, a surface must be a mention in training to be one; dev picks among them."""


class Dictionary:
    """Finds known surfaces in texts."""

    def __init__(self, labels: Mapping[Key, str]) -> None:
        """Take the label of each surface."""
        self.labels = labels
        self.lengths: Mapping[str, Sequence[int]] = _lengths(labels)

    def find(self, text: str) -> Iterator[tuple[Span, Key]]:
        """Yield the longest surfaces of a text from its beginning on, and of two as long the one after less."""
        words = split_words(text)
        plain = [strip_marks(text[start:end]) for start, end in words]
        at = 0
        while at < len(words):
            found = max(self._matches(text, words[at], plain[at:]), default=None)
            if found is None:
                at += 1
                continue
            length, unskipped, key = found
            yield Span(words[at][0] - unskipped, words[at + length - 1][1], self.labels[key]), key
            at += length

    def _matches(self, text: str, word: Word, plain: Sequence[str]) -> Iterator[tuple[int, int, Key]]:
        """Yield the surfaces that begin with a word: their length in words, minus the characters before, and key."""
        start, end = word
        for skipped in _particles(text[start:end]):
            rest = strip_marks(text[start + skipped : end])
            for first in after_lam(rest) if skipped else (rest,):
                keys = ((first, *plain[1:length]) for length in self.lengths.get(first, ()))
                yield from ((len(key), -skipped, key) for key in keys if key in self.labels)


def _lengths(labels: Iterable[Key]) -> dict[str, list[int]]:
    """Return in how many words surfaces come, by their first word."""
    lengths: dict[str, set[int]] = defaultdict(set)
    for key in labels:
        lengths[key[0]].add(len(key))
    return {first: sorted(found) for first, found in lengths.items()}


def _particles(word: str) -> Iterator[int]:
    """Yield how many characters of a word may be particles, none first, two letters left at least."""
    yield 0
    longest = min(LONGEST_PARTICLES, len(word) - 2)
    yield from (length for length in range(1, longest + 1) if is_proclitic(word[:length]))


def fit(train: Sequence[Article], dev: Sequence[Article]) -> Dictionary:
    """Make a dictionary of the training mentions.

    A surface gets the label that it has most often. It is kept if at least a certain share of its occurrences in
    training, as the dictionary itself would find them, are mentions with that label; dev picks the share.
    """
    labels = _labels(train)
    every = Dictionary(labels)
    right, total = Counter[Key](), Counter[Key]()
    for article in train:
        for span, key in every.find(article.text):
            total[key] += 1
            right[key] += span in article.spans
    candidates = [
        Dictionary({key: label for key, label in labels.items() if right[key] >= precision * total[key]})
        for precision in PRECISIONS
    ]
    return max(candidates, key=lambda dictionary: _f1(dictionary, dev))


def _labels(train: Sequence[Article]) -> dict[Key, str]:
    """Return the most frequent label of every surface that is marked in training."""
    labels = {}
    for surface, by_label in marked_surfaces(train).items():
        if key := tuple(surface[start:end] for start, end in split_words(surface)):
            labels[key] = max(sorted(by_label), key=lambda label: len(by_label[label]))
    return labels


def _f1(dictionary: Dictionary, articles: Sequence[Article]) -> float:
    """Return micro F1 of exact spans."""
    scores = (score_article(a.spans, [span for span, _ in dictionary.find(a.text)]) for a in articles)
    return sum(scores, Scores()).micro.f1
