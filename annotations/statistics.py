"""What a labelled data set is made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .arabic import is_proclitic
from .schema import Article, Span
from .surfaces import ambiguous, context, marked_surfaces, split_word, surface_of, unmarked

TOP = 10
"""How many surfaces a table lists."""

DIGITS = {"Western": re.compile("[0-9]+"), "Arabic": re.compile("[٠-٩]+"), "Persian": re.compile("[۰-۹]+")}
"""The kinds of digits."""

ISOLATE = ("\u2067", "\u2069")
"""Right-to-left isolate and its end: a terminal that knows them orders each cell for itself."""


def describe(articles: Iterable[Article]) -> dict[str, Any]:
    """Describe labelled articles: sizes, labels, proclitics, surfaces marked in different ways, digits, sources, dates.

    Returns:
        Plain JSON values; lengths in words are parted by whitespace. By label: ``spans``, ``distinct`` surfaces, those
        seen ``once``, lengths, how many begin inside a word (``inside_word``), after which ``proclitics``, and the
        ``top`` surfaces. ``odd_edges`` are mentions that cut a word elsewhere than after a proclitic.
    """
    known = list(articles)
    marked = marked_surfaces(known)
    mentions: dict[str, list[tuple[Article, Span]]] = {}
    for article in known:
        for span in article.spans:
            mentions.setdefault(span.label, []).append((article, span))
    words = [len(article.text.split()) for article in known]
    free = _word_initial(known)
    return {
        "articles": len(known),
        "characters": sum(len(article.text) for article in known),
        "words": sum(words),
        "shortest_words": min(words, default=0),
        "median_words": median(words) if words else 0,
        "longest_words": max(words, default=0),
        "spans": sum(map(len, mentions.values())),
        "optional": sum(span.optional for article in known for span in article.spans),
        "labels": {label: _describe_label(mentions[label], free) for label in sorted(mentions)},
        "ambiguous": ambiguous(marked),
        "unmarked": unmarked(known, marked),
        "odd_edges": list(_odd_edges(known)),
        "digits": _describe_digits(known),
        "sources": _tally(str(article.meta.get("source") or "") for article in known),
        "months": dict(sorted(_tally(str(article.meta.get("date") or "")[:7] for article in known).items())),
    }


def _tally(values: Iterable[str]) -> dict[str, int]:
    """Count values, the most frequent first; nothing where no article has one."""
    counts = Counter(values)
    return dict(counts.most_common()) if set(counts) - {""} else {}


def _word_initial(articles: Sequence[Article]) -> set[str]:
    """Return the surfaces that begin a word somewhere."""
    return {
        surface_of(article.text[span.start : span.end])
        for article in articles
        for span in article.spans
        if not split_word(article.text, span)[0]
    }


def _describe_label(mentions: Sequence[tuple[Article, Span]], free: set[str]) -> dict[str, Any]:
    """Describe the mentions of one label; ``free`` are the surfaces that begin a word somewhere."""
    texts = [article.text[span.start : span.end] for article, span in mentions]
    surfaces = Counter(texts)
    before = Counter(_proclitics(article, span, free) for article, span in mentions)
    del before[""]
    return {
        "spans": len(texts),
        "distinct": len(surfaces),
        "once": sum(count == 1 for count in surfaces.values()),
        "mean_characters": round(sum(map(len, texts)) / len(texts), 1),
        "longest_characters": max(map(len, texts)),
        "words": {str(size): count for size, count in sorted(Counter(len(text.split()) for text in texts).items())},
        "inside_word": before.total(),
        "proclitics": dict(before.most_common()),
        "top": dict(surfaces.most_common(TOP)),
    }


def _proclitics(article: Article, span: Span, free: set[str]) -> str:
    """Return the letters before a mention in its word; لل where the mention's own ل is that of the article ال."""
    before, _ = split_word(article.text, span)
    surface = surface_of(article.text[span.start : span.end])
    contracted = before.endswith("ل") and surface.startswith("ل") and surface not in free
    return before + "ل" if contracted else before


def _odd_edges(articles: Iterable[Article]) -> Iterator[dict[str, Any]]:
    """Yield the mentions that begin inside a word after no proclitic, or end inside one."""
    for article in articles:
        for span in article.spans:
            before, after = split_word(article.text, span)
            if after or (before and not is_proclitic(before)):
                yield {"label": span.label, "start": span.start, "end": span.end, **context(article, span)}


def _describe_digits(articles: Sequence[Article]) -> dict[str, dict[str, int]]:
    """Count the numbers written in each kind of digits: all of them, and those in mentions."""
    texts = "\n".join(article.text for article in articles)
    inside = "\n".join(article.text[span.start : span.end] for article in articles for span in article.spans)
    return {
        kind: {"numbers": len(digits.findall(texts)), "in_mentions": len(digits.findall(inside))}
        for kind, digits in DIGITS.items()
    }


def as_table(figures: dict[str, Any]) -> RenderableType:
    """Lay the figures of :func:`describe` out for a terminal; what there is none of takes no place."""
    parts = [_labels_table(figures)]
    if any(row["proclitics"] for row in figures["labels"].values()):
        parts.append(_proclitics_table(figures["labels"]))
    if figures["ambiguous"]:
        parts.append(_ambiguous_table(figures["ambiguous"][:TOP]))
    if figures["unmarked"]:
        parts.append(_unmarked_table(figures["unmarked"][:TOP]))
    if figures["odd_edges"]:
        parts.append(_odd_table(figures["odd_edges"][:TOP]))
    return Group(*parts, *_lines(figures))


def _labels_table(figures: dict[str, Any]) -> Table:
    title = f"{figures['articles']:,} articles · {figures['words']:,} words · {figures['spans']:,} spans"
    table = _table(title, "label", "spans>", "distinct>", "once>", "mean chars>", "longest>", "most frequent")
    keys = ("spans", "distinct", "once", "mean_characters", "longest_characters")
    for label, row in figures["labels"].items():
        top = "، ".join(f"{text} {count}" for text, count in row["top"].items())
        table.add_row(_cell(label), *(f"{row[key]:,}" for key in keys), _cell(top))
    return table


def _proclitics_table(labels: dict[str, Any]) -> Table:
    table = _table("Mentions that begin inside a word", "label", "inside>", "share>", "after")
    for label, row in labels.items():
        after = "، ".join(f"{letters} {count}" for letters, count in list(row["proclitics"].items())[:TOP])
        table.add_row(_cell(label), f"{row['inside_word']:,}", f"{row['inside_word'] / row['spans']:.1%}", _cell(after))
    return table


def _ambiguous_table(rows: Sequence[dict[str, Any]]) -> Table:
    table = _table("Most ambiguous surfaces", "surface", "label", "mentions>", "for example")
    for row in rows:
        for place, (label, example) in enumerate(row["labels"].items()):
            shown = _cell("" if place else row["surface"])
            table.add_row(shown, _cell(label), f"{example['count']:,}", _in_context(example))
    return table


def _unmarked_table(rows: Sequence[dict[str, Any]]) -> Table:
    table = _table("Marked here, unmarked there", "surface", "marked", "unmarked>", "unmarked in", "for example")
    for row in rows:
        labels = ", ".join(f"{label} {count}" for label, count in row["labels"].items())
        table.add_row(_cell(row["surface"]), labels, f"{row['unmarked']:,}", _cell(row["id"]), _in_context(row))
    return table


def _odd_table(rows: Sequence[dict[str, Any]]) -> Table:
    table = _table(
        "Mentions that cut a word elsewhere than after a proclitic", "article", "offsets", "label", "mention"
    )
    for row in rows:
        table.add_row(_cell(row["id"]), f"{row['start']}–{row['end']}", _cell(row["label"]), _in_context(row))
    return table


def _table(title: str, *columns: str) -> Table:
    """Make a table; a column's name ends with ``>`` where its cells stand to the right."""
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name.rstrip(">"), justify="right" if name.endswith(">") else "left")
    return table


def _lines(figures: dict[str, Any]) -> Iterator[Text]:
    """Yield the figures that are one line each."""
    lengths = (figures[key] for key in ("shortest_words", "median_words", "longest_words"))
    yield Text("Words an article: least {:,}, median {:,g}, most {:,}".format(*lengths))
    numbers = [
        f"{kind} {row['numbers']:,} ({row['in_mentions']:,} in mentions)" for kind, row in figures["digits"].items()
    ]
    yield Text("Numbers in digits: " + " · ".join(numbers))
    if figures["optional"]:
        yield Text(f"Optional spans: {figures['optional']:,}")
    for name in ("sources", "months"):
        listed = [f"{value or 'none'} {count:,}" for value, count in list(figures[name].items())]
        if listed:
            more = f" and {len(listed) - 2 * TOP} more" if len(listed) > 2 * TOP else ""
            yield Text(_printable(f"{name.capitalize()}: {' · '.join(listed[: 2 * TOP])}{more}"))


def _in_context(example: dict[str, Any]) -> Text:
    before, mention, after = (_printable(example[key]) for key in ("before", "mention", "after"))
    return Text.assemble(ISOLATE[0], before, (mention, "bold underline"), after, ISOLATE[1])


def _cell(text: str) -> Text:
    """Return text that is not read for markup and keeps its own direction inside a table row."""
    arabic = any("\u0590" <= char <= "\u08ff" for char in text)
    return Text(ISOLATE[0] + _printable(text) + ISOLATE[1] if arabic else _printable(text))


def _printable(text: str) -> str:
    """Leave out what would act on the terminal or on the order of a row: control and direction characters."""
    return "".join(" " if char.isspace() else char for char in text if char.isprintable() or char.isspace())
