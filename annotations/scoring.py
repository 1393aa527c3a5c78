"""Span scores: counts that add up, exact or by overlap, per label, with bootstrap intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .schema import Span

RESAMPLES = 1000
"""Bootstrap samples behind an interval."""


@dataclass(frozen=True, slots=True)
class Score:
    """True positives, false positives and false negatives of one label; scores add."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Score) -> Score:
        """Add the counts."""
        return Score(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Return the share of found spans that are right, 0 where none was found."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        """Return the share of true spans that were found, 0 where there is none."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else 0.0


Match = Callable[[Span, Span], bool]


def exact(gold: Span, found: Span) -> bool:
    """Tell whether two spans agree in label and in both edges."""
    return gold == found


def partial(gold: Span, found: Span) -> bool:
    """Tell whether two spans agree in label and share a character."""
    return gold.label == found.label and gold.overlaps(found)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one or several articles by label; they add too."""

    by_label: Mapping[str, Score] = field(default_factory=dict)

    def __add__(self, other: Scores) -> Scores:
        """Add label by label."""
        labels = sorted({*self.by_label, *other.by_label})
        empty = Score()
        return Scores({name: self.by_label.get(name, empty) + other.by_label.get(name, empty) for name in labels})

    @property
    def micro(self) -> Score:
        """Return the sum over the labels."""
        return sum(self.by_label.values(), Score())

    @property
    def macro_f1(self) -> float:
        """Return the unweighted mean F1 of the labels."""
        return sum(score.f1 for score in self.by_label.values()) / len(self.by_label) if self.by_label else 0.0


def score_article(gold: Sequence[Span], found: Sequence[Span], match: Match = exact) -> Scores:
    """Score one article's spans.

    Each gold span is matched with at most one found span, in text order. Optional gold spans are neither required
    nor wrong: what overlaps one of them and matches nothing else is left out.
    """
    required = sorted(span for span in gold if not span.optional)
    optional = [span for span in gold if span.optional]
    unmatched = sorted(found)
    counts: dict[str, Counter[str]] = {span.label: Counter() for span in (*required, *found)}
    for span in required:
        hit = next((other for other in unmatched if match(span, other)), None)
        if hit is not None:
            unmatched.remove(hit)
        counts[span.label]["fn" if hit is None else "tp"] += 1
    for span in unmatched:
        if not any(span.overlaps(other) for other in optional):
            counts[span.label]["fp"] += 1
    return Scores({label: Score(count["tp"], count["fp"], count["fn"]) for label, count in counts.items() if count})


def interval(articles: Sequence[Scores], statistic: Callable[[Scores], float], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % bootstrap percentile interval of a statistic over articles (Efron & Tibshirani 1993, ch. 13).

    Args:
        articles: the scores of each article; whole articles are resampled, for their spans are not independent.
        statistic: what to compute from the sum of a resample, e.g. ``lambda scores: scores.micro.f1``.
        seed: of the resampling.
    """
    if not articles:
        return (0.0, 0.0)
    labels = sorted({label for scores in articles for label in scores.by_label})
    counts = np.array(
        [[_counts(scores.by_label.get(label, Score())) for label in labels] for scores in articles], dtype=np.int64
    ).reshape(len(articles), len(labels), 3)

    def of_total(total: NDArray[np.int64]) -> float:
        return statistic(Scores({label: Score(*row) for label, row in zip(labels, total.tolist(), strict=True)}))

    return bootstrap(counts, of_total, seed)


def bootstrap(parts: NDArray[Any], statistic: Callable[[NDArray[Any]], float], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % bootstrap percentile interval of a statistic that is computed from a sum over articles.

    Args:
        parts: what each article adds to the sum, articles first.
        statistic: what to compute from the sum of a resample; nan, where it is undefined, is left out.
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    values = np.array(
        [statistic(parts[rng.integers(len(parts), size=len(parts))].sum(axis=0)) for _ in range(RESAMPLES)]
    )
    defined = values[~np.isnan(values)]
    if not len(defined):
        return (float("nan"), float("nan"))
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def _counts(score: Score) -> tuple[int, int, int]:
    return score.tp, score.fp, score.fn


def summarize(articles: Sequence[Scores]) -> dict[str, Any]:
    """Return the figures of a set of articles as plain values: micro, macro and per label, with intervals."""
    total = sum(articles, Scores())

    def figures(pick: Callable[[Scores], Score]) -> dict[str, Any]:
        score = pick(total)
        low, high = interval(articles, lambda scores: pick(scores).f1)
        return {
            "f1": score.f1, "f1_low": low, "f1_high": high, "precision": score.precision, "recall": score.recall,
            "tp": score.tp, "fp": score.fp, "fn": score.fn,
        }  # fmt: skip

    low, high = interval(articles, lambda scores: scores.macro_f1)
    return {
        "micro": figures(lambda scores: scores.micro),
        "macro": {"f1": total.macro_f1, "f1_low": low, "f1_high": high},
        "labels": {
            label: figures(lambda scores, label=label: scores.by_label.get(label, Score())) for label in total.by_label
        },
    }
