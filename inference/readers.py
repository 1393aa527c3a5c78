"""Articles from files: plain text, JSONL with a text field, or standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..annotations.store import describe_json_error
from ..errors import InputError

STDIN = "-"
JSONL_SUFFIXES = {".jsonl", ".ndjson"}


@dataclass(frozen=True, slots=True)
class Document:
    """A text to read, with the id its record will carry."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An input that could not be read, and why, in one line that names the place."""

    id: str
    why: str


def read_documents(sources: Iterable[str], text_field: str = "text") -> Iterator[Document | Unreadable]:
    """Read each source in turn; one bad record or file never loses the others.

    Args:
        sources: file names; ``-`` is standard input. ``.jsonl`` and ``.ndjson`` hold a JSON object a line, anything
            else one article.
        text_field: name of the field that holds the text in JSONL.
    """
    for source in sources:
        try:
            yield from _read_source(source, text_field)
        except OSError as error:
            yield Unreadable(source, f"{source}: {error.strerror or error}")
        except InputError as error:
            yield Unreadable(source, str(error))


def _read_source(source: str, text_field: str) -> Iterator[Document | Unreadable]:
    """Read one source."""
    if source == STDIN:
        yield from _read_text("stdin", sys.stdin.buffer)
    elif Path(source).suffix.lower() in JSONL_SUFFIXES:
        with Path(source).open("rb") as lines:
            yield from _read_jsonl(source, lines, text_field)
    else:
        with Path(source).open("rb") as file:
            yield from _read_text(source, file)


def _read_text(source: str, file: IO[bytes]) -> Iterator[Document]:
    """Read a whole file as one article."""
    text = _decode(file.read(), source)
    if not text.strip():
        raise InputError(f"{source}: empty; nothing to read")
    yield Document(source if source == "stdin" else Path(source).name, text)


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


def _read_jsonl(source: str, lines: Iterable[bytes], text_field: str) -> Iterator[Document | Unreadable]:
    """Read an article from each line; a record without an id takes ``file:line``."""
    found = False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = True
        place = f"{source}:{number}"
        try:
            yield _document_of(_load_json(line, place), place, text_field)
        except InputError as error:
            yield Unreadable(place, str(error))
    if not found:
        raise InputError(f"{source}: empty; nothing to read")


def _load_json(line: bytes, place: str) -> Any:  # noqa: ANN401
    """Parse one line.

    Raises:
        InputError: if it is not JSON.
    """
    try:
        return json.loads(_decode(line, place))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: broken JSON: {describe_json_error(error)}") from None


def _document_of(record: object, place: str, text_field: str) -> Document:
    """Take id and text out of a parsed record.

    Raises:
        InputError: if the record has no text.
    """
    if not isinstance(record, dict):
        raise InputError(f"{place}: not a JSON object")
    text = record.get(text_field)
    if not isinstance(text, str):
        fields = ", ".join(map(str, record)) or "none"
        raise InputError(f"{place}: no text in field {text_field!r} (fields: {fields}); name it with --text-field")
    given = record.get("id")
    return Document(str(given) if isinstance(given, str | int) else place, text)
