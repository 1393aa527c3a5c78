"""What all formats share: the options, what a reader yields, and files."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..repair import Draft, Finding, Mark
from ..schema import Article, LabelSet, default_labels
from ..store import Problem, json_line

SHOWN = 80
"""Characters of a broken span that a message shows."""

COLOURS = ("#0072B2", "#009E73", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
"""Label colours that colour-blind people can tell apart (Okabe & Ito 2008), those of the project's labels first."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a conversion is told beside its files.

    Attributes:
        labels: the labels that spans may have, or None for any.
        predictions: Label Studio only: spans are the predictions of a task, not its annotations.
        annotator: Label Studio only: whose annotation to read where a task has several.
    """

    labels: LabelSet | None = None
    predictions: bool = False
    annotator: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """Something about a file that a user should know; summaries count it under its name."""

    what: str
    count: int = 1


Record = Draft | Problem | Noted


@dataclass(frozen=True, slots=True)
class Format:
    """How a format is read and written; writing returns what a user should know about the result."""

    read: Callable[[Path, Options], Iterator[Record]]
    write: Callable[[Sequence[Article], Path, Options], list[str]]


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    Raises:
        InputError: if it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def write_text(path: Path, text: str) -> None:
    """Write a whole file, its line breaks as they are.

    Raises:
        InputError: if it can't be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def write_json_lines(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write one JSON object a line."""
    write_text(path, "".join(map(json_line, records)))


def read_text(path: Path) -> str:
    """Read a whole file of UTF-8 text, its line breaks as they are.

    Raises:
        InputError: if it can't be read, or is no UTF-8 text.
    """
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start + 1})") from None


def mark_of(where: Problem, start: object, end: object, label: object, **more: Any) -> Mark | Finding:  # noqa: ANN401
    """Make a mark of what a tool wrote, or say where it can't be one.

    Args:
        where: the file, line and id, and what the tool wrote.
        start: hopefully an integer.
        end: hopefully an integer.
        label: hopefully a string.
        more: the other attributes of a mark.
    """
    if type(start) is int and type(end) is int and isinstance(label, str):
        return Mark(start, end, label, **more)
    what = f"{where.what[:SHOWN]}: a span needs an integer start and end, and a label"
    return Finding(replace(where, what=what), "rejected", "unreadable")


def draft_of(where: Problem, text: str, items: Iterable[Mark | Finding], meta: Mapping[str, Any]) -> Draft:
    """Make a draft of an article's marks and of the findings among them."""
    items = list(items)
    marks = tuple(item for item in items if isinstance(item, Mark))
    findings = tuple(item for item in items if isinstance(item, Finding))
    return Draft(where.file, where.line, where.id, text, marks, meta, findings)


def id_of(record: Mapping[str, Any], file: str, line: int) -> str:
    """Return a record's id; one without is named after its file and line."""
    id = record.get("id")
    return str(id) if (type(id) is int or isinstance(id, str)) and id != "" else f"{Path(file).stem}-{line}"


def gather_meta(record: Mapping[str, Any], own: Container[str]) -> dict[str, Any]:
    """Return a record's meta, and with it every key that is not the format's own."""
    meta = record.get("meta")
    extra = {key: value for key, value in record.items() if key not in own and key != "meta"}
    return {**meta, **extra} if isinstance(meta, dict) else extra if meta is None else {"meta": meta, **extra}


def colours_of(labels: Iterable[str]) -> dict[str, str]:
    """Return a colour for each label: the project's own labels always have theirs."""
    fixed = dict(zip(default_labels(), COLOURS, strict=False))
    names = list(labels)
    free = cycle([colour for colour in COLOURS if colour not in {fixed.get(name) for name in names}])
    return {name: fixed.get(name) or next(free) for name in names}


def check_labels(articles: Iterable[Article], format: str) -> None:
    """Make sure that each label is one word.

    Raises:
        InputError: if one is not, which the format can't hold.
    """
    for label in {span.label for article in articles for span in article.spans}:
        if len(label.split()) != 1:
            raise InputError(f"label {label!r} holds whitespace, which {format} can't write; rename it")


def as_list(value: object) -> list[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []
