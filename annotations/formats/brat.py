"""A folder of brat's standoff files: a ``.txt`` and a ``.ann`` for each article."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..repair import Draft, Finding, Mark
from ..schema import Article, LabelSet, labels_of
from ..store import Problem
from .base import Noted, Options, Record, check_labels, colours_of, read_bytes, write_text

ENTITY = re.compile(r"(?P<id>T\d+)\t(?P<label>\S+) (?P<edges>\d+ \d+(?:;\d+ \d+)*)\t(?P<mention>.*)")
OPTIONAL = re.compile(r"A\d+\tOptional (?P<id>T\d+)")
ARTICLE = re.compile(r"#\d+\tArticle DOC\t(?P<json>.*)")
OTHERS = {
    "A": "attributes",
    "M": "attributes",
    "R": "relations",
    "E": "events",
    "N": "normalisations",
    "*": "equivalences",
    "#": "notes",
}
"""What a line is by its first character, if it is nothing that an article has a place for."""
UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]|^\.')
NAME_LENGTH = 80
"""Characters of an id that go into a file name; file systems take 255 bytes."""


def read(path: Path, options: Options) -> Iterator[Record]:
    """Read a folder, its own folders included."""
    if not path.is_dir():
        raise InputError(f"{path}: brat's articles are a folder of .txt and .ann files; name the folder")
    for marks in sorted(path.rglob("*.ann")):
        if not marks.with_suffix(".txt").exists():
            yield Problem(str(marks), 1, "", "no .txt file beside it")
    for text in sorted(path.rglob("*.txt")):
        id = text.relative_to(path).with_suffix("").as_posix()
        marks = text.with_suffix(".ann")
        try:
            content = read_bytes(text).decode()
            lines = read_bytes(marks).decode().split("\n") if marks.exists() else None
        except UnicodeDecodeError:
            yield Problem(str(text), 1, id, "not UTF-8 text")
            continue
        if lines is None:
            yield Noted("articles left out: no .ann file, so never annotated")
        else:
            yield from _read_article(str(marks), id, content, lines)


def write(articles: Sequence[Article], path: Path, options: Options) -> list[str]:
    """Write a folder, with the configuration that brat needs to show it."""
    labels = options.labels or labels_of(articles)
    check_labels(articles, "brat")
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    names: set[str] = set()
    for article in articles:
        name = _file_name(article.id, names)
        write_text(path / f"{name}.txt", article.text)
        write_text(path / f"{name}.ann", "".join(f"{line}\n" for line in _lines_of(article, name)))
    write_text(path / "annotation.conf", _annotation_config(labels))
    write_text(path / "visual.conf", _visual_config(labels))
    return []


def _read_article(file: str, id: str, text: str, lines: list[str]) -> Iterator[Record]:
    """Read an article's lines."""
    lines = [line.removesuffix("\r") for line in lines]
    own = next((found["json"] for line in lines if (found := ARTICLE.fullmatch(line))), "{}")
    try:
        about = json.loads(own)
        id, meta = str(about.get("id", id)), dict(about.get("meta", {}))
    except (ValueError, AttributeError, TypeError):
        yield Problem(file, 1, id, "the note on the article holds no JSON object")
        return
    optional = {found["id"] for line in lines if (found := OPTIONAL.fullmatch(line))}
    marks: list[Mark] = []
    findings: list[Finding] = []
    for number, line in enumerate(lines, start=1):
        item = _read_line(Problem(file, number, id, line), text, optional)
        if isinstance(item, Mark):
            marks.append(item)
        elif isinstance(item, Finding):
            findings.append(item)
        elif item is not None:
            yield item
    yield Draft(file, 1, id, text, tuple(marks), meta, tuple(findings))


def _read_line(line: Problem, text: str, optional: set[str]) -> Mark | Finding | Noted | None:
    """Read one line; it comes as the problem that it may be."""
    entity = ENTITY.fullmatch(line.what)
    if entity is not None:
        edges = [tuple(map(int, part.split())) for part in entity["edges"].split(";")]
        # A mention that runs over a line break is two fragments in brat, with nothing but the break between them.
        if any(text[end:start].strip() or start < end for (_, end), (start, _) in pairwise(edges)):
            return Finding(replace(line, what=f"{line.what}: a mention in pieces"), "rejected", "in pieces")
        return Mark(edges[0][0], edges[-1][1], entity["label"], entity["id"] in optional, entity["mention"], line.line)
    if not line.what.strip() or OPTIONAL.fullmatch(line.what) or ARTICLE.fullmatch(line.what):
        return None
    if line.what[0] in OTHERS:
        return Noted(f"{OTHERS[line.what[0]]} ignored")
    return Finding(replace(line, what=f"{line.what}: not a line of brat's format"), "rejected", "unreadable")


def _file_name(id: str, taken: set[str]) -> str:
    """Return a file name for an id that no other article has, on systems blind to case too."""
    name = plain = UNSAFE.sub("_", id)[:NAME_LENGTH]
    number = 1
    while name.casefold() in taken:
        number += 1
        name = f"{plain}-{number}"
    taken.add(name.casefold())
    return name


def _lines_of(article: Article, name: str) -> Iterator[str]:
    """Yield the lines of an article; its id stands in them where the file name can't hold it."""
    about: dict[str, Any] = {"id": article.id} if article.id != name else {}
    if article.meta:
        about["meta"] = dict(article.meta)
    if about:
        yield f"#1\tArticle DOC\t{json.dumps(about, ensure_ascii=False)}"
    for number, span in enumerate(article.spans, start=1):
        # Brat allows no line break in a mention: where a line ends, so does a fragment.
        lines = [
            (part.start(), part.end()) for part in re.compile(r"[^\n]+").finditer(article.text, span.start, span.end)
        ]
        edges = ";".join(f"{start} {end}" for start, end in lines)
        mention = " ".join(re.sub(r"\s", " ", article.text[start:end]) for start, end in lines)
        yield f"T{number}\t{span.label} {edges}\t{mention}"
        if span.optional:
            yield f"A{number}\tOptional T{number}"


def _annotation_config(labels: LabelSet) -> str:
    """Return the labels as brat wants to be told them."""
    names = "".join(f"{label}\n" for label in labels)
    return f"[entities]\n{names}\n[relations]\n\n[events]\n\n[attributes]\nOptional\tArg:<ENTITY>\n"


def _visual_config(labels: LabelSet) -> str:
    """Return the labels' colours."""
    lines = (f"{label}\tbgColor:{colour}\n" for label, colour in colours_of(labels).items())
    return f"[labels]\n\n[drawing]\n{''.join(lines)}"
