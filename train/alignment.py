"""Character spans to token tags: exact, snapped or dropped, always counted and never silent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..annotations.arabic import is_letter, is_proclitic
from ..annotations.schema import Article, Span
from ..inference.tokenization import Tokens

IGNORED = -100
"""The tag that the loss leaves out (PyTorch's convention)."""

EXAMPLES = 5
"""How many examples of each outcome a report keeps."""


@dataclass(slots=True)
class AlignmentReport:
    """How the spans of a data set met the tokens.

    ``exact``: token edges are span edges. ``snapped``: the first token also holds the proclitics before the mention, or
    the last one punctuation after it; the boundary rules put that right again. ``dropped``: no tokens of its own; they
    are left out of the loss. ``optional``: marked undecidable; left out of the loss.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, outcome: str, article: Article, span: Span) -> None:
        """Count an outcome and keep the first few examples of the inexact ones."""
        self.counts[outcome] += 1
        kept = self.examples.setdefault(outcome, [])
        if outcome in ("snapped", "dropped") and len(kept) < EXAMPLES:
            mention = article.text[span.start : span.end]
            kept.append(f"{article.id} {span.start}–{span.end} {span.label} {mention!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {"counts": dict(self.counts), "examples": {name: kept for name, kept in self.examples.items() if kept}}

    def __str__(self) -> str:
        """Return the one-line summary."""
        total = self.counts.total() or 1
        order = ("exact", "snapped", "dropped", "optional")
        return ", ".join(f"{name} {self.counts[name]} ({self.counts[name] / total:.1%})" for name in order)


def align(article: Article, tokens: Tokens, tag_ids: dict[str, int], report: AlignmentReport) -> npt.NDArray[np.int64]:
    """Return the tag index of each token, shape (tokens,), IGNORED where the loss must not look.

    Args:
        article: the labelled article.
        tokens: its tokens.
        tag_ids: index of each IOB2 tag.
        report: takes the outcome for each span.
    """
    tags = np.full(len(tokens), tag_ids["O"], dtype=np.int64)
    for span in article.spans:
        touched = touching(tokens, span)
        outcome = "optional" if span.optional else _outcome(article.text, span, tokens, touched)
        report.add(outcome, article, span)
        if outcome in ("optional", "dropped"):
            tags[touched] = IGNORED
        else:
            tags[touched] = tag_ids[f"I-{span.label}"]
            tags[touched[0]] = tag_ids[f"B-{span.label}"]
    return tags


def touching(tokens: Tokens, span: Span) -> npt.NDArray[np.int64]:
    """Return the indices of the tokens that share characters with a span."""
    return np.flatnonzero(~tokens.silent & (tokens.ends > span.start) & (tokens.starts < span.end))


def _outcome(text: str, span: Span, tokens: Tokens, touched: npt.NDArray[np.int64]) -> str:
    """Say how a span meets the tokens that share characters with it."""
    if not len(touched):
        return "dropped"
    before = text[tokens.starts[touched[0]] : span.start]
    after = text[span.end : tokens.ends[touched[-1]]]
    if not before and not after:
        return "exact"
    tail_is_punctuation = not any(is_letter(char) or char.isdigit() for char in after)
    return "snapped" if (not before or is_proclitic(before)) and tail_is_punctuation else "dropped"
