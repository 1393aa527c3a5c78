"""Pieces of the page: an article with its marks, the table of mentions, the map."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from ...annotations.schema import Article, Span
from ...annotations.store import SURROGATES
from ..mentions import Mention
from ..view.charts import COLOURS, IN_PAGE, PlaceRow, place_map
from ..view.page import LINES, OTHER_COLOURS, OTHER_LINE
from ..writers import value_of

COLUMNS = ("Label", "Mention", "Name", "Value", "Country", "Score")

MAP_SIZE = (960, 420)
"""Pixels."""

NAMED_PLACES = 12
"""How many places of a map have their names beside them."""


def marked_text(article: Article) -> str:
    """Return an article as HTML: its text character by character, each mark with its label beside it."""
    parts, last = [], 0
    for span in article.spans:
        parts += [escaped(article.text[last : span.start]), _mark(article.text, span)]
        last = span.end
    parts.append(escaped(article.text[last:]))
    return f'<div class="article" dir="rtl" lang="ar">{"".join(parts)}</div>'


def legend(labels: Iterable[str]) -> str:
    """Return the labels as HTML, each as its marks look."""
    return f'<p class="legend">{" ".join(f"<span {_look(label)}>{escaped(label)}</span>" for label in labels)}</p>'


def notice(lines: Iterable[str]) -> str:
    """Return lines as HTML."""
    return "".join(f'<p class="notice">{escaped(line)}</p>' for line in lines)


def escaped(text: str) -> str:
    """Return text as HTML shows it; what HTML has no way to write (NUL, half a character) is replaced one for one."""
    # A bare carriage return would become a newline, and a CR LF one character less.
    return SURROGATES.sub("\ufffd", html.escape(text)).replace("\0", "\ufffd").replace("\r", "&#13;")


def table_rows(mentions: Sequence[Mention]) -> list[list[str]]:
    """Return a row for each mention, under ``COLUMNS``."""
    return [[_plain(cell) for cell in _cells(mention)] for mention in mentions]


def map_of(mentions: Iterable[Mention]) -> str:
    """Return a map of the linked places as SVG, drawn here so that the page need not load anything."""
    import vl_convert

    rows = _place_rows(mentions)
    if not rows:
        return notice(["None of the places mentioned is in the gazetteer."])
    width, height = MAP_SIZE
    chart = place_map(rows, IN_PAGE, width, height).to_dict()
    # The world beyond the picture's edges would be most of its size.
    chart["projection"]["clipExtent"] = [[0, 0], [width, height]]
    names = escaped("، ".join(row["name"] for row in rows))
    drawing = vl_convert.vegalite_to_svg(chart).replace("<svg ", f'<svg role="img" aria-label="{names}" ', 1)
    return f'<div class="map">{drawing}</div>'


def _mark(text: str, span: Span) -> str:
    """Return a mark as HTML: one can point at it, or reach it with the keyboard."""
    shown, label = escaped(text[span.start : span.end]), escaped(span.label)
    place = f'data-start="{span.start}" data-end="{span.end}" data-label="{label}"'
    return f'<mark {_look(span.label)} {place} tabindex="0" role="button" aria-label="{shown} {label}">{shown}</mark>'


def _look(label: str) -> str:
    """Return the attribute that gives a label's colour and underline."""
    colour = COLOURS.get(label) or OTHER_COLOURS[sum(map(ord, label)) % len(OTHER_COLOURS)]
    return f'style="--colour: {colour}; --line: {LINES.get(label, OTHER_LINE)}"'


def _cells(mention: Mention) -> tuple[str, ...]:
    entry = mention.actor or mention.place
    country = (entry and entry.country) or ""
    return mention.label, mention.text, mention.name or "", value_of(mention), country, f"{mention.score:.2f}"


def _plain(text: str) -> str:
    """Return text for a cell: without line ends, control and direction characters."""
    return "".join(" " if char.isspace() else char for char in text if char.isprintable() or char.isspace())


def _place_rows(mentions: Iterable[Mention]) -> list[PlaceRow]:
    """Return a row for each place, the most mentioned first."""
    rows: dict[tuple[str, str], PlaceRow] = {}
    for place in (mention.place for mention in mentions if mention.place is not None):
        new: PlaceRow = {"name": place.ar, "n": 0, "lat": place.lat, "lon": place.lon, "label": ""}
        rows.setdefault((place.id, place.kind), new)["n"] += 1
    ordered = sorted(rows.values(), key=lambda row: -row["n"])
    for row in ordered[:NAMED_PLACES]:
        row["label"] = row["name"]
    return ordered
