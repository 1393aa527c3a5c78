"""Articles to mentions in groups, so that one article that fails never loses the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ...errors import first_line
from ..mentions import Mention
from ..readers import Document, Item, Unreadable


class Extracts(Protocol):
    """What finds mentions: :class:`~marsad.Extractor`."""

    def stream(self, texts: Iterator[str], on_batch: Callable[[int], object] | None) -> Iterator[list[Mention]]:
        """Yield the mentions of each article, in the order given."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """An article with its mentions."""

    document: Document
    mentions: Sequence[Mention]


def extract_each(
    extractor: Extracts, items: Sequence[Item], on_batch: Callable[[int], object] | None = None
) -> Iterator[Found | Unreadable]:
    """Yield what is found in each article of a group, in order; what could not be read stays where it stood.

    Where extraction fails, the articles not yet read are read one by one, and those that fail again are unreadable.

    Args:
        extractor: finds the mentions.
        items: the group; it is read as one, so that the same group always gives the same result.
        on_batch: told the number of tokens after each batch that went through the model.
    """
    found = extractor.stream((item.text for item in items if isinstance(item, Document)), on_batch)
    done = 0
    try:
        for item in items:
            yield item if isinstance(item, Unreadable) else Found(item, next(found))
            done += 1
    except Exception:
        # Whatever it was, the articles below tell which of them it was about.
        pass
    for item in items[done:]:
        yield item if isinstance(item, Unreadable) else _alone(extractor, item, on_batch)


def _alone(extractor: Extracts, document: Document, on_batch: Callable[[int], object] | None) -> Found | Unreadable:
    """Read one article by itself."""
    try:
        return Found(document, next(extractor.stream(iter([document.text]), on_batch)))
    except Exception as error:
        return Unreadable(document.id, f"{document.id}: extraction failed: {type(error).__name__}: {first_line(error)}")
