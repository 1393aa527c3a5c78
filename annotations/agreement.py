"""How far annotators agree: span F1, Cohen's kappa and Krippendorff's alpha, with bootstrap intervals over articles.

Kappa and alpha need units that every annotator has labelled. Two are used, and each unit has one label or O:

- *characters*: every code point of the text, blanks included, has the label of the span over it.
- *words*: every stretch without whitespace has the label of the span that covers most of it (the first one in a tie);
  one character is enough, so a proclitic inside (``{وحلب}``) or outside (``و{حلب}``) makes no difference.

Labels carry no B- or I-: two mentions side by side and one over both look the same. Span F1 tells them apart.

An *optional* span says that the annotator could not decide: it is missing data. Its characters and words are left out
for this annotator; for span F1 it is left out together with what the other annotator marked in the same place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.table import Table
from rich.text import Text

from .disagreements import visible
from .parallel import ParallelArticle
from .schema import Span
from .scoring import Match, Score, bootstrap, exact, partial, score_article

OUTSIDE, MISSING = 0, -1
"""Codes of a unit without a label and of a unit without a decision; labels count from 1."""

WORD = re.compile(r"\S+")

Codes = Mapping[str, int]
Pair = tuple[str, str]


def cohen_kappa(confusion: NDArray[np.int64]) -> float:
    """Return chance-corrected agreement of two annotators (Cohen 1960), nan where chance leaves no room.

    Args:
        confusion: units by the first annotator's category and the second's, (categories, categories).
    """
    total = confusion.sum()
    if not total:
        return float("nan")
    observed = np.trace(confusion) / total
    by_chance = confusion.sum(axis=0) @ confusion.sum(axis=1) / total**2
    return float((observed - by_chance) / (1 - by_chance)) if by_chance < 1 else float("nan")


def alpha_parts(values: NDArray[np.int64], categories: int) -> NDArray[np.float64]:
    """Return what nominal alpha is computed from; parts of several articles add up.

    Args:
        values: category of each unit by annotator, (annotators, units); -1 where missing.
        categories: how many there are.

    Returns:
        Disagreeing pairs, each unit's weighted by 1 / (its values - 1), then the number of pairable values by category.
    """
    counts = np.stack([(values == category).sum(axis=0) for category in range(categories)])
    counts = counts[:, counts.sum(axis=0) > 1]
    of_unit = counts.sum(axis=0)
    disagreeing = ((of_unit**2 - (counts**2).sum(axis=0)) / (of_unit - 1)).sum()
    return np.array([disagreeing, *counts.sum(axis=1)])


def krippendorff_alpha(parts: NDArray[np.float64]) -> float:
    """Return nominal alpha of any number of annotators (Krippendorff 2011, part C), nan where nothing varies.

    Args:
        parts: the sum of :func:`alpha_parts`.
    """
    disagreeing, counts = parts[0], parts[1:]
    total = counts.sum()
    by_chance = total**2 - (counts**2).sum()
    return float(1 - (total - 1) * disagreeing / by_chance) if by_chance else float("nan")


def measure(articles: Sequence[ParallelArticle]) -> dict[str, Any]:
    """Measure agreement on articles that several annotators marked.

    Returns:
        Plain JSON values. Every figure has ``value``, ``low`` and ``high`` (95 % bootstrap interval over articles),
        None where it is undefined. ``mean`` is the unweighted mean over the pairs of annotators.
    """
    letters = sorted({letter for article in articles for letter in article.readings})
    pairs = list(combinations(letters, 2))
    labels = sorted({span.label for article in articles for spans in article.readings.values() for span in spans})
    codes = {label: code for code, label in enumerate(labels, start=1)}
    values = {
        "words": [_values(article, letters, codes, word_codes) for article in articles],
        "characters": [_values(article, letters, codes, character_codes) for article in articles],
    }
    return {
        "articles": len(articles),
        **{unit: sum(part.shape[1] for part in parts) for unit, parts in values.items()},
        "labels": labels,
        "spans": {letter: _count_spans(articles, letter, labels) for letter in letters},
        "f1": {match.__name__: _f1_figures(articles, pairs, labels, match) for match in (exact, partial)},
        "kappa": {unit: _kappa_figures(parts, letters, len(labels) + 1) for unit, parts in values.items()},
        "alpha": {unit: _alpha_figure(parts, len(labels) + 1) for unit, parts in values.items()},
    }


def character_codes(text: str, spans: Sequence[Span], codes: Codes) -> NDArray[np.int64]:
    """Return the code of each character."""
    values = np.full(len(text), OUTSIDE)
    for span in spans:
        values[span.start : span.end] = MISSING if span.optional else codes[span.label]
    return values


def word_codes(text: str, spans: Sequence[Span], codes: Codes) -> NDArray[np.int64]:
    """Return the code of each word, the one that most of its marked characters have."""
    bounds = np.array([word.span() for word in WORD.finditer(text)]).reshape(-1, 2)
    values, covered = np.full(len(bounds), OUTSIDE), np.zeros(len(bounds), int)
    for span in spans:
        first, last = np.searchsorted(bounds[:, 1], span.start, "right"), np.searchsorted(bounds[:, 0], span.end)
        for word in range(first, last):
            cover = min(span.end, bounds[word, 1]) - max(span.start, bounds[word, 0])
            if cover > covered[word]:
                values[word], covered[word] = MISSING if span.optional else codes[span.label], cover
    return values


def _values(
    article: ParallelArticle, letters: Sequence[str], codes: Codes, unit_codes: Callable[..., NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Return the code of each unit by annotator, (annotators, units)."""
    nothing = unit_codes(article.text, (), codes) + MISSING
    return np.stack(
        [
            unit_codes(article.text, article.readings[letter], codes) if letter in article.readings else nothing
            for letter in letters
        ]
    )


def _count_spans(articles: Sequence[ParallelArticle], letter: str, labels: Sequence[str]) -> dict[str, int]:
    spans = [span for article in articles for span in article.readings.get(letter, ())]
    by_label = {label: sum(span.label == label for span in spans) for label in labels}
    return {"all": len(spans), **by_label, "optional": sum(span.optional for span in spans)}


def _f1_figures(
    articles: Sequence[ParallelArticle], pairs: Sequence[Pair], labels: Sequence[str], match: Match
) -> dict[str, Any]:
    """Return F1 of each pair and the mean, over all spans and by label."""
    counts = [[_count_matches(article, pair, labels, match) for pair in pairs] for article in articles]
    parts = np.array(counts, dtype=np.int64).reshape(len(articles), len(pairs), len(labels), 3)
    columns = {"all": slice(None), **{label: slice(place, place + 1) for place, label in enumerate(labels)}}
    return {
        name: {column: _figure(parts[:, of_pairs, of_labels], _mean_f1) for column, of_labels in columns.items()}
        for name, of_pairs in _groups(pairs).items()
    }


def _count_matches(article: ParallelArticle, pair: Pair, labels: Sequence[str], match: Match) -> list[tuple[int, ...]]:
    """Count by label the spans that match and those that only one of the pair has."""
    one, other = (article.readings.get(letter) for letter in pair)
    if one is None or other is None:
        return [(0, 0, 0)] * len(labels)
    scores = score_article(_decided(one, other), _decided(other, one), match).by_label
    rows = (scores.get(label, Score()) for label in labels)
    return [(score.tp, score.fp, score.fn) for score in rows]


def _decided(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Return the spans that neither annotator holds for undecidable."""
    optional = [span for span in others if span.optional]
    return [span for span in spans if not span.optional and not any(span.overlaps(other) for other in optional)]


def _mean_f1(counts: NDArray[np.int64]) -> float:
    """Return the mean F1 of pairs from (pairs, labels, 3) counts; pairs without a span have none."""
    both, *only_one = counts.sum(axis=1).T
    marked = 2 * both + sum(only_one)
    return float((2 * both[marked > 0] / marked[marked > 0]).mean()) if marked.any() else float("nan")


def _kappa_figures(values: Sequence[NDArray[np.int64]], letters: Sequence[str], categories: int) -> dict[str, Any]:
    """Return kappa of each pair and the mean (Light 1971)."""
    pairs = list(combinations(range(len(letters)), 2))
    parts = np.array([[_confusion(part[list(pair)], categories) for pair in pairs] for part in values])
    names = [(letters[one], letters[other]) for one, other in pairs]
    return {name: _figure(parts[:, of_pairs], _mean_kappa) for name, of_pairs in _groups(names).items()}


def _confusion(values: NDArray[np.int64], categories: int) -> NDArray[np.int64]:
    """Count units by the two annotators' categories; a unit that one of them leaves open is not counted."""
    one, other = values[:, (values != MISSING).all(axis=0)]
    return np.bincount(one * categories + other, minlength=categories**2).reshape(categories, categories)


def _mean_kappa(confusions: NDArray[np.int64]) -> float:
    kappas = [kappa for confusion in confusions if not np.isnan(kappa := cohen_kappa(confusion))]
    return float(np.mean(kappas)) if kappas else float("nan")


def _alpha_figure(values: Sequence[NDArray[np.int64]], categories: int) -> dict[str, float | None]:
    return _figure(np.array([alpha_parts(part, categories) for part in values]), krippendorff_alpha)


def _groups(pairs: Sequence[Pair]) -> dict[str, slice]:
    """Return which pairs each figure is about: every one alone, and all for the mean."""
    alone = {"–".join(pair): slice(place, place + 1) for place, pair in enumerate(pairs)}
    return alone if len(pairs) == 1 else {**alone, "mean": slice(None)}


def _figure(parts: NDArray[Any], statistic: Callable[[NDArray[Any]], float]) -> dict[str, float | None]:
    """Return a statistic of the articles' sum with its interval."""
    low, high = bootstrap(parts, statistic)
    named = {"value": statistic(parts.sum(axis=0)), "low": low, "high": high}
    return {name: None if np.isnan(number) else number for name, number in named.items()}


def as_table(figures: dict[str, Any]) -> Table:
    """Lay the figures of :func:`measure` out as a table, a section for each pair."""
    title = f"{figures['articles']:,} articles · {figures['words']:,} words · {figures['characters']:,} characters"
    columns = ["all", *figures["labels"]]
    table = Table(title=title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("")
    for name in columns:
        table.add_column(Text(visible(name)), justify="right")
    for letter, counts in figures["spans"].items():
        optional = f", {counts['optional']} optional" if counts["optional"] else ""
        table.add_row(f"spans of {letter}{optional}", *(f"{counts[name]:,}" for name in columns))
    for name in figures["f1"]["exact"]:
        table.add_section()
        for kind, of_kind in figures["f1"].items():
            table.add_row(f"{name} F1, {kind}", *(_cell(of_kind[name][column]) for column in columns))
        for unit, of_unit in figures["kappa"].items():
            table.add_row(f"{name} kappa, {unit}", _cell(of_unit[name]))
    table.add_section()
    for unit, figure in figures["alpha"].items():
        table.add_row(f"alpha, {unit}", _cell(figure))
    return table


def _cell(figure: dict[str, float | None]) -> str:
    """Return a figure with its interval below; a dash where it is undefined."""
    if figure["value"] is None:
        return "–"
    bounds = [f"{bound:.3f}".replace("0.", ".", 1) for bound in (figure["low"], figure["high"]) if bound is not None]
    return f"{figure['value']:.3f}\n{'–'.join(bounds)}"
