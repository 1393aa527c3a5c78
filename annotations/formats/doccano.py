"""JSON lines of doccano, in both shapes: ``label`` as ``[start, end, label]``, and ``entities``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..repair import Draft, Finding, Mark
from ..schema import Article
from ..store import Problem, read_json_lines
from .base import (
    Noted,
    Options,
    Record,
    as_list,
    draft_of,
    gather_meta,
    id_of,
    mark_of,
    write_json_lines,
)

SPAN_KEYS = ("label", "labels", "entities")
OWN_KEYS = {"id", "text", "data", "optional", "relations", "Comments", *SPAN_KEYS}


def read(path: Path, options: Options) -> Iterator[Record]:
    """Read an export of doccano; relations and comments have no place in an article."""
    for item in read_json_lines(path):
        if isinstance(item, Problem):
            yield item
            continue
        line, record = item
        yield _read_record(str(path), line, record)
        for key in ("relations", "Comments"):
            if as_list(record.get(key)):
                yield Noted(f"{key.lower()} ignored", len(record[key]))


def write(articles: Sequence[Article], path: Path, options: Options) -> list[str]:
    """Write records that doccano imports; it keeps ``meta`` and ``optional`` as fields of the example."""
    write_json_lines(path, [_record_of(article) for article in articles])
    return []


def _read_record(file: str, line: int, record: dict[str, Any]) -> Draft | Problem:
    """Read one example."""
    where = Problem(file, line, id_of(record, file, line), "")
    text = record.get("text", record.get("data"))
    if not isinstance(text, str):
        return Problem(file, line, where.id, 'no "text" (a string)')
    spans = next((record[key] for key in SPAN_KEYS if key in record), [])
    if not isinstance(spans, list):
        return Problem(file, line, where.id, "the labels are not a list")
    optional = as_list(record.get("optional"))
    return draft_of(where, text, [_read_span(where, span, optional) for span in spans], gather_meta(record, OWN_KEYS))


def _read_span(where: Problem, span: object, optional: list[Any]) -> Mark | Finding:
    """Read a span in either shape."""
    parts = span
    if isinstance(span, dict):
        parts = [span.get("start_offset"), span.get("end_offset"), span.get("label")]
    where = Problem(where.file, where.line, where.id, f"span {json.dumps(span, ensure_ascii=False)}")
    start, end, label = parts if isinstance(parts, list) and len(parts) == 3 else (None, None, None)
    return mark_of(where, start, end, label, optional=parts in optional)


def _record_of(article: Article) -> dict[str, Any]:
    """Return the record of an article; every record has every key, for doccano fills those left out with null."""
    return {
        "id": article.id,
        "text": article.text,
        "label": [[span.start, span.end, span.label] for span in article.spans],
        "optional": [[span.start, span.end, span.label] for span in article.spans if span.optional],
        "meta": dict(article.meta),
    }
