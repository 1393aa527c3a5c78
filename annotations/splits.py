"""Splits that leak nothing: articles that belong together stay together, and adding articles moves few others."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.table import Table
from rich.text import Text

from ..errors import InputError
from .duplicates import connect, near_duplicates
from .schema import Article, labels_of
from .store import Located, Problem

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ARTICLE, DATE = "article", "date"

TOLERANCE = 0.005
"""How far a split may be from its share of all articles, or of all spans of a label, before groups move."""


@dataclass(frozen=True, slots=True)
class Split:
    """Articles in their splits.

    Attributes:
        parts: the articles of each split, in the order they were given.
        groups: how many groups, kept whole, each split holds.
        copies: how many articles are near-duplicates of an earlier one; they are with it.
    """

    parts: Mapping[str, Sequence[Article]]
    groups: Mapping[str, int]
    copies: int


def split_articles(records: Sequence[Located], shares: Mapping[str, float], by: str = ARTICLE, seed: int = 0) -> Split:
    """Divide articles into splits, near-duplicates always in one split.

    By a key, the hash of each group gives it a split of its own accord; then as few groups as possible move, until the
    splits have their shares of the articles and of each label's spans. So adding articles moves few others. By date,
    the splits follow one another in time in the order given, a day is never cut, and a near-duplicate counts as its
    newest copy.

    Args:
        records: the articles.
        shares: the share of each split; they add up to 1.
        by: what is kept together: ``article`` (the meta's ``article`` where there is one, else each alone), ``date``,
            or any other key of the meta, such as ``source``.
        seed: another seed gives another division; it has no bearing on dates.

    Raises:
        InputError: if the shares don't add up, an article lacks the key, or the groups are too few or too large.
    """
    if any(share < 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        said = " + ".join(f"{share:g}" for share in shares.values())
        raise InputError(f"shares {said}: none may be negative, and they must add up to 1")
    names = [name for name, share in shares.items() if share]
    ratios = np.array([shares[name] for name in names])
    keys = [_key(record, by) for record in records]
    links = [(pair.first, pair.second) for pair in near_duplicates(record.article.text for record in records)]
    copies = connect(len(records), links)
    articles = [record.article for record in records]
    if by == DATE:
        groups = _newest(keys, copies)
        assigned = _in_order(groups, ratios)
    else:
        groups = _connected(keys, links)
        assigned = _by_hash(groups, keys, articles, ratios, seed)
    _refuse_empty(groups, assigned, names, by)
    members = {name: [i for i, place in enumerate(assigned) if names[place] == name] for name in names}
    return Split(
        {name: [articles[i] for i in places] for name, places in members.items()},
        {name: len({groups[i] for i in places}) for name, places in members.items()},
        len(records) - len(set(copies)),
    )


def _key(record: Located, by: str) -> str:
    """Return what an article is grouped by.

    Raises:
        InputError: if its meta does not have it, or no date where one is asked for.
    """
    meta = record.article.meta
    value = meta.get(by, record.article.id if by == ARTICLE else None)
    if value is None or isinstance(value, list | dict) or value == "":
        raise InputError(f"{_at(record, f'no {by!r} to split by')}")
    if by != DATE:
        return str(value)
    try:
        return datetime.fromisoformat(str(value)).date().isoformat()
    except ValueError:
        raise InputError(f"{_at(record, f'date {value!r} is not of the form 2024-05-31')}") from None


def _at(record: Located, what: str) -> Problem:
    return Problem(record.file, record.line, record.article.id, what)


def _newest(dates: Sequence[str], copies: Sequence[int]) -> list[str]:
    """Return for each article the newest date among its copies."""
    newest: dict[int, str] = {}
    for day, root in zip(dates, copies, strict=True):
        newest[root] = max(day, newest.get(root, day))
    return [newest[root] for root in copies]


def _connected(keys: Sequence[str], links: Sequence[tuple[int, int]]) -> list[int]:
    """Return for each article the first one that keys or copies connect it with."""
    first: dict[str, int] = {}
    same_key = [(first.setdefault(key, place), place) for place, key in enumerate(keys)]
    return connect(len(keys), [*same_key, *links])


def _in_order(days: Sequence[str], ratios: Floats) -> Ints:
    """Cut the days into consecutive splits, each boundary as near to its share as days allow; shape (articles,)."""
    distinct, counts = np.unique(np.array(days), return_counts=True)
    behind = np.cumsum(counts) / len(days)
    cuts: list[int] = []
    for place, share in enumerate(np.cumsum(ratios)[:-1]):
        low, high = (cuts[-1] + 1 if cuts else 0), len(distinct) - (len(ratios) - 1 - place)
        if low >= high:
            break
        cuts.append(low + int(np.abs(behind[low:high] - share).argmin()))
    return np.searchsorted(cuts, np.searchsorted(distinct, np.array(days)))


def _by_hash(
    groups: Sequence[int], keys: Sequence[str], articles: Sequence[Article], ratios: Floats, seed: int
) -> Ints:
    """Give each group the split of its hash, then mend the shares; returns split numbers, shape (articles,)."""
    names: dict[int, str] = {}
    for group, key in zip(groups, keys, strict=True):
        names[group] = min(key, names.get(group, key))
    positions = {group: _position(f"{seed}\0{name}") for group, name in names.items()}
    # In the order of their hashes, groups move alike whatever the order of the articles.
    rows = {group: row for row, group in enumerate(sorted(positions, key=positions.__getitem__))}
    home = np.searchsorted(np.cumsum(ratios)[:-1], sorted(positions.values()), side="right")
    mended = _mend(_weights([rows[group] for group in groups], articles), home, ratios)
    return mended[[rows[group] for group in groups]]


def _position(name: str) -> float:
    """Return a number from 0 up to 1 that depends on a name alone."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _weights(rows: Sequence[int], articles: Sequence[Article]) -> Floats:
    """Return each group's part of all articles and of each label's spans, shape (groups, 1 + labels)."""
    columns = {label: place for place, label in enumerate(labels_of(articles), start=1)}
    cells = Counter[tuple[int, int]]()
    for row, article in zip(rows, articles, strict=True):
        cells[row, 0] += 1
        for span in article.spans:
            cells[row, columns[span.label]] += 1
    weights = np.zeros((max(rows) + 1, 1 + len(columns)))
    for cell, count in cells.items():
        weights[cell] = count
    return weights / weights.sum(axis=0)


def _mend(weights: Floats, home: Ints, ratios: Floats) -> Ints:
    """Move single groups, the most useful first, while a split is off its share and a move helps.

    What a move must lessen is the chi-square distance of the splits from their shares, summed over the columns.
    """
    assigned = home.copy()
    squares = (weights**2).sum(axis=1)
    everyone = np.arange(len(weights))
    for _ in range(len(weights)):
        held = np.stack([weights[assigned == place].sum(axis=0) for place in range(len(ratios))])
        excess = held - ratios[:, None]
        if np.abs(excess).max() <= TOLERANCE:
            break
        pull = weights @ (excess / ratios[:, None]).T
        leave = squares / ratios[assigned] - 2 * pull[everyone, assigned]
        change = leave[:, None] + squares[:, None] / ratios + 2 * pull
        change[everyone, assigned] = 0
        group, place = np.unravel_index(change.argmin(), change.shape)
        if change[group, place] > -1e-12:
            break
        assigned[group] = place
    return assigned


def _refuse_empty(groups: Sequence[int | str], assigned: Ints, names: Sequence[str], by: str) -> None:
    """Refuse a division that leaves a split empty.

    Raises:
        InputError: then.
    """
    empty = [name for place, name in enumerate(names) if place not in assigned]
    if empty:
        sizes = Counter(groups)
        raise InputError(
            f"{' and '.join(empty)} would be empty: {len(groups)} articles make {len(sizes)} groups by {by}, "
            f"near-duplicates together, of {min(sizes.values())} to {max(sizes.values())}; "
            "give more articles, fewer or larger parts, or group them otherwise"
        )


def describe_split(split: Split) -> dict[str, Any]:
    """Return the figures of a division as plain JSON values."""
    return {
        "articles": sum(map(len, split.parts.values())),
        "near_duplicates": split.copies,
        "splits": {name: _describe_part(part, split.groups[name]) for name, part in split.parts.items()},
    }


def _describe_part(part: Sequence[Article], groups: int) -> dict[str, Any]:
    dates = sorted(str(article.meta[DATE]) for article in part if article.meta.get(DATE))
    labels = Counter(span.label for article in part for span in article.spans)
    return {
        "articles": len(part),
        "groups": groups,
        "dates": [dates[0], dates[-1]] if dates else [],
        "labels": dict(sorted(labels.items())),
    }


def as_table(figures: dict[str, Any]) -> Table:
    """Lay the figures of :func:`describe_split` out as a table."""
    splits = figures["splits"]
    labels = sorted({label for part in splits.values() for label in part["labels"]})
    totals = Counter[str]()
    for part in splits.values():
        totals.update(part["labels"])
    title = (
        f"{figures['articles']:,} articles; {figures['near_duplicates']:,} near-duplicates stay with their originals"
    )
    table = Table(title=title, title_justify="left")
    for name in ("split", "articles", "groups", *labels, "dates"):
        table.add_column(Text(name), justify="left" if name in ("split", "dates") else "right")
    for name, part in splits.items():
        spans = [_share(part["labels"].get(label, 0), totals[label]) for label in labels]
        dates = Text(" –\n".join(part["dates"]))
        table.add_row(name, _share(part["articles"], figures["articles"]), f"{part['groups']:,}", *spans, dates)
    return table


def _share(count: int, total: int) -> str:
    return f"{count:,}\n{count / total:.1%}" if total else "0"
