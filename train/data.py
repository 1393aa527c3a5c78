"""Labelled articles to windows of token ids and tags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from datasets import Dataset

from ..annotations.schema import Article
from ..inference.checkpoint import Card
from ..inference.tokenization import TextTokenizer
from ..inference.windows import make_windows
from .alignment import IGNORED, AlignmentReport, align


def make_dataset(articles: Sequence[Article], tokenizer: TextTokenizer, card: Card) -> tuple[Dataset, AlignmentReport]:
    """Cut articles into windows, each token with its tag.

    A token is learned in the one window it would be read from; in the others, and on special tokens, the tag is
    left out of the loss.

    Returns:
        Rows of ``input_ids``, ``labels`` and ``length``, and how the spans met the tokens.
    """
    report = AlignmentReport()
    tag_ids = {tag: i for i, tag in enumerate(card.tags)}
    size = card.window - len(tokenizer.prefix) - len(tokenizer.suffix)
    frame = [IGNORED] * len(tokenizer.prefix), [IGNORED] * len(tokenizer.suffix)
    rows = []
    for article, tokens in zip(articles, tokenizer([article.text for article in articles]), strict=True):
        tags = align(article, tokens, tag_ids, report)
        for window in make_windows(len(tokens), size, card.overlap):
            owned = np.full(window.end - window.start, IGNORED)
            owned[window.own_start - window.start : window.own_end - window.start] = tags[
                window.own_start : window.own_end
            ]
            ids = tokenizer.frame(tokens.ids[window.start : window.end])
            rows.append({"input_ids": ids, "labels": [*frame[0], *owned, *frame[1]], "length": len(ids)})
    return Dataset.from_list(rows), report
