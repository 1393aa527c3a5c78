"""What the benchmarks share: our model's spans, figures, paired differences, and one line for a user's error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from marsad.annotations.schema import Article, Span
from marsad.annotations.scoring import Match, Scores, exact, score_article
from marsad.errors import InputError
from rich.table import Table

ROOT = Path(__file__).parent.parent
SCRATCH = ROOT / ".bench"

Reader = Callable[[Sequence[str]], list[list[Span]]]
"""Finds the spans in each text."""


def our_reader(model: str | None) -> Reader:
    """Return the function that finds spans with a checkpoint of ours; None is the shipped one."""
    from marsad.inference.extractor import Extractor

    extractor = Extractor.from_pretrained(model)
    extractor.values = False

    def read(texts: Sequence[str]) -> list[list[Span]]:
        return [[Span(m.start, m.end, m.label) for m in mentions] for mentions in extractor.stream(texts)]

    return read


def score(articles: Sequence[Article], found: Sequence[Sequence[Span]], match: Match = exact) -> list[Scores]:
    """Return each article's scores."""
    return [score_article(article.spans, spans, match) for article, spans in zip(articles, found, strict=True)]


def compare(one: Sequence[Scores], other: Sequence[Scores]) -> dict[str, dict[str, float]]:
    """Return the difference in F1 between two results on the same articles, with a paired bootstrap interval.

    Returns:
        ``micro``, ``macro`` and each label to ``one``, ``other``, ``difference``, ``low``, ``high`` and p-values.
    """
    from marsad.train.evaluation.comparison import compare_counts, counts_by_label

    labels = sorted({label for scores in (*one, *other) for label in scores.by_label})
    rows = compare_counts(counts_by_label(one, labels), counts_by_label(other, labels))
    return dict(zip(("micro", "macro", *labels), rows, strict=True))


def make_table(title: str, *columns: str) -> Table:
    """Return an empty table: the first column to the left, figures to the right."""
    table = Table(title=title, title_justify="left")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    return table


def show_interval(row: Mapping[str, Any], low: str, high: str) -> str:
    """Return an interval for a table cell; differences carry their sign."""
    form = "{:+.3f} … {:+.3f}" if "difference" in row else "{:.3f}–{:.3f}"
    return form.format(row[low], row[high])


def write_json(path: Path, content: object) -> None:
    """Write a JSON file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def run(main: Callable[[], None]) -> None:
    """Run a benchmark; what the user can mend is one line on stderr and exit code 2."""
    try:
        main()
    except InputError as error:
        sys.stderr.write(f"{Path(sys.argv[0]).name}: {error}\n")
        sys.exit(2)
