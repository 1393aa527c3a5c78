"""JSON lines of Prodigy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..repair import Finding, Mark
from ..schema import Article
from ..store import Problem, read_json_lines, span_to_dict
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
from .tokens import summarize_tokens, tag_tokens

OWN_KEYS = {"id", "text", "spans", "tokens", "answer"}


def read(path: Path, options: Options) -> Iterator[Record]:
    """Read a dataset as Prodigy writes it out; only what was accepted is labelled."""
    for item in read_json_lines(path):
        if isinstance(item, Problem):
            yield item
            continue
        line, record = item
        answer = record.get("answer", "accept")
        yield _read_record(str(path), line, record) if answer == "accept" else Noted(f"examples left out: {answer}")


def write(articles: Sequence[Article], path: Path, options: Options) -> list[str]:
    """Write tasks with tokens, so that Prodigy's own tokenizer has no say in where spans may begin."""
    write_json_lines(path, [_record_of(article) for article in articles])
    return [summarize_tokens(articles)]


def _read_record(file: str, line: int, record: dict[str, Any]) -> Record:
    """Read one example; keys that begin with _ are Prodigy's own."""
    where = Problem(file, line, id_of(record, file, line), "")
    if not isinstance(record.get("text"), str):
        return Problem(file, line, where.id, 'no "text" (a string)')
    spans = [_read_span(where, span) for span in as_list(record.get("spans"))]
    own = {*OWN_KEYS, *(key for key in record if key.startswith("_"))}
    return draft_of(where, record["text"], spans, gather_meta(record, own))


def _read_span(where: Problem, span: object) -> Mark | Finding:
    """Read one span."""
    where = Problem(where.file, where.line, where.id, f"span {json.dumps(span, ensure_ascii=False)}")
    parts = span if isinstance(span, dict) else {}
    mention = parts["text"] if isinstance(parts.get("text"), str) else None
    more = {"optional": parts.get("optional") is True, "mention": mention}
    return mark_of(where, parts.get("start"), parts.get("end"), parts.get("label"), **more)


def _record_of(article: Article) -> dict[str, Any]:
    """Return the task of an article."""
    tokens = tag_tokens(article.text, article.spans)
    first = {token.start: place for place, token in enumerate(tokens)}
    last = {token.end: place for place, token in enumerate(tokens)}
    return {
        "id": article.id,
        "text": article.text,
        "spans": [
            {**span_to_dict(span), "token_start": first[span.start], "token_end": last[span.end]}
            for span in article.spans
        ],
        "tokens": [
            {
                "text": article.text[token.start : token.end],
                "start": token.start,
                "end": token.end,
                "id": place,
                "ws": article.text[token.end : token.end + 1].isspace(),
            }
            for place, token in enumerate(tokens)
        ],
        "meta": dict(article.meta),
        "answer": "accept",
    }
