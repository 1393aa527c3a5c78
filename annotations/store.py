"""The project's own format: JSON lines of ``{"id", "text", "spans": [{"start", "end", "label"}], "meta": {…}}``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from .schema import Article, Span

SURROGATES = re.compile("[\ud800-\udfff]")
"""Halves of characters: JSON can smuggle them in, but UTF-8 can't hold them, and no tokenizer takes them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a record, said where it is: ``file:line: id: what``."""

    file: str
    line: int
    id: str
    what: str

    def __str__(self) -> str:
        """Return the one line a user sees."""
        return f"{self.file}:{self.line}: {self.id + ': ' if self.id else ''}{self.what}"


@dataclass(frozen=True, slots=True)
class Located:
    """An article with the file and line it was read from."""

    file: str
    line: int
    article: Article


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]] | Problem]:
    """Read the JSON objects of a file with their line numbers, and a problem for each line that is none.

    Blank lines are skipped.

    Raises:
        InputError: if the file is missing or unreadable.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _parse_line(str(path), number, line)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def read_records(path: Path) -> Iterator[Located | Problem]:
    """Read a file line by line: an article for each good line, a problem for each bad one; blank lines are skipped.

    Raises:
        InputError: if the file is missing or unreadable.
    """
    for item in read_json_lines(path):
        yield item if isinstance(item, Problem) else _located(str(path), *item)


def read_articles(path: Path) -> list[Article]:
    """Read every article of a file.

    Raises:
        InputError: at the first bad line; ``marsad annotations check`` lists them all.
    """
    return [record.article for record in read_located(path)]


def read_located(path: Path) -> list[Located]:
    """Read every article of a file, each with the line it stands on.

    Raises:
        InputError: at the first bad line; ``marsad annotations check`` lists them all.
    """
    located = []
    for record in read_records(path):
        if isinstance(record, Problem):
            raise InputError(f"{record} (marsad annotations check lists every problem)")
        for span in record.article.spans:
            if not 0 <= span.start < span.end <= len(record.article.text):
                what = f"span {span.start}–{span.end} is not in the text of {len(record.article.text)} characters"
                raise InputError(f"{Problem(record.file, record.line, record.article.id, what)}")
        located.append(record)
    if not located:
        raise InputError(f"{path}: no article in this file")
    return located


def write_articles(articles: Iterable[Article], path: Path) -> None:
    """Write articles, one a line."""
    with path.open("w", encoding="utf-8") as lines:
        for article in articles:
            lines.write(json_line(article_to_dict(article)))


def json_line(record: Mapping[str, Any]) -> str:
    """Return a record as a line of JSON that UTF-8 can hold."""
    line = json.dumps(record, ensure_ascii=False)
    # A lone surrogate can stand in JSON input but not in UTF-8; such a record is written with escapes.
    return (json.dumps(record) if SURROGATES.search(line) else line) + "\n"


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value as JSON has it; what JSON has no type for (dates, decimals, bytes) becomes text, NaN null."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def article_to_dict(article: Article) -> dict[str, Any]:
    """Return the record of an article as plain JSON values."""
    record: dict[str, Any] = {"id": article.id, "text": article.text, "spans": [span_to_dict(s) for s in article.spans]}
    return {**record, "meta": dict(article.meta)} if article.meta else record


def span_to_dict(span: Span) -> dict[str, Any]:
    """Return a span as plain JSON values; ``optional`` appears only where it is true."""
    record: dict[str, Any] = {"start": span.start, "end": span.end, "label": span.label}
    return {**record, "optional": True} if span.optional else record


def _parse_line(file: str, number: int, line: bytes) -> tuple[int, dict[str, Any]] | Problem:
    """Parse one line into a JSON object or say what is wrong with it."""
    try:
        record = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return Problem(file, number, "", f"not UTF-8 text (byte {error.start + 1} of the line)")
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        return Problem(file, number, "", f"broken JSON: {describe_json_error(error)}")
    return (number, record) if isinstance(record, dict) else Problem(file, number, "", "not a JSON object")


def _located(file: str, number: int, record: dict[str, Any]) -> Located | Problem:
    """Make an article of a JSON object or say what is wrong with it."""
    what = _shape_problem(record)
    if what:
        return Problem(file, number, str(record.get("id", "")), what)
    return Located(file, number, _article_of(record))


def describe_json_error(error: ValueError | RecursionError) -> str:
    """Say in a few words what a JSON parser stumbled over."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, column {error.colno}"
    return "nested too deep" if isinstance(error, RecursionError) else "a number too long to read"


def _shape_problem(record: dict[str, Any]) -> str | None:
    """Say what keeps a JSON object from being an article, or None."""
    if not isinstance(record.get("id"), str | int) or isinstance(record.get("id"), bool) or record["id"] == "":
        return 'no "id" (a non-empty string)'
    if not isinstance(record.get("text"), str):
        return 'no "text" (a string)'
    if not isinstance(record.get("spans", []), list):
        return '"spans" is not a list'
    if not isinstance(record.get("meta", {}), dict):
        return '"meta" is not an object'
    for place, span in enumerate(record.get("spans", [])):
        shown = json.dumps(span, ensure_ascii=False)[:80]
        if not isinstance(span, dict):
            return f"span {place} is not an object: {shown}"
        if not all(type(span.get(key)) is int for key in ("start", "end")) or not isinstance(span.get("label"), str):
            return f'span {place} needs integers "start" and "end" and a string "label": {shown}'
    return None


def _article_of(record: dict[str, Any]) -> Article:
    """Make an article; keys beyond the format's own (source, date …) go to its meta."""
    spans = tuple(
        Span(span["start"], span["end"], span["label"], bool(span.get("optional"))) for span in record.get("spans", [])
    )
    own = {"id", "text", "spans", "meta"}
    meta = {**record.get("meta", {}), **{key: value for key, value in record.items() if key not in own}}
    return Article(str(record["id"]), record["text"], tuple(sorted(spans)), meta)
