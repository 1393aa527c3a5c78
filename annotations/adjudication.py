"""Adjudication: a file with every disagreement for a third person to decide, and the merged articles.

The file is plain text, a block for each disagreement::

    [1/12] boundary 103-132 art-7
      > وقالت ⟦قوات سوريا الديمقراطية⟧ إن …
      A: ACTOR قوات سوريا
      B: ACTOR قوات سوريا الديمقراطية
      = B

After ``=`` stands the decision; see :data:`HELP`. ``rest KIND = …`` decides what is left open of a kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from ..errors import InputError
from .disagreements import Disagreement, Kind, find_disagreements, show_reading, stretches, unanimous, visible
from .parallel import Parallel, ParallelArticle
from .schema import Article, Span, default_labels
from .store import Problem
from .validation import article_problems

NONE, MAJORITY, OWN = "none", "majority", "own"

HELP = """\
# After "=" write the decision:
#   a letter   that annotator's reading
#   none       nothing is marked here
#   majority   the reading of more than half of the annotators; open where there is none
#   your own   written like the readings, for instance:  = ACTOR قوات سوريا + PLACE حلب
#              The first letters of a label are enough, "?" after it makes the span optional. Where a mention stands
#              twice nearby, add its offset:  = PLACE حلب@120
# What is left empty is open. To decide all that is open of a kind, write a letter, none or majority here:
"""

WINDOW = 200
"""Characters on each side of a stretch in which a mention of an own reading is looked for."""

HEADER = re.compile(r"\[\d+/\d+\] +\S+ +(?P<start>\d+)-(?P<end>\d+) +(?P<id>.+)")
REST = re.compile(r"rest (?P<kind>\S+) *=(?P<choice>.*)")
READING = re.compile(r"(?P<letter>[A-Z]): (?P<reading>.*)")
OWN_SPAN = re.compile(r"(?P<label>[^\s?]+)(?P<optional>\??)\s+(?P<mention>.+?)(?:@(?P<start>\d+))?")

Key = tuple[str, int, int]


@dataclass(slots=True)
class Block:
    """What the file says of one disagreement: its lines are counted from 1."""

    line: int
    readings: dict[str, str] = field(default_factory=dict)
    choice: str | None = None


@dataclass(slots=True)
class Decisions:
    """What a file of decisions says, still to be understood."""

    file: str
    blocks: dict[Key, Block] = field(default_factory=dict)
    rest: dict[str, tuple[int, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of adjudication.

    Attributes:
        articles: with agreed spans and decisions; complete only if there is no problem.
        counts: stretches by what decided them (agreed, a letter, none, majority, own), open and broken ones too.
        problems: what is broken or open, by line.
    """

    articles: Sequence[Article]
    counts: Mapping[str, int]
    problems: Sequence[Problem]


class BrokenDecisionError(Exception):
    """A decision that can't be understood; its message says why."""


def write_decisions(parallel: Parallel, path: Path) -> int:
    """Write every disagreement into a file to be decided; return how many there are.

    Raises:
        InputError: if the file is there already, for it may hold somebody's work.
    """
    found = find_disagreements(parallel.articles)
    try:
        with path.open("x", encoding="utf-8") as lines:
            names = ", ".join(f"{letter} = {visible(str(file))}" for letter, file in parallel.files.items())
            lines.write(f"# {len(found)} disagreements of {names}\n{HELP}")
            lines.writelines(f"rest {kind} =\n" for kind in dict.fromkeys(one.kind for one in found))
            for number, one in enumerate(found, start=1):
                lines.write(f"\n[{number}/{len(found)}] {_block(one)}")
    except FileExistsError:
        raise InputError(f"{path}: exists already and may hold decisions; name another file") from None
    return len(found)


def _block(one: Disagreement) -> str:
    before, stretch, after = one.context()
    readings = "".join(f"  {letter}: {reading}\n" for letter, reading in one.shown().items())
    header = f"{one.kind} {one.start}-{one.end} {visible(one.article.id)}"
    return f"{header}\n  > {before}⟦{stretch}⟧{after}\n{readings}  = \n"


def read_decisions(path: Path) -> Decisions:
    """Read a file of decisions; lines that are none of its own go to the problems.

    Raises:
        InputError: if the file is missing or not UTF-8 text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start + 1})") from None
    decisions = Decisions(str(path))
    block: Block | None = None
    for number, raw in enumerate(text.split("\n"), start=1):
        line = visible(raw).strip()
        if not line or line.startswith(("#", ">")):
            continue
        if header := HEADER.fullmatch(line):
            block = Block(number)
            what = _add_block(decisions, header, block)
        elif rest := REST.fullmatch(line):
            what = _add_rest(decisions, rest["kind"], number, rest["choice"].strip())
        else:
            what = _add_to_block(block, number, line)
        if what:
            decisions.problems.append(Problem(decisions.file, number, "", what))
    return decisions


def _add_block(decisions: Decisions, header: re.Match[str], block: Block) -> str | None:
    key = (header["id"], int(header["start"]), int(header["end"]))
    first = decisions.blocks.setdefault(key, block)
    return None if first is block else f"the same disagreement as in line {first.line}"


def _add_rest(decisions: Decisions, kind: str, number: int, choice: str) -> str | None:
    if kind not in list(Kind):
        return f"no such kind of disagreement: {kind!r} ({', '.join(Kind)})"
    if choice and decisions.rest.setdefault(kind, (number, choice))[0] != number:
        return f"decides the rest of {kind} a second time"
    return None


def _add_to_block(block: Block | None, number: int, line: str) -> str | None:
    """Take a reading or a decision into its block, or say why not."""
    if block is None or not (line.startswith("=") or READING.fullmatch(line)):
        return f"not understood: {line[:60]!r} (a decision stands after '=' below its readings)"
    if reading := READING.fullmatch(line):
        block.readings[reading["letter"]] = reading["reading"].strip()
    elif block.choice is not None:
        return "a second decision in one block; is the header of this one damaged?"
    else:
        block.choice, block.line = line.removeprefix("=").strip(), number
    return None


def merge(parallel: Parallel, decisions: Decisions, undecided: str = "") -> Merged:
    """Merge agreed spans and decisions.

    Args:
        parallel: the annotators' files, in the order in which the decisions were written.
        decisions: what was read from the file.
        undecided: the choice for all that the file leaves open: a letter, ``none`` or ``majority``; by default what is
            open is a problem.

    Raises:
        InputError: if ``undecided`` is no such choice.
    """
    judge = Judge(parallel, decisions, undecided)
    problems = [*decisions.problems, *judge.misfits()]
    counts: Counter[str] = Counter()
    articles = []
    for article in parallel.articles:
        verdicts = [judge(stretch) for stretch in stretches(article)]
        counts.update(verdict.how for verdict in verdicts)
        found = [(verdict.line, verdict.what) for verdict in verdicts if verdict.what] + _overlaps(article, verdicts)
        problems += [Problem(decisions.file, line, article.id, what) for line, what in found]
        spans = tuple(sorted(span for verdict in verdicts for span in verdict.spans))
        articles.append(Article(article.id, article.text, spans, article.meta))
    return Merged(articles, counts, sorted(problems, key=lambda problem: problem.line))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one stretch.

    Attributes:
        how: ``agreed``, the choice that decided (a letter, none, majority, own), ``open`` or ``broken``.
        what: why it is open or broken.
    """

    how: str
    spans: tuple[Span, ...] = ()
    line: int = 0
    what: str = ""


class Judge:
    """Applies decisions to stretches."""

    def __init__(self, parallel: Parallel, decisions: Decisions, undecided: str) -> None:
        """Prepare for a set of files; parameters as for :func:`merge`."""
        self.decisions = decisions
        self.undecided = undecided
        self.choices = {NONE, MAJORITY, *(letter.lower() for letter in parallel.files)}
        if undecided and undecided.lower() not in self.choices:
            raise InputError(f"--undecided {undecided}: not one of {', '.join(sorted(self.choices))}")
        spans = (span for article in parallel.articles for reading in article.readings.values() for span in reading)
        self.labels = sorted({*default_labels(), *(span.label for span in spans)})
        self.known = {_key(one) for one in find_disagreements(parallel.articles)}

    def misfits(self) -> Iterator[Problem]:
        """Yield what in the file applies to nothing."""
        for line, choice in self.decisions.rest.values():
            if choice.lower() not in self.choices:
                what = f"{choice!r} is no choice for a whole kind ({', '.join(sorted(self.choices))})"
                yield Problem(self.decisions.file, line, "", what)
        for key, block in self.decisions.blocks.items():
            if key not in self.known:
                what = f"no disagreement at {key[1]}-{key[2]} in the files given; did they change since?"
                yield Problem(self.decisions.file, block.line, key[0], what)

    def __call__(self, stretch: Disagreement) -> Verdict:
        """Return what becomes of a stretch."""
        if unanimous(stretch):
            return Verdict("agreed", next(iter(stretch.readings.values())))
        block = self.decisions.blocks.get(_key(stretch), Block(1))
        shown = stretch.shown()
        for letter, reading in block.readings.items():
            if shown.get(letter, "").strip() != reading:
                what = (
                    f"{letter} reads {shown.get(letter)!r} in the files given, not {reading!r}; other files or order?"
                )
                return Verdict("broken", line=block.line, what=what)
        try:
            return self._decide(stretch, block)
        except BrokenDecisionError as error:
            return Verdict("broken", line=block.line, what=str(error))

    def _decide(self, stretch: Disagreement, block: Block) -> Verdict:
        """Take the block's own decision, else that of its kind, else that for all."""
        own = block.choice or ""
        if own and own.lower() not in self.choices:
            return Verdict(OWN, _parse_reading(own, stretch, self.labels), block.line)
        if len(own) == 1 and own.upper() not in stretch.readings:
            raise BrokenDecisionError(f"{own.upper()} has not marked this article")
        _, for_kind = self.decisions.rest.get(stretch.kind, (0, ""))
        for choice in (own, for_kind, self.undecided):
            spans = _choose(stretch, choice)
            if spans is not None:
                return Verdict(choice.upper() if len(choice) == 1 else choice.lower(), spans, block.line)
        what = f"open: {stretch.kind} {stretch.start}-{stretch.end} " + " / ".join(stretch.shown().values())
        return Verdict("open", line=block.line, what=what)


def _key(stretch: Disagreement) -> Key:
    return visible(stretch.article.id).strip(), stretch.start, stretch.end


def _choose(stretch: Disagreement, choice: str) -> tuple[Span, ...] | None:
    """Return the spans that a choice stands for, or None where it decides nothing here."""
    if choice.lower() == NONE:
        return ()
    if choice.lower() != MAJORITY:
        return stretch.readings.get(choice.upper())
    letters = stretch.votes()[0]
    return stretch.readings[letters[0]] if 2 * len(letters) > len(stretch.readings) else None


def _parse_reading(written: str, stretch: Disagreement, labels: Sequence[str]) -> tuple[Span, ...]:
    """Return the spans of an adjudicator's own reading.

    Raises:
        BrokenDecisionError: if it can't be read, is not in the text, or breaks a rule of the format.
    """
    spans = tuple(sorted(_parse_span(part, stretch, labels) for part in re.split(r"\s\+\s", written)))
    fault = next(article_problems(Article(stretch.article.id, stretch.article.text, spans)), None)
    if fault:
        raise BrokenDecisionError(fault)
    return spans


def _parse_span(written: str, stretch: Disagreement, labels: Sequence[str]) -> Span:
    parts = OWN_SPAN.fullmatch(written.strip())
    if parts is None:
        raise BrokenDecisionError(f"{written!r} is no letter, none, majority or LABEL with its mention")
    short = parts["label"].upper()
    fitting = [name for name in labels if name.upper() == short] or [n for n in labels if n.upper().startswith(short)]
    if len(fitting) != 1:
        raise BrokenDecisionError(
            f"{parts['label']!r} names {' and '.join(fitting) or 'no label'} ({', '.join(labels)})"
        )
    start, end = _locate(parts["mention"], parts["start"], stretch)
    return Span(start, end, fitting[0], optional=bool(parts["optional"]))


def _locate(mention: str, start: str | None, stretch: Disagreement) -> tuple[int, int]:
    """Find the place of a mention as the file shows it: in the stretch if it is there once, else nearby."""
    text = stretch.article.text
    first, last = max(stretch.start - WINDOW, 0), min(stretch.end + WINDOW, len(text))
    shown = [place for place in range(first, last) if visible(text[place])]
    nearby = visible(text[first:last])
    # A lookahead also finds places that overlap each other.
    pattern = f"(?=({r' +'.join(map(re.escape, mention.split()))}))"
    places = [(shown[hit.start(1)], shown[hit.end(1) - 1] + 1) for hit in re.finditer(pattern, nearby)]
    inside = [(begin, end) for begin, end in places if begin < stretch.end and stretch.start < end]
    fitting = [place for place in places if place[0] == int(start)] if start else inside or places
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise BrokenDecisionError(f"{mention!r} is not in the text near {stretch.start}-{stretch.end}")
    offsets = " or ".join(f"@{begin}" for begin, _ in fitting)
    raise BrokenDecisionError(f"{mention!r} stands {len(fitting)} times here; add its place, {offsets}")


def _overlaps(article: ParallelArticle, verdicts: Sequence[Verdict]) -> list[tuple[int, str]]:
    """Return where own readings run into spans decided elsewhere, with the line to mend."""
    placed = sorted(((span, verdict) for verdict in verdicts for span in verdict.spans), key=lambda one: one[0])
    found = []
    for (span, verdict), (other, its_verdict) in pairwise(placed):
        if span.overlaps(other):
            mended = verdict if verdict.how == OWN else its_verdict
            one, two = (show_reading(article.text, [each]) for each in (span, other))
            found.append((mended.line, f"{one} ({span.start}-{span.end}) overlaps {two} ({other.start}-{other.end})"))
    return found
