"""From articles to mentions: the one road that users, evaluation and training's dev scores all take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from ..errors import InputError
from . import checkpoint
from .boundaries import refine
from .checkpoint import Card
from .decoding import Floats, TokenSpan, decode
from .engine import Engine, TorchEngine
from .lexicon import Lexicon
from .mentions import Mention
from .tokenization import TextTokenizer, Tokens
from .values import add_values
from .windows import Window, make_windows

BATCH_TOKENS = 2048
"""Tokens, padding included, that go through the model at once; on two cores larger batches gain nothing."""

CHUNK_ARTICLES = 64
"""Articles whose windows are sorted by length together."""

SEPARATORS = " \t\n\r،,و\"'“”«»"
"""What may stand between two coordinated mentions besides the و of the second."""


class Extractor:
    """Finds the mentions in articles of any length.

    >>> extractor = Extractor.from_pretrained()
    >>> mentions = extractor("قصفت مقاتلات التحالف مواقع في حلب")
    """

    def __init__(
        self, engine: Engine, tokenizer: TextTokenizer, card: Card, boundary_rules: bool = True, values: bool = True
    ) -> None:
        """Put the parts together; :meth:`from_pretrained` does it from a checkpoint.

        Args:
            engine: scores tags for token sequences.
            tokenizer: the tokenizer the engine's model was trained with.
            card: labels, windows and boundary evidence of the model.
            boundary_rules: whether to move edges to where the guideline puts them; off for measuring only.
            values: whether to add names, quantities and links to the mentions.
        """
        self.engine = engine
        self.tokenizer = tokenizer
        self.card = card
        self.tags = tuple(card.tags)
        self.lexicon = Lexicon(card.names)
        self.boundary_rules = boundary_rules
        self.values = values

    @classmethod
    def from_pretrained(cls, path_or_repo: str | Path | None = None, device: str | None = None) -> Extractor:
        """Load a checkpoint.

        Args:
            path_or_repo: a folder, a hub repository, or None for the shipped model.
            device: a torch device; by default a GPU where there is one.

        Raises:
            InputError: if there is no such checkpoint or it is no token classifier.
        """
        folder = checkpoint.resolve(path_or_repo)
        card = Card.load(folder)
        engine = TorchEngine.load(folder, device)
        if engine.model.config.num_labels != len(card.tags):
            raise InputError(
                f"{folder}: the model has {engine.model.config.num_labels} outputs for {len(card.tags)} tags"
            )
        return cls(engine, TextTokenizer.load(folder), card)

    def __call__(self, text: str) -> list[Mention]:
        """Return the mentions of one article, in text order."""
        return next(self.stream([text]))

    def stream(self, texts: Iterable[str], on_batch: Callable[[int], object] | None = None) -> Iterator[list[Mention]]:
        """Yield the mentions of each article, in the order given; reads ahead a chunk of articles at a time.

        Args:
            texts: the articles.
            on_batch: told the number of tokens after each batch that went through the model.
        """
        remaining = iter(texts)
        while chunk := list(islice(remaining, CHUNK_ARTICLES)):
            tokens = self.tokenizer(chunk)
            for text, tokens_of_text, logits in zip(chunk, tokens, self._score(tokens, on_batch), strict=True):
                mentions = self._read(text, tokens_of_text, logits)
                yield add_values(text, mentions, self.lexicon) if self.values else mentions

    def _score(self, articles: Sequence[Tokens], on_batch: Callable[[int], object] | None) -> list[Floats]:
        """Return tag logits of shape (tokens, tags) for each article, each token read where it is most central."""
        size = self.card.window - len(self.tokenizer.prefix) - len(self.tokenizer.suffix)
        work = [
            (article, window)
            for article, tokens in enumerate(articles)
            for window in make_windows(len(tokens), size, self.card.overlap)
        ]
        work.sort(key=lambda item: item[1].end - item[1].start)
        logits = [np.zeros((len(tokens), len(self.tags)), dtype=np.float32) for tokens in articles]
        for batch in _batches(work):
            sequences = [self.tokenizer.frame(articles[a].ids[w.start : w.end]) for a, w in batch]
            for (article, window), scores in zip(batch, self.engine(sequences), strict=True):
                first = len(self.tokenizer.prefix) + window.own_start - window.start
                owned = slice(window.own_start, window.own_end)
                logits[article][owned] = scores[first : first + window.own_end - window.own_start]
            if on_batch is not None:
                on_batch(sum(window.own_end - window.own_start for _, window in batch))
        return logits

    def _read(self, text: str, tokens: Tokens, logits: Floats) -> list[Mention]:
        """Decode one article's logits and put each mention's edges where they belong."""
        mentions: list[Mention] = []
        for span in decode(logits, tokens, self.tags):
            start, end = self._edges(text, tokens, span, mentions[-1] if mentions else None)
            if mentions:
                start = max(start, mentions[-1].end)
            if start < end:
                mentions.append(Mention(start, end, span.label, text[start:end], span.score))
        return mentions

    def _edges(self, text: str, tokens: Tokens, span: TokenSpan, before: Mention | None) -> tuple[int, int]:
        """Return a decoded span's character offsets, refined by the boundary rules unless they are off."""
        start, end = int(tokens.starts[span.start]), int(tokens.ends[span.end - 1])
        if not self.boundary_rules:
            return start, end
        coordinated = (
            before is not None and before.label == span.label and not text[before.end : start].strip(SEPARATORS)
        )
        return refine(text, start, end, self.lexicon, coordinated)


def _batches(work: Sequence[tuple[int, Window]]) -> Iterator[Sequence[tuple[int, Window]]]:
    """Cut windows sorted by length into batches of at most BATCH_TOKENS tokens with padding."""
    start = 0
    while start < len(work):
        end = start + 1
        while end < len(work) and (end + 1 - start) * (work[end][1].end - work[end][1].start) <= BATCH_TOKENS:
            end += 1
        yield work[start:end]
        start = end
