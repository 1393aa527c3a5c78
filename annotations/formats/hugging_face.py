"""A Hugging Face dataset: a folder of ``save_to_disk``, or a Parquet file.

Its columns are id, text, tokens, ner_tags (IOB2), spans with character offsets, and meta as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from ...errors import InputError, first_line
from ..repair import Draft, Finding, Mark
from ..schema import Article
from ..store import Problem, plain
from .base import Noted, Options, Record, as_list, draft_of, gather_meta, id_of, mark_of
from .tokens import TAG, MisplacedTokenError, Scheme, place_tokens, read_tags, scheme_of, summarize_tokens, tag_tokens

if TYPE_CHECKING:
    from datasets import Dataset, Features

OWN_KEYS = {"id", "text", "tokens", "ner_tags", "spans"}


def read(path: Path, options: Options) -> Iterator[Record]:
    """Read every split of a dataset: the spans where it has them, else the tags of its tokens."""
    for name, dataset in _load(path):
        rows: list[dict[str, Any]] = dataset.to_list()
        if "spans" in dataset.column_names:
            yield from (_read_spans(name, line, row) for line, row in enumerate(rows, start=1))
        elif {"tokens", "ner_tags"} <= set(dataset.column_names):
            yield from _read_tagged(name, rows, _tag_names(dataset.features))
        else:
            raise InputError(f"{name}: neither a column spans nor the columns tokens and ner_tags")


def write(articles: Sequence[Article], path: Path, options: Options) -> list[str]:
    """Write a Parquet file, or a folder if the name does not end so."""
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    rows = [_row_of(article) for article in articles]
    names = sorted({label[2:] for row in rows for label in row["ner_tags"] if label != "O"})
    dataset = Dataset.from_list(rows, features=_features(names))
    try:
        dataset.to_parquet(path) if path.suffix == ".parquet" else dataset.save_to_disk(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or first_line(error)}") from None
    return [summarize_tokens(articles)]


def _load(path: Path) -> Iterator[tuple[str, Dataset]]:
    """Load the splits of a dataset with their names."""
    import pyarrow.parquet
    from datasets import Dataset, DatasetDict, load_from_disk

    try:
        # Not Dataset.from_parquet, which leaves a copy in the user's cache.
        loaded = load_from_disk(path) if path.is_dir() else Dataset(pyarrow.parquet.read_table(path))
    except Exception as error:
        raise InputError(f"{path}: not a dataset that can be read: {first_line(error)}") from None
    splits = loaded.items() if isinstance(loaded, DatasetDict) else [("", loaded)]
    for split, dataset in splits:
        yield f"{path}/{split}" if split else str(path), dataset


def _read_spans(file: str, line: int, row: dict[str, Any]) -> Record:
    """Read a row with character offsets."""
    where = Problem(file, line, id_of(row, file, line), "")
    if not isinstance(row.get("text"), str):
        return Problem(file, line, where.id, 'no "text" (a string)')
    return draft_of(where, row["text"], [_read_span(where, span) for span in as_list(row["spans"])], _meta_of(row))


def _read_span(where: Problem, span: object) -> Mark | Finding:
    """Read one span."""
    where = Problem(where.file, where.line, where.id, f"span {json.dumps(span, ensure_ascii=False, default=str)}")
    parts = span if isinstance(span, dict) else {}
    optional = parts.get("optional") is True
    return mark_of(where, parts.get("start"), parts.get("end"), parts.get("label"), optional=optional)


def _read_tagged(file: str, rows: list[dict[str, Any]], names: dict[object, str]) -> Iterator[Record]:
    """Read rows with tagged tokens."""
    rows = [{**row, "ner_tags": [names.get(tag, tag) for tag in as_list(row["ner_tags"])]} for row in rows]
    scheme = scheme_of([tag for row in rows for tag in (*(tag for tag in row["ner_tags"] if _is_tag(tag)), "O")])
    for line, row in enumerate(rows, start=1):
        where = Problem(file, line, id_of(row, file, line), "")
        if not isinstance(row.get("text"), str):
            yield Noted("articles without a text: a space put between tokens")
        yield _read_tags(where, row, scheme)


def _read_tags(where: Problem, row: dict[str, Any], scheme: Scheme) -> Draft | Problem:
    """Read a row with tagged tokens."""
    forms, tags = as_list(row["tokens"]), row["ner_tags"]
    text = row["text"] if isinstance(row.get("text"), str) else " ".join(forms)
    if len(forms) != len(tags):
        return replace(where, what=f"{len(forms)} tokens, but {len(tags)} tags")
    if not all(map(_is_tag, tags)):
        return replace(where, what="a tag that is neither O nor B-, I-, E-, S-, L- or U- and a label")
    try:
        tokens = place_tokens(text, forms, tags)
    except MisplacedTokenError as error:
        return replace(where, what=str(error))
    marks, findings = read_tags(text, tokens, scheme, [where] * len(tokens))
    return Draft(where.file, where.line, where.id, text, tuple(marks), _meta_of(row), tuple(findings))


def _is_tag(tag: object) -> TypeGuard[str]:
    return tag == "O" or (isinstance(tag, str) and TAG.fullmatch(tag) is not None)


def _tag_names(features: Features) -> dict[object, str]:
    """Return the names of numbered tags."""
    inner = getattr(features["ner_tags"], "feature", None)
    return dict(enumerate(getattr(inner, "names", None) or ()))


def _meta_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row's meta, which ours hold as JSON, and its other columns."""
    meta = row.get("meta")
    if isinstance(meta, str):
        with suppress(ValueError):
            row = {**row, "meta": json.loads(meta)}
    return plain(gather_meta(row, OWN_KEYS))


def _row_of(article: Article) -> dict[str, Any]:
    """Return the row of an article."""
    tokens = tag_tokens(article.text, article.spans)
    return {
        "id": article.id,
        "text": article.text,
        "tokens": [article.text[token.start : token.end] for token in tokens],
        "ner_tags": [token.tag for token in tokens],
        "spans": [
            {"start": span.start, "end": span.end, "label": span.label, "optional": span.optional}
            for span in article.spans
        ],
        "meta": json.dumps(dict(article.meta), ensure_ascii=False),
    }


def _features(labels: Sequence[str]) -> Features:
    """Return the columns of a dataset."""
    from datasets import ClassLabel, Features, List, Value

    tags = ["O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")]
    span = {"start": Value("int32"), "end": Value("int32"), "label": Value("string"), "optional": Value("bool")}
    columns = {"id": Value("string"), "text": Value("string"), "tokens": List(Value("string"))}
    return Features({**columns, "ner_tags": List(ClassLabel(names=tags)), "spans": List(span), "meta": Value("string")})
