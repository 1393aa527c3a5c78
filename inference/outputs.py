"""In what form records are written, and what writes them."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING, cast

from ..errors import InputError
from .kinds import Kinds
from .sources import suffixes_of

if TYPE_CHECKING:
    from .writers import RecordWriter


class OutputFormat(StrEnum):
    """How records are written."""

    table = "table"
    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"
    geojson = "geojson"
    html = "html"


class RowUnit(StrEnum):
    """What a row of CSV or Parquet stands for."""

    article = "article"
    mention = "mention"


UNITS = {
    OutputFormat.jsonl: (RowUnit.article,),
    OutputFormat.csv: (RowUnit.mention,),
    OutputFormat.parquet: (RowUnit.article, RowUnit.mention),
}
"""What a row can stand for in each format, the usual first; the other formats have no rows."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The form of the records.

    Attributes:
        format: the file format.
        rows: what a row stands for; None where the format has no rows.
        text: whether a record repeats the article's text.
    """

    format: OutputFormat
    rows: RowUnit | None
    text: bool = True

    @classmethod
    def of(cls, chosen: OutputFormat, rows: RowUnit | None = None, text: bool = True) -> Layout:
        """Return the form that was asked for.

        Raises:
            InputError: if the format can't have such rows, or not without the text.
        """
        units = UNITS.get(chosen, ())
        if not text and RowUnit.article not in units:
            raise InputError(f"--no-text: not in {chosen}; choose {_formats_with(RowUnit.article)}")
        if rows is not None and rows not in units:
            raise InputError(f"--rows {rows}: not in {chosen}; choose {_formats_with(rows)}")
        return cls(chosen, rows or (units[0] if units else None), text)


def _formats_with(rows: RowUnit) -> str:
    """Return the option for formats with such rows."""
    return "--format " + " or ".join(name for name, units in UNITS.items() if rows in units)


def format_for(path: str) -> OutputFormat:
    """Return the format that a file's name asks for; JSON lines where it asks for none.

    Raises:
        InputError: for compressed Parquet, which compresses itself.
    """
    suffix, compression = suffixes_of(path)
    chosen = suffix.removeprefix(".")
    if compression and chosen == OutputFormat.parquet:
        raise InputError(f"{path}: Parquet compresses its columns itself; leave {compression} out")
    return OutputFormat(chosen) if chosen in list(OutputFormat) else OutputFormat.jsonl


@contextmanager
def open_writer(out: IO[bytes], layout: Layout, kinds: Kinds) -> Iterator[RecordWriter]:
    """Open what writes records to a binary file; leaves the file open.

    Args:
        out: the file.
        layout: the form of the records.
        kinds: the kinds of values in the articles' meta, which make the columns of tables.
    """
    with ExitStack() as stack:
        if layout.format == OutputFormat.parquet:
            writer = _parquet(out, layout, kinds)
        else:
            lines = io.TextIOWrapper(out, encoding="utf-8", newline="")
            stack.callback(lines.detach)
            writer = _text_writer(lines, layout, kinds)
        stack.callback(writer.close)
        yield writer


@contextmanager
def compressed(out: IO[bytes], compression: str) -> Iterator[IO[bytes]]:
    """Compress what is written to a file, always to the same bytes; no suffix leaves it as it is."""
    if compression == ".gz":
        with gzip.GzipFile(filename="", fileobj=out, mode="wb", mtime=0) as packed:
            yield cast(IO[bytes], packed)
    elif compression == ".zst":
        import pyarrow as pa

        # pyarrow closes what it writes to, so that it gets a handle of its own.
        with open(os.dup(out.fileno()), "wb") as own, pa.CompressedOutputStream(own, "zstd") as packed:
            yield cast(IO[bytes], packed)
    else:
        yield out


def _parquet(out: IO[bytes], layout: Layout, kinds: Kinds) -> RecordWriter:
    # pyarrow is loaded only for those who ask for rows.
    from .rows import ArticleRows, MentionRows, ParquetRows

    rows = MentionRows(kinds) if layout.rows == RowUnit.mention else ArticleRows(kinds, layout.text)
    return ParquetRows(out, rows)


def _text_writer(out: IO[str], layout: Layout, kinds: Kinds) -> RecordWriter:
    """Return what writes a text format."""
    if layout.format == OutputFormat.csv:
        from .rows import CsvRows, MentionRows

        return CsvRows(out, MentionRows(kinds))
    if layout.format == OutputFormat.geojson:
        from .geojson import GeoJson

        return GeoJson(out)
    if layout.format == OutputFormat.html:
        from .view.page import HtmlPage

        return HtmlPage(out)
    from .writers import JsonLines, Tables

    return Tables(out) if layout.format == OutputFormat.table else JsonLines(out, layout.text)
