"""How a base's tokenizer fits labelled articles, before and after what a recipe asks of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from ..annotations.schema import Article, labels_of
from ..inference.tags import tags_of
from ..inference.tokenization import TextTokenizer, Tokens
from .alignment import AlignmentReport, align, touching
from .vocabulary import Normalization, Spec, fit_spec, unknown_id

WORD = re.compile(r"\S+")

EXAMPLES = 8
"""How many examples of each difficulty are kept."""


@dataclass(slots=True)
class TokenizerFit:
    """What a tokenizer makes of labelled articles.

    Attributes:
        words: stretches of text without whitespace.
        tokens: the tokens they become.
        unknown: words of which a part or all is the unknown token, with their counts.
        inside: spans that begin inside a token, as ``before|mention``, with their counts.
        alignment: how the spans meet the tokens.
    """

    words: int = 0
    tokens: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    inside: Counter[str] = field(default_factory=Counter)
    alignment: AlignmentReport = field(default_factory=AlignmentReport)

    def add(self, article: Article, tokens: Tokens, unknown: int | None, tag_ids: dict[str, int]) -> None:
        """Count an article."""
        words = list(WORD.finditer(article.text))
        self.words += len(words)
        self.tokens += len(tokens)
        starts = [word.start() for word in words]
        places = np.searchsorted(starts, tokens.starts[tokens.ids == unknown], side="right") - 1
        self.unknown.update(words[place].group() for place in np.unique(places))
        align(article, tokens, tag_ids, self.alignment)
        for span in article.spans:
            touched = touching(tokens, span)
            if len(touched) and tokens.starts[touched[0]] < span.start:
                before = article.text[tokens.starts[touched[0]] : span.start]
                self.inside[f"{before}|{article.text[span.start : span.end]}"] += 1

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain JSON values."""
        counts = self.alignment.counts
        return {
            "tokens": self.tokens,
            "tokens_per_word": round(self.tokens / max(self.words, 1), 4),
            "words_with_unknown": self.unknown.total(),
            "spans": {name: counts[name] for name in ("exact", "snapped", "dropped", "optional")},
            "spans_that_begin_inside_a_token": self.inside.total(),
            "examples": {
                "unknown": [word for word, _ in self.unknown.most_common(EXAMPLES)],
                "begin_inside": [word for word, _ in self.inside.most_common(EXAMPLES)],
                **self.alignment.to_dict()["examples"],
            },
        }


def measure(spec: Spec, articles: Sequence[Article]) -> TokenizerFit:
    """Tokenize articles with the content of a ``tokenizer.json`` and count what comes of it."""
    tokenizer = TextTokenizer(Tokenizer.from_str(json.dumps(spec)))
    tag_ids = {tag: i for i, tag in enumerate(tags_of(labels_of(articles)))}
    fit, unknown = TokenizerFit(), unknown_id(spec)
    for article, tokens in zip(articles, _tokenize(tokenizer, articles), strict=True):
        fit.add(article, tokens, unknown, tag_ids)
    return fit


def _tokenize(tokenizer: TextTokenizer, articles: Sequence[Article], at_once: int = 256) -> Iterable[Tokens]:
    """Tokenize articles, a batch at a time."""
    for start in range(0, len(articles), at_once):
        yield from tokenizer([article.text for article in articles[start : start + at_once]])


def compare(spec: Spec, articles: Sequence[Article], normalize: Normalization, clitic_pieces: bool) -> dict[str, Any]:
    """Return how a tokenizer fits articles as it is, and as a recipe would change it, as plain JSON values."""
    plain = measure(spec, articles)
    fitted = measure(fit_spec(spec, normalize, clitic_pieces)[0], articles)
    return {
        "articles": len(articles),
        "words": plain.words,
        "normalize": str(normalize),
        "clitic_pieces": clitic_pieces and spec["model"]["type"] == "Unigram",
        "as_it_is": plain.to_dict(),
        "as_trained": fitted.to_dict(),
    }
