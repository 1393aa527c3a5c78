"""Results as one page that needs no network: the articles stream into it as data, and its script builds the view."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from string import Template
from typing import IO, Any

from ..mentions import Count, Mention
from ..places import Place
from ..readers import Document
from .library import require_charts

FOLDER = Path(__file__).parent

ARTICLES_HERE = "<!-- articles -->\n"
"""Where the template's first part ends and the articles go."""

LINES = {"ACTOR": "solid", "PLACE": "dashed", "WEAPON": "double", "COUNT": "dotted"}
"""How each label is underlined, so that no one needs the colour."""

OTHER_COLOURS = ("#E69F00", "#56B4E9", "#8C6D1F", "#7F7F7F")
OTHER_LINE = "wavy"

BESIDE_TEXT = ("title", "source", "date")
"""Columns that an article may have come with and that the page knows how to use; further ones are shown as they are."""

ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"} | {
    half: f"\\u{half:04x}" for half in range(0xD800, 0xE000)
}
"""What could end a script element, or can't be written as UTF-8; all of it stands inside JSON strings only."""


BEYOND_16_BITS = re.compile("[\U00010000-\U0010ffff]")


class HtmlPage:
    """Writes results as a page to look at; what it holds in memory does not grow with the articles' texts."""

    def __init__(self, out: IO[str], title: str = "Conflict news") -> None:
        """Write the page's head.

        Args:
            out: an open UTF-8 text file.
            title: heading of the page.

        Raises:
            InputError: if the chart libraries are not installed.
        """
        self.out = out
        self.library = _library()
        self.script = (FOLDER / "page.js").read_text(encoding="utf-8")
        self.labels: dict[str, int] = {}
        self.entries: dict[tuple[str, str], int] = {}
        self.rows: list[dict[str, Any]] = []
        self.mentioned: Counter[Place] = Counter()
        self.first = True
        head, self.tail = (FOLDER / "page.html").read_text(encoding="utf-8").split(ARTICLES_HERE)
        for label in LINES:
            self._label(label)
        policy = " ".join(map(_fingerprint, (self.library, self.script)))
        style = (FOLDER / "page.css").read_text(encoding="utf-8")
        out.write(Template(head).substitute(title=html.escape(_sound(title)), style=style, policy=policy))

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Add an article."""
        wide = [found.start() for found in BEYOND_16_BITS.finditer(document.text)]
        row = article_row(document, [self._mention_row(mention, wide) for mention in mentions])
        self.out.write(("" if self.first else ",\n") + as_json(row))
        self.first = False

    def close(self) -> None:
        """Write registers, charts and scripts, which finishes the page."""
        corpus = {"labels": list(_looks(self.labels)), "entries": self.rows, "charts": self._charts()}
        tail = Template(self.tail)
        self.out.write(tail.substitute(corpus=as_json(corpus), library=self.library, script=self.script))

    def _charts(self) -> dict[str, Any]:
        """Return the specification of every chart."""
        from . import charts

        places: list[charts.PlaceRow] = [
            {"name": place.en, "n": n, "lat": place.lat, "lon": place.lon, "label": ""}
            for place, n in self.mentioned.most_common()
        ]
        bars = {f"{label.lower()}s": charts.bars(charts.COLOURS[label]) for label in ("ACTOR", "PLACE", "WEAPON")}
        area = charts.place_map(places, charts.IN_PAGE)
        all_charts = {**bars, "timeline": charts.timeline(), "matrix": charts.matrix(), "map": area}
        return {name: _compiled(chart.to_dict()) for name, chart in all_charts.items()}

    def _mention_row(self, mention: Mention, wide: Sequence[int]) -> list[Any]:
        """Return start, end, label, score, name, entry and quantity.

        Args:
            mention: what the row is of.
            wide: offsets of the characters that a script, which counts in UTF-16 units, counts twice.
        """
        start, end = (offset + bisect_left(wide, offset) for offset in (mention.start, mention.end))
        name = "" if mention.name in (None, mention.text) else mention.name
        quantity = 0 if mention.count is None else _quantity_row(mention.count)
        entry = self._entry(mention)
        return [start, end, self._label(mention.label), round(mention.score, 3), name, entry, quantity]

    def _label(self, name: str) -> int:
        return self.labels.setdefault(name, len(self.labels))

    def _entry(self, mention: Mention) -> int:
        """Return where the mention's entry stands among all entries, or -1."""
        entry = mention.actor or mention.place
        if entry is None:
            return -1
        if mention.place is not None:
            self.mentioned[mention.place] += 1
        # The area around a town has the town's identifier.
        key = (mention.label, f"{entry.kind} {entry.id}")
        if key not in self.entries:
            self.entries[key] = len(self.rows)
            shown = asdict(entry)
            keys = ("ar", "en", "kind", "country", "lat", "lon")
            self.rows.append({name: shown[name] for name in keys if shown.get(name) is not None})
        return self.entries[key]


def article_row(document: Document, mentions: list[list[Any]]) -> list[Any]:
    """Return id, title, source, day, further columns, text and mentions."""
    title, source = (_plain(document.meta.get(name)) for name in ("title", "source"))
    further = [
        [key, _plain(value)]
        for key, value in document.meta.items()
        if value is not None and (key not in BESIDE_TEXT or (key == "date" and not day_of(value)))
    ]
    return [document.id, title, source, day_of(document.meta.get("date")), further, document.text, mentions]


def day_of(value: object) -> str:
    """Return the day of an ISO 8601 date or time, as ``2024-01-31``; empty for anything else."""
    try:
        return datetime.fromisoformat(str(value).strip()).date().isoformat()
    except ValueError:
        return ""


def as_json(value: object) -> str:
    """Return JSON that can stand inside a script element of a UTF-8 page, whatever its strings hold."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(ESCAPES)


def _plain(value: object) -> str:
    """Return the text of a carried value."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _quantity_row(count: Count) -> list[Any]:
    return [count.value, count.low, count.high, int(count.exact), count.role, count.of]


def _looks(labels: Mapping[str, int]) -> Iterator[dict[str, str]]:
    """Yield each label's name, colour and underline."""
    from .charts import COLOURS

    for name, place in labels.items():
        colour = COLOURS.get(name) or OTHER_COLOURS[place % len(OTHER_COLOURS)]
        yield {"name": name, "colour": colour, "line": LINES.get(name, OTHER_LINE)}


@cache
def _library() -> str:
    """Return the chart library as one script.

    Raises:
        InputError: if it is not installed.
    """
    require_charts()
    import vl_convert

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", _version()).replace("</script", "<\\/script")


def _compiled(specification: dict[str, Any]) -> dict[str, Any]:
    """Return a Vega-Lite specification as Vega, so that the browser need not compile it."""
    import vl_convert

    return vl_convert.vegalite_to_vega(specification, vl_version=_version())


def _version() -> str:
    """Return the version of Vega-Lite that the charts are written for, as ``6.4``."""
    import altair

    return altair.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]


def _fingerprint(script: str) -> str:
    """Return what lets a browser run this script and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
