"""The records that ``marsad extract`` wrote, read back and checked: they may have passed through other hands."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator, Sequence
from functools import cache

from pydantic import TypeAdapter, ValidationError

from ...annotations.store import describe_json_error
from ...errors import InputError, first_line
from ..mentions import Mention
from ..readers import Document, Unreadable
from ..sources import STDIN, Source, open_source

Result = tuple[Document, list[Mention]]
"""An article and what was found in it."""


def read_results(path: str) -> Iterator[Result | Unreadable]:
    """Read records one at a time; a bad one never loses the others.

    Args:
        path: JSON lines, perhaps compressed; ``-`` is standard input.

    Raises:
        InputError: if the file can't be read, holds no record, or holds records without their texts.
    """
    found = False
    try:
        with open_source(Source(path, path)) as (lines, _):
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    found = True
                    yield _read_line(line, f"{'stdin' if path == STDIN else path}:{number}")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or first_line(error)}") from None
    if not found:
        raise InputError(f"{path}: empty; marsad extract writes what can be viewed")


def _read_line(line: bytes, place: str) -> Result | Unreadable:
    """Read one record, or say what is wrong with it."""
    try:
        record = json.loads(line.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite)
    except UnicodeDecodeError as error:
        return Unreadable(place, f"{place}: not UTF-8 text (byte {error.start + 1} of the line)")
    except (ValueError, RecursionError) as error:
        return Unreadable(place, f"{place}: broken JSON: {describe_json_error(error)}")
    if isinstance(record, dict) and "mentions" in record and "text" not in record:
        raise InputError(f"{place}: no text to show the mentions in; run marsad extract again without --no-text")
    what = _shape_problem(record)
    if what:
        return Unreadable(place, f"{place}: {what}")
    try:
        mentions = _mentions().validate_python([_whole(mention) for mention in record["mentions"]])
    except ValidationError as error:
        return Unreadable(place, f"{place}: {_first_fault(error)}")
    mentions.sort(key=lambda mention: mention.start)
    what = _offset_problem(record["text"], mentions)
    if what:
        return Unreadable(place, f"{place}: {what}")
    return Document(str(record.get("id", place)), record["text"], record.get("meta") or {}), mentions


@cache
def _mentions() -> TypeAdapter[list[Mention]]:
    return TypeAdapter(list[Mention])


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    """Read a number; 1e999 is none."""
    if not math.isfinite(number := float(digits)):
        raise ValueError(f"{digits} is too large")
    return number


def _shape_problem(record: object) -> str | None:
    """Say what keeps a JSON value from being a record, or None."""
    if not isinstance(record, dict) or not isinstance(record.get("mentions"), list):
        return "not a record of marsad extract (no mentions)"
    if not isinstance(record["text"], str):
        return '"text" is not a string'
    if not isinstance(record.get("meta") or {}, dict):
        return '"meta" is not an object'
    return None


def _whole(mention: object) -> object:
    """Add what a record leaves out of an actor's entry."""
    if isinstance(mention, dict) and isinstance(actor := mention.get("actor"), dict):
        return {**mention, "actor": {**actor, "aliases": (), "short": ()}}
    return mention


def _first_fault(error: ValidationError) -> str:
    """Return the first fault in a record's mentions."""
    fault = error.errors(include_url=False)[0]
    where, *inner = map(str, fault["loc"])
    return f"mention {where}{' ' if inner else ''}{'.'.join(inner)}: {fault['msg'][:1].lower()}{fault['msg'][1:]}"


def _offset_problem(text: str, mentions: Sequence[Mention]) -> str | None:
    """Say where mentions, sorted, don't lie one after the other in the text, or None."""
    end = 0
    for mention in mentions:
        if not end <= mention.start < mention.end <= len(text):
            return f"mention {mention.start}–{mention.end} overlaps another or is outside the text"
        if text[mention.start : mention.end] != mention.text:
            return f"mention {mention.start}–{mention.end} is not what the text has there"
        end = mention.end
    return None
