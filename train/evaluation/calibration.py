"""Whether a score of 0.9 is right nine times in ten, and the temperature that makes it so.

Neural networks are overconfident; dividing the logits by one number, fitted on held-out data, mends most of it and
leaves what is found as it is (Guo et al. 2017, On Calibration of Modern Neural Networks). What a user sees is the score
of a span, so the number is fitted to spans: it minimises the log loss of the score against whether the span is right
to the character. A fit to tokens would be good for tokens; one to the calibration error would follow its bins' noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...annotations.schema import Article, Span
from ...inference.checkpoint import Card
from ...inference.decoding import Floats, TokenSpan, log_softmax, span_probability
from ...inference.extractor import Extractor
from ...inference.tokenization import Tokens
from .figures import Evaluation, judge

BINS = 10
"""Bins of the reliability curve; each holds as many spans as the others (equal mass)."""

FOLDS = 5
"""Parts of the articles, each scored with the temperature of the others, behind the figures after a fit."""

FEWEST_SPANS = 50
"""With fewer found spans, or none right or none wrong, there is nothing to fit a temperature to."""

TEMPERATURES = (0.1, 10.0)
"""Bounds of the search."""

THRESHOLDS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Least scores whose precision and recall are reported."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Scored:
    """What one article's spans are scored from: the logits, and for each span its tokens and whether it is right."""

    logits: Floats
    tokens: Tokens
    spans: Sequence[TokenSpan]
    right: Sequence[bool]

    def scores(self, tags: tuple[str, ...], temperature: float) -> list[float]:
        """Return the spans' scores at a temperature."""
        log_probs = log_softmax(self.logits / np.float32(temperature))
        triples = ((span.start, span.end, span.label) for span in self.spans)
        return [span_probability(log_probs, self.tokens.silent, tags, triple) for triple in triples]


def calibrate(extractor: Extractor, articles: Sequence[Article]) -> tuple[Card, dict[str, Any]]:
    """Fit the temperature of an extractor's scores; the extractor uses it from now on.

    Args:
        extractor: the model.
        articles: labelled articles that the model was not trained on.

    Returns:
        The card with the temperature, and the fit's figures: ``temperature``, ``spans``, and reliability ``before``
        (raw logits) and ``after``, where each article was scored with the temperature of the other folds' articles.
    """
    scored = [_score(extractor, article, *item) for article, item in zip(
        articles, extractor.score(article.text for article in articles), strict=True)]  # fmt: skip
    temperature = fit_temperature(scored, extractor.tags)
    extractor.card = replace(extractor.card, temperature=temperature)
    before, after, right = [], [], []
    for fold in range(FOLDS):
        held_out, others = scored[fold::FOLDS], [s for i, s in enumerate(scored) if i % FOLDS != fold]
        of_others = fit_temperature(others, extractor.tags)
        for article in held_out:
            before += article.scores(extractor.tags, 1.0)
            after += article.scores(extractor.tags, of_others)
            right += article.right
    figures = {"before": curve(before, right), "after": curve(after, right)}
    return extractor.card, {"temperature": temperature, "spans": len(right), **figures}


def is_fitted(figures: dict[str, Any]) -> bool:
    """Tell from the figures of :func:`calibrate` whether there were enough spans to fit a temperature to."""
    return figures["spans"] >= FEWEST_SPANS and 0 < figures["before"]["accuracy"] < 1


def _score(extractor: Extractor, article: Article, text: str, tokens: Tokens, logits: Floats) -> _Scored:
    """Keep what the scores of one article's mentions depend on; those that count neither way are left out."""
    pairs = list(extractor.read(text, tokens, logits))
    verdicts = judge(article.spans, [Span(m.start, m.end, m.label) for _, m in pairs])
    kept = [(span, verdict) for (span, _), verdict in zip(pairs, verdicts, strict=True) if verdict is not None]
    return _Scored(logits, tokens, [span for span, _ in kept], [verdict for _, verdict in kept])


def fit_temperature(articles: Sequence[_Scored], tags: tuple[str, ...]) -> float:
    """Return the temperature with the least log loss of the spans' scores; 1 where there are too few to tell."""
    from scipy.optimize import minimize_scalar

    right = np.array([verdict for article in articles for verdict in article.right], dtype=bool)
    if len(right) < FEWEST_SPANS or right.all() or not right.any():
        return 1.0

    def loss(log_temperature: float) -> float:
        temperature = float(np.exp(log_temperature))
        return log_loss(np.array([score for article in articles for score in article.scores(tags, temperature)]), right)

    best: Any = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURES)), method="bounded", options={"xatol": 1e-3})
    return round(float(np.exp(best.x)), 4)


def log_loss(scores: Values, right: npt.NDArray[np.bool_]) -> float:
    """Return the mean negative log-likelihood of the verdicts under the scores."""
    sound = np.clip(scores, 1e-6, 1 - 1e-6)
    return float(-np.where(right, np.log(sound), np.log1p(-sound)).mean())


def reliability(evaluation: Evaluation) -> dict[str, Any]:
    """Return how well the scores of an evaluation's spans are calibrated, as :func:`curve`, and what thresholds give.

    ``thresholds`` holds, for the mentions of at least a score, their number, their precision and their recall.
    """
    judged = list(evaluation.judged())
    scores = np.array([score for _, score, _ in judged])
    right = np.array([verdict for _, _, verdict in judged], dtype=bool)
    gold = sum(not span.optional for article in evaluation.articles for span in article.spans)
    kept = [(least, right[scores >= least]) for least in THRESHOLDS]
    return {
        **curve(scores, right),
        "thresholds": [
            {"score": least, "spans": len(some), "precision": float(some.mean()) if len(some) else None,
             "recall": float(some.sum() / gold) if gold else None}
            for least, some in kept
        ],
    }  # fmt: skip


def curve(scores: Sequence[float] | Values, right: Sequence[bool] | npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return the reliability of scores.

    Args:
        scores: of the found spans.
        right: whether each is right to the character.

    Returns:
        ``spans``, ``accuracy``, mean ``confidence``, ``ece`` (expected calibration error, Guo et al. 2017, over bins
        of equal mass as in Nixon et al. 2019), ``log_loss``, ``brier``, and ``bins`` with Wilson 95 % intervals.
    """
    order = np.argsort(scores, kind="stable")
    confidence, correct = np.asarray(scores, dtype=np.float64)[order], np.asarray(right, dtype=bool)[order]
    if not len(order):
        return {"spans": 0, "accuracy": None, "confidence": None, "ece": None, "log_loss": None, "brier": None,
                "bins": []}  # fmt: skip
    splits = np.array_split(np.arange(len(order)), min(BINS, len(order)))
    bins = [_bin(confidence[some], correct[some]) for some in splits]
    gaps = [row["spans"] * abs(row["confidence"] - row["accuracy"]) for row in bins]
    return {
        "spans": len(order), "accuracy": float(correct.mean()), "confidence": float(confidence.mean()),
        "ece": sum(gaps) / len(order), "log_loss": log_loss(confidence, correct),
        "brier": float(((confidence - correct) ** 2).mean()), "bins": bins,
    }  # fmt: skip


def _bin(confidence: Values, correct: npt.NDArray[np.bool_]) -> dict[str, Any]:
    low, high = wilson(int(correct.sum()), len(correct))
    return {
        "spans": len(correct), "from": float(confidence[0]), "to": float(confidence[-1]),
        "confidence": float(confidence.mean()), "accuracy": float(correct.mean()), "low": low, "high": high,
    }  # fmt: skip


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    z = 1.959964
    middle = (hits + z * z / 2) / (total + z * z)
    half = z / (total + z * z) * (hits * (total - hits) / total + z * z / 4) ** 0.5
    return max(middle - half, 0.0), min(middle + half, 1.0)
