r"""Labelled text with its marks inside, as people write it by hand: ``قصف {A:الجيش} ب{P:حلب}``.

``{A?:…}`` is an optional span. A brace or a backslash of the text itself stands after a backslash (``\{``), and any
character may be written as ``\uXXXX``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import InputError
from .schema import Article, LabelSet, Span, default_labels

ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([{}\\]))")
PIECE = re.compile(
    r"(?P<plain>[^{}\\]+)"
    rf"|(?P<escape>{ESCAPE.pattern})"
    r"|\{(?P<label>(?:[^{}:?\\]|\\u[0-9a-fA-F]{4})+)(?P<optional>\?)?:"
    r"|(?P<close>\})"
    r"|(?P<stray>.)"
)
NEAR = 20
"""Characters on either side of a fault that a message shows."""


class MarkError(ValueError):
    """A mark that can't be read: what is wrong with it, and the offset in the marked text."""

    def __init__(self, what: str, offset: int) -> None:
        """Keep the two."""
        super().__init__(what)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark's span, with its label as written, and its offset in the marked text."""

    span: Span
    offset: int


def parse_inline(marked: str, id: str) -> Article:
    """Read a text with inline marks.

    Args:
        marked: the text; a mention stands as ``{label:mention}``, one of the project's four labels by its name or
            its first letters.
        id: the article's id.

    Raises:
        InputError: if a mark names no label or more than one, or a brace is left over.
    """
    names = default_labels()
    try:
        text, placed = parse_marks(marked)
    except MarkError as error:
        raise InputError(f"{id}: {error}") from None
    spans = []
    for span in (item.span for item in placed):
        label = full_label(span.label, names)
        if label not in names:
            raise InputError(f"{id}: mark {{{span.label}:…}} names no label, or more than one ({', '.join(names)})")
        spans.append(Span(span.start, span.end, label, span.optional))
    return Article(id, text, tuple(spans))


def parse_marks(marked: str) -> tuple[str, list[Placed]]:
    """Take the marks out of a text.

    Returns:
        The text without marks, and its spans, their labels as written.

    Raises:
        MarkError: at a brace or backslash that belongs to no mark and no escape.
    """
    pieces: list[str] = []
    placed: list[Placed] = []
    length = 0
    opened: tuple[int, re.Match[str]] | None = None
    for piece in PIECE.finditer(marked):
        if piece["label"] is not None and opened is None:
            opened = length, piece
        elif piece["close"] is not None and opened is not None:
            start, mark = opened
            span = Span(start, length, unescape(mark["label"]), bool(mark["optional"]))
            placed.append(Placed(span, mark.start()))
            opened = None
        elif piece["plain"] is None and piece["escape"] is None:
            raise _mark_error(marked, piece.start())
        else:
            pieces.append(piece["plain"] or unescape(piece["escape"]))
            length += len(pieces[-1])
    if opened is not None:
        raise _mark_error(marked, opened[1].start())
    return "".join(pieces), placed


def format_inline(article: Article, labels: LabelSet | None = None) -> str:
    """Write a text with its marks inside; the spans must not overlap.

    Args:
        article: the text and its spans.
        labels: where given, labels are cut to the first letters that tell them apart in this set.
    """
    pieces: list[str] = []
    last = 0
    for span in sorted(article.spans):
        name = escape(_short_label(span.label, labels or ()), ":?")
        mention = escape(article.text[span.start : span.end])
        pieces += [escape(article.text[last : span.start]), f"{{{name}{'?' * span.optional}:{mention}}}"]
        last = span.end
    return "".join([*pieces, escape(article.text[last:])])


def escape(text: str, more: str = "") -> str:
    """Write braces, backslashes and the characters in ``more`` so that they stand for themselves."""
    escaped = re.sub(r"([{}\\])", r"\\\1", text)
    return re.sub(f"[{re.escape(more)}]", lambda char: code_escape(char[0]), escaped) if more else escaped


def code_escape(char: str) -> str:
    r"""Write a character of the basic plane as ``\uXXXX``."""
    return f"\\u{ord(char):04x}"


def unescape(text: str) -> str:
    """Undo ``escape``."""
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)


def full_label(short: str, names: Iterable[str]) -> str:
    """Return the one label that a mark's letters begin, or the letters themselves where none or several do."""
    fitting = [name for name in names if name == short] or [name for name in names if name.startswith(short)]
    return fitting[0] if len(fitting) == 1 else short


def _short_label(label: str, names: Iterable[str]) -> str:
    """Return the fewest first letters that ``full_label`` reads as this label."""
    shorter = (label[:length] for length in range(1, len(label)))
    return next((short for short in shorter if full_label(short, names) == label), label)


def _mark_error(marked: str, offset: int) -> MarkError:
    """Say what is wrong at an offset."""
    around = marked[max(offset - NEAR, 0) : offset + NEAR]
    if marked[offset] == "\\":
        return MarkError(rf"a backslash near {around!r}; write \\ for itself, \{{ \}} for a brace", offset)
    return MarkError(rf"a brace without its mark near {around!r}; write {{LABEL:mention}}, never nested", offset)
