"""From one format to another, with an account of everything that is not kept as it was."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import InputError
from ..repair import Draft, Finding, settle
from ..schema import Article, LabelSet
from ..store import Located, Problem
from ..validation import Seen
from . import brat, conll, doccano, hugging_face, label_studio, marked, own, prodigy
from .base import Format, Noted, Options, read_bytes

SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".marked": "inline",
    ".json": "label-studio",
    ".conll": "conll",
    ".iob": "conll",
    ".iob2": "conll",
    ".bio": "conll",
    ".tsv": "conll",
    ".parquet": "hf",
}
"""What the end of a file's name says."""
SAMPLE = 1 << 16
"""Bytes of a file that its format is guessed from."""
FORMATS: dict[str, Format] = {
    "jsonl": Format(own.read, own.write),
    "inline": Format(marked.read, marked.write),
    "label-studio": Format(label_studio.read, label_studio.write),
    "doccano": Format(doccano.read, doccano.write),
    "prodigy": Format(prodigy.read, prodigy.write),
    "brat": Format(brat.read, brat.write),
    "conll": Format(conll.read, conll.write),
    "hf": Format(hugging_face.read, hugging_face.write),
}
"""The formats by the name that a user gives."""


@dataclass(slots=True)
class Account:
    """What came of reading a file.

    Attributes:
        articles: the articles that are kept.
        findings: what was repaired or rejected.
        notes: how often something was met that a user should know.
        repeated: articles kept although another one has the same text.
    """

    articles: list[Article] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    repeated: list[Problem] = field(default_factory=list)

    @property
    def rejected(self) -> bool:
        """Tell whether anything was rejected."""
        return any(finding.verdict == "rejected" for finding in self.findings)

    def summary(self) -> list[str]:
        """Return the lines that sum it up."""
        spans = sum(len(article.spans) for article in self.articles)
        repaired, rejected = self._reasons("repaired", "span"), self._reasons("rejected", "span")
        lost = self._reasons("rejected", "article")
        lines = [
            f"{len(self.articles)} articles kept, {_counted(lost, 'rejected')}",
            f"{spans - repaired.total()} spans exact, {_counted(repaired, 'repaired')}, "
            f"{_counted(rejected, 'rejected')}",
        ]
        return [*lines, *(f"{count} {what}" for what, count in sorted(self.notes.items()))]

    def _reasons(self, verdict: str, unit: str) -> Counter[str]:
        return Counter(item.reason for item in self.findings if (item.verdict, item.unit) == (verdict, unit))


def read(path: Path, name: str, options: Options, tell: Callable[[str], object] | None = None) -> Account:
    """Read a file or folder, and settle each article in it.

    Args:
        path: the file or folder.
        name: its format.
        options: what else is to be known of it.
        tell: is told how far it got, after each article.

    Raises:
        InputError: if it can't be read at all.
    """
    account = Account()
    seen = Seen()
    for record in format_named(name).read(path, options):
        if isinstance(record, Noted):
            account.notes[record.what] += record.count
        elif isinstance(record, Problem):
            account.findings.append(Finding(record, "rejected", "unreadable", "article"))
        else:
            _add(account, seen, record, options.labels)
            if tell is not None:
                tell(f"{len(account.articles):,} articles read")
    return account


def _add(account: Account, seen: Seen, draft: Draft, labels: LabelSet | None) -> None:
    """Add an article to the account, or say why not."""
    fault = _article_fault(draft, seen)
    if fault is not None:
        problem = Problem(draft.file, draft.line, draft.id.encode("utf-8", "replace").decode(), fault)
        account.findings.append(Finding(problem, "rejected", fault.split(" at ")[0], "article"))
        return
    article, findings = settle(draft, labels)
    account.articles.append(article)
    account.findings += findings
    for what in seen.problems(Located(draft.file, draft.line, article)):
        account.repeated.append(Problem(draft.file, draft.line, draft.id, f"{what} (kept)"))


def _article_fault(draft: Draft, seen: Seen) -> str | None:
    """Say what keeps an article as a whole from being kept, or None."""
    if not draft.text.strip():
        return "empty text"
    if (first := seen.ids.get(draft.id)) is not None:
        return f"id already used at {first.file}:{first.line}"
    try:
        json.dumps([draft.id, draft.text, dict(draft.meta)], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "half a character (a lone surrogate), which no file can hold"
    return None


def write(articles: Sequence[Article], path: Path, name: str, options: Options) -> list[str]:
    """Write articles, and return what a user should know about the result.

    Raises:
        InputError: if it can't be written, there is nothing to write, or a folder is not empty: what lies in it
            would mix with what is written.
    """
    if not articles:
        raise InputError(f"no article to write; {path} is left as it was")
    if path.is_dir() and any(path.iterdir()):
        raise InputError(f"{path}: a folder that is not empty; name a new one")
    return format_named(name).write(articles, path, options)


def format_named(name: str) -> Format:
    """Return a format by its name.

    Raises:
        InputError: if there is none of this name.
    """
    if name not in FORMATS:
        raise InputError(f"no format {name!r} (formats: {', '.join(FORMATS)})")
    return FORMATS[name]


def _counted(reasons: Counter[str], verdict: str) -> str:
    """Write how many, and for what reasons."""
    listed = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    return f"{reasons.total()} {verdict}" + (f" ({listed})" if listed else "")


def check_apart(source: Path, target: Path) -> None:
    """Make sure that writing the target can't destroy the source.

    Raises:
        InputError: if they are one, or one lies in the other.
    """
    one, other = source.resolve(), target.resolve()
    if (
        one == other
        or one in other.parents
        or other in one.parents
        or (source.exists() and target.exists() and source.samefile(target))
    ):
        raise InputError(f"{target}: OUT is IN or lies in it, and writing would destroy it; name another")


def guess_source(path: Path) -> str:
    """Guess the format of a file or folder by its content, or else by its name.

    Raises:
        InputError: if nothing tells it.
    """
    if path.is_dir():
        name = "hf" if any(path.glob("dataset*.json")) else "brat" if any(path.rglob("*.ann")) else None
    else:
        name = _guess_content(read_bytes(path)[:SAMPLE]) or SUFFIXES.get(path.suffix.lower())
    if name is None:
        raise InputError(
            f"{path}: neither name nor content tells the format; say it with --from ({', '.join(FORMATS)})"
        )
    return name


def guess_target(path: Path) -> str:
    """Guess the format that a name asks for.

    Raises:
        InputError: if the name says nothing.
    """
    if path.suffix.lower() in SUFFIXES:
        return SUFFIXES[path.suffix.lower()]
    raise InputError(f"{path}: the name does not tell the format; say it with --to ({', '.join(FORMATS)})")


def _guess_content(start: bytes) -> str | None:
    """Guess the format of a file by how it begins."""
    if start.startswith(b"PAR1"):
        return "hf"
    text = start.decode("utf-8-sig", "replace").lstrip()
    first = text.partition("\n")[0]
    if first.startswith(marked.HEADER.decode()):
        return "inline"
    if first.startswith(("# id", "# newdoc", conll.START)) or re.fullmatch(
        r"\S+[ \t](.*[ \t])?(O|[BIESLU]-\S+)\s*", first
    ):
        return "conll"
    return _guess_json(text, first) if first.startswith(("{", "[")) else None


def _guess_json(text: str, first: str) -> str | None:
    """Guess the format of JSON by the keys that come first; a record may be longer than what is looked at."""
    if text.startswith("[") or first == "{":
        return "label-studio"
    try:
        keys = set(json.loads(first))
    except ValueError:
        keys = set(re.findall(r'"(\w+)" ?:', first))
    if keys & {"annotations", "predictions"}:
        return "label-studio"
    if keys & {"tokens", "answer", "_task_hash", "_input_hash"}:
        return "prodigy"
    if "spans" in keys:
        return "jsonl"
    return "doccano" if keys & {"label", "labels", "entities"} else None
