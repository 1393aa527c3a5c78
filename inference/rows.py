"""Records as rows for spreadsheets and data frames: flat, one a mention, or nested, one an article."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..annotations.store import SURROGATES
from .kinds import Kind, Kinds
from .mentions import Mention
from .readers import Document

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
"""Each column of a mention's row: its type, and where its value comes from; the article's columns stand before them."""

TYPES: dict[frozenset[Kind], pa.DataType] = {
    frozenset({Kind.truth}): pa.bool_(),
    frozenset({Kind.integer}): pa.int64(),
    frozenset({Kind.number}): pa.float64(),
    frozenset({Kind.integer, Kind.number}): pa.float64(),
}
"""Types of carried columns by the kinds of values in them; any other column is text, with what is no text as JSON."""

ACTOR = pa.struct([(key, pa.string()) for key in ("id", "ar", "en", "kind", "country", "wikidata")])
PLACE = pa.struct(
    [
        *((key, pa.string()) for key in ("id", "ar", "en", "kind", "country")),
        ("lat", pa.float64()),
        ("lon", pa.float64()),
    ]
)
COUNT = pa.struct(
    [
        *((key, pa.float64()) for key in ("value", "low", "high")),
        ("exact", pa.bool_()),
        ("role", pa.string()),
        ("of", pa.string()),
        ("of_span", pa.list_(pa.int64())),
        ("of_mention", pa.int64()),
    ]
)
MENTION = pa.struct(
    [
        *((name, COLUMNS[name][0]) for name in ("start", "end", "label", "text", "score", "name")),
        ("actor", ACTOR),
        ("place", PLACE),
        ("count", COUNT),
    ]
)
"""A mention inside an article's row: the keys of its JSON record."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run as a formula at the start of a cell."""

ROWS_AT_ONCE = 10_000
CHARACTERS_AT_ONCE = 4_000_000
"""Rows, and characters of their articles, after which a Parquet row group is full."""


class MentionRows:
    """Makes flat rows, one a mention."""

    def __init__(self, kinds: Kinds) -> None:
        """Take the kinds of the values in each carried column."""
        self.carried = _carried(kinds)
        own = [(name, kind) for name, (kind, _) in COLUMNS.items()]
        self.schema = pa.schema([("id", pa.string()), *self.carried.values(), *own])

    def __call__(self, document: Document, mentions: Sequence[Mention]) -> Iterable[dict[str, Any]]:
        """Return an article's rows."""
        of_article = {"id": document.id, **_carried_cells(document, self.carried)}
        for mention in mentions:
            yield _encodable({**of_article, **{name: value(mention) for name, (_, value) in COLUMNS.items()}})


class ArticleRows:
    """Makes nested rows, one an article."""

    def __init__(self, kinds: Kinds, text: bool = True) -> None:
        """Take the kinds of the values in each carried column, and whether the articles' text is a column."""
        self.carried = _carried(kinds)
        own = [("id", pa.string()), *([("text", pa.string())] if text else [])]
        self.schema = pa.schema([*own, *self.carried.values(), ("mentions", pa.list_(MENTION))])

    def __call__(self, document: Document, mentions: Sequence[Mention]) -> Iterable[dict[str, Any]]:
        """Return an article's one row."""
        row = {"id": document.id, "text": document.text, **_carried_cells(document, self.carried)}
        yield _encodable({**row, "mentions": [mention.to_dict() for mention in mentions]})


class CsvRows:
    """Writes rows as CSV; text that a spreadsheet would run as a formula gets an apostrophe before it."""

    def __init__(self, out: IO[str], rows: MentionRows) -> None:
        """Write the header."""
        self.rows = rows
        self.writer = csv.DictWriter(out, rows.schema.names, lineterminator="\n")
        self.writer.writeheader()

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Add an article's rows."""
        for row in self.rows(document, mentions):
            self.writer.writerow({name: _harmless(value) for name, value in row.items()})

    def close(self) -> None:
        """Leave the file to whoever opened it."""


class ParquetRows:
    """Writes rows as typed Parquet, a row group at a time."""

    def __init__(self, out: IO[bytes], rows: MentionRows | ArticleRows) -> None:
        """Write to an open file."""
        self.rows = rows
        self.writer = pq.ParquetWriter(out, rows.schema)
        self.waiting: list[dict[str, Any]] = []
        self.characters = 0

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Add an article's rows."""
        self.waiting += self.rows(document, mentions)
        self.characters += len(document.text)
        if len(self.waiting) >= ROWS_AT_ONCE or self.characters >= CHARACTERS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is left and finish the file."""
        self._flush()
        self.writer.close()

    def _flush(self) -> None:
        self.writer.write_table(pa.Table.from_pylist(self.waiting, self.rows.schema))
        self.waiting, self.characters = [], 0


def _carried(kinds: Kinds) -> dict[str, tuple[str, pa.DataType]]:
    """Return name and type of the column of each key in the articles' meta."""
    return {
        key: (SURROGATES.sub("\ufffd", f"meta_{key}"), TYPES.get(frozenset(found - {Kind.nothing}), pa.string()))
        for key, found in kinds.items()
    }


def _carried_cells(document: Document, carried: Mapping[str, tuple[str, pa.DataType]]) -> dict[str, Any]:
    """Return what an article has in the carried columns."""
    cells = {}
    for key, (name, kind) in carried.items():
        value = document.meta.get(key)
        if isinstance(value, int) and kind == pa.float64():
            cells[name] = float(value)  # pyarrow takes no integer that a float64 rounds
        elif value is None or isinstance(value, str) or kind != pa.string():
            cells[name] = value
        else:
            cells[name] = json.dumps(value, ensure_ascii=False)
    return cells


def _encodable(value: Any) -> Any:  # noqa: ANN401
    """Return a value whose text UTF-8 can hold: halves of characters replaced, one for one, so that offsets hold."""
    if isinstance(value, str):
        return SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {key: _encodable(inner) for key, inner in value.items()}
    return [_encodable(inner) for inner in value] if isinstance(value, list) else value


def _harmless(value: object) -> object:
    """Return a cell that no spreadsheet runs."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
