"""Near-duplicates: wire copies with small edits, found by MinHash and confirmed on their word triples.

Sources: Broder 1997, "On the resemblance and containment of documents" (shingles, MinHash); Indyk and Motwani 1998
(locality-sensitive hashing by bands); Chum, Philbin and Zisserman 2008 (shingles weighted by rarity).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt

from .arabic import MARKS

Hashes = npt.NDArray[np.uint64]

THRESHOLD = 0.5
"""Similarity from which two texts are near-duplicates: a copy with every tenth word changed, or cut to half."""

SHINGLE = 3
"""Words in a shingle."""

BANDS, ROWS = 40, 3
"""A pair of resemblance 0.4 shares a band with probability 0.93, one of 0.1 with 0.04."""

LETTER_FORMS = str.maketrans("أإآٱىةؤئ", "اااايهوي")
"""Letters that writers and agencies spell one way or the other."""

WORD = re.compile(r"\w+")
DIGIT = re.compile(r"\d")

CACHED_WORDS = 1 << 18
"""Different words whose folded form is remembered: most words of a text are among the most frequent ones."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two near-duplicates, by their places in the list of texts; the second comes later."""

    first: int
    second: int
    similarity: float


def near_duplicates(texts: Iterable[str], threshold: float = THRESHOLD) -> list[Pair]:
    """Find texts that are copies of one another but for small edits.

    The similarity is the Jaccard similarity of the texts' word triples, each weighted by its rarity in the collection,
    so that an agency's boilerplate counts for little. Of many copies of one text each is paired with its neighbours
    only: the pairs connect the copies, they are not all the pairs there are.

    Args:
        texts: the texts; spelling variants, vowel marks, punctuation and kinds of digits make no difference.
        threshold: least similarity, above 0 and up to 1.

    Returns:
        The pairs in the order of their first and second texts.
    """
    shingles = [shingle_hashes(text) for text in texts]
    filled = [i for i, hashes in enumerate(shingles) if len(hashes)]
    if len(filled) < 2:
        return []
    kinds, weights = _rarity([shingles[i] for i in filled])
    signatures = np.stack([_signature(shingles[i]) for i in filled])
    pairs = []
    for a, b in _candidates(signatures):
        first, second = filled[a], filled[b]
        similarity = _resemblance(shingles[first], shingles[second], kinds, weights)
        if similarity >= threshold:
            pairs.append(Pair(first, second, similarity))
    return pairs


def connect(size: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each of ``size`` items the first item that links, over however many steps, connect it with."""
    roots = list(range(size))

    def root_of(item: int) -> int:
        while roots[item] != item:
            roots[item] = roots[roots[item]]
            item = roots[item]
        return item

    for one, other in links:
        low, high = sorted((root_of(one), root_of(other)))
        roots[high] = low
    return [root_of(item) for item in range(size)]


def fold_words(text: str) -> list[str]:
    """Return a text's words in one spelling: no marks or punctuation, plain alif, ya and ha, Western digits."""
    return list(chain.from_iterable(map(_fold, text.split())))


@lru_cache(maxsize=CACHED_WORDS)
def _fold(piece: str) -> tuple[str, ...]:
    """Return the words of a text without whitespace."""
    plain = MARKS.sub("", unicodedata.normalize("NFKC", piece)).translate(LETTER_FORMS).lower()
    return tuple(DIGIT.sub(lambda digit: str(int(digit[0])), word) for word in WORD.findall(plain))


@lru_cache(maxsize=CACHED_WORDS)
def _code(word: str) -> int:
    """Return a number for a word, the same in every run."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


def shingle_hashes(text: str) -> Hashes:
    """Return the sorted distinct hashes of a text's word triples; a shorter text is one shingle, an empty one none."""
    codes = np.fromiter(map(_code, fold_words(text)), dtype=np.uint64)
    if not len(codes):
        return codes
    width = min(SHINGLE, len(codes))
    hashes = np.zeros(len(codes) - width + 1, dtype=np.uint64)
    for place in range(width):
        hashes = _mix(hashes ^ codes[place : place + len(hashes)])
    return np.unique(hashes)


def _mix(hashes: Hashes) -> Hashes:
    """Scatter 64-bit values (the finaliser of SplitMix64; Steele, Lea and Flood 2014)."""
    hashes = hashes + np.uint64(0x9E3779B97F4A7C15)
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


SALTS = _mix(np.arange(BANDS * ROWS, dtype=np.uint64)) | np.uint64(1)


def _signature(hashes: Hashes) -> Hashes:
    """Return one hash for each band of the MinHash signature of a set, shape (BANDS,)."""
    # Multiplying by an odd number is a permutation of the 64-bit values; the smallest one is a MinHash.
    least = (hashes[:, None] * SALTS).min(axis=0).reshape(BANDS, ROWS)
    bands = np.zeros(BANDS, dtype=np.uint64)
    for row in least.T:
        bands = _mix(bands ^ row)
    return bands


def _candidates(signatures: Hashes) -> Iterator[tuple[int, int]]:
    """Yield, sorted, the pairs that follow one another among the texts that share a band."""
    found: set[tuple[int, int]] = set()
    for band in signatures.T:
        order = np.argsort(band, kind="stable")
        same = np.flatnonzero(band[order][1:] == band[order][:-1])
        found.update(zip(order[same].tolist(), order[same + 1].tolist(), strict=True))
    yield from sorted(found)


def _rarity(sets: Sequence[Hashes]) -> tuple[Hashes, npt.NDArray[np.float64]]:
    """Return every shingle of a collection, sorted, and its weight ln(1 + texts / texts that hold it)."""
    kinds, counts = np.unique(np.concatenate(sets), return_counts=True)
    return kinds, np.log1p(len(sets) / counts)


def _resemblance(one: Hashes, other: Hashes, kinds: Hashes, weights: npt.NDArray[np.float64]) -> float:
    """Return the weighted Jaccard similarity of two sets of shingles, 0 to 1."""
    common, either = (
        weights[np.searchsorted(kinds, hashes)].sum()
        for hashes in (np.intersect1d(one, other, assume_unique=True), np.union1d(one, other))
    )
    return float(common / either)
