r"""Articles in one file with their marks inside, as people write them by hand.

An article is a header line ``=== ID | key=value | key=value`` and the marked text up to the next header, without the
whitespace around it. A value that is no string stands as JSON after ``:=``. What would be read as something else
stands as ``\uXXXX``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..inline import MarkError, code_escape, escape, format_inline, full_label, parse_marks, unescape
from ..repair import Draft, Mark
from ..schema import Article, LabelSet
from ..store import Problem
from .base import Options, Record, read_bytes, write_text

HEADER = b"=== "
FIELD = re.compile(r"(?P<key>[^=:]*)(?P<json>:)?=(?P<value>.*)", re.DOTALL)


def read(path: Path, options: Options) -> Iterator[Record]:
    """Read a marked file article by article."""
    lines = read_bytes(path).removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    starts = [number for number, line in enumerate(lines) if line.startswith(HEADER)]
    starts.append(len(lines))
    before = next((number for number, line in enumerate(lines[: starts[0]]) if line.strip()), None)
    if before is not None:
        yield Problem(str(path), before + 1, "", "text before the first header (=== ID | key=value)")
    for start, end in pairwise(starts):
        yield _read_article(str(path), start + 1, lines[start:end], options.labels)


def write(articles: Sequence[Article], path: Path, options: Options) -> list[str]:
    """Write a marked file; labels are cut to their first letters where the label set allows."""
    write_text(path, "\n".join(f"{_header(article)}\n{_body(article, options.labels)}\n" for article in articles))
    return []


def _read_article(file: str, line: int, lines: list[bytes], labels: LabelSet | None) -> Draft | Problem:
    """Read a header and the lines under it."""
    try:
        header, body = lines[0].decode(), b"\n".join(lines[1:]).decode()
    except UnicodeDecodeError:
        return Problem(file, line, "", "not UTF-8 text")
    id, *fields = (field.strip() for field in header.removeprefix(HEADER.decode()).split("|"))
    id = unescape(id)
    if not id:
        return Problem(file, line, "", "no id in the header (=== ID | key=value)")
    marked = body.strip()
    first = line + 1 + body[: len(body) - len(body.lstrip())].count("\n")
    try:
        meta = dict(_read_field(field) for field in fields)
        text, placed = parse_marks(marked)
    except MarkError as error:
        return Problem(file, first + marked.count("\n", 0, error.offset), id, str(error))
    except ValueError as error:
        return Problem(file, line, id, str(error))
    marks = [
        Mark(
            item.span.start,
            item.span.end,
            full_label(item.span.label, labels or ()),
            item.span.optional,
            line=first + marked.count("\n", 0, item.offset),
        )
        for item in placed
    ]
    return Draft(file, line, id, text, tuple(marks), meta)


def _read_field(field: str) -> tuple[str, Any]:
    """Read one ``key=value`` of a header."""
    parts = FIELD.fullmatch(field)
    if parts is None:
        raise ValueError(f"{field!r} in the header is not key=value")
    key, value = unescape(parts["key"].strip()), unescape(parts["value"].strip())
    try:
        return key, json.loads(value) if parts["json"] else value
    except ValueError:
        raise ValueError(f"{field!r} in the header: no JSON after :=") from None


def _header(article: Article) -> str:
    """Write the header line."""
    fields = [
        f"{_plain(key, '|=:')}={_plain(value, '|')}"
        if isinstance(value, str)
        else f"{_plain(key, '|=:')}:={_plain(json.dumps(value, ensure_ascii=False), '|')}"
        for key, value in article.meta.items()
    ]
    return " | ".join([f"{HEADER.decode()}{_plain(article.id, '|')}", *fields])


def _plain(value: str, more: str) -> str:
    """Write an id, key or value so that the header's own characters in it stand for themselves."""
    return _keep_edges(escape(value, more + "\n\r"))


def _body(article: Article, labels: LabelSet | None) -> str:
    """Write the marked text so that neither its edges nor a line of it is taken for the file's own."""
    marked = re.sub("\r", lambda char: code_escape(char[0]), format_inline(article, labels))
    return _keep_edges(re.sub("^=(?=== )", lambda char: code_escape(char[0]), marked, flags=re.MULTILINE))


def _keep_edges(text: str) -> str:
    """Escape whitespace at the edges, which reading takes away."""
    return re.sub(r"\A\s+|\s+\Z", lambda edge: "".join(map(code_escape, edge[0])), text)
