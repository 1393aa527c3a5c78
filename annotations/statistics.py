"""What a labelled data set is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from .schema import Article

TOP = 10
"""How many of the most frequent surfaces are listed for each label."""


def describe(articles: Iterable[Article]) -> dict[str, Any]:
    """Count articles, words and spans; per label also distinct surfaces, the most frequent ones and mean length.

    Returns:
        Plain JSON values; lengths in characters and words, words parted by whitespace.
    """
    texts: list[str] = []
    surfaces: dict[str, Counter[str]] = {}
    sources: Counter[str] = Counter()
    for article in articles:
        texts.append(article.text)
        sources[str(article.meta.get("source", ""))] += 1
        for span in article.spans:
            surfaces.setdefault(span.label, Counter())[article.text[span.start : span.end]] += 1
    words = [len(text.split()) for text in texts]
    return {
        "articles": len(texts),
        "characters": sum(map(len, texts)),
        "words": sum(words),
        "longest_words": max(words, default=0),
        "spans": sum(counter.total() for counter in surfaces.values()),
        "sources": dict(sources.most_common()) if any(sources) and set(sources) != {""} else {},
        "labels": {label: _describe_label(counter) for label, counter in sorted(surfaces.items())},
    }


def _describe_label(surfaces: Counter[str]) -> dict[str, Any]:
    total = surfaces.total()
    return {
        "spans": total,
        "distinct": len(surfaces),
        "once": sum(count == 1 for count in surfaces.values()),
        "mean_characters": round(sum(len(text) * count for text, count in surfaces.items()) / total, 1),
        "top": dict(surfaces.most_common(TOP)),
    }


def as_table(figures: dict[str, Any]) -> Table:
    """Lay the figures of :func:`describe` out as a table."""
    title = f"{figures['articles']:,} articles · {figures['words']:,} words · {figures['spans']:,} spans"
    table = Table(title=title, title_justify="left")
    for name in ("label", "spans", "distinct", "once", "mean chars", "most frequent"):
        table.add_column(name, justify="left" if name in ("label", "most frequent") else "right")
    for label, row in figures["labels"].items():
        numbers = [str(row[key]) for key in ("spans", "distinct", "once", "mean_characters")]
        top = "، ".join(f"{text} {count}" for text, count in row["top"].items())
        # Text is not read for markup, and what is not printable must not reach a terminal.
        table.add_row(Text(label), *numbers, Text("".join(char for char in top if char.isprintable())))
    return table
