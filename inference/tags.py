"""The IOB2 tags of a label set, and which tag may follow which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

OUTSIDE = "O"


def tags_of(labels: Iterable[str]) -> tuple[str, ...]:
    """Return ``O`` and then ``B-x, I-x`` for each label ``x``, in the order of the labels."""
    return (OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BI"))


def label_of(tag: str) -> str | None:
    """Return the label a tag speaks of, or None for ``O``."""
    return tag[2:] or None


def forbidden_steps(tags: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return a (tags, tags) matrix: True where the column's tag must not follow the row's.

    The one rule of IOB2: ``I-x`` continues ``B-x`` or ``I-x``.
    """
    label = np.array([label_of(tag) or "" for tag in tags])
    inside = np.array([tag.startswith("I-") for tag in tags])
    return inside[None, :] & (label[:, None] != label[None, :])


def forbidden_in_word(tags: Sequence[str], after_proclitic: bool) -> npt.NDArray[np.bool_]:
    """Return a (tags, tags) matrix: True where the step must not be taken between two pieces of one word.

    A mention never ends inside a word, for enclitics belong to it; it starts inside one only after proclitics.
    """
    inside = np.array([tag != OUTSIDE for tag in tags])
    begins = np.array([tag.startswith("B-") for tag in tags])
    step = inside[:, None] & ~np.array([tag.startswith("I-") for tag in tags])[None, :]
    if not after_proclitic:
        step |= ~inside[:, None] & begins[None, :]
    return step | forbidden_steps(tags)
