"""Linked places as GeoJSON (RFC 7946), for maps: a point for each place of each article."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import IO, Any

from ..annotations.store import SURROGATES
from .mentions import Mention
from .readers import Document

SENTENCE_END = re.compile(r"[.!?؟؛…]+(?=\s)|\n+")

PEOPLE = ("killed", "wounded", "detained", "missing", "displaced")
"""Roles of counts that become a property of a point."""

DECIMALS = 6
"""Of coordinates; a tenth of a metre."""


class GeoJson:
    """Writes a feature for each linked place of each article, a line each.

    A feature's properties are flat, as desktop maps want them: ``article``, ``source``, ``date``, ``title`` (null where
    the article came without); ``place`` (identifier), ``ar``, ``en``, ``kind``, ``country``; ``mentions``, how often
    the article mentions the place; ``text``, as it does first; ``sentence``, where it does first; and for each role in
    ``PEOPLE`` the largest number that a sentence with the place states, or null. A sentence that names two places gives
    its numbers to both, and two articles may report one event: they are not for adding up.
    """

    def __init__(self, out: IO[str]) -> None:
        """Write to an open UTF-8 text file."""
        self.out = out
        self.first = True
        out.write('{"type":"FeatureCollection","features":[')

    def write(self, document: Document, mentions: Sequence[Mention]) -> None:
        """Add an article's places."""
        for feature in features(document, mentions):
            line = json.dumps(feature, ensure_ascii=False, allow_nan=False)
            self.out.write(("\n" if self.first else ",\n") + SURROGATES.sub("\ufffd", line))
            self.first = False

    def close(self) -> None:
        """End the collection; leaves the file to whoever opened it."""
        self.out.write("\n]}\n")


def features(document: Document, mentions: Sequence[Mention]) -> list[dict[str, Any]]:
    """Return a feature for each linked place of an article, in the order of first mention."""
    # The area around a town has the town's identifier and another kind.
    by_place: dict[tuple[str, str], list[Mention]] = {}
    for mention in mentions:
        if mention.place is not None:
            by_place.setdefault((mention.place.id, mention.place.kind), []).append(mention)
    sentences = sentence_spans(document.text)
    return [_feature(document, found, mentions, sentences) for found in by_place.values()]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return where each sentence starts and ends; together they cover the text."""
    ends = [found.end() for found in SENTENCE_END.finditer(text)]
    return list(zip([0, *ends], [*ends, len(text)], strict=True))


def _feature(
    document: Document, found: Sequence[Mention], mentions: Sequence[Mention], sentences: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    """Return the feature of a place, from its mentions and all others."""
    first, place = found[0], found[0].place
    assert place is not None
    around = [(start, end) for start, end in sentences if any(start <= mention.start < end for mention in found)]
    beside = [m for m in mentions if any(start <= m.start < end for start, end in around)]
    properties = {
        "article": document.id,
        **{name: _text(document.meta.get(name)) for name in ("source", "date", "title")},
        "place": place.id,
        **{name: getattr(place, name) for name in ("ar", "en", "kind", "country")},
        "mentions": len(found),
        "text": first.text,
        "sentence": document.text[slice(*around[0])].strip(),
        **{role: _largest(beside, role) for role in PEOPLE},
    }
    point = {"type": "Point", "coordinates": [round(place.lon, DECIMALS), round(place.lat, DECIMALS)]}
    return {"type": "Feature", "geometry": point, "properties": properties}


def _largest(mentions: Sequence[Mention], role: str) -> float | None:
    """Return the largest number of a role, of bounds the lower one; None if there is none."""
    counts = [mention.count for mention in mentions if mention.count is not None and mention.count.role == role]
    numbers = [count.low if count.value is None else count.value for count in counts]
    return max((number for number in numbers if number is not None), default=None)


def _text(value: object) -> str | None:
    """Return a carried value as text, so that its column has one type in every article."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
