"""From articles to mentions: the one road that users, evaluation and training's dev scores all take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from ..errors import InputError
from . import checkpoint
from .boundaries import refine
from .checkpoint import Card
from .decoding import Floats, TokenSpan, decode
from .engine import Engine, load_engine
from .lexicon import Lexicon
from .mentions import Mention
from .tokenization import TextTokenizer, Tokens
from .values import add_values
from .windows import Window, make_windows

CHUNK_ARTICLES = 64
"""Articles whose windows are sorted by length together."""

SEPARATORS = " \t\n\r،,و\"'“”«»"
"""What may stand between two coordinated mentions besides the و of the second."""


class Extractor:
    """Finds the mentions in articles of any length.

    >>> extractor = Extractor.from_pretrained()
    >>> mentions = extractor("قصفت مقاتلات التحالف مواقع في حلب")
    """

    def __init__(self, engine: Engine, tokenizer: TextTokenizer, card: Card, values: bool = True) -> None:
        """Put the parts together; :meth:`from_pretrained` does it from a checkpoint.

        Args:
            engine: scores tags for token sequences.
            tokenizer: the tokenizer the engine's model was trained with.
            card: labels, windows, and the model's boundary rules and the evidence they use.
            values: whether to add names, quantities and links to the mentions.
        """
        self.engine = engine
        self.tokenizer = tokenizer
        self.card = card
        self.tags = tuple(card.tags)
        self.lexicon = Lexicon(card.names)
        self.boundary_rules = card.boundary_rules
        self.values = values

    @classmethod
    def from_pretrained(
        cls,
        path_or_repo: str | Path | None = None,
        device: str | None = None,
        engine: str | None = None,
        threads: int | None = None,
    ) -> Extractor:
        """Load a checkpoint.

        Args:
            path_or_repo: a folder, a hub repository, or None for the shipped model.
            device: a torch device; by default a GPU where there is one.
            engine: torch, onnx or onnx-int8; by default torch on a GPU, and on a CPU the fastest the checkpoint has.
            threads: CPU threads; by default all that this process may use.

        Raises:
            InputError: if there is no such checkpoint or it is no token classifier.
        """
        folder = checkpoint.resolve(path_or_repo)
        card = Card.load(folder)
        loaded = load_engine(folder, engine, device, threads)
        if loaded.outputs not in (None, len(card.tags)):
            raise InputError(f"{folder}: the model has {loaded.outputs} outputs for {len(card.tags)} tags")
        return cls(loaded, TextTokenizer.load(folder), card)

    def __call__(self, text: str) -> list[Mention]:
        """Return the mentions of one article, in text order."""
        return next(self.stream([text]))

    def stream(self, texts: Iterable[str], on_batch: Callable[[int], object] | None = None) -> Iterator[list[Mention]]:
        """Yield the mentions of each article, in the order given; reads ahead a chunk of articles at a time.

        Args:
            texts: the articles.
            on_batch: told the number of tokens after each batch that went through the model.
        """
        for text, tokens, logits in self.score(texts, on_batch):
            mentions = [mention for _, mention in self.read(text, tokens, logits)]
            yield add_values(text, mentions, self.lexicon) if self.values else mentions

    def score(
        self, texts: Iterable[str], on_batch: Callable[[int], object] | None = None
    ) -> Iterator[tuple[str, Tokens, Floats]]:
        """Yield each article with its tokens and their logits of shape (tokens, tags), as :meth:`stream` reads them."""
        # While one chunk of articles goes through the engine, the next is tokenized and the last one is read.
        remaining, waiting = iter(texts), None
        pool = ThreadPoolExecutor(self.engine.workers)
        try:
            while chunk := list(islice(remaining, CHUNK_ARTICLES)):
                submitted = self._submit(chunk, pool)
                if waiting is not None:
                    yield from self._finish(waiting, on_batch)
                waiting = submitted
            if waiting is not None:
                yield from self._finish(waiting, on_batch)
        finally:
            pool.shutdown(cancel_futures=True)

    def _submit(self, texts: list[str], pool: Executor) -> _Chunk:
        """Tokenize a chunk of articles and hand its windows, batched by length, to the engine."""
        tokens = self.tokenizer(texts)
        size = self.card.window - len(self.tokenizer.prefix) - len(self.tokenizer.suffix)
        work = [
            (article, window)
            for article, found in enumerate(tokens)
            for window in make_windows(len(found), size, self.card.overlap)
        ]
        # The longest first, so that no thread begins the longest batch when the others are done.
        work.sort(key=lambda item: item[1].end - item[1].start, reverse=True)
        batches = list(_batches(work, self.engine.batch_tokens))
        return _Chunk(texts, tokens, [(batch, pool.submit(self._score_batch, tokens, batch)) for batch in batches])

    def _score_batch(self, tokens: Sequence[Tokens], batch: Batch) -> list[Floats]:
        """Return the tag scores of each window of a batch, special tokens included."""
        return self.engine([self.tokenizer.frame(tokens[article].ids[w.start : w.end]) for article, w in batch])

    def _finish(self, chunk: _Chunk, on_batch: Callable[[int], object] | None) -> Iterator[tuple[str, Tokens, Floats]]:
        """Wait for a chunk's scores and put each article's together."""
        logits = [np.zeros((len(tokens), len(self.tags)), dtype=np.float32) for tokens in chunk.tokens]
        for batch, scores in chunk.batches:
            for (article, window), scored in zip(batch, scores.result(), strict=True):
                # Each token is read from the window where it is most central.
                first = len(self.tokenizer.prefix) + window.own_start - window.start
                owned = slice(window.own_start, window.own_end)
                logits[article][owned] = scored[first : first + window.own_end - window.own_start]
            if on_batch is not None:
                on_batch(sum(window.own_end - window.own_start for _, window in batch))
        yield from zip(chunk.texts, chunk.tokens, logits, strict=True)

    def read(self, text: str, tokens: Tokens, logits: Floats) -> Iterator[tuple[TokenSpan, Mention]]:
        """Decode one article's logits; yield each mention, its edges put where they belong, with its tokens."""
        before: Mention | None = None
        for span in decode(logits, tokens, self.tags, self.card.temperature):
            start, end = self._edges(text, tokens, span, before)
            if before is not None:
                start = max(start, before.end)
            if start < end:
                before = Mention(start, end, span.label, text[start:end], span.score)
                yield span, before

    def _edges(self, text: str, tokens: Tokens, span: TokenSpan, before: Mention | None) -> tuple[int, int]:
        """Return a decoded span's character offsets, refined by the boundary rules unless they are off."""
        start, end = int(tokens.starts[span.start]), int(tokens.ends[span.end - 1])
        if not self.boundary_rules:
            return start, end
        coordinated = (
            before is not None and before.label == span.label and not text[before.end : start].strip(SEPARATORS)
        )
        return refine(text, start, end, self.lexicon, coordinated)


Batch = Sequence[tuple[int, Window]]
"""Windows that go through the engine together, each with the place of its article in the chunk."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Articles on their way: their tokens, and the scores to come for each batch of their windows."""

    texts: Sequence[str]
    tokens: Sequence[Tokens]
    batches: Sequence[tuple[Batch, Future[list[Floats]]]]


def _batches(work: Batch, most: int) -> Iterator[Batch]:
    """Cut windows sorted by length, longest first, into batches of at most ``most`` tokens with padding."""
    start = 0
    while start < len(work):
        longest = work[start][1].end - work[start][1].start
        end = start + max(most // longest, 1)
        yield work[start:end]
        start = end
