"""What kinds of values the carried columns hold, so that tables can give each column a type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """A kind of JSON value."""

    nothing = "nothing"
    truth = "truth"
    integer = "integer"
    number = "number"
    text = "text"
    nested = "nested"


Kinds = Mapping[str, frozenset[Kind]]
"""The kinds of values under each key of the articles' meta, in the order in which the keys first came."""


def kind_of(value: object) -> Kind:
    """Return a JSON value's kind; an integer that 64 bits can't hold is text."""
    if value is None:
        return Kind.nothing
    if isinstance(value, bool):
        return Kind.truth
    if isinstance(value, int):
        return Kind.integer if -(2**63) <= value < 2**63 else Kind.text
    if isinstance(value, float):
        return Kind.number
    return Kind.text if isinstance(value, str) else Kind.nested


def kinds_of(metas: Iterable[Mapping[str, Any]]) -> Kinds:
    """Return the kinds of the values in several articles' meta."""
    return merge_kinds({key: frozenset({kind_of(value)}) for key, value in meta.items()} for meta in metas)


def merge_kinds(several: Iterable[Kinds]) -> Kinds:
    """Return the kinds that occur in any of several parts."""
    merged: dict[str, frozenset[Kind]] = {}
    for kinds in several:
        for key, found in kinds.items():
            merged[key] = merged.get(key, frozenset()) | found
    return merged
