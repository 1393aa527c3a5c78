"""Labelled text with its marks inside, as people write it by hand: ``قصف {A:الجيش} ب{P:حلب}``."""

from __future__ import annotations

import re

from ..errors import InputError
from .schema import Article, LabelSet, Span, default_labels

MARK = re.compile(r"\{(?P<label>\w+):(?P<mention>[^{}]*)\}")


def parse_inline(marked: str, id: str, labels: LabelSet | None = None) -> Article:
    """Read a text with inline marks.

    Args:
        marked: the text; a mention stands as ``{label:mention}``, the label by its name or its first letters.
        id: the article's id.
        labels: the labels that marks may name; default: the project's four.

    Raises:
        InputError: if a mark names no label or more than one, or a brace is left over.
    """
    names = default_labels() if labels is None else labels
    pieces: list[str] = []
    spans: list[Span] = []
    length = last = 0
    for mark in MARK.finditer(marked):
        before, mention = marked[last : mark.start()], mark["mention"]
        start = length + len(before)
        length = start + len(mention)
        spans.append(Span(start, length, _label(mark["label"], names, id)))
        pieces += [before, mention]
        last = mark.end()
    text = "".join([*pieces, marked[last:]])
    if stray := re.search("[{}]", text):
        around = text[max(stray.start() - 20, 0) : stray.start() + 20]
        raise InputError(f"{id}: a brace without its mark near {around!r}; write {{LABEL:mention}}, never nested")
    return Article(id, text, tuple(spans))


def _label(short: str, names: LabelSet, id: str) -> str:
    """Return the one label that a mark's letters begin."""
    fitting = [name for name in names if name == short] or [name for name in names if name.startswith(short)]
    if len(fitting) != 1:
        raise InputError(f"{id}: mark {{{short}:…}} names {'no label' if not fitting else ' and '.join(fitting)}")
    return fitting[0]
