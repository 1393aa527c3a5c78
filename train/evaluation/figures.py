"""A model's mentions beside the true ones, found by the code that users run, and the figures that follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from ...annotations.schema import Article, LabelSet, Span
from ...annotations.scoring import Match, Scores, exact, partial, score_article, summarize
from ...errors import InputError
from ...inference.decoding import Floats, log_softmax
from ...inference.extractor import Extractor
from ...inference.tags import OUTSIDE
from ...inference.tokenization import TextTokenizer, Tokens
from ..alignment import IGNORED, AlignmentReport, align, touching


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's spans on labelled articles beside the true ones.

    Attributes:
        articles: the labelled articles.
        found: the spans found in each.
        confidences: the score of each found span; empty where only the spans are known.
        outside: for each labelled span, the mean probability of ``O`` over its tokens; empty likewise.
    """

    articles: Sequence[Article]
    found: Sequence[Sequence[Span]]
    confidences: Sequence[Sequence[float]] = ()
    outside: Sequence[Sequence[float]] = ()

    def scores(self, match: Match = exact) -> list[Scores]:
        """Return each article's scores."""
        return [score_article(a.spans, spans, match) for a, spans in zip(self.articles, self.found, strict=True)]

    @property
    def f1(self) -> float:
        """Return micro F1 over exact character spans."""
        return sum(self.scores(), Scores()).micro.f1

    def judged(self) -> Iterator[tuple[int, float, bool]]:
        """Yield the article, the score and the verdict of each found span that counts."""
        for place, (article, spans) in enumerate(zip(self.articles, self.found, strict=True)):
            for score, verdict in zip(self.confidences[place], judge(article.spans, spans), strict=True):
                if verdict is not None:
                    yield place, score, verdict


def judge(gold: Sequence[Span], found: Sequence[Span]) -> list[bool | None]:
    """Tell which found spans are right to the character; None where an optional one makes them count neither way."""
    required = {span for span in gold if not span.optional}
    optional = [span for span in gold if span.optional]
    return [
        True if span in required else None if any(span.overlaps(other) for other in optional) else False
        for span in found
    ]


def evaluate(extractor: Extractor, articles: Sequence[Article]) -> Evaluation:
    """Run the extractor over the articles."""
    found, confidences, outside = [], [], []
    scored = extractor.score(article.text for article in articles)
    for article, (text, tokens, logits) in zip(articles, scored, strict=True):
        mentions = [mention for _, mention in extractor.read(text, tokens, logits)]
        found.append([Span(m.start, m.end, m.label) for m in mentions])
        confidences.append([m.score for m in mentions])
        log_probs = log_softmax(logits / np.float32(extractor.card.temperature))
        outside.append(_outside(article, tokens, np.exp(log_probs[:, extractor.tags.index(OUTSIDE)])))
    return Evaluation(articles, found, confidences, outside)


def _outside(article: Article, tokens: Tokens, probabilities: Floats) -> list[float]:
    """Return the mean probability of ``O`` over each labelled span's tokens; 1 where it has none of its own."""
    of_each = (touching(tokens, span) for span in article.spans)
    return [float(probabilities[touched].mean()) if len(touched) else 1.0 for touched in of_each]


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
    """Return the figures that a model is judged by; no word of the articles is in them.

    Returns:
        ``articles`` and ``spans`` (how many), ``exact`` and ``partial`` (character spans with 95 % intervals),
        ``seqeval`` (strict, on tokens), ``errors`` (kinds and confusion) and ``calibration``.
    """
    from .calibration import reliability
    from .mistakes import count_mistakes

    return {
        "articles": len(evaluation.articles),
        "spans": sum(not span.optional for article in evaluation.articles for span in article.spans),
        "exact": summarize(evaluation.scores(exact)),
        "partial": summarize(evaluation.scores(partial)),
        "seqeval": strict_seqeval(evaluation, tokenizer, tuple(tags)),
        "errors": count_mistakes(evaluation),
        **({"calibration": reliability(evaluation)} if evaluation.confidences else {}),
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
