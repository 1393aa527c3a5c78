"""The project's own JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..repair import Draft, Mark
from ..schema import Article
from ..store import Problem, article_to_dict, read_records
from .base import Options, Record, write_json_lines


def read(path: Path, options: Options) -> Iterator[Record]:
    """Read JSON lines."""
    for record in read_records(path):
        if isinstance(record, Problem):
            yield record
        else:
            article = record.article
            marks = tuple(Mark(span.start, span.end, span.label, span.optional) for span in article.spans)
            yield Draft(record.file, record.line, article.id, article.text, marks, article.meta)


def write(articles: Sequence[Article], path: Path, options: Options) -> list[str]:
    """Write JSON lines."""
    write_json_lines(path, [article_to_dict(article) for article in articles])
    return []
