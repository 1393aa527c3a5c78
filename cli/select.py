"""``marsad annotations select`` and ``prelabel``: what to label next, and labels for a start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import islice, tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .console import BAD_INPUT, ModelOption, complain, tell
from .corpus import refuse_input, with_progress

if TYPE_CHECKING:
    from ..annotations.schema import Article
    from ..inference.extractor import Extractor
    from ..inference.readers import Document
    from ..inference.selection import Pick


UnlabelledArgument = Annotated[list[str], typer.Argument(metavar="UNLABELLED…", help="What marsad extract reads.")]
LabelledOption = Annotated[
    list[Path] | None, typer.Option(help="Labelled articles, JSONL: neither these nor the like; repeatable.")
]
FormatOption = Annotated[
    str | None, typer.Option(help="label-studio, doccano, jsonl …; default: what --out's name says.")
]
TextFieldOption = Annotated[str, typer.Option(help="Field that holds the text in .jsonl files.")]


class Unit(StrEnum):
    """What a budget counts."""

    articles = "articles"
    words = "words"


def select(
    files: UnlabelledArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of tasks with the model's mentions.")],
    budget: Annotated[int, typer.Option(min=1, help="How much to label.")],
    unit: Annotated[Unit, typer.Option(help="What the budget counts.")] = Unit.articles,
    labelled: LabelledOption = None,
    to: FormatOption = None,
    model: ModelOption = None,
    text_field: TextFieldOption = "text",
) -> None:
    """Choose the articles most worth labelling: the model is unsure of them, and they are unlike one another."""
    name, known = _prepare(files, out, to, labelled)
    bad: list[str] = []
    documents = list(_readable(files, text_field, bad))
    if documents:
        from ..inference.extractor import Extractor

        extractor = Extractor.from_pretrained(model)
        articles = _choose(extractor, documents, known, budget, unit)
        _write(articles, out, name, extractor)
    if bad or not documents:
        raise typer.Exit(BAD_INPUT)


def prelabel(
    files: UnlabelledArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File of articles with the model's mentions.")],
    passages: Annotated[
        int | None, typer.Option(metavar="WORDS", min=1, help="Cut articles at sentence ends into passages this long.")
    ] = None,
    sure: Annotated[
        float, typer.Option(min=0, max=1, help="Mentions with a lower score become optional: not trained on.")
    ] = 0.0,
    fewest: Annotated[int, typer.Option(min=0, help="Leave out texts with fewer mentions.")] = 1,
    most: Annotated[int | None, typer.Option(min=1, help="Stop after so many texts.")] = None,
    labelled: LabelledOption = None,
    to: FormatOption = None,
    model: ModelOption = None,
    text_field: TextFieldOption = "text",
) -> None:
    """Label articles with a model: a start for annotators, or more to train on (self-training)."""
    from ..inference.extractor import Extractor
    from ..inference.selection import unlabelled_originals

    name, known = _prepare(files, out, to, labelled)
    bad: list[str] = []
    documents = _readable(files, text_field, bad)
    extractor = Extractor.from_pretrained(model)
    found = _label(extractor, _in_passages(documents, passages) if passages else documents, sure)
    enough = islice((article for article in found if len(article.spans) >= fewest), most)
    articles = list(with_progress(enough, "labelling"))
    originals = unlabelled_originals([article.text for article in articles], known)
    if len(originals) < len(articles):
        tell(f"{len(articles) - len(originals)} near-duplicates, left out")
    _write([articles[place] for place in originals], out, name, extractor)
    if bad or not originals:
        raise typer.Exit(BAD_INPUT)


def _prepare(files: Iterable[str], out: Path, to: str | None, labelled: Iterable[Path] | None) -> tuple[str, list[str]]:
    """Check where the articles will go; return the name of the format, and the texts that are labelled already."""
    from ..annotations.formats.conversion import format_named, guess_target
    from ..annotations.store import read_articles

    before = list(labelled or ())
    refuse_input(out, [*map(Path, files), *before])
    format_named(name := to or guess_target(out))
    return name, [article.text for file in before for article in read_articles(file)]


def _in_passages(documents: Iterable[Document], longest: int) -> Iterator[Document]:
    """Yield the passages of documents, each with its article's id in the meta, by which splits keep them together."""
    from ..annotations.passages import cut

    for item in documents:
        for start, end in cut(item.text, longest):
            yield replace(
                item, id=f"{item.id}:{start}", text=item.text[start:end], meta={**item.meta, "article": item.id}
            )


def _label(extractor: Extractor, documents: Iterable[Document], sure: float = 0.0) -> Iterator[Article]:
    """Yield documents with the model's mentions as spans, those it is less than sure of marked optional."""
    from ..annotations.schema import Article, Span

    extractor.values = False
    items, texts = tee(documents)
    for item, mentions in zip(items, extractor.stream(item.text for item in texts), strict=True):
        spans = tuple(Span(m.start, m.end, m.label, m.score < sure) for m in mentions)
        yield Article(item.id, item.text, spans, item.meta)


def _write(articles: list[Article], out: Path, name: str, extractor: Extractor) -> None:
    """Write articles as tasks whose spans are the model's."""
    from ..annotations.formats.base import Options
    from ..annotations.formats.conversion import write

    for note in write(articles, out, name, Options(extractor.card.labels, predictions=True)):
        tell(note)
    tell(f"wrote {len(articles)} articles, {sum(len(article.text.split()) for article in articles):,} words: {out}")


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
    if not originals:
        raise InputError("every article is labelled already, or the like of one that is; nothing to choose")
    texts = [item.text for item in originals]
    uncertain = uncertainties(extractor, with_progress(texts, "reading"))
    costs = [len(text.split()) if unit == Unit.words else 1 for text in texts]
    picks = pick(texts, uncertain, costs, budget, known)
    return _with_mentions(extractor, [(originals[pick.place], pick) for pick in picks])


def _with_mentions(extractor: Extractor, chosen: list[tuple[Document, Pick]]) -> list[Article]:
    """Make articles with the model's mentions as spans, and why they were chosen in their meta."""
    articles = []
    found = _label(extractor, [item for item, _ in chosen])
    for rank, (article, (_, pick)) in enumerate(zip(found, chosen, strict=True), start=1):
        why = {"rank": rank, "uncertainty": round(pick.uncertainty, 4), "similarity": round(pick.similarity, 4)}
        articles.append(replace(article, meta={**article.meta, "selection": why}))
    return articles
