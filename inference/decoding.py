"""From tag scores to spans: the best sequence of tags that obeys IOB2 and never cuts a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .tags import OUTSIDE, forbidden_in_word, forbidden_steps, label_of
from .tokenization import Tokens

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """A decoded mention over tokens ``[start, end)`` with the probability that it is just this one."""

    start: int
    end: int
    label: str
    score: float


def log_softmax(logits: Floats) -> Floats:
    """Return log-probabilities over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@lru_cache(maxsize=8)
def _step_costs(tags: tuple[str, ...]) -> Floats:
    """Return shape (3, tags, tags), 0 or -inf: steps between words, inside a word, after a word's proclitics."""
    allowed = (forbidden_steps(tags), forbidden_in_word(tags, False), forbidden_in_word(tags, True))
    return np.where(np.stack(allowed), -np.inf, 0.0).astype(np.float32)


def best_tags(log_probs: Floats, tokens: Tokens, tags: tuple[str, ...]) -> Ints:
    """Find the most probable valid tag sequence by the Viterbi algorithm.

    Args:
        log_probs: shape (tokens, tags).
        tokens: the tokens, which say where words continue; silent ones get ``O`` and are stepped over.
        tags: the names of the tags.

    Returns:
        Tag indices, shape (tokens,).
    """
    best = np.full(len(tokens), tags.index(OUTSIDE), dtype=np.int64)
    heard = np.flatnonzero(~tokens.silent)
    if not len(heard):
        return best
    kinds = tokens.glued[heard].astype(np.int64) + tokens.after_proclitic[heard]
    # Where every token's own best tag already makes a valid sequence, that sequence is the answer.
    greedy = log_probs[heard].argmax(axis=1)
    costs = _step_costs(tags)
    if tags[greedy[0]][0] != "I" and not np.isinf(costs[kinds[1:], greedy[:-1], greedy[1:]]).any():
        best[heard] = greedy
    else:
        best[heard] = _viterbi(log_probs[heard], costs, kinds, tags)
    return best


def _viterbi(log_probs: Floats, costs: Floats, kinds: Ints, tags: tuple[str, ...]) -> Ints:
    """Run Viterbi over (tokens, tags) scores; ``kinds`` picks the step costs into each token."""
    total = np.where([tag.startswith("I-") for tag in tags], -np.inf, log_probs[0].astype(np.float64))
    back = np.zeros(log_probs.shape, dtype=np.int64)
    for i in range(1, len(log_probs)):
        paths = total[:, None] + costs[kinds[i]]
        back[i] = paths.argmax(axis=0)
        total = paths[back[i], np.arange(len(tags))] + log_probs[i]
    path = [int(total.argmax())]
    for i in range(len(log_probs) - 1, 0, -1):
        path.append(int(back[i, path[-1]]))
    return np.array(path[::-1], dtype=np.int64)


def decode(logits: Floats, tokens: Tokens, tags: tuple[str, ...], temperature: float = 1.0) -> list[TokenSpan]:
    """Turn tag logits into mentions over tokens.

    Args:
        logits: shape (tokens, tags).
        tokens: the tokens.
        tags: the names of the tags.
        temperature: divides the logits before they become scores (Guo et al. 2017); the mentions do not depend on it.
    """
    chosen = best_tags(log_softmax(logits), tokens, tags)
    log_probs = log_softmax(logits / np.float32(temperature))
    return [
        TokenSpan(start, end, label, span_probability(log_probs, tokens.silent, tags, (start, end, label)))
        for start, end, label in _runs(chosen, tokens.silent, tags)
    ]


def span_probability(
    log_probs: Floats, silent: npt.NDArray[np.bool_], tags: tuple[str, ...], span: tuple[int, int, str]
) -> float:
    """Return the probability that a mention of this label begins and ends at just these tokens.

    It is that of ``B-x I-x …`` followed by anything but ``I-x``, the tokens taken as independent. The mean probability
    of the label on the tokens, by contrast, says nothing about the edges, where most mistakes are.

    Args:
        log_probs: shape (tokens, tags).
        silent: tokens without a character, shape (tokens,).
        tags: the names of the tags.
        span: first token, the token after the last, and label.
    """
    start, end, label = span
    begin, inside = tags.index(f"B-{label}"), tags.index(f"I-{label}")
    first, *rest = start + np.flatnonzero(~silent[start:end])
    after = end + int(np.argmin(silent[end:])) if not silent[end:].all() else None
    ends_here = 1.0 if after is None else 1.0 - float(np.exp(log_probs[after, inside]))
    return max(float(np.exp(log_probs[first, begin] + log_probs[rest, inside].sum())) * ends_here, 0.0)


def _runs(chosen: Ints, silent: npt.NDArray[np.bool_], tags: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, label) of each ``B-x I-x …`` run; silent tokens neither break a run nor end one."""
    start = end = 0
    label: str | None = None
    for i in np.flatnonzero(~silent).tolist():
        tag = tags[chosen[i]]
        if not tag.startswith("I-"):
            if label is not None:
                yield start, end, label
            start, label = i, label_of(tag)
        end = i + 1
    if label is not None:
        yield start, end, label
