"""CoNLL files: a token and its tag on each line, a blank line after each sentence.

Ours hold the text beside the tokens, a ``# text =`` for each of its lines, so that nothing is lost:
``# id``, ``# meta`` (JSON) and ``# optional`` (offsets) stand before an article. A value that one line can't hold
stands as JSON after ``# text_json =`` or ``# id_json =``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..repair import Draft, Finding, Mark
from ..schema import Article, Span
from ..store import Problem
from .base import Noted, Options, Record, check_labels, read_text, write_text
from .tokens import TAG, MisplacedTokenError, Scheme, place_tokens, read_tags, scheme_of, summarize_tokens, tag_tokens

COMMENT = re.compile(r"# (?P<key>\w+(?: id)?) =(?: (?P<value>.*))?", re.DOTALL)
START = "-DOCSTART-"
LINE_BREAKS = re.compile(r"[\r\v\f\x1c-\x1e\x85\u2028\u2029\n]")
OPTIONAL = re.compile(r"\d+-\d+(?: \d+-\d+)*")


@dataclass(frozen=True, slots=True)
class _Row:
    """A token with its tag and line."""

    form: str
    tag: str
    line: int


@dataclass(slots=True)
class _Sentence:
    """The lines up to a blank one: the lines of the text that they hold, and their tokens."""

    text: list[str] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)


@dataclass(slots=True)
class _Section:
    """The lines of one article."""

    line: int
    id: str = ""
    meta: dict[str, Any] = field(default_factory=dict)
    optional: set[tuple[int, int]] = field(default_factory=set)
    sentences: list[_Sentence] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    fault: Problem | None = None


def read(path: Path, options: Options) -> Iterator[Record]:
    """Read a file, in IOB1, IOB2, BIOES or BILOU; token and tag are the first and the last column."""
    reader = _Reader(str(path))
    lines = read_text(path).removeprefix("\ufeff").split("\n")
    for number, line in enumerate(lines, start=1):
        reader.read_line(number, line.removesuffix("\r"))
    reader.end_sentence()
    yield from reader.notes
    sections = [section for section in reader.sections if section.sentences or section.fault]
    if not reader.marked:
        sections = list(_one_each(sections))
        yield Noted("articles, each one sentence: no # id and no -DOCSTART- in the file", len(sections))
    sentences = (sentence for section in sections for sentence in section.sentences)
    scheme = scheme_of([tag for sentence in sentences for tag in (*(row.tag for row in sentence.rows), "O")])
    yield from (_settle_section(str(path), section, scheme) for section in sections)


def write(articles: Sequence[Article], path: Path, options: Options) -> list[str]:
    """Write a file in IOB2; a sentence is a line of the text, or the lines that a mention runs over."""
    check_labels(articles, "conll")
    write_text(path, "".join(f"{line}\n" for article in articles for line in _lines_of(article)))
    return [summarize_tokens(articles), "sentences: the lines of the text"]


class _Reader:
    """Reads a file line by line into sections."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.sections = [_Section(1)]
        self.notes: list[Noted] = []
        self.marked = False
        self._sentence = _Sentence()

    def read_line(self, number: int, line: str) -> None:
        """Read one line."""
        comment = COMMENT.fullmatch(line)
        if not line.strip():
            self.end_sentence()
        elif line.startswith(START):
            self._begin(number)
        elif comment is not None:
            self._read_comment(number, comment["key"], comment["value"] or "")
        else:
            self._read_token(number, line)

    def end_sentence(self) -> None:
        """End the sentence; where the file does not hold its text, the text is its tokens with spaces between."""
        sentence, self._sentence = self._sentence, _Sentence()
        if sentence.rows and not sentence.text:
            sentence.text.append(" ".join(row.form for row in sentence.rows))
            self.notes.append(Noted("sentences without # text: a space put between tokens"))
        if sentence.text:
            self.sections[-1].sentences.append(sentence)

    def _begin(self, number: int) -> None:
        """Begin an article."""
        self.end_sentence()
        self.marked = True
        self.sections.append(_Section(number))

    def _read_comment(self, number: int, key: str, value: str) -> None:
        """Read a comment."""
        if key in ("id", "newdoc id", "id_json"):
            self._begin(number)
        section = self.sections[-1]
        try:
            if key in ("id", "newdoc id", "id_json"):
                section.id = str(json.loads(value)) if key == "id_json" else value
            elif key in ("text", "text_json"):
                self._sentence.text.append(str(json.loads(value)) if key == "text_json" else value)
            elif key == "meta":
                section.meta = dict(json.loads(value))
            elif key == "optional" and OPTIONAL.fullmatch(value):
                section.optional = {(int(start), int(end)) for start, end in re.findall(r"(\d+)-(\d+)", value)}
            else:
                self.notes.append(Noted(f"comments ignored: # {key}"))
        except (ValueError, TypeError):
            section.fault = Problem(self.file, number, section.id, f"# {key} holds no JSON of its kind")

    def _read_token(self, number: int, line: str) -> None:
        """Read a token and its tag."""
        columns = [column for column in re.split("\t" if "\t" in line else " ", line) if column]
        tag = columns[-1]
        if len(columns) < 2 or (tag != "O" and not TAG.fullmatch(tag)):
            reason = "no tag" if len(columns) < 2 else "not a tag"
            what = f"{line}: {reason} (O, or B-, I-, E-, S-, L- or U- and a label); read as O"
            problem = Problem(self.file, number, self.sections[-1].id, what)
            self.sections[-1].findings.append(Finding(problem, "rejected", reason))
            tag = "O"
        self._sentence.rows.append(_Row(columns[0], tag, number))


def _one_each(sections: list[_Section]) -> Iterator[_Section]:
    """Make an article of each sentence, for a file that does not say where articles begin."""
    for section in sections:
        for sentence in section.sentences:
            lines = {row.line for row in sentence.rows}
            if lines:
                findings = [finding for finding in section.findings if finding.problem.line in lines]
                yield replace(section, line=min(lines), sentences=[sentence], findings=findings)


def _settle_section(file: str, section: _Section, scheme: Scheme) -> Draft | Problem:
    """Find each token in the text, and make an article's spans of the tags."""
    id = section.id or f"{Path(file).stem}-{section.line}"
    if section.fault is not None:
        return replace(section.fault, id=id)
    text = "\n".join(line for sentence in section.sentences for line in sentence.text)
    marks: list[Mark] = []
    findings = [replace(finding, problem=replace(finding.problem, id=id)) for finding in section.findings]
    at = 0
    for rows in (sentence.rows for sentence in section.sentences):
        try:
            tokens = place_tokens(text, [row.form for row in rows], [row.tag for row in rows], at)
        except MisplacedTokenError as error:
            return Problem(file, rows[error.place].line, id, str(error))
        at = tokens[-1].end if tokens else at
        found, faults = read_tags(text, tokens, scheme, [Problem(file, row.line, id, "") for row in rows])
        marks += [replace(mark, optional=(mark.start, mark.end) in section.optional) for mark in found]
        findings += faults
    return Draft(file, section.line, id, text, tuple(marks), section.meta, tuple(findings))


def _lines_of(article: Article) -> Iterator[str]:
    """Yield the lines of an article."""
    yield _comment("id", article.id)
    if article.meta:
        yield f"# meta = {json.dumps(dict(article.meta), ensure_ascii=False)}"
    if optional := [f"{span.start}-{span.end}" for span in article.spans if span.optional]:
        yield f"# optional = {' '.join(optional)}"
    tokens = tag_tokens(article.text, article.spans)
    place = 0
    for start, end in _sentences(article.text, article.spans):
        yield from (_comment("text", line) for line in article.text[start:end].split("\n"))
        first = place
        while place < len(tokens) and tokens[place].start < end:
            yield f"{article.text[tokens[place].start : tokens[place].end]}\t{tokens[place].tag}"
            place += 1
        if place > first:
            yield ""


def _sentences(text: str, spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """Yield the offsets of the lines of a text, taking together those that a span runs over."""
    joined = {place for span in spans for place in range(span.start, span.end)}
    breaks = [found.start() for found in re.finditer("\n", text) if found.start() not in joined]
    yield from zip([0, *(place + 1 for place in breaks)], [*breaks, len(text)], strict=True)


def _comment(key: str, value: str) -> str:
    """Write a comment, as JSON where a line can't hold the value."""
    return f"# {key}_json = {json.dumps(value)}" if LINE_BREAKS.search(value) else f"# {key} = {value}"
