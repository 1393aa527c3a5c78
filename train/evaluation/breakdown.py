"""The same scores for parts of the data: seen and unseen names, short and long mentions, sources, years, countries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...annotations.schema import Article, Span
from ...annotations.scoring import Score, bootstrap, score_article
from ...annotations.surfaces import surface_of
from .figures import Evaluation

PartOf = Callable[[Article, Span], str]
"""Names the part of the data that a labelled or found span belongs to."""

FEWEST_SPANS, FEWEST_ARTICLES = 30, 5
"""Below these, a part's figures are flagged as resting on few."""

MOST_PARTS = 20
"""Beyond this, the smallest sources, years or countries are put together."""

SMALLER = "all others"
UNKNOWN = "not stated"

WORDS = ((1, "1 word"), (2, "2 words"), (3, "3 words"), (5, "4–5 words"))
LENGTHS = ((50, "up to 50 words"), (100, "51–100 words"), (200, "101–200 words"), (400, "201–400 words"))
"""Upper ends of classes; what is longer comes last."""

KNOWN, OTHERWISE, NEW = "seen in training", "seen under another label", "never seen"


def break_down(evaluation: Evaluation, training: Iterable[Article] | None = None) -> dict[str, Any]:
    """Score the parts of the data by themselves; the counts of the parts of one breakdown add up to the whole.

    Args:
        evaluation: what was found.
        training: the articles the model was trained on; without them it is not known which mentions are new.

    Returns:
        Breakdown to part to ``spans``, ``articles``, ``few`` (whether the figures rest on few of them), precision,
        recall and F1 of exact spans, and the F1's 95 % interval. What has only one part is left out.
    """
    ways: dict[str, PartOf] = {} if training is None else {"surface": _by_surface(training)}
    ways |= {
        "words in the mention": lambda article, span: _words_of(article, span),
        "source": lambda article, _: _stated(article, "source"),
        "year": lambda article, _: _year(article),
        "country": lambda article, _: _stated(article, "country"),
        "words in the article": lambda article, _: _class(len(article.text.split()), LENGTHS, "over 400 words"),
    }
    tables = {name: _score_parts(evaluation, part_of) for name, part_of in ways.items()}
    return {name: parts for name, parts in tables.items() if len(parts) > 1}


def _by_surface(training: Iterable[Article]) -> PartOf:
    """Tell mentions that stand in the training data from new ones."""
    labels: dict[str, set[str]] = defaultdict(set)
    for article in training:
        for span in article.spans:
            labels[surface_of(article.text[span.start : span.end])].add(span.label)

    def part_of(article: Article, span: Span) -> str:
        seen = labels.get(surface_of(article.text[span.start : span.end]), ())
        return KNOWN if span.label in seen else OTHERWISE if seen else NEW

    return part_of


def _words_of(article: Article, span: Span) -> str:
    return _class(len(article.text[span.start : span.end].split()), WORDS, "6 words and more")


def _class(value: int, classes: Sequence[tuple[int, str]], beyond: str) -> str:
    return next((name for most, name in classes if value <= most), beyond)


def _stated(article: Article, key: str) -> str:
    value = article.meta.get(key)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or UNKNOWN)


def _year(article: Article) -> str:
    year = str(article.meta.get("date") or "")[:4]
    return year if len(year) == 4 and year.isdigit() else UNKNOWN


def _score_parts(evaluation: Evaluation, part_of: PartOf) -> dict[str, Any]:
    """Return the figures of each part, in the order of its name; the smallest of many parts together."""
    counts: dict[str, dict[int, Score]] = defaultdict(dict)
    for place, (article, found) in enumerate(zip(evaluation.articles, evaluation.found, strict=True)):
        for part, score in _score_in_parts(article, found, part_of).items():
            counts[part][place] = score
    large = {part for part, _ in Counter({p: _spans(c.values()) for p, c in counts.items()}).most_common(MOST_PARTS)}
    for part in sorted(set(counts) - large):
        for place, score in counts.pop(part).items():
            counts[SMALLER][place] = counts[SMALLER].get(place, Score()) + score
    order = {name: i for i, (_, name) in enumerate((*WORDS, *LENGTHS))} | {"seen in training": -1}
    last = {SMALLER: 1, UNKNOWN: 2, "6 words and more": 1, "over 400 words": 1}
    names = sorted(counts, key=lambda part: (last.get(part, 0), order.get(part, 0), part))
    return {part: _figures(list(counts[part].values())) for part in names}


def _score_in_parts(article: Article, found: Sequence[Span], part_of: PartOf) -> Mapping[str, Score]:
    """Score one article's spans part by part; spans that match exactly are in the same part by their nature."""
    optional = [span for span in article.spans if span.optional]
    gold_in, found_in = defaultdict[str, list[Span]](list), defaultdict[str, list[Span]](list)
    for span in article.spans:
        if not span.optional:
            gold_in[part_of(article, span)].append(span)
    for span in found:
        found_in[part_of(article, span)].append(replace(span, optional=False))
    parts = {*gold_in, *found_in}
    return {part: score_article([*gold_in[part], *optional], found_in[part]).micro for part in parts}


def _spans(scores: Iterable[Score]) -> int:
    return sum(score.tp + score.fn for score in scores)


def _figures(scores: Sequence[Score]) -> dict[str, Any]:
    """Return the figures of one part; articles are resampled, as everywhere."""
    total = sum(scores, Score())
    counts = np.array([(score.tp, score.fp, score.fn) for score in scores])
    low, high = bootstrap(counts, lambda row: Score(*row.tolist()).f1)
    spans, articles = total.tp + total.fn, sum(score.tp + score.fn > 0 for score in scores)
    return {
        "spans": spans, "articles": articles, "few": spans < FEWEST_SPANS or articles < FEWEST_ARTICLES,
        "f1": total.f1, "f1_low": low, "f1_high": high, "precision": total.precision, "recall": total.recall,
        "tp": total.tp, "fp": total.fp, "fn": total.fn,
    }  # fmt: skip
