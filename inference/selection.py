"""What to label next: articles that the model is unsure of and that are unlike one another.

Sources: Settles and Craven 2008, "An analysis of active learning strategies for sequence labeling tasks" (token
entropy); Carbonell and Goldstein 1998, "The use of MMR, diversity-based reranking" (worth, less likeness to the taken).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..annotations.duplicates import connect, fold_words, near_duplicates
from .decoding import log_softmax
from .windows import make_windows

if TYPE_CHECKING:
    from .extractor import Extractor

Floats = npt.NDArray[np.floating]
Sparse = Any
"""A SciPy sparse matrix; its stubs know too little of slices."""

UNCERTAINTY_WEIGHT = 0.5
"""Weight of an article's rank by uncertainty; the rest is that of its distance from what is taken already."""

ROWS_AT_ONCE = 512
"""Articles whose similarities are held in memory together."""


@dataclass(frozen=True, slots=True)
class Pick:
    """An article worth labelling.

    Attributes:
        place: its place in the list of articles.
        uncertainty: mean entropy of the model's tags over its tokens, in nats.
        similarity: its cosine similarity, 0 to 1, to the nearest article taken or labelled before.
    """

    place: int
    uncertainty: float
    similarity: float


def unlabelled_originals(texts: Sequence[str], labelled: Sequence[str] = ()) -> list[int]:
    """Return the places of the texts that are near-duplicates neither of a labelled text nor of an earlier one."""
    pairs = near_duplicates([*labelled, *texts])
    firsts = connect(len(labelled) + len(texts), [(pair.first, pair.second) for pair in pairs])
    return [place for place in range(len(texts)) if firsts[len(labelled) + place] == len(labelled) + place]


def token_entropies(extractor: Extractor, text: str) -> Floats:
    """Return the entropy of the model's tags on each token of a text, in nats, shape (tokens,)."""
    (tokens,) = extractor.tokenizer([text])
    front = len(extractor.tokenizer.prefix)
    size = extractor.card.window - front - len(extractor.tokenizer.suffix)
    windows = list(make_windows(len(tokens), size, extractor.card.overlap))
    at_once = max(extractor.engine.batch_tokens // extractor.card.window, 1)
    entropies = np.zeros(len(tokens))
    for first in range(0, len(windows), at_once):
        batch = windows[first : first + at_once]
        sequences = [extractor.tokenizer.frame(tokens.ids[window.start : window.end]) for window in batch]
        for window, logits in zip(batch, extractor.engine(sequences), strict=True):
            own = slice(front + window.own_start - window.start, front + window.own_end - window.start)
            log_probs = log_softmax(logits[own])
            entropies[window.own_start : window.own_end] = -(np.exp(log_probs) * log_probs).sum(axis=1)
    return entropies


def uncertainties(extractor: Extractor, texts: Iterable[str]) -> Iterator[float]:
    """Yield the mean token entropy of each text, 0 for one without tokens."""
    for text in texts:
        entropies = token_entropies(extractor, text)
        yield float(entropies.mean()) if len(entropies) else 0.0


def select(
    texts: Sequence[str], uncertainty: Floats, costs: Sequence[int], budget: int, labelled: Sequence[str] = ()
) -> list[Pick]:
    """Take articles one by one, each time the one that is uncertain and unlike those taken or labelled.

    An article's worth is its rank by uncertainty, from 0 to 1, mixed with its distance from the nearest article taken
    before or labelled: one less the cosine similarity of their words weighted by TF-IDF.

    Args:
        texts: the articles to choose from.
        uncertainty: of each article, shape (texts,).
        costs: what each article takes from the budget: 1, or its words.
        budget: the most that the articles taken may cost together.
        labelled: articles that need no second labelling, nor others like them.

    Returns:
        The articles in the order taken, the most useful first.
    """
    vectors, known = _vectors(texts, labelled)
    ranks = np.argsort(np.argsort(uncertainty, kind="stable"), kind="stable") / max(len(texts) - 1, 1)
    nearest = _nearest(vectors, known)
    spent = np.array(costs)
    free = np.ones(len(texts), dtype=bool)
    picks: list[Pick] = []
    while (free & (spent <= budget)).any():
        worth = UNCERTAINTY_WEIGHT * ranks + (1 - UNCERTAINTY_WEIGHT) * (1 - nearest)
        place = int(np.where(free & (spent <= budget), worth, -np.inf).argmax())
        picks.append(Pick(place, float(uncertainty[place]), float(nearest[place])))
        free[place] = False
        budget -= costs[place]
        nearest = np.maximum(nearest, _nearest(vectors, vectors[place]))
    return picks


def _vectors(texts: Sequence[str], labelled: Sequence[str]) -> tuple[Sparse, Sparse]:
    """Return the texts and the labelled texts as TF-IDF vectors of length 1, shape (texts, words)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    settings: dict[str, Any] = {"analyzer": fold_words, "sublinear_tf": True, "dtype": np.float32}
    vectors: Sparse = TfidfVectorizer(**settings).fit_transform([*texts, *labelled])
    return vectors[: len(texts)], vectors[len(texts) :]


def _nearest(vectors: Sparse, others: Sparse) -> Floats:
    """Return each vector's similarity to the nearest of the others, 0 where there are none; shape (texts,)."""
    if not others.shape[0]:
        return np.zeros(vectors.shape[0])
    rows = range(0, vectors.shape[0], ROWS_AT_ONCE)
    # Rounding must not put two equal texts at a distance below 0.
    return np.minimum(
        np.concatenate([(vectors[at : at + ROWS_AT_ONCE] @ others.T).max(axis=1).toarray().ravel() for at in rows]), 1.0
    )
