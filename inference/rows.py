"""Mentions as flat rows, for spreadsheets and data frames: one row a mention, every value in a column of its own."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from .mentions import Mention
from .readers import Document
from .tokenization import SURROGATES

COLUMNS: dict[str, tuple[pa.DataType, Callable[[Mention], Any]]] = {
    "start": (pa.int64(), lambda m: m.start),
    "end": (pa.int64(), lambda m: m.end),
    "label": (pa.string(), lambda m: m.label),
    "text": (pa.string(), lambda m: m.text),
    "score": (pa.float32(), lambda m: round(m.score, 4)),
    "name": (pa.string(), lambda m: m.name),
    "actor_id": (pa.string(), lambda m: m.actor and m.actor.id),
    "actor_ar": (pa.string(), lambda m: m.actor and m.actor.ar),
    "actor_en": (pa.string(), lambda m: m.actor and m.actor.en),
    "actor_kind": (pa.string(), lambda m: m.actor and m.actor.kind),
    "actor_country": (pa.string(), lambda m: m.actor and m.actor.country),
    "place_id": (pa.string(), lambda m: m.place and m.place.id),
    "place_ar": (pa.string(), lambda m: m.place and m.place.ar),
    "place_en": (pa.string(), lambda m: m.place and m.place.en),
    "place_kind": (pa.string(), lambda m: m.place and m.place.kind),
    "place_country": (pa.string(), lambda m: m.place and m.place.country),
    "lat": (pa.float64(), lambda m: m.place and m.place.lat),
    "lon": (pa.float64(), lambda m: m.place and m.place.lon),
    "count_value": (pa.float64(), lambda m: m.count and m.count.value),
    "count_low": (pa.float64(), lambda m: m.count and m.count.low),
    "count_high": (pa.float64(), lambda m: m.count and m.count.high),
    "count_exact": (pa.bool_(), lambda m: m.count and m.count.exact),
    "count_role": (pa.string(), lambda m: m.count and m.count.role),
    "count_of": (pa.string(), lambda m: m.count and m.count.of),
    "count_of_mention": (pa.int64(), lambda m: m.count and m.count.of_mention),
}
"""Each column's type and where its value comes from; the article's id stands before them."""

SCHEMA = pa.schema([("id", pa.string()), *((name, kind) for name, (kind, _) in COLUMNS.items())])

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run as a formula at the start of a cell."""

ROWS_AT_ONCE = 10_000
"""Rows that a Parquet row group holds."""


class RowWriter(Protocol):
    """Takes the mentions of one article after the other; must be closed."""

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Add an article's rows."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


def row_of(document: Document, mention: Mention) -> dict[str, Any]:
    """Return a mention's row."""
    row = {"id": document.id, **{name: value(mention) for name, (_, value) in COLUMNS.items()}}
    return {name: SURROGATES.sub("\ufffd", cell) if isinstance(cell, str) else cell for name, cell in row.items()}


class CsvRows:
    """Writes rows as CSV; text that a spreadsheet would run as a formula gets an apostrophe before it."""

    def __init__(self, out: IO[str]) -> None:
        """Write the header."""
        self.writer = csv.DictWriter(out, SCHEMA.names, lineterminator="\n")
        self.writer.writeheader()

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Add an article's rows."""
        for mention in mentions:
            self.writer.writerow({name: _harmless(value) for name, value in row_of(document, mention).items()})

    def close(self) -> None:
        """Leave the file to whoever opened it."""


class ParquetRows:
    """Writes rows as typed Parquet, a row group at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self.writer = pq.ParquetWriter(path, SCHEMA)
        self.rows: list[dict[str, Any]] = []

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Add an article's rows."""
        self.rows += [row_of(document, mention) for mention in mentions]
        if len(self.rows) >= ROWS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is left and finish the file."""
        self._flush()
        self.writer.close()

    def _flush(self) -> None:
        self.writer.write_table(pa.Table.from_pylist(self.rows, SCHEMA))
        self.rows = []


def _harmless(value: object) -> object:
    """Return a cell that no spreadsheet runs."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
