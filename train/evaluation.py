"""How good a model is on labelled articles, measured through the code that users run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from ..annotations.schema import Article, LabelSet, Span
from ..annotations.scoring import Match, Scores, exact, partial, score_article, summarize
from ..errors import InputError
from ..inference.extractor import Extractor
from ..inference.tokenization import TextTokenizer
from .alignment import IGNORED, AlignmentReport, align


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's spans on labelled articles beside the true ones."""

    articles: Sequence[Article]
    found: Sequence[Sequence[Span]]

    def scores(self, match: Match = exact) -> list[Scores]:
        """Return each article's scores."""
        return [score_article(a.spans, spans, match) for a, spans in zip(self.articles, self.found, strict=True)]

    @property
    def f1(self) -> float:
        """Return micro F1 over exact character spans."""
        return sum(self.scores(), Scores()).micro.f1


def evaluate(extractor: Extractor, articles: Sequence[Article]) -> Evaluation:
    """Run the extractor over the articles."""
    mentions = extractor.stream(article.text for article in articles)
    return Evaluation(articles, [[Span(m.start, m.end, m.label) for m in found] for found in mentions])


def check_labels(labels: LabelSet, data: dict[str, Sequence[Article]]) -> None:
    """Refuse spans whose label a model does not know, and data without any span.

    Args:
        labels: the model's labels.
        data: articles by the name that an error calls them by.

    Raises:
        InputError: naming the first article that does not fit.
    """
    if not labels:
        raise InputError("labels: an empty label set; name labels, or set labels=auto with spans in the training data")
    for name, articles in data.items():
        if not any(article.spans for article in articles):
            raise InputError(f"{name}: no span in any article; there is nothing to learn from or to measure by")
        for article in articles:
            for span in article.spans:
                if span.label not in labels:
                    known = ", ".join(labels)
                    raise InputError(
                        f"{name}: article {article.id}: label {span.label!r} is not among the model's ({known}); "
                        "a recipe sets them with labels=auto or labels=[…]"
                    )


def report(evaluation: Evaluation, tokenizer: TextTokenizer, tags: Iterable[str]) -> dict[str, Any]:
    """Return all figures: exact and partial character spans with intervals, and strict seqeval on tokens."""
    return {
        "articles": len(evaluation.articles),
        "spans": sum(not span.optional for article in evaluation.articles for span in article.spans),
        "exact": summarize(evaluation.scores(exact)),
        "partial": summarize(evaluation.scores(partial)),
        "seqeval": strict_seqeval(evaluation, tokenizer, tuple(tags)),
    }


def strict_seqeval(evaluation: Evaluation, tokenizer: TextTokenizer, tags: tuple[str, ...]) -> dict[str, Any]:
    """Score with seqeval in strict IOB2 mode, over the model's tokens; tokens of undecidable spans are left out."""
    gold, found = [], []
    tag_ids = {tag: i for i, tag in enumerate(tags)}
    tokens_of = tokenizer([article.text for article in evaluation.articles])
    for article, spans, tokens in zip(evaluation.articles, evaluation.found, tokens_of, strict=True):
        guess = Article(article.id, article.text, tuple(spans))
        rows = [align(a, tokens, tag_ids, AlignmentReport()) for a in (article, guess)]
        kept = (rows[0] != IGNORED) & (rows[1] != IGNORED) & ~tokens.silent
        gold.append([tags[i] for i in rows[0][kept]])
        found.append([tags[i] for i in rows[1][kept]])
    options: Any = {
        "output_dict": True,
        "mode": "strict",
        "scheme": IOB2,
        "zero_division": 0,
    }  # typed too narrowly there
    table: Any = classification_report(gold, found, **options)
    return {
        name: {key.replace("-score", ""): float(value) for key, value in row.items()} for name, row in table.items()
    }


def as_table(figures: dict[str, Any]) -> Table:
    """Lay the figures of :func:`report` out as a table: F1 with its 95 % interval, precision, recall, F1 by overlap."""
    table = Table(title=f"{figures['articles']:,} articles · {figures['spans']:,} spans", title_justify="left")
    for name in ("exact spans", "F1", "95 %", "P", "R", "overlap", "seqeval", "spans"):
        table.add_column(name, justify="left" if name == "exact spans" else "right", no_wrap=True)
    seqeval = figures["seqeval"]
    rows = [
        (label, figures["exact"]["labels"][label], figures["partial"]["labels"].get(label))
        for label in figures["exact"]["labels"]
    ]
    rows.append(("micro", figures["exact"]["micro"], figures["partial"]["micro"]))
    for name, exact_row, partial_row in rows:
        strict = seqeval.get("micro avg" if name == "micro" else name)
        table.add_row(
            name,
            f"{exact_row['f1']:.3f}",
            f"{exact_row['f1_low']:.3f}–{exact_row['f1_high']:.3f}",
            f"{exact_row['precision']:.3f}",
            f"{exact_row['recall']:.3f}",
            f"{partial_row['f1']:.3f}" if partial_row else "",
            f"{strict['f1']:.3f}" if strict else "",
            str(exact_row["tp"] + exact_row["fn"]),
        )
    macro = figures["exact"]["macro"]
    interval = f"{macro['f1_low']:.3f}–{macro['f1_high']:.3f}"
    strict_macro = f"{seqeval['macro avg']['f1']:.3f}" if "macro avg" in seqeval else ""
    table.add_row(
        "macro", f"{macro['f1']:.3f}", interval, "", "", f"{figures['partial']['macro']['f1']:.3f}", strict_macro, ""
    )
    return table
