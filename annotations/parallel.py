"""The same articles as several annotators marked them, brought together by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from ..errors import InputError
from .schema import Span
from .store import Located, Problem, read_records
from .validation import article_problems

LISTED = 5
"""How many ids a notice names before it only counts."""


@dataclass(frozen=True, slots=True)
class ParallelArticle:
    """A text that two or more annotators marked.

    Attributes:
        readings: the spans of each annotator by letter, in text order.
        meta: of all records together; where they differ the first annotator's stays.
    """

    id: str
    text: str
    readings: Mapping[str, tuple[Span, ...]]
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parallel:
    """What several files have in common.

    Attributes:
        files: the file of each annotator; annotators are called A, B, C … in the order of the files.
        articles: those that at least two annotators marked, in the order of their first appearance.
        problems: records that could not be used.
        alone: by letter, the ids that no other file has.
    """

    files: Mapping[str, Path]
    articles: Sequence[ParallelArticle]
    problems: Sequence[Problem]
    alone: Mapping[str, Sequence[str]]

    def notices(self) -> Iterator[str]:
        """Say what was left out because one file alone has it."""
        for letter, ids in self.alone.items():
            named = ", ".join(ids[:LISTED]) + (" …" if len(ids) > LISTED else "")
            yield f"{self.files[letter]}: {len(ids)} articles left out that no other file has: {named}"


def read_parallel(paths: Sequence[Path]) -> Parallel:
    """Read one file for each annotator and bring the articles together by id.

    Raises:
        InputError: if there are fewer than 2 or more than 26 files, one is unreadable, or they share no article.
    """
    if not 2 <= len(paths) <= len(ascii_uppercase):
        raise InputError(f"agreement needs 2 to {len(ascii_uppercase)} files, one for each annotator; got {len(paths)}")
    files = dict(zip(ascii_uppercase, paths, strict=False))
    problems: list[Problem] = []
    records = {letter: _read_sound(path, problems) for letter, path in files.items()}
    articles: list[ParallelArticle] = []
    alone: dict[str, list[str]] = {}
    for id in dict.fromkeys(id for found in records.values() for id in found):
        versions = {letter: found[id] for letter, found in records.items() if id in found}
        if len(versions) == 1:
            alone.setdefault(next(iter(versions)), []).append(id)
        elif len(same := _same_text(versions, problems)) > 1:
            articles.append(_bring_together(same))
    if not articles and not problems:
        raise InputError(f"{', '.join(map(str, paths))}: these files share no article id")
    return Parallel(files, articles, problems, alone)


def _read_sound(path: Path, problems: list[Problem]) -> dict[str, Located]:
    """Return a file's articles by id; what is unsound or comes twice goes to the problems."""
    found: dict[str, Located] = {}
    for record in read_records(path):
        if isinstance(record, Problem):
            problems.append(record)
            continue
        article = record.article
        whats = list(article_problems(article))
        first = found.get(article.id)
        if first is not None:
            whats.append(f"id already used at line {first.line}")
        if whats:
            problems += [Problem(record.file, record.line, article.id, f"{what}; article left out") for what in whats]
        else:
            found[article.id] = record
    return found


def _same_text(versions: dict[str, Located], problems: list[Problem]) -> dict[str, Located]:
    """Return the versions whose text equals the first one's; the others go to the problems."""
    first = next(iter(versions.values()))
    same: dict[str, Located] = {}
    for letter, record in versions.items():
        if record.article.text == first.article.text:
            same[letter] = record
            continue
        letters = zip_longest(first.article.text, record.article.text)
        place = next(place for place, (one, other) in enumerate(letters) if one != other)
        what = f"text differs from {first.file}:{first.line} at character {place}; left out here"
        problems.append(Problem(record.file, record.line, record.article.id, what))
    return same


def _bring_together(versions: dict[str, Located]) -> ParallelArticle:
    articles = {letter: record.article for letter, record in versions.items()}
    first = next(iter(articles.values()))
    meta = {key: value for article in reversed(articles.values()) for key, value in article.meta.items()}
    return ParallelArticle(first.id, first.text, {letter: article.spans for letter, article in articles.items()}, meta)
