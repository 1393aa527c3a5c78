"""What one visitor has read and corrected, and the files to take away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...annotations.schema import Article, Span
from ...annotations.store import SURROGATES, write_articles
from ...errors import InputError
from ..batch.each import Found
from ..geojson import GeoJson
from ..kinds import kinds_of
from ..mentions import Mention
from ..outputs import Layout, OutputFormat, open_writer
from ..readers import Document, Fields, Item, Unreadable, read_source
from ..sources import InputFormat, Source
from .correction import find, mark, unmark

PASTED = "pasted"
"""Id of the text in the box."""

UPLOADS = {".txt": InputFormat.text, ".jsonl": InputFormat.jsonl}
"""Files that may be uploaded."""


@dataclass(frozen=True, slots=True)
class Session:
    """A visitor's articles.

    Attributes:
        found: what the model found in each.
        corrected: the same articles with the visitor's marks.
        shown: place of the article on the screen.
        selected: offsets of what is selected in it.
        folder: where the files to take away are.
    """

    found: tuple[Found, ...]
    corrected: tuple[Article, ...]
    folder: TemporaryDirectory[str]
    shown: int = 0
    selected: tuple[int, int] | None = None

    @classmethod
    def start(cls, documents: Sequence[Document], mentions: Sequence[Sequence[Mention]]) -> Session:
        """Begin with the model's marks."""
        found = tuple(Found(*pair) for pair in zip(documents, mentions, strict=True))
        return cls(found, tuple(map(as_article, found)), TemporaryDirectory(prefix="marsad-"))

    @property
    def article(self) -> Article:
        """The article on the screen, with the visitor's marks."""
        return self.corrected[self.shown]

    @property
    def mentions(self) -> Sequence[Mention]:
        """What the model found in the article on the screen."""
        return self.found[self.shown].mentions

    def with_article(self, article: Article) -> Session:
        """Return the session with other marks in the article on the screen."""
        corrected = (*self.corrected[: self.shown], article, *self.corrected[self.shown + 1 :])
        return replace(self, corrected=corrected, selected=None)


def as_article(found: Found) -> Article:
    """Return what the model found as a labelled article."""
    spans = tuple(Span(mention.start, mention.end, mention.label) for mention in found.mentions)
    return Article(found.document.id, found.document.text, spans, found.document.meta)


def read_inputs(text: str, uploads: Sequence[str]) -> Iterator[Item]:
    """Yield the articles in the box and in uploaded files, and what could not be read.

    Args:
        text: what is in the box.
        uploads: where the uploaded files were put, each under its own name.
    """
    if text.strip():
        yield Document(PASTED, text)
    for item in (item for upload in uploads for item in _read_upload(Path(upload))):
        yield _encodable(item)


def _encodable(item: Item) -> Item:
    """Refuse what a browser can't be sent."""
    if isinstance(item, Document) and SURROGATES.search(json.dumps(asdict(item), ensure_ascii=False)):
        shown = SURROGATES.sub("\ufffd", item.id)
        return Unreadable(shown, f"{shown}: holds half a character (a lone surrogate); mend the file first")
    return item


def _read_upload(path: Path) -> Iterator[Item]:
    """Yield a file's articles; a visitor sees its name, never where it was put."""
    if path.suffix.lower() not in UPLOADS:
        yield Unreadable(path.name, f"{path.name}: not read; upload {' or '.join(UPLOADS)}")
        return
    fields = Fields(format=UPLOADS[path.suffix.lower()])
    for item, _ in read_source(Source(str(path), path.name), fields):
        if isinstance(item, Unreadable):
            yield replace(item, id=item.id.replace(str(path), path.name), why=item.why.replace(str(path), path.name))
        else:
            yield replace(item, id=item.id.replace(str(path), path.name))


def write_results(session: Session) -> dict[str, Path]:
    """Write what the model found as files; return where, by the suffix of each."""
    found = session.found
    kinds = kinds_of(each.document.meta for each in found)
    paths = {suffix: Path(session.folder.name) / f"marsad.{suffix}" for suffix in ("jsonl", "csv", "geojson")}
    for suffix in (OutputFormat.jsonl, OutputFormat.csv):
        with paths[suffix].open("wb") as out, open_writer(out, Layout.of(suffix), kinds) as writer:
            _write_all(writer, found)
    with paths["geojson"].open("w", encoding="utf-8", newline="") as out:
        writer = GeoJson(out)
        _write_all(writer, found)
        writer.close()
    return paths


def write_correction(session: Session) -> Path:
    """Write the articles with the visitor's marks, as ``marsad annotations`` reads them."""
    path = Path(session.folder.name) / "corrected.jsonl"
    write_articles(session.corrected, path)
    return path


def correct(session: Session, words: str, label: str | None) -> tuple[Session, str]:
    """Mark what is selected or typed with a label, or take its mark away.

    Args:
        session: as it is.
        words: what the visitor selected or typed.
        label: the label; None takes the mark away.

    Returns:
        The session with the change, and what was done, in one line.

    Raises:
        InputError: if it can't be done.
    """
    article, selected = session.article, session.selected
    if selected is None or article.text[slice(*selected)].strip() != words.strip():
        selected = find(article, words, marked=label is None)
    changed = unmark(article, *selected) if label is None else mark(article, *selected, label)
    if changed.spans == article.spans:
        raise InputError("already marked so")
    done = "no longer marked" if label is None else f"marked as {label}"
    return session.with_article(changed), f"“{article.text[slice(*selected)].strip()}”: {done}"


def _write_all(writer: Any, found: Sequence[Found]) -> None:  # noqa: ANN401
    for each in found:
        writer.write(each.document, each.mentions)
