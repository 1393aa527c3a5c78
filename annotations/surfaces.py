"""The same words marked in different ways: ambiguous surfaces, and surfaces marked here and unmarked there."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .arabic import is_proclitic, strip_marks, word_at
from .schema import Article, Span

CONTEXT = 30
"""Characters of context on either side of a mention."""

WORD = re.compile(r"\S+")

Marked = Mapping[str, Mapping[str, Sequence[tuple[Article, Span]]]]
"""Every marked surface, vowel marks apart, with its mentions by label."""


def marked_surfaces(articles: Iterable[Article]) -> Marked:
    """Collect the mentions of every surface by label."""
    marked: dict[str, dict[str, list[tuple[Article, Span]]]] = defaultdict(lambda: defaultdict(list))
    for article in articles:
        for span in article.spans:
            marked[surface_of(article.text[span.start : span.end])][span.label].append((article, span))
    return marked


def surface_of(mention: str) -> str:
    """Return a mention without vowel marks and with single spaces, as surfaces are compared."""
    return " ".join(strip_marks(mention).split())


def ambiguous(marked: Marked) -> list[dict[str, Any]]:
    """List the surfaces that bear several labels, with one context for each label.

    Returns:
        The most ambiguous first: by how many mentions bear another label than the surface's most frequent one.
    """
    rows = []
    for surface, by_label in marked.items():
        if len(by_label) > 1:
            ranked = sorted(by_label.items(), key=lambda item: (-len(item[1]), item[0]))
            labels = {label: {"count": len(mentions), **context(*mentions[0])} for label, mentions in ranked}
            rows.append({"surface": surface, "labels": labels})
    return sorted(rows, key=lambda row: (-_minority(row), row["surface"]))


def _minority(row: Mapping[str, Any]) -> int:
    """Count the mentions that bear another label than the most frequent one."""
    counts = [label["count"] for label in row["labels"].values()]
    return sum(counts) - max(counts)


def unmarked(articles: Iterable[Article], marked: Marked) -> list[dict[str, Any]]:
    """List the surfaces that are marked more often than not, with one place where they are not.

    A surface stands unmarked where its words, after proclitics or not, touch no mention at all.

    Returns:
        Likely slips first: by the share of a surface's mentions that are marked, then by how many are.
    """
    by_first: dict[str, list[list[str]]] = defaultdict(list)
    for surface in sorted(marked, key=lambda surface: -surface.count(" ")):
        if words := surface.split():
            by_first[words[0]].append(words)
    bare: dict[str, list[tuple[Article, Span]]] = defaultdict(list)
    for article in articles:
        for surface, start, end in _find_bare(article, by_first):
            bare[surface].append((article, Span(start, end, "")))
    rows = []
    for surface, places in bare.items():
        labels = Counter({label: len(mentions) for label, mentions in marked[surface].items()})
        if labels.total() > len(places):
            row = {"surface": surface, "labels": dict(labels.most_common()), "unmarked": len(places)}
            rows.append({**row, **context(*places[0])})
    return sorted(rows, key=lambda row: (-_share_marked(row), -sum(row["labels"].values()), row["surface"]))


def _share_marked(row: Mapping[str, Any]) -> float:
    marks = sum(row["labels"].values())
    return marks / (marks + row["unmarked"])


def _find_bare(article: Article, by_first: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[tuple[str, int, int]]:
    """Yield each known surface, the longest first, that touches no mention of an article, with its offsets."""
    words = list(_words(article.text))
    taken = bytearray(len(article.text))
    for span in article.spans:
        taken[span.start : span.end] = b"\1" * (span.end - span.start)
    free_from = 0
    for at, (_, start, end) in enumerate(words):
        if start < free_from:
            continue
        for skipped in _proclitic_lengths(article.text[start:end]):
            found = _match(words, at, article.text[start + skipped : end], by_first)
            if found is None:
                continue
            stop = words[at + len(found) - 1][2]
            if not any(taken[start + skipped : stop]):
                free_from = stop
                yield " ".join(found), start + skipped, stop
            break


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words of a text, punctuation at their edges apart, with their offsets."""
    for match in WORD.finditer(text):
        start, end = match.span()
        while start < end and not text[start].isalnum():
            start += 1
        while end > start and not text[end - 1].isalnum() and strip_marks(text[end - 1]):
            end -= 1
        if start < end:
            yield strip_marks(text[start:end]), start, end


def _proclitic_lengths(word: str) -> Iterator[int]:
    """Yield how many characters may be proclitics: none first, then each chain that leaves two letters."""
    yield 0
    yield from (length for length in range(1, min(6, len(word) - 1)) if is_proclitic(word[:length]))


def _match(
    words: Sequence[tuple[str, int, int]], at: int, first: str, by_first: Mapping[str, Sequence[Sequence[str]]]
) -> Sequence[str] | None:
    """Return the longest known surface that begins with the word ``first`` in place of word ``at``."""
    for known in by_first.get(strip_marks(first), ()):
        if [word for word, _, _ in words[at + 1 : at + len(known)]] == known[1:]:
            return known
    return None


def context(article: Article, span: Span) -> dict[str, Any]:
    """Return a mention's place and the words around it: keys ``id``, ``before``, ``mention``, ``after``."""
    text = article.text
    before, after = text[max(span.start - CONTEXT, 0) : span.start], text[span.end : span.end + CONTEXT]
    cut_before, cut_after = span.start > CONTEXT, span.end + CONTEXT < len(text)
    return {
        "id": article.id,
        # A word cut in two would read as another word.
        "before": "… " + before.partition(" ")[2] if cut_before else before,
        "mention": text[span.start : span.end],
        "after": after.rpartition(" ")[0] + " …" if cut_after else after,
    }


def split_word(text: str, span: Span) -> tuple[str, str]:
    """Return the letters, vowel marks apart, that stand before and after a mention in its first and last word."""
    start, _ = word_at(text, span.start)
    _, end = word_at(text, span.end - 1)
    return strip_marks(text[start : span.start]), strip_marks(text[span.end : end])
