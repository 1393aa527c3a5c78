"""Records out: JSON lines for programs, a table for eyes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .mentions import Mention
from .readers import Document
from .tokenization import SURROGATES

STYLES = {"ACTOR": "bold red", "PLACE": "bold green", "WEAPON": "bold magenta", "COUNT": "bold cyan"}
OTHER_STYLE = "bold yellow"

ISOLATE = ("\u2067", "\u2069")
"""Right-to-left isolate and its end: a terminal that knows them orders each cell for itself, not across columns."""


class JsonLines:
    """Writes a line of JSON for each article."""

    def __init__(self, out: IO[str]) -> None:
        """Write to an open text file."""
        self.out = out

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Add an article's record."""
        # A lone surrogate can stand in JSON input but not in UTF-8; such a record is written with escapes.
        line = json.dumps(record(document, mentions), ensure_ascii=False)
        if SURROGATES.search(line):
            line = json.dumps(record(document, mentions))
        self.out.write(line + "\n")

    def close(self) -> None:
        """Leave the file to whoever opened it."""


class Tables:
    """Prints a table for each article."""

    def __init__(self, out: IO[str]) -> None:
        """Print to an open text file; in colour where it is a terminal."""
        self.console = Console(file=out)

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Print an article's mentions."""
        self.console.print(as_table(document, mentions))

    def close(self) -> None:
        """Leave the file to whoever opened it."""


def record(document: Document, mentions: Sequence[Mention]) -> dict[str, Any]:
    """Return an article's record as plain JSON values."""
    return {"id": document.id, "mentions": [mention.to_dict() for mention in mentions]}


def as_table(document: Document, mentions: Sequence[Mention]) -> Table:
    """Lay an article's mentions out in text order, each with what is known of it."""
    table = Table(
        title=Text(_visible(document.id)), title_justify="left", caption=_tally(mentions), caption_justify="left"
    )
    table.add_column("start", justify="right", style="dim")
    table.add_column("end", justify="right", style="dim")
    table.add_column("label")
    table.add_column("mention", justify="right", overflow="fold")
    table.add_column("value", overflow="fold")
    table.add_column("score", justify="right", style="dim")
    for mention in mentions:
        style = STYLES.get(mention.label, OTHER_STYLE)
        cells = (
            Text(mention.label, style),
            Text(_isolated(mention.text), style),
            _value(mention),
            f"{mention.score:.2f}",
        )
        table.add_row(str(mention.start), str(mention.end), *cells)
    return table


def _value(mention: Mention) -> str:
    """Return the entry a mention is linked to, or its quantity with role."""
    entry = mention.actor or mention.place
    if entry is not None:
        return entry.en
    if mention.count is None:
        return ""
    count = mention.count
    low, high = (f"{bound:,g}" if bound is not None else "" for bound in (count.low, count.high))
    number = f"{count.value:,g}" if count.exact and count.value is not None else f"{low}–{high}" if low or high else "~"
    if number == "~" and count.value is not None:
        number = f"~{count.value:,g}"
    return f"{number} {count.role or ''}".strip()


def _tally(mentions: Sequence[Mention]) -> str:
    """Return how many mentions each label has."""
    labels = dict.fromkeys(mention.label for mention in mentions)
    counts = [f"{label} {sum(mention.label == label for mention in mentions)}" for label in labels]
    return " · ".join(counts) or "no mention found"


def _isolated(text: str) -> str:
    """Return text that keeps its own direction inside a table row."""
    return ISOLATE[0] + _visible(text) + ISOLATE[1]


def _visible(text: str) -> str:
    """Drop what would act on the terminal or on the order of a row: control and direction characters."""
    return "".join(" " if char in "\n\t\r" else char for char in text if char.isprintable() or char in "\n\t\r")
