"""What kind of mistake each wrong or missing span is, and the worst of them in their context."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from ...annotations.arabic import word_at
from ...annotations.schema import Article, Span, labels_of
from .figures import Evaluation, judge

Kind = Literal["boundary", "label", "label and boundary", "missed", "spurious"]
KINDS: tuple[Kind, ...] = ("boundary", "label", "label and boundary", "missed", "spurious")
"""``missed`` is a labelled span that no wrong one touches, ``spurious`` a found one that touches no missing one."""

NONE = "none"
"""The confusion matrix's row and column for what is not there."""

AROUND = 70
"""Characters of context on either side of a mistake."""

WORST = 50
"""How many of the surest mistakes are listed, found and missed ones each."""

EXAMPLES = 4
"""Examples of each kind of mistake."""

FREQUENT = 12
"""How many of the most frequent strings at wrong edges are listed."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A found span that is wrong, or a labelled one that was not found.

    Attributes:
        kind: see :data:`KINDS`.
        article: place of the article in the evaluation.
        gold: the labelled span; None for a spurious one.
        found: the found span; None for a missed one.
        side: which of the two the mistake is counted for, a labelled span (a miss) or a found one (a false alarm).
        sureness: for a found span its score; for a labelled one the probability the model gave to nothing being there.
    """

    kind: Kind
    article: int
    gold: Span | None
    found: Span | None
    side: Literal["gold", "found"]
    sureness: float


def mistakes(evaluation: Evaluation) -> Iterator[Mistake]:
    """Yield one mistake for each false negative and one for each false positive, of exactly one kind each.

    A wrong span is compared with the missing one it shares most with; so one span found in place of two is one mistake
    of the found spans, and two of the labelled ones.
    """
    for place, (article, found) in enumerate(zip(evaluation.articles, evaluation.found, strict=True)):
        verdicts = judge(article.spans, found)
        hits = {span for span, verdict in zip(found, verdicts, strict=True) if verdict}
        missing = [(i, s) for i, s in enumerate(article.spans) if not s.optional and s not in hits]
        wrong = [(i, s) for i, s in enumerate(found) if verdicts[i] is False]
        for i, span in missing:
            other = _nearest(span, [s for _, s in wrong])
            sureness = evaluation.outside[place][i] if evaluation.outside else 0.0
            yield Mistake(_kind(span, other, "missed"), place, span, other, "gold", sureness)
        for i, span in wrong:
            other = _nearest(span, [s for _, s in missing])
            sureness = evaluation.confidences[place][i] if evaluation.confidences else 0.0
            yield Mistake(_kind(span, other, "spurious"), place, other, span, "found", sureness)


def _nearest(span: Span, others: Iterable[Span]) -> Span | None:
    """Return the span that shares most with this one: first the same label or extent, then characters."""
    near = [other for other in others if span.overlaps(other)]
    return max(near, key=lambda other: (_same_extent(span, other), span.label == other.label, _shared(span, other)),
               default=None)  # fmt: skip


def _same_extent(one: Span, other: Span) -> bool:
    return (one.start, one.end) == (other.start, other.end)


def _shared(one: Span, other: Span) -> int:
    return min(one.end, other.end) - max(one.start, other.start)


def _kind(span: Span, other: Span | None, alone: Kind) -> Kind:
    if other is None:
        return alone
    if span.label == other.label:
        return "boundary"
    return "label" if _same_extent(span, other) else "label and boundary"


def count_mistakes(evaluation: Evaluation) -> dict[str, Any]:
    """Return how many mistakes of each kind there are, labels confused with each other, and sides of wrong edges.

    Returns:
        ``kinds``: kind to ``gold`` (they add up to the false negatives) and ``found`` (to the false positives).
        ``labels``: the same by the label of the labelled or found span.
        ``confusion``: row by true label, column by found one; each labelled span stands there once, in its own row,
        a boundary mistake under the label it was found with; spurious spans stand in the row ``none``.
        ``edges``: of the boundary mistakes among the labelled spans, ``start`` and ``end`` as found too ``early``,
        ``right`` or too ``late``.
    """
    every = list(mistakes(evaluation))
    labels = [*labels_of(evaluation.articles)]
    labels += sorted({span.label for spans in evaluation.found for span in spans} - set(labels))
    edges = {"start": Counter[str](), "end": Counter[str]()}
    for mistake in every:
        if mistake.kind == "boundary" and mistake.side == "gold" and mistake.gold and mistake.found:
            edges["start"][_side(mistake.found.start, mistake.gold.start)] += 1
            edges["end"][_side(mistake.found.end, mistake.gold.end)] += 1
    return {
        "kinds": _by_kind(every),
        "labels": {label: _by_kind(m for m in every if _own(m).label == label) for label in labels},
        "confusion": _confusion(evaluation, every, labels),
        "edges": {edge: {side: counts[side] for side in ("early", "right", "late")} for edge, counts in edges.items()},
    }


def _by_kind(every: Iterable[Mistake]) -> dict[str, dict[str, int]]:
    """Count mistakes by kind and by the side they are counted for."""
    counts = Counter((mistake.kind, mistake.side) for mistake in every)
    return {kind: {side: counts[kind, side] for side in ("gold", "found")} for kind in KINDS}


def _own(mistake: Mistake) -> Span:
    """Return the span that a mistake is counted for."""
    span = mistake.gold if mistake.side == "gold" else mistake.found
    assert span is not None
    return span


def _side(found: int, gold: int) -> str:
    return "right" if found == gold else "early" if found < gold else "late"


def _confusion(evaluation: Evaluation, every: Iterable[Mistake], labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count labelled spans by true and found label, and spurious ones."""
    cells: Counter[tuple[str, str]] = Counter()
    for article, found in zip(evaluation.articles, evaluation.found, strict=True):
        hits = set(found)
        cells.update((s.label, s.label) for s in article.spans if not s.optional and s in hits)
    for mistake in every:
        if mistake.side == "gold" or mistake.kind == "spurious":
            true, guess = (NONE if span is None else span.label for span in (mistake.gold, mistake.found))
            cells[true, guess] += 1
    rows, columns = [*labels, NONE], [*labels, NONE]
    return {row: {column: cells[row, column] for column in columns} for row in rows}


def describe_mistakes(evaluation: Evaluation) -> dict[str, Any]:
    """Return mistakes in their context, which is text of the articles.

    Returns:
        ``wrong``: found spans that are wrong, those with the highest score first; ``missed``: labelled spans that no
        wrong one touches, those first where the model was surest of nothing; ``examples`` by kind; ``cut`` and
        ``added``: the strings that boundary mistakes leave out or take in most often, with their counts.
    """
    every = sorted(mistakes(evaluation), key=lambda mistake: -mistake.sureness)
    wrong = [mistake for mistake in every if mistake.side == "found"]
    missed = [mistake for mistake in every if mistake.kind == "missed"]
    kinds = {kind: [m for m in every if m.kind == kind and (m.side == "found") != (kind == "missed")] for kind in KINDS}
    cut, added = _at_edges(evaluation, every)
    return {
        "wrong": [_described(evaluation, mistake) for mistake in wrong[:WORST]],
        "missed": [_described(evaluation, mistake) for mistake in missed[:WORST]],
        "examples": {kind: [_described(evaluation, m) for m in some[:EXAMPLES]] for kind, some in kinds.items()},
        "cut": dict(cut.most_common(FREQUENT)),
        "added": dict(added.most_common(FREQUENT)),
    }


def _at_edges(evaluation: Evaluation, every: Iterable[Mistake]) -> tuple[Counter[str], Counter[str]]:
    """Count the strings between the true and the found edge of boundary mistakes: left out, and taken in."""
    cut, added = Counter[str](), Counter[str]()
    for mistake in every:
        if mistake.kind == "boundary" and mistake.side == "gold" and mistake.gold and mistake.found:
            text, gold, found = evaluation.articles[mistake.article].text, mistake.gold, mistake.found
            for less, more, counts in ((found, gold, cut), (gold, found, added)):
                counts.update(filter(None, (text[more.start : less.start].strip(), text[less.end : more.end].strip())))
    return cut, added


def _described(evaluation: Evaluation, mistake: Mistake) -> dict[str, Any]:
    """Return a mistake as plain JSON values, with the spans around it that have to do with it."""
    article = evaluation.articles[mistake.article]
    return {
        "id": article.id,
        "kind": mistake.kind,
        "sureness": round(mistake.sureness, 4),
        "gold": _plain(article, mistake.gold),
        "found": _plain(article, mistake.found),
        "context": passage(article, evaluation.found[mistake.article], _own(mistake)),
    }


def _plain(article: Article, span: Span | None) -> dict[str, Any] | None:
    """Return a span and its words as plain JSON values."""
    if span is None:
        return None
    return {"start": span.start, "end": span.end, "label": span.label, "text": article.text[span.start : span.end]}


def passage(article: Article, found: Sequence[Span], focus: Span) -> list[dict[str, Any]]:
    """Return the words around a span, cut at the edges of the labelled and found spans that it overlaps.

    Returns:
        Stretches of text with the labels ``gold`` and ``found`` that lie on them, None where there is none.
    """
    text = article.text
    gold = [span for span in article.spans if span.overlaps(focus)]
    near = [span for span in found if span.overlaps(focus)]
    low = min(span.start for span in (focus, *gold, *near))
    high = max(span.end for span in (focus, *gold, *near))
    # A word cut in two would read as another word.
    start = word_at(text, max(low - AROUND, 0))[0]
    end = max(word_at(text, min(high + AROUND, len(text)) - 1)[1], high)
    inner = (at for span in (*gold, *near) for at in (span.start, span.end))
    cuts = sorted({start, end, *inner})
    stretches = [
        {"text": text[a:b], "gold": _label_over(gold, a), "found": _label_over(near, a)} for a, b in pairwise(cuts)
    ]
    stretches[0]["text"] = ("… " if start > 0 else "") + stretches[0]["text"]
    stretches[-1]["text"] += " …" if end < len(text) else ""
    return stretches


def _label_over(spans: Iterable[Span], at: int) -> str | None:
    return next((span.label for span in spans if span.start <= at < span.end), None)
