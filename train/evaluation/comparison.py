"""Whether one model is better than another on the same articles, or only luckier.

Two tests over articles, for an article's spans are not independent: the paired bootstrap (Koehn 2004; centred on the
observed difference as in Berg-Kirkpatrick et al. 2012) and approximate randomization (Noreen 1989; Yeh 2000), which
exchanges the two models' results on random articles. Both are two-sided. P-values of single labels are not corrected
for there being several labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...annotations.schema import Article, Span
from ...annotations.scoring import Score, Scores
from .figures import Evaluation, judge
from .mistakes import passage

RESAMPLES = 10_000
CHUNK = 1_000
"""Resamples that are held in memory at once."""

Counts = npt.NDArray[np.int64]
"""True positives, false positives and false negatives, shape (articles, labels, 3)."""

Values = npt.NDArray[np.float64]


def compare(one: Evaluation, other: Evaluation) -> dict[str, Any]:
    """Compare two models' exact spans on the same articles.

    Returns:
        ``figures``: for ``micro``, ``macro`` and each label the F1 of ``one`` and of ``other``, their ``difference``
        with its 95 % interval (``low``, ``high``), and ``p_bootstrap`` and ``p_randomization``;
        ``differences``: the spans that only one of them has, see :func:`differences`.
    """
    mine, theirs = one.scores(), other.scores()
    labels = sorted({label for article in (*mine, *theirs) for label in article.by_label})
    tested = compare_counts(counts_by_label(mine, labels), counts_by_label(theirs, labels))
    return {
        "figures": dict(zip(("micro", "macro", *labels), tested, strict=True)),
        "differences": differences(one, other),
    }


def counts_by_label(scores: Sequence[Scores], labels: Sequence[str]) -> Counts:
    """Return true positives, false positives and false negatives, shape (articles, labels, 3)."""
    empty = Score()
    rows = [[article.by_label.get(label, empty) for label in labels] for article in scores]
    return np.array([[(s.tp, s.fp, s.fn) for s in row] for row in rows], dtype=np.int64).reshape(-1, len(labels), 3)


def compare_counts(one: Counts, other: Counts, seed: int = 0) -> list[dict[str, float]]:
    """Test the differences in F1 of two models by their counts on the same articles.

    Returns:
        The figures of micro F1, macro F1 and each label's F1, as in :func:`compare`.
    """
    rng = np.random.default_rng(seed)
    first, second = f1s(one.sum(axis=0)), f1s(other.sum(axis=0))
    observed = first - second
    resampled = np.concatenate([_resample(one, other, rng) for _ in range(0, RESAMPLES, CHUNK)])
    exchanged = np.concatenate([_exchange(one, other, rng) for _ in range(0, RESAMPLES, CHUNK)])
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    p_bootstrap = _share_as_far(resampled - observed, observed)
    p_randomization = _share_as_far(exchanged, observed)
    columns = {"one": first, "other": second, "difference": observed, "low": low, "high": high,
               "p_bootstrap": p_bootstrap, "p_randomization": p_randomization}  # fmt: skip
    return [{name: float(column[i]) for name, column in columns.items()} for i in range(len(observed))]


def f1s(total: npt.NDArray[np.int64]) -> Values:
    """Return micro, macro and each label's F1 of counts of shape (…, labels, 3); 0 where there is nothing."""
    every = np.concatenate([total.sum(axis=-2, keepdims=True), total], axis=-2).astype(np.float64)
    right, alarms, misses = every[..., 0], every[..., 1], every[..., 2]
    values = 2 * right / np.maximum(2 * right + alarms + misses, 1)
    return np.concatenate([values[..., :1], values[..., 1:].mean(axis=-1, keepdims=True), values[..., 1:]], axis=-1)


def _resample(one: Counts, other: Counts, rng: np.random.Generator) -> Values:
    """Draw articles with replacement, the same for both models; return a chunk of differences."""
    weights = rng.multinomial(len(one), np.full(len(one), 1 / len(one)), size=CHUNK)
    return f1s(np.tensordot(weights, one, axes=1)) - f1s(np.tensordot(weights, other, axes=1))


def _exchange(one: Counts, other: Counts, rng: np.random.Generator) -> Values:
    """Exchange the models' results on each article with even odds; return a chunk of differences."""
    moved = np.tensordot(rng.integers(0, 2, size=(CHUNK, len(one))), other - one, axes=1)
    return f1s(one.sum(axis=0) + moved) - f1s(other.sum(axis=0) - moved)


def _share_as_far(by_chance: Values, observed: Values) -> Values:
    """Return the share of differences that are at least as far from zero as the observed one, itself among them."""
    as_far = np.abs(by_chance) >= np.abs(observed) - 1e-12
    return (as_far.sum(axis=0) + 1) / (len(by_chance) + 1)


def differences(one: Evaluation, other: Evaluation) -> dict[str, list[dict[str, Any]]]:
    """List the spans that only one of two models finds, in their context.

    Returns:
        ``gained`` and ``lost``: labelled spans that only ``one``, or only ``other``, finds; ``alarms`` and ``quieted``:
        wrong spans that only ``one``, or only ``other``, finds.
    """
    lists: dict[str, list[dict[str, Any]]] = {"gained": [], "lost": [], "alarms": [], "quieted": []}
    for place, article in enumerate(one.articles):
        sides = one.found[place], other.found[place]
        verdicts = [dict(zip(found, judge(article.spans, found), strict=True)) for found in sides]
        for mine, theirs, found, names in (
            (verdicts[0], verdicts[1], sides[0], ("gained", "alarms")),
            (verdicts[1], verdicts[0], sides[1], ("lost", "quieted")),
        ):
            for span in _only(mine, theirs):
                lists[names[0] if mine[span] else names[1]].append(_described(article, found, span))
    return lists


def _only(mine: Mapping[Span, bool | None], theirs: Mapping[Span, bool | None]) -> list[Span]:
    """Return the spans that count and that the other model doesn't have."""
    return [span for span, verdict in mine.items() if verdict is not None and span not in theirs]


def _described(article: Article, found: Sequence[Span], span: Span) -> dict[str, Any]:
    """Return a span as plain JSON values, with the words around it."""
    return {
        "id": article.id, "start": span.start, "end": span.end, "label": span.label,
        "text": article.text[span.start : span.end], "context": passage(article, found, span),
    }  # fmt: skip
