"""Articles from files: plain text, web pages, JSON lines, CSV, TSV, Parquet, or standard input; one at a time."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import IO, TYPE_CHECKING, Any

from ..annotations.store import describe_json_error, plain
from ..errors import InputError, first_line
from .sources import STDIN, InputFormat, NotFound, Source, find_sources, format_of, is_remote, open_source

if TYPE_CHECKING:
    from pyarrow import RecordBatch

LONGEST_CELL = 10_000_000
"""Characters after which a CSV cell counts as an unclosed quote, so that one can't take the rest of a file with it."""

ROWS_AT_ONCE = 256
"""Rows of a Parquet file that are decoded together."""

READ_BYTES = 1 << 20
"""Bytes of a Parquet column that are read at once."""

PAGE_FIELDS = {"title": "title", "date": "date", "sitename": "source", "author": "author", "url": "url"}
"""What is noted of a web page besides its text: the extractor's name for it, and ours."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text to read, with the id its record will carry.

    Attributes:
        id: the article's id.
        text: what is read.
        meta: what else came with the article (source, date …), as plain JSON values; it is carried to the record.
    """

    id: str
    text: str
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An input that could not be read, and why, in one line that names the place."""

    id: str
    why: str


Item = Document | Unreadable


@dataclass(frozen=True, slots=True)
class Fields:
    """Where an article's parts are in JSON lines and tables, and how to read what no file name tells.

    Attributes:
        text: field or column with the text.
        id: field or column with the id; None takes ``id`` where there is one, else ``file:line``.
        format: how every source is to be read; None goes by each file's name, and reads standard input as one text.
    """

    text: str = "text"
    id: str | None = None
    format: InputFormat | None = None


DEFAULT_FIELDS = Fields()


def read_documents(
    names: Iterable[str], fields: Fields = DEFAULT_FIELDS, on_bytes: Callable[[int], object] | None = None
) -> Iterator[Item]:
    """Read each source in turn; one bad record or file never loses the others, and only a few are held in memory.

    Args:
        names: files, folders, fsspec addresses; ``-`` is standard input.
        fields: where an article's parts are.
        on_bytes: told how many bytes of the files have been read, as often as an article is.
    """
    before = 0
    for source in find_sources(names):
        if isinstance(source, NotFound):
            yield Unreadable(source.path, source.why)
            continue
        for item, position in read_source(source, fields):
            if on_bytes is not None:
                on_bytes(before + position)
            yield item
        before += source.size


def read_source(source: Source, fields: Fields) -> Iterator[tuple[Item, int]]:
    """Read one source; with each article goes the position in the file, in bytes, that reading has reached."""
    chosen = fields.format or format_of(source.path)
    try:
        with open_source(source) as (content, raw):
            for item in READERS[chosen](source, content, fields):
                yield item, raw.tell() if source.size else 0
    except (OSError, EOFError, zlib.error) as error:
        yield Unreadable(source.path, f"{source.path}: {getattr(error, 'strerror', None) or first_line(error)}"), 0
    except InputError as error:
        yield Unreadable(source.path, str(error)), 0
    except Exception as error:
        # What a remote store's library raises is anyone's guess; ours are mended, not hidden.
        if not is_remote(source.path):
            raise
        yield Unreadable(source.path, f"{source.path}: {first_line(error)}"), 0


def _read_text(source: Source, content: IO[bytes], fields: Fields) -> Iterator[Item]:
    """Read a whole file as one article."""
    text = _decode(content.read(), _shown(source))
    if not text.strip():
        raise InputError(f"{_shown(source)}: empty; nothing to read")
    yield Document(source.name, text)


def _read_html(source: Source, content: IO[bytes], fields: Fields) -> Iterator[Item]:
    """Read the article on a web page, without menus and footers; title, date and the like are carried along."""
    try:
        from trafilatura import bare_extraction
    except ImportError:
        raise InputError(f"{_shown(source)}: reading web pages needs: pip install 'marsad[html]'") from None
    page = bare_extraction(content.read(), with_metadata=True, include_comments=False)
    found = {} if page is None else page if isinstance(page, dict) else page.as_dict()
    if not found.get("text"):
        raise InputError(f"{_shown(source)}: no article found on this page")
    meta = {ours: found[theirs] for theirs, ours in PAGE_FIELDS.items() if found.get(theirs)}
    yield Document(source.name, found["text"], meta)


def _read_jsonl(source: Source, content: IO[bytes], fields: Fields) -> Iterator[Item]:
    """Read an article from each line; a record without an id takes ``file:line``."""
    found = False
    for number, line in enumerate(content, start=1):
        if not line.strip():
            continue
        found = True
        place = f"{_shown(source)}:{number}"
        try:
            yield _document_of(_load_json(line, place), place, fields)
        except InputError as error:
            yield Unreadable(place, str(error))
    if not found:
        raise InputError(f"{_shown(source)}: empty; nothing to read")


def _read_csv(source: Source, content: IO[bytes], fields: Fields) -> Iterator[Item]:
    return _read_table(source, content, fields, ",")


def _read_tsv(source: Source, content: IO[bytes], fields: Fields) -> Iterator[Item]:
    return _read_table(source, content, fields, "\t")


def _read_table(source: Source, content: IO[bytes], fields: Fields, delimiter: str) -> Iterator[Item]:
    """Read an article from each row of a table whose first row names the columns."""
    import csv

    csv.field_size_limit(LONGEST_CELL)
    # Bytes that are no UTF-8 become surrogates, so that a row with another encoding loses only itself.
    lines = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline="")
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        place = f"{_shown(source)}:{rows.line_num + 1}"
        try:
            row = next(rows)
            if header is None:
                header = _checked_header(row, place, fields)
            elif row:
                yield _document_of(_named_cells(header, row, place), place, fields)
        except StopIteration:
            break
        except csv.Error as error:
            yield Unreadable(place, f"{place}: broken row: {error}")
        except InputError as error:
            if header is None:
                raise
            yield Unreadable(place, str(error))
    if header is None:
        raise InputError(f"{_shown(source)}: empty; nothing to read")


def _checked_header(row: Sequence[str], place: str, fields: Fields) -> list[str]:
    """Return a table's column names.

    Raises:
        InputError: if a column that is asked for isn't there, or a name stands twice.
    """
    twice = {name for name in row if row.count(name) > 1}
    if twice:
        raise InputError(f"{place}: two columns are named {min(twice)!r}; rename one")
    for option, name in (("--text-field", fields.text), ("--id-field", fields.id)):
        if name is not None and name not in row:
            raise InputError(f"{place}: no column {name!r} (columns: {', '.join(row)}); name it with {option}")
    return list(row)


def _named_cells(header: Sequence[str], row: Sequence[str], place: str) -> dict[str, str]:
    """Return a row's cells by column.

    Raises:
        InputError: if they are more or fewer than the columns, or not UTF-8.
    """
    if len(row) != len(header):
        raise InputError(f"{place}: {len(row)} cells in a table of {len(header)} columns")
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        hint = "convert it first, e.g. iconv -f WINDOWS-1256 -t UTF-8"
        raise InputError(f"{place}: not UTF-8 text; {hint}") from None
    return dict(zip(header, row, strict=True))


def _read_parquet(source: Source, content: IO[bytes], fields: Fields) -> Iterator[Item]:
    """Read an article from each row of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        # Both options keep a large row group from being held in memory as a whole.
        table = pq.ParquetFile(content, pre_buffer=False, buffer_size=READ_BYTES)
        _checked_header(table.schema_arrow.names, _shown(source), fields)
        for batch in table.iter_batches(batch_size=ROWS_AT_ONCE):
            for at in range(len(batch)):
                number += 1
                yield _from_row(batch.slice(at, 1), f"{_shown(source)}:{number}", fields)
    except pa.ArrowException as error:
        raise InputError(f"{_shown(source)}: not a readable Parquet file: {first_line(error)}") from None


def _from_row(row: RecordBatch, place: str, fields: Fields) -> Item:
    """Make an article of a row of Parquet."""
    try:
        (values,) = row.to_pylist()
    except (ValueError, OverflowError) as error:  # text that is not UTF-8, a date that Python can't hold
        return Unreadable(place, f"{place}: {first_line(error)}")
    try:
        return _document_of(plain(values), place, fields)
    except InputError as error:
        return Unreadable(place, str(error))


READERS: dict[InputFormat, Callable[[Source, IO[bytes], Fields], Iterator[Item]]] = {
    InputFormat.text: _read_text,
    InputFormat.html: _read_html,
    InputFormat.jsonl: _read_jsonl,
    InputFormat.csv: _read_csv,
    InputFormat.tsv: _read_tsv,
    InputFormat.parquet: _read_parquet,
}
"""What reads each format."""


def _shown(source: Source) -> str:
    """Return what a user sees for a source."""
    return source.name if source.path == STDIN else source.path


def _decode(content: bytes, place: str) -> str:
    """Decode UTF-8, with or without a byte order mark.

    Raises:
        InputError: for binary content and for other encodings.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{place}: UTF-16 text; convert it first, e.g. iconv -f UTF-16 -t UTF-8")
    if b"\0" in content:
        raise InputError(f"{place}: a binary file, not text; save it as UTF-8 text first")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        hint = "convert it first, e.g. iconv -f WINDOWS-1256 -t UTF-8"
        raise InputError(f"{place}: not UTF-8 text (byte {error.start + 1}); {hint}") from None


def _load_json(line: bytes, place: str) -> Any:  # noqa: ANN401
    """Parse one line; NaN and the infinities, which are no JSON, are taken as null.

    Raises:
        InputError: if it is not JSON.
    """
    try:
        return json.loads(_decode(line, place), parse_constant=lambda _: None, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: broken JSON: {describe_json_error(error)}") from None


def _finite(digits: str) -> float | None:
    """Read a number; 1e999 is infinite to Python, and null here."""
    return number if isfinite(number := float(digits)) else None


def _document_of(record: object, place: str, fields: Fields) -> Document:
    """Take id and text out of a parsed record; the rest is carried along, but for mentions found before.

    Raises:
        InputError: if the record has no text, or not the id that was asked for.
    """
    if not isinstance(record, dict):
        raise InputError(f"{place}: not a JSON object")
    text = record.get(fields.text)
    if not isinstance(text, str):
        names = ", ".join(map(str, record)) or "none"
        raise InputError(f"{place}: no text in field {fields.text!r} (fields: {names}); name it with --text-field")
    if not text.strip():
        raise InputError(f"{place}: empty; nothing to read")
    own = (fields.text, fields.id or "id", "mentions")
    meta = {key: value for key, value in record.items() if key not in own}
    if isinstance(nested := meta.get("meta"), dict):
        del meta["meta"]
        meta = {**nested, **meta}
    return Document(_id_of(record, place, fields), text, meta)


def _id_of(record: dict[str, Any], place: str, fields: Fields) -> str:
    """Return a record's id, or its place where it has none and none was asked for.

    Raises:
        InputError: if the field that was asked for holds no id.
    """
    given = record.get(fields.id or "id")
    if isinstance(given, str | int) and not isinstance(given, bool) and given != "":
        return str(given)
    if fields.id is not None:
        raise InputError(f"{place}: no id in field {fields.id!r}; name it with --id-field")
    return place
