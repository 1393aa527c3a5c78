"""A data set as one self-contained page: figures, likely slips, near-duplicates, and the articles themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .duplicates import near_duplicates
from .formats.base import COLOURS
from .schema import Article, Span, default_labels, labels_of
from .statistics import describe
from .store import Located

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
TEMPLATE = "report.html"

LINES = ("solid", "dashed", "double", "dotted")
"""Styles of the line under a mention, so that labels differ without colour."""

LISTED = 100
"""Rows of a table of slips, ambiguous surfaces or near-duplicates; what is left out is counted."""

BINS = 16
"""Bars in the histogram of article lengths."""

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
MOST_MONTHS = 240
"""Beyond this, months without articles are left out."""

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, halves of characters, and direction overrides, which would reorder what stands beside them."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an article's text, inside one mention or outside all; ``label`` is None outside."""

    text: str
    label: str | None = None
    optional: bool = False


def render_report(records: Sequence[Located]) -> str:
    """Return the page as HTML: no script, style, font or image from anywhere else, and nothing in a text is markup.

    Args:
        records: the articles with their files and lines.
    """
    articles = [record.article for record in records]
    places: dict[str, int] = {}
    for place, article in enumerate(articles):
        places.setdefault(article.id, place)
    figures = describe(articles)
    return (
        page_environment()
        .get_template(TEMPLATE)
        .render(
            listed=LISTED,
            figures=figures,
            files=_files(records),
            labels=label_looks(labels_of(articles)),
            lengths=_histogram([len(article.text.split()) for article in articles]),
            months=_by_month(figures["months"]),
            pairs=[
                (records[pair.first], records[pair.second], pair)
                for pair in near_duplicates(article.text for article in articles)
            ],
            records=[(record, list(segments(record.article)), _hidden(record.article)) for record in records],
            place_of=places.get,
        )
    )


def page_environment(folder: Path = FOLDER) -> Environment:
    """Return what renders the pages of a folder: values are never markup, and all pages share ``page.css``."""
    from jinja2 import Environment, FileSystemLoader

    loader = FileSystemLoader([folder, FOLDER])
    return Environment(loader=loader, autoescape=True, finalize=_inert, trim_blocks=True, lstrip_blocks=True)


def _inert(value: object) -> object:
    """Show characters that could reorder or break the page as a replacement character."""
    return UNSAFE.sub("\ufffd", value) if type(value) is str else value


def label_looks(labels: Collection[str]) -> dict[str, dict[str, str]]:
    """Return how each label is shown: its class, its colour, and the style of its line."""
    known = list(default_labels())
    ordered = [*known, *(label for label in labels if label not in known)]
    return {
        label: {
            "name": f"l{place}",
            "colour": COLOURS[place % len(COLOURS)],
            "line": LINES[place % len(LINES)],
        }
        for place, label in enumerate(ordered)
        if label in labels
    }


def _files(records: Sequence[Located]) -> Mapping[str, dict[str, Any]]:
    """Return articles, words and spans by label of each file."""
    files: dict[str, dict[str, Any]] = {}
    for record in records:
        row = files.setdefault(record.file, {"articles": 0, "words": 0, "labels": Counter()})
        row["articles"] += 1
        row["words"] += len(record.article.text.split())
        row["labels"].update(span.label for span in record.article.spans)
    return files


def _histogram(lengths: Sequence[int]) -> list[tuple[str, int]]:
    """Count articles by length in words: (range, articles)."""
    low, high = min(lengths), max(lengths)
    step = max(1, -(-(high - low + 1) // BINS))
    edges = np.arange(low, high + step + 1, step)
    counts, _ = np.histogram(lengths, edges)
    return [(f"{edge}–{edge + step - 1}", int(count)) for edge, count in zip(edges, counts, strict=False)]


def _by_month(months: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return articles by month, the months between without articles too; what is no month is left to the figures."""
    dated = {month: count for month, count in months.items() if MONTH.fullmatch(month)}
    if not dated:
        return []
    between = np.arange(np.datetime64(min(dated)), np.datetime64(max(dated)) + 1)
    shown = [str(month) for month in between] if len(between) <= MOST_MONTHS else sorted(dated)
    return [(month, dated.get(month, 0)) for month in shown]


def segments(article: Article) -> Iterator[Segment]:
    """Cut a text at the edges of its mentions; of mentions that overlap only the first is shown."""
    at = 0
    for span in _shown(article):
        if at < span.start:
            yield Segment(article.text[at : span.start])
        yield Segment(article.text[span.start : span.end], span.label, span.optional)
        at = span.end
    if at < len(article.text):
        yield Segment(article.text[at:])


def _shown(article: Article) -> Iterator[Span]:
    at = 0
    for span in sorted(article.spans):
        if span.start >= at:
            yield span
            at = span.end


def _hidden(article: Article) -> int:
    """Count the mentions that overlap an earlier one."""
    return len(article.spans) - sum(1 for _ in _shown(article))


def write_report(records: Sequence[Located], path: Path) -> None:
    """Write the page of :func:`render_report` to a file."""
    path.write_text(render_report(records), encoding="utf-8")
