"""Everything that can be wrong with labelled articles, listed with file and line."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .schema import Article, LabelSet, Span
from .store import Located, Problem, read_records

CONTEXT = 12
"""Characters of the text around a span that a problem shows."""


def check_files(paths: Sequence[Path], labels: LabelSet | None) -> tuple[list[Located], list[Problem]]:
    """Read files and list every problem in and between them.

    Args:
        paths: JSONL files; each is taken as one split, so that the same text in two of them is a leak.
        labels: the labels that spans may have, or None for any.

    Returns:
        The articles that could be read, and the problems in the order of files and lines.

    Raises:
        InputError: if a file is missing or unreadable.
    """
    located: list[Located] = []
    problems: list[Problem] = []
    seen = Seen()
    for path in paths:
        before = len(located)
        for record in read_records(path):
            if isinstance(record, Problem):
                problems.append(record)
                continue
            located.append(record)
            whats = [*article_problems(record.article, labels), *seen.problems(record)]
            problems += [Problem(record.file, record.line, record.article.id, what) for what in whats]
        if len(located) == before:
            problems.append(Problem(str(path), 1, "", "no article in this file"))
    return located, problems


def article_problems(article: Article, labels: LabelSet | None = None) -> Iterator[str]:
    """Yield what is wrong inside one article: its text, each span, and spans that overlap."""
    if not article.text.strip():
        yield "empty text"
    sound = []
    for span in article.spans:
        faults = [fault for rule in SPAN_RULES if (fault := rule(article.text, span))]
        if labels is not None and span.label not in labels:
            faults.append(f"unknown label {span.label!r} (labels: {', '.join(labels)})")
        yield from (f"{show_span(article.text, span)}: {fault}" for fault in faults)
        if 0 <= span.start < span.end:
            sound.append(span)
    sound.sort()
    furthest: Span | None = None
    for span in sound:
        if furthest is not None and span.overlaps(furthest):
            yield f"{show_span(article.text, span)}: overlaps {furthest.start}–{furthest.end} {furthest.label}"
        if furthest is None or span.end > furthest.end:
            furthest = span


def offset_fault(text: str, span: Span) -> str | None:
    """Say what is wrong with the offsets, or None."""
    if span.start < 0 or span.end > len(text):
        return f"offsets out of range (the text has {len(text)} characters)"
    return "empty or reversed" if span.start >= span.end else None


def _edge_whitespace(text: str, span: Span) -> str | None:
    mention = text[max(span.start, 0) : span.end]
    return "whitespace at the edge" if mention and mention != mention.strip() else None


def _cut_letter(text: str, span: Span) -> str | None:
    """A combining mark belongs to the letter before it: no edge may come between the two."""
    edges = [edge for edge in (span.start, span.end) if 0 < edge < len(text)]
    return "cuts a letter from its mark" if any(unicodedata.combining(text[edge]) for edge in edges) else None


SPAN_RULES: Sequence[Callable[[str, Span], str | None]] = (offset_fault, _edge_whitespace, _cut_letter)
"""The rules each span must keep; a rule returns what is wrong, or None."""


@dataclass(slots=True)
class Seen:
    """The ids and texts met so far, to find the ones that come again."""

    ids: dict[str, Located] = field(default_factory=dict)
    texts: dict[bytes, Located] = field(default_factory=dict)

    def problems(self, record: Located) -> Iterable[str]:
        """Say what this record repeats of an earlier one, and remember it."""
        first = self.ids.setdefault(record.article.id, record)
        if first is not record:
            yield f"id already used at {first.file}:{first.line}"
        # Wire copies differ in spacing; the digest keeps memory small whatever the length of the articles.
        folded = " ".join(record.article.text.split())
        first = self.texts.setdefault(hashlib.blake2b(folded.encode("utf-8", "surrogatepass")).digest(), record)
        if first is not record and folded:
            where = "another split" if first.file != record.file else "this file"
            yield f"same text as {first.article.id} in {where}, {first.file}:{first.line}"


def show_span(text: str, span: Span) -> str:
    """Return a span's place, label and text."""
    mention = text[max(span.start, 0) : max(span.end, 0)]
    shown = mention if len(mention) <= 3 * CONTEXT else mention[: 2 * CONTEXT] + "…" + mention[-CONTEXT:]
    return f"span {span.start}–{span.end} {span.label} {shown!r}"
