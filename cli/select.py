"""``marsad annotations select``: what to label next."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import BAD_INPUT, ModelOption, complain, tell
from .corpus import refuse_input, with_progress

if TYPE_CHECKING:
    from ..annotations.schema import Article
    from ..inference.extractor import Extractor
    from ..inference.readers import Document
    from ..inference.selection import Pick


class Unit(StrEnum):
    """What a budget counts."""

    articles = "articles"
    words = "words"


def select(
    files: Annotated[list[str], typer.Argument(metavar="UNLABELLED…", help="What marsad extract reads.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File of tasks with the model's mentions.")],
    budget: Annotated[int, typer.Option(min=1, help="How much to label.")],
    unit: Annotated[Unit, typer.Option(help="What the budget counts.")] = Unit.articles,
    labelled: Annotated[
        list[Path] | None, typer.Option(help="Labelled articles, JSONL: neither these nor the like; repeatable.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="label-studio, doccano, jsonl …; default: what --out's name says.")
    ] = None,
    model: ModelOption = None,
    text_field: Annotated[str, typer.Option(help="Field that holds the text in .jsonl files.")] = "text",
) -> None:
    """Choose the articles most worth labelling: the model is unsure of them, and they are unlike one another."""
    from ..annotations.formats.base import Options
    from ..annotations.formats.conversion import format_named, guess_target, write
    from ..annotations.store import read_articles

    refuse_input(out, [*map(Path, files), *(labelled or ())])
    format_named(name := to or guess_target(out))
    known = [article.text for file in labelled or () for article in read_articles(file)]
    bad: list[str] = []
    documents = list(_readable(files, text_field, bad))
    if documents:
        from ..inference.extractor import Extractor

        extractor = Extractor.from_pretrained(model)
        articles = _choose(extractor, documents, known, budget, unit)
        for note in write(articles, out, name, Options(extractor.card.labels, predictions=True)):
            tell(note)
        tell(f"wrote {len(articles)} articles, {sum(len(article.text.split()) for article in articles):,} words: {out}")
    if bad or not documents:
        raise typer.Exit(BAD_INPUT)


def _readable(files: list[str], text_field: str, bad: list[str]) -> Iterator[Document]:
    """Yield the articles that can be labelled, and complain of the others, whose ids are added to ``bad``."""
    from ..inference.readers import Fields, Unreadable, read_documents

    ids: set[str] = set()
    for item in read_documents(files, Fields(text=text_field)):
        if isinstance(item, Unreadable):
            why = item.why
        elif item.id in ids:
            why = f"{item.id}: an id used before; left out"
        else:
            ids.add(item.id)
            yield item
            continue
        bad.append(item.id)
        complain(why)


def _choose(
    extractor: Extractor, documents: list[Document], known: list[str], budget: int, unit: Unit
) -> list[Article]:
    """Select articles and mark what the model finds in them."""
    from ..inference.selection import select as pick
    from ..inference.selection import uncertainties, unlabelled_originals

    originals = [documents[place] for place in unlabelled_originals([item.text for item in documents], known)]
    tell(f"{len(documents)} articles, {len(documents) - len(originals)} of them near-duplicates, left out")
    texts = [item.text for item in originals]
    uncertain = uncertainties(extractor, with_progress(texts, "reading"))
    costs = [len(text.split()) if unit == Unit.words else 1 for text in texts]
    picks = pick(texts, uncertain, costs, budget, known)
    return _with_mentions(extractor, [(originals[pick.place], pick) for pick in picks])


def _with_mentions(extractor: Extractor, chosen: list[tuple[Document, Pick]]) -> list[Article]:
    """Make articles with the model's mentions as spans, and why they were chosen in their meta."""
    from ..annotations.schema import Article, Span

    extractor.values = False
    articles = []
    found = extractor.stream(item.text for item, _ in chosen)
    for rank, ((item, pick), mentions) in enumerate(zip(chosen, found, strict=True), start=1):
        spans = tuple(Span(mention.start, mention.end, mention.label) for mention in mentions)
        why = {"rank": rank, "uncertainty": round(pick.uncertainty, 4), "similarity": round(pick.similarity, 4)}
        articles.append(Article(item.id, item.text, spans, {**item.meta, "selection": why}))
    return articles
