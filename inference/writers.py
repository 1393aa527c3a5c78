"""Records out: JSON lines for programs, a table for eyes; and records back in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Any, Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..annotations.store import json_line
from .actors import Actor
from .mentions import Count, Mention
from .places import Place
from .readers import Document

STYLES = {"ACTOR": "bold red", "PLACE": "bold green", "WEAPON": "bold magenta", "COUNT": "bold cyan"}
OTHER_STYLE = "bold yellow"

ISOLATE = ("\u2067", "\u2069")
"""Right-to-left isolate and its end: a terminal that knows them orders each cell for itself, not across columns."""


class RecordWriter(Protocol):
    """Takes the mentions of one article after the other; must be closed."""

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Add an article."""
        ...

    def close(self) -> None:
        """Finish what is written."""
        ...


class JsonLines:
    """Writes a line of JSON for each article."""

    def __init__(self, out: IO[str], text: bool = True) -> None:
        """Write to an open text file, the articles' text included or not."""
        self.out = out
        self.text = text

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Add an article's record."""
        self.out.write(to_line(document, mentions, self.text))

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


def record(document: Document, mentions: Sequence[Mention], text: bool = True) -> dict[str, Any]:
    """Return an article's record as plain JSON values, with or without its text."""
    given = {"text": document.text} if text else {}
    found = [mention.to_dict() for mention in mentions]
    return {"id": document.id, **given, "meta": dict(document.meta), "mentions": found}


def to_line(document: Document, mentions: Sequence[Mention], text: bool = True) -> str:
    """Return an article's record as a line of JSON."""
    return json_line(record(document, mentions, text))


def from_line(line: str | bytes) -> tuple[Document, list[Mention]]:
    """Return the article and the mentions of a line that :func:`to_line` made; the text is empty where left out."""
    content = json.loads(line)
    document = Document(content["id"], content.get("text", ""), content["meta"])
    return document, [_mention_of(**mention) for mention in content["mentions"]]


def _mention_of(**values: Any) -> Mention:  # noqa: ANN401
    """Return the mention that :meth:`Mention.to_dict` described."""
    if (actor := values.get("actor")) is not None:
        values["actor"] = Actor(**actor, aliases=(), short=())
    if (place := values.get("place")) is not None:
        values["place"] = Place(**place)
    if (count := values.get("count")) is not None:
        span = count["of_span"]
        values["count"] = Count(**{**count, "of_span": span and tuple(span)})
    return Mention(**values)


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
            value_of(mention),
            f"{mention.score:.2f}",
        )
        table.add_row(str(mention.start), str(mention.end), *cells)
    return table


def value_of(mention: Mention) -> str:
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
