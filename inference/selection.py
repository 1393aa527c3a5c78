"""What to label next: articles that the model is unsure of, that are of the right kind, and unlike one another.

Sources: Settles and Craven 2008, "An analysis of active learning strategies for sequence labeling tasks" (token
entropy, information density); Carbonell and Goldstein 1998, "The use of MMR, diversity-based reranking" (worth, less
likeness to what is taken).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..annotations.duplicates import connect, fold_words, near_duplicates
from ..errors import InputError
from .decoding import log_softmax

if TYPE_CHECKING:
    from .extractor import Extractor

Floats = npt.NDArray[np.floating]
Sparse = Any
"""A SciPy sparse matrix; its stubs know too little of slices."""

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


def uncertainties(extractor: Extractor, texts: Iterable[str]) -> Floats:
    """Return the mean entropy, in nats, of the model's tags over the tokens of each text, shape (texts,)."""
    means = []
    for _, _, logits in extractor.score(texts):
        log_probs = log_softmax(logits)
        means.append(-(np.exp(log_probs) * log_probs).sum() / max(len(logits), 1))
    return np.array(means)


def select(
    texts: Sequence[str], uncertainty: Floats, costs: Sequence[int], budget: int, labelled: Sequence[str] = ()
) -> list[Pick]:
    """Take articles one by one, each time the one that is worth most.

    An article's worth has three equal parts: its rank, from 0 to 1, by uncertainty; its rank by likeness to the
    labelled articles as a whole (to all, where none is labelled), without which the model's doubts about football would
    come first; and its distance from the nearest article taken before or labelled. Likeness is the cosine similarity
    of words weighted by TF-IDF, distance one less that.

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
    of_its_kind = vectors @ np.asarray((known if labelled else vectors).mean(axis=0)).ravel()
    merit = _ranks(uncertainty) + _ranks(of_its_kind)
    nearest = _nearest(vectors, known)
    spent = np.array(costs)
    free = np.ones(len(texts), dtype=bool)
    picks: list[Pick] = []
    while (free & (spent <= budget)).any():
        place = int(np.where(free & (spent <= budget), merit + 1 - nearest, -np.inf).argmax())
        picks.append(Pick(place, float(uncertainty[place]), float(nearest[place])))
        free[place] = False
        budget -= costs[place]
        nearest = np.maximum(nearest, _nearest(vectors, vectors[place]))
    return picks


def _ranks(values: Floats) -> Floats:
    """Return the place of each value in ascending order, from 0 to 1."""
    return np.argsort(np.argsort(values, kind="stable"), kind="stable") / max(len(values) - 1, 1)


def _vectors(texts: Sequence[str], labelled: Sequence[str]) -> tuple[Sparse, Sparse]:
    """Return the texts and the labelled texts as TF-IDF vectors of length 1, shape (texts, words)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    settings: dict[str, Any] = {"analyzer": fold_words, "sublinear_tf": True, "dtype": np.float32}
    try:
        vectors: Sparse = TfidfVectorizer(**settings).fit_transform([*texts, *labelled])
    except ValueError:  # an empty vocabulary
        raise InputError("no word in any of the texts; nothing to choose by") from None
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
