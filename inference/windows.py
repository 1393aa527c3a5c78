"""Windows over a long token sequence, and which window each token is read from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Window:
    """A window over the tokens of an article, all offsets counted in tokens.

    Attributes:
        start, end: the tokens that the model sees.
        own_start, own_end: the tokens that are read from this window, because they lie most central in it.
    """

    start: int
    end: int
    own_start: int
    own_end: int


def make_windows(length: int, size: int, overlap: int) -> list[Window]:
    """Cover ``length`` tokens with as few windows of at most ``size`` as overlap by at least ``overlap``.

    The windows are of one length, no longer than it takes. The owned stretches tile the sequence exactly: two
    neighbours part in the middle of what they share.

    Raises:
        ValueError: if the overlap is not smaller than the size.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"the overlap ({overlap}) must be smaller than the window ({size})")
    if length <= 0:
        return []
    count = max(-(-(length - overlap) // (size - overlap)), 1)
    size = -(-(length + (count - 1) * overlap) // count)
    starts = [min(i * (size - overlap), length - size) for i in range(count)]
    seams = [0, *((later + earlier + size) // 2 for earlier, later in pairwise(starts)), length]
    return [
        Window(start, min(start + size, length), own_start, own_end)
        for start, (own_start, own_end) in zip(starts, pairwise(seams), strict=True)
    ]
