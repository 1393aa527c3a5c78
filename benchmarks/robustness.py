"""How a model stands other spellings, single sentences, long articles, other sources and years.

Every condition is compared with the model's reading of the untouched articles, mention by mention, article by article:
ΔF1 with a paired bootstrap interval. ``python benchmarks/robustness.py DATA --model FOLDER``
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from marsad.annotations.schema import Article, Span
from marsad.annotations.scoring import Scores, score_article, summarize
from marsad.annotations.store import read_articles
from marsad.benchmarks.common import (
    SCRATCH,
    Reader,
    compare,
    make_table,
    our_reader,
    run,
    score,
    show_interval,
    write_json,
)
from marsad.benchmarks.perturbations import PERTURBATIONS, perturb
from marsad.cli.console import show
from rich.console import Group, RenderableType
from rich.table import Table

SENTENCE_END = re.compile(r"[.!?؟…][\"»”)]*\s+|\n+")
LONG_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a text to be read, its mentions in its own offsets, and how well they were found untouched."""

    at: int
    gold: Article
    before: Scores


@dataclass(frozen=True, slots=True)
class Reading:
    """A text to be read and the parts of it that are scored."""

    text: str
    parts: Sequence[Part]


Condition = Callable[[Sequence[Article], Sequence[Sequence[Span]]], Iterator[Reading]]
"""Makes texts of the articles and of the spans found in them untouched."""


def rewritten(name: str, seed: int, articles: Sequence[Article], found: Sequence[Sequence[Span]]) -> Iterator[Reading]:
    """Write every article another way."""
    for article, scores in zip(articles, score(articles, found), strict=True):
        other = perturb(article, PERTURBATIONS[name], seed)
        yield Reading(other.text, [Part(0, other, scores)])


def first_sentence(articles: Sequence[Article], found: Sequence[Sequence[Span]]) -> Iterator[Reading]:
    """Cut every article down to its first sentence, as in a headline or a ticker."""
    for article, spans in zip(articles, found, strict=True):
        yield _cut(article, spans, 0, _end_of_first_sentence(article))


def without_first_sentence(articles: Sequence[Article], found: Sequence[Sequence[Span]]) -> Iterator[Reading]:
    """Leave the first sentence of every article out."""
    for article, spans in zip(articles, found, strict=True):
        end = _end_of_first_sentence(article)
        if end < len(article.text):
            yield _cut(article, spans, end, len(article.text))


def joined(articles: Sequence[Article], found: Sequence[Sequence[Span]]) -> Iterator[Reading]:
    """Join articles, a line each, to texts of some 2,000 words."""
    text, parts = "", []
    for article, scores in zip(articles, score(articles, found), strict=True):
        parts.append(Part(len(text), article, scores))
        text += article.text + "\n"
        if len(text.split()) >= LONG_WORDS:
            yield Reading(text, parts)
            text, parts = "", []
    if parts:
        yield Reading(text, parts)


def conditions(seed: int) -> dict[str, Condition]:
    """Return every condition by its name."""
    return {
        **{name: partial(rewritten, name, seed) for name in PERTURBATIONS},
        "first sentence alone": first_sentence,
        "without the first sentence": without_first_sentence,
        f"joined to {LONG_WORDS:,} words": joined,
    }


def _end_of_first_sentence(article: Article) -> int:
    """Return where the second sentence begins, no mention cut; the text's length where there is none."""
    ends = (match.end() for match in SENTENCE_END.finditer(article.text))
    whole = (end for end in ends if not any(span.start < end < span.end for span in article.spans))
    return next(whole, len(article.text))


def _cut(article: Article, found: Sequence[Span], start: int, end: int) -> Reading:
    """Return a stretch of an article, to be compared with how it was read as a part of the whole."""
    gold = replace(article, text=article.text[start:end], spans=tuple(_within(article.spans, start, end)))
    return Reading(gold.text, [Part(0, gold, score_article(gold.spans, _within(found, start, end)))])


def _within(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """Return the spans that begin in a stretch, in its offsets."""
    return [replace(s, start=s.start - start, end=s.end - start) for s in spans if start <= s.start < end]


def measure(read: Reader, readings: Sequence[Reading]) -> tuple[list[Scores], list[Scores]]:
    """Read the texts; return the scores of every part, untouched and now."""
    before, now = [], []
    for reading, spans in zip(readings, read([reading.text for reading in readings]), strict=True):
        for part in reading.parts:
            before.append(part.before)
            inside = _within(spans, part.at, part.at + len(part.gold.text))
            now.append(score_article(part.gold.spans, inside))
    return before, now


def run_condition(
    read: Reader, condition: Condition, articles: Sequence[Article], found: Sequence[Sequence[Span]]
) -> dict[str, Any]:
    """Return how many texts a condition changes, and the difference that it makes in F1."""
    readings = list(condition(articles, found))
    untouched = {article.text for article in articles}
    changed = sum(reading.text not in untouched for reading in readings)
    if not changed:
        return {"texts": len(readings), "changed": 0}
    before, now = measure(read, readings)
    return {"texts": len(readings), "changed": changed, "figures": compare(now, before)}


def conditions_table(results: dict[str, dict[str, Any]]) -> Table:
    """Lay the conditions out: F1 untouched and now, the difference with its interval, and the label that loses most."""
    table = make_table(
        "Exact spans, micro F1, against the untouched articles",
        *("condition", "changed", "untouched", "F1", "Δ", "95 % of Δ", "most"),
    )
    for name, result in results.items():
        cells = [f"{result['changed']:,} of {result['texts']:,}"]
        if result["changed"]:
            micro = result["figures"]["micro"]
            labels = {label: row for label, row in result["figures"].items() if label not in ("micro", "macro")}
            worst = min(labels, key=lambda label: labels[label]["difference"])
            cells += [f"{micro['other']:.3f}", f"{micro['one']:.3f}", f"{micro['difference']:+.3f}"]
            cells += [show_interval(micro, "low", "high"), f"{worst} {labels[worst]['difference']:+.3f}"]
        table.add_row(name, *cells)
    return table


def parts_table(title: str, parts: dict[str, dict[str, Any]]) -> Table:
    """Lay the parts of the data out: F1 with its interval."""
    table = make_table(title, "part", "articles", "spans", "F1", "95 %", "P", "R")
    for name, row in parts.items():
        cells = f"{row['articles']:,}", f"{row['spans']:,}{' (few)' if row['few'] else ''}", f"{row['f1']:.3f}"
        cells += show_interval(row, "f1_low", "f1_high"), f"{row['precision']:.3f}", f"{row['recall']:.3f}"
        table.add_row(name, *cells)
    return table


def report(figures: dict[str, Any]) -> RenderableType:
    """Lay everything out for a terminal."""
    parts = [parts_table(f"By {name}", rows) for name, rows in figures["parts"].items()]
    return Group(*parts, conditions_table(figures["conditions"]))


def evaluate(data: Path, model: str | None, seed: int, only: Sequence[str]) -> dict[str, Any]:
    """Return all figures of a model on labelled articles."""
    from marsad.train.evaluation.breakdown import break_down
    from marsad.train.evaluation.figures import Evaluation

    articles = read_articles(data)
    read = our_reader(model)
    found = read([article.text for article in articles])
    results = {}
    for name, condition in conditions(seed).items():
        if not only or any(word in name for word in only):
            sys.stderr.write(f"{name}\n")
            results[name] = run_condition(read, condition, articles, found)
    parts = break_down(Evaluation(articles, found))
    return {
        "data": str(data), "model": model or "shipped", "seed": seed, "exact": summarize(score(articles, found)),
        "parts": {name: parts[name] for name in ("source", "year") if name in parts}, "conditions": results,
    }  # fmt: skip


def main() -> None:
    """Measure, print the tables and write all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="labelled articles, JSONL")
    parser.add_argument("--model", help="a checkpoint's folder; default: the shipped model")
    parser.add_argument("--seed", type=int, default=0, help="of the random perturbations")
    parser.add_argument("--only", nargs="+", default=[], help="conditions whose names hold one of these words")
    parser.add_argument("--json", type=Path, default=SCRATCH / "robustness.json", help="where all figures go")
    arguments = parser.parse_args()
    figures = evaluate(arguments.data, arguments.model, arguments.seed, arguments.only)
    write_json(arguments.json, figures)
    show(report(figures))


if __name__ == "__main__":
    run(main)
