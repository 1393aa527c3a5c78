"""Tokens and their IOB tags, for formats that label tokens instead of characters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..repair import Finding, Mark
from ..schema import Article, Span
from ..store import Problem
from ..validation import show_span

ARABIC_MARKS = "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u08ca-\u08ff"
JOINERS = "\u0300-\u036f\u200c\u200d"
TOKEN = re.compile(rf"[\w{ARABIC_MARKS}{JOINERS}]+|\S")
Scheme = Literal["IOB1", "IOB2", "IOBES"]
TAG = re.compile(r"(?P<prefix>[BIELSU])-(?P<label>.+)")
NEAR = 20
"""Characters of the text that a message shows."""
TOKENISATION = "tokens: runs of letters, digits and their marks, or one other character"


@dataclass(frozen=True, slots=True)
class Token:
    """A token's half-open offsets in its text, and its IOB2 tag."""

    start: int
    end: int
    tag: str


def tag_tokens(text: str, spans: Sequence[Span]) -> list[Token]:
    """Cut a text into tokens and tag them by IOB2.

    Args:
        text: the article's text; whitespace belongs to no token.
        spans: its spans, which must not overlap. Tokens are cut at their edges, so that each span is whole tokens.
    """
    tokens: list[Token] = []
    last = 0
    for span in sorted(spans):
        tokens += [Token(start, end, "O") for start, end in _cut(text, last, span.start)]
        inside = _cut(text, span.start, span.end)
        tokens += [
            Token(start, end, f"{'I' if place else 'B'}-{span.label}") for place, (start, end) in enumerate(inside)
        ]
        last = span.end
    return [*tokens, *(Token(start, end, "O") for start, end in _cut(text, last, len(text)))]


def scheme_of(tags: Sequence[str]) -> Scheme:
    """Tell the scheme of a file by what only it has.

    Args:
        tags: every tag of the file, with ``O`` between sentences.
    """
    if any(tag[0] in "ELSU" for tag in tags):
        return "IOBES"
    # In IOB1, B- stands only between two spans of one label.
    fresh = any(tag[0] == "B" and tag[2:] != before[2:] for before, tag in zip(["O", *tags], tags, strict=False))
    return "IOB2" if fresh else "IOB1"


class MisplacedTokenError(ValueError):
    """A token that does not follow the one before it in the text, and its place among the tokens."""

    def __init__(self, form: str, near: str, place: int) -> None:
        """Say what stands there instead."""
        super().__init__(f"the token {form!r} is not in the text here, but {near!r}")
        self.place = place


def place_tokens(text: str, forms: Sequence[str], tags: Sequence[str], at: int = 0) -> list[Token]:
    """Find tokens in their text, one after the other with nothing but whitespace between.

    Raises:
        MisplacedTokenError: at the first that is not there.
    """
    tokens = []
    for place, (form, tag) in enumerate(zip(forms, tags, strict=True)):
        while at < len(text) and text[at].isspace():
            at += 1
        if not text.startswith(form, at):
            raise MisplacedTokenError(form, text[at : at + NEAR], place)
        tokens.append(Token(at, at + len(form), tag))
        at += len(form)
    return tokens


def read_tags(
    text: str, tokens: Sequence[Token], scheme: Scheme, places: Sequence[Problem]
) -> tuple[list[Mark], list[Finding]]:
    """Read the spans that the tags of a sentence state.

    A span begins at B-, S- or U-, where the label changes, and after O; it ends after E-, L-, S- and U-.

    Args:
        text: the text that the tokens are in.
        tokens: the sentence.
        scheme: the scheme of its file; IOBES stands for BILOU too.
        places: where each token stands in the file.

    Returns:
        The spans, and a finding for each that its scheme would tag otherwise.
    """
    marks: list[Mark] = []
    findings: list[Finding] = []
    start: int | None = None
    for end, token in enumerate([*tokens, Token(0, 0, "O")]):
        if start is not None and _breaks(tokens[end - 1].tag, token.tag):
            first, last = tokens[start], tokens[end - 1]
            marks.append(Mark(first.start, last.end, first.tag[2:], line=places[start].line))
            if fault := _tag_fault(scheme, first.tag, last.tag):
                what = f"{show_span(text, Span(first.start, last.end, first.tag[2:]))}: {fault}"
                findings.append(Finding(replace(places[start], what=what), "repaired", fault))
            start = None
        if start is None and token.tag != "O":
            start = end
    return marks, findings


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the offsets of the tokens of a part of a text."""
    return [match.span() for match in TOKEN.finditer(text, start, end)]


def _breaks(tag: str, following: str) -> bool:
    """Tell whether a span ends between two tags."""
    return tag[0] in "ELSU" or following[0] in "OBSU" or following[2:] != tag[2:]


def _tag_fault(scheme: Scheme, first: str, last: str) -> str | None:
    """Say what is wrong with the tags of a span, or None."""
    if scheme != "IOB1" and first[0] in "IEL":
        return f"starts with {first[0]}-"
    if scheme == "IOBES" and last[0] in "BI":
        return f"ends with {last[0]}-"
    return None


def summarize_tokens(articles: Sequence[Article]) -> str:
    """Say how texts are cut into tokens, and how many spans had a say in it."""
    inside = sum(_count_inside(article) for article in articles)
    return f"{TOKENISATION}; cut also at the edges of spans, {inside} of which are inside such a run (proclitics …)"


def _count_inside(article: Article) -> int:
    """Count the spans that start or end inside a token."""
    inner = {place for match in TOKEN.finditer(article.text) for place in range(match.start() + 1, match.end())}
    return sum(span.start in inner or span.end in inner for span in article.spans)
