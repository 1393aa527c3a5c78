"""What a file says of its spans, checked against the text: exact, repaired where that is sure, or rejected."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .schema import Article, LabelSet, Span
from .store import Problem
from .validation import offset_fault, show_span

WHITESPACE = "whitespace at the edge"
CUT_MARK = "cuts a letter from its mark"
UTF16 = "offsets counted in UTF-16"


@dataclass(frozen=True, slots=True)
class Mark:
    """A span as a file states it, not yet checked against the text.

    Attributes:
        start: first offset.
        end: last offset, exclusive.
        label: the label as written.
        optional: undecidable by the guideline.
        mention: the text that the file says the span has, if it says so.
        line: where it stands in the file, if not on its article's line.
    """

    start: int
    end: int
    label: str
    optional: bool = False
    mention: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A span or an article that is not kept as it was written.

    Attributes:
        problem: what and where.
        verdict: what was done.
        reason: the kind of problem, under which summaries count it.
        unit: what the verdict is about.
    """

    problem: Problem
    verdict: Literal["repaired", "rejected"]
    reason: str
    unit: Literal["span", "article"] = "span"

    def __str__(self) -> str:
        """Return the one line a user sees."""
        return f"{self.problem} ({self.verdict})"


@dataclass(frozen=True, slots=True)
class Draft:
    """An article as a file states it; ``findings`` are the spans that the reader itself had to repair or reject."""

    file: str
    line: int
    id: str
    text: str
    marks: tuple[Mark, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


class _RejectedError(Exception):
    """A span that can't be kept: the whole fault, and the kind that summaries count it under."""

    def __init__(self, fault: str, reason: str | None = None) -> None:
        """Keep the two."""
        super().__init__(fault)
        self.reason = reason or fault


def settle(draft: Draft, labels: LabelSet | None) -> tuple[Article, list[Finding]]:
    """Make an article of what a file states.

    Args:
        draft: the article as read.
        labels: the labels that spans may have, or None for any.

    Returns:
        The article with the spans that are sound, and a finding for each that was repaired or rejected.
    """
    kept: list[Span] = []
    findings = list(draft.findings)
    for mark in sorted(draft.marks, key=lambda mark: (mark.start, mark.end)):
        try:
            span, repairs = _settle_span(draft.text, mark, labels)
            _check_overlap(span, kept)
        except _RejectedError as error:
            findings.append(Finding(_problem(draft, mark, str(error)), "rejected", error.reason))
            continue
        kept.append(span)
        if repairs:
            reason = " and ".join(repairs)
            what = f"{reason}; now {show_span(draft.text, span)}"
            findings.append(Finding(_problem(draft, mark, what), "repaired", reason))
    return Article(draft.id, draft.text, tuple(sorted(kept)), draft.meta), findings


def _problem(draft: Draft, mark: Mark, what: str) -> Problem:
    """Say something of a mark, with its place, its label and its text."""
    shown = show_span(draft.text, Span(mark.start, mark.end, mark.label))
    return Problem(draft.file, mark.line or draft.line, draft.id, f"{shown}: {what}")


def _settle_span(text: str, mark: Mark, labels: LabelSet | None) -> tuple[Span, list[str]]:
    """Return the span that a mark means, and what had to be repaired."""
    if labels is not None and mark.label not in labels:
        raise _RejectedError(
            f"unknown label {mark.label!r} (labels: {', '.join(labels)})", "unknown label, see --labels"
        )
    if not mark.label:
        raise _RejectedError("no label")
    start, end = mark.start, mark.end
    repairs: list[str] = []
    if mark.mention is not None and not _says(text, start, end, mark.mention):
        start, end = _from_utf16(text, mark)
        repairs.append(UTF16)
    if not 0 <= start < end <= len(text):
        raise _RejectedError(offset_fault(text, Span(start, end, mark.label, mark.optional)) or "", "offsets")
    start, end, moved = _sound_edges(text, start, end)
    if start >= end:
        raise _RejectedError("nothing but whitespace or marks")
    return Span(start, end, mark.label, mark.optional), [*repairs, *moved]


def _says(text: str, start: int, end: int, mention: str) -> bool:
    """Tell whether a slice is the mention, whatever the kind of whitespace in it: tools write a newline as a space."""
    return 0 <= start <= end and text[start:end].split() == mention.split()


def _from_utf16(text: str, mark: Mark) -> tuple[int, int]:
    """Return a mark's offsets in characters if the file counts UTF-16 units, which its mention proves."""
    units = text.encode("utf-16-le", "surrogatepass")
    start, end = (len(units[: 2 * max(edge, 0)].decode("utf-16-le", "replace")) for edge in (mark.start, mark.end))
    inside = 0 <= mark.start < mark.end <= len(units) // 2
    if not inside or not mark.mention or not _says(text, start, end, mark.mention):
        found = text[max(mark.start, 0) : max(mark.end, 0)]
        raise _RejectedError(
            f"the file says {mark.mention!r}, the text has {found!r}", "not the text that the file says"
        )
    return start, end


def _sound_edges(text: str, start: int, end: int) -> tuple[int, int, list[str]]:
    """Move edges to where the rules allow them, and say which rules asked for it."""
    reasons: list[str] = []
    before = None
    while before != (start, end):
        before = start, end
        for move, reason in ((_with_whole_letters, CUT_MARK), (_without_edge_whitespace, WHITESPACE)):
            moved = move(text, start, end)
            if moved != (start, end) and reason not in reasons:
                reasons.append(reason)
            start, end = moved
    return start, end, reasons


def _without_edge_whitespace(text: str, start: int, end: int) -> tuple[int, int]:
    """Move edges inwards to the first and last character that is not whitespace."""
    mention = text[start:end]
    start += len(mention) - len(mention.lstrip())
    return start, max(start, start + len(mention.strip()))


def _with_whole_letters(text: str, start: int, end: int) -> tuple[int, int]:
    """Put each combining mark at an edge on the side where its letter is."""
    return _after_marks(text, start) if start else start, _after_marks(text, end)


def _after_marks(text: str, edge: int) -> int:
    """Return the first place from an edge on that no combining mark follows."""
    while edge < len(text) and unicodedata.combining(text[edge]):
        edge += 1
    return edge


def _check_overlap(span: Span, kept: list[Span]) -> None:
    """Reject a span that overlaps one before it."""
    if kept and span.overlaps(kept[-1]):
        raise _RejectedError(f"overlaps {kept[-1].start}–{kept[-1].end} {kept[-1].label}", "overlap")
