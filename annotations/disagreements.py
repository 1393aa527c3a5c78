"""Where annotators disagree: found, sorted by kind, and laid out side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from textwrap import wrap

from rich.table import Table
from rich.text import Text

from .parallel import Parallel, ParallelArticle
from .schema import Span

CONTEXT = 60
"""Characters of the text on each side of a disagreement that are shown, to the next word."""

ISOLATE = ("\u2068", "\u2069")
"""First-strong isolate and its end: a terminal that knows them orders each cell for itself, not across columns."""

WHERE_WIDTH = 14
MIN_WIDTH = 8
"""Columns of the screen that the place of a disagreement takes, and that a reading takes at least."""


class Kind(StrEnum):
    """In what the readings of a stretch differ."""

    LABEL = "label"
    BOUNDARY = "boundary"
    BOTH = "label+boundary"
    MISSING = "missing"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A stretch of text that annotators read differently.

    Spans that overlap, whoever made them, belong to one stretch; so the readings of one stretch never touch another.

    Attributes:
        readings: by letter, the annotator's spans inside the stretch; empty where nothing was marked.
    """

    article: ParallelArticle
    start: int
    end: int
    readings: Mapping[str, tuple[Span, ...]]

    @property
    def kind(self) -> Kind:
        """Tell in what the readings differ."""
        readings = self.readings.values()
        if not all(readings):
            return Kind.MISSING
        if len({tuple((span.start, span.end) for span in spans) for spans in readings}) == 1:
            return Kind.OPTIONAL if len(set(readings)) == 1 else Kind.LABEL
        return Kind.BOUNDARY if len({frozenset(span.label for span in spans) for spans in readings}) == 1 else Kind.BOTH

    def votes(self) -> list[list[str]]:
        """Return the letters of those who read alike, optional marks included, the most votes first."""
        alike: dict[object, list[str]] = {}
        for letter, spans in self.readings.items():
            # Spans compare equal whether optional or not.
            alike.setdefault(tuple((span, span.optional) for span in spans), []).append(letter)
        return sorted(alike.values(), key=len, reverse=True)

    def shown(self) -> dict[str, str]:
        """Return each annotator's reading as text."""
        return {letter: show_reading(self.article.text, spans) for letter, spans in self.readings.items()}

    def context(self) -> tuple[str, str, str]:
        """Return the stretch with what stands before and after it."""
        text = self.article.text
        first, last = max(self.start - CONTEXT, 0), min(self.end + CONTEXT, len(text))
        before, after = visible(text[first : self.start]), visible(text[self.end : last])
        # A word cut in two misleads; a single overlong one is shown cut.
        before = "…" + (before.partition(" ")[2] or before) if first else before
        after = (after.rpartition(" ")[0] or after) + "…" if last < len(text) else after
        return before, visible(text[self.start : self.end]), after


def stretches(article: ParallelArticle) -> Iterator[Disagreement]:
    """Yield each stretch of an article that anyone marked, in text order, also those that all read alike."""
    spans = sorted(span for reading in article.readings.values() for span in reading)
    start = end = 0
    for span in spans:
        if span.start >= end:
            if end:
                yield _stretch(article, start, end)
            start = span.start
        end = max(end, span.end)
    if end:
        yield _stretch(article, start, end)


def _stretch(article: ParallelArticle, start: int, end: int) -> Disagreement:
    readings = {
        letter: tuple(span for span in spans if start <= span.start < end) for letter, spans in article.readings.items()
    }
    return Disagreement(article, start, end, readings)


def unanimous(stretch: Disagreement) -> bool:
    """Tell whether all annotators read a stretch alike, optional marks included."""
    return len(stretch.votes()) == 1


def find_disagreements(articles: Iterable[ParallelArticle]) -> list[Disagreement]:
    """Return every disagreement, by kind, then so that like cases stand together."""
    found = [stretch for article in articles for stretch in stretches(article) if not unanimous(stretch)]
    kinds = list(Kind)
    return sorted(found, key=lambda one: (kinds.index(one.kind), visible(one.article.text[one.start : one.end])))


def count_kinds(found: Sequence[Disagreement]) -> dict[str, int]:
    """Count disagreements by kind."""
    counts = Counter(one.kind for one in found)
    return {str(kind): counts[kind] for kind in Kind}


def show_reading(text: str, spans: Sequence[Span]) -> str:
    """Return spans as one writes them: ``LABEL mention + LABEL? mention``, a ``?`` where optional, or ``none``."""
    shown = (f"{visible(span.label)}{'?' * span.optional} {visible(text[span.start : span.end])}" for span in spans)
    return " + ".join(shown) or "none"


def visible(text: str) -> str:
    """Return text on one line, without what acts on a terminal or on the order of a line."""
    return "".join(" " if char.isspace() else char for char in text if char.isprintable() or char.isspace())


def as_table(found: Sequence[Disagreement], letters: Sequence[str], width: int) -> Table:
    """Lay disagreements out side by side for a screen or a text file of some columns' width."""
    # A table rules off each column with 3 characters; the text gets twice the room of a reading.
    room = max((width - WHERE_WIDTH - 3 * (len(letters) + 2) - 1) // (len(letters) + 2), MIN_WIDTH)
    table = Table(title=f"{len(found):,} disagreements", title_justify="left", show_lines=True)
    table.add_column("where", width=WHERE_WIDTH, overflow="fold")
    table.add_column("text", width=2 * room, justify="right")
    for letter in letters:
        table.add_column(letter, width=room)
    for one in found:
        before, stretch, after = one.context()
        where = Text(f"{one.kind}\n{visible(one.article.id)}\n{one.start}–{one.end}")
        readings = one.shown()
        cells = (_wrapped(readings.get(letter, ""), room) for letter in letters)
        table.add_row(where, _wrapped(f"{before}⟦{stretch}⟧{after}", 2 * room), *cells)
    return table


def _wrapped(text: str, width: int) -> Text:
    """Return text in lines that keep their own direction; a terminal orders each line for itself."""
    opened, closed = ISOLATE
    return Text("\n".join(f"{opened}{line}{closed}" for line in wrap(text, width)))


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Disagreements</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
body { margin: 1.5rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem; }
th, td { border: 1px solid #8886; padding: .4rem .6rem; vertical-align: top; text-align: start; }
thead th { position: sticky; top: 0; background: Canvas; }
td[dir=rtl] { min-width: 14rem; font-size: 1.1rem; }
mark { background: #f0e44299; color: inherit; border-radius: .2rem; }
.place, .none { color: GrayText; font-size: .85rem; overflow-wrap: anywhere; }
.label { font-size: .75rem; font-weight: 600; letter-spacing: .03em; }
@media print { thead th { position: static; } tr { break-inside: avoid; } }
</style>
<h1>{{ total }} disagreements</h1>
<p>{% for letter, file in files.items() %}<b>{{ letter }}</b> = {{ file }} &ensp; {% endfor %}</p>
<nav>{% for kind, rows in kinds.items() %}
<a href="#{{ kind }}">{{ kind }}: {{ rows | length }}</a> &ensp;
{% endfor %}</nav>
{% for kind, rows in kinds.items() %}
<h2 id="{{ kind }}">{{ kind }}: {{ rows | length }}</h2>
<table><thead><tr><th>article<th>text{% for letter in files %}<th>{{ letter }}{% endfor %}</thead><tbody>
{% for row in rows %}
<tr><td class="place">{{ row.id }}<br>{{ row.place }}
<td dir="rtl">{{ row.before }}<mark>{{ row.stretch }}</mark>{{ row.after }}
{% for spans in row.readings %}
<td>{% if spans is not none %}
{% for label, mention in spans %}
<div><span class="label">{{ label }}</span> <bdi>{{ mention }}</bdi></div>
{% else %}
<span class="none">none</span>
{% endfor %}
{% endif %}
{% endfor %}
{% endfor %}
</tbody></table>
{% endfor %}
</html>
"""


def as_page(found: Sequence[Disagreement], parallel: Parallel) -> str:
    """Lay disagreements out side by side as an HTML page that needs nothing else."""
    from jinja2 import Environment

    kinds: dict[str, list[dict[str, object]]] = {}
    for one in found:
        kinds.setdefault(str(one.kind), []).append(_page_row(one, list(parallel.files)))
    files = {letter: visible(str(path)) for letter, path in parallel.files.items()}
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(PAGE)
    return page.render(total=f"{len(found):,}", files=files, kinds=kinds)


def _page_row(one: Disagreement, letters: Sequence[str]) -> dict[str, object]:
    text = one.article.text
    before, stretch, after = one.context()
    spans = {
        letter: [(visible(span.label) + "?" * span.optional, visible(text[span.start : span.end])) for span in reading]
        for letter, reading in one.readings.items()
    }
    place = f"{one.start}–{one.end}"
    named = {"id": visible(one.article.id), "place": place, "before": before, "stretch": stretch, "after": after}
    return {**named, "readings": [spans.get(letter) for letter in letters]}
