"""Parts of the training articles for cross-validation: what belongs together is in one part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..annotations.schema import Article
from ..annotations.splits import split_articles
from ..annotations.store import read_located
from .config import Fold


def divide(files: Iterable[Path], parts: int) -> Mapping[str, Sequence[Article]]:
    """Divide the articles of some files into parts of like size and with like shares of the labels.

    Passages of one article (of the same ``article`` in their meta, or the same id) and near-duplicates are in one part,
    so that no model is measured on what it has in substance seen. The articles alone decide the division.

    Returns:
        The articles of ``fold-1`` … ``fold-n``.

    Raises:
        InputError: if a file can't be read, or there are fewer groups than parts.
    """
    records = [record for file in files for record in read_located(file)]
    return split_articles(records, {f"fold-{number}": 1 / parts for number in range(1, parts + 1)}).parts


def leave_out(files: Iterable[Path], fold: Fold) -> list[Article]:
    """Return the articles of all parts but one."""
    number, parts = fold
    held_out = f"fold-{number}"
    return [a for name, articles in divide(files, parts).items() if name != held_out for a in articles]
