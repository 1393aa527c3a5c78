"""``marsad tokenizer`` and ``marsad prune``: how a base's vocabulary fits, and a base with what is used of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import BAD_INPUT, JsonOption, complain, print_figures, tell

if TYPE_CHECKING:
    from rich.table import Table

    from ..train.vocabulary import Normalization

BaseArgument = Annotated[str, typer.Argument(help="A checkpoint folder, a hub repository, or 'embedded'.")]
RecipeOption = Annotated[
    Path | None, typer.Option("--recipe", help="What this recipe does to the tokenizer; default: what most do.")
]


def tokenizer(
    base: BaseArgument,
    data: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Labelled articles, JSONL.")],
    recipe: RecipeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a base's tokenizer fits labelled articles, as it is and as a recipe would change it."""
    from ..annotations.store import read_articles

    normalize, clitic_pieces = _wanted(recipe)
    articles = [article for file in data for article in read_articles(file)]
    from ..inference.engine import quiet_transformers
    from ..train.base import find_base, load_tokenizer
    from ..train.tokenizer_fit import compare
    from ..train.vocabulary import spec_of

    with quiet_transformers():
        spec = spec_of(load_tokenizer(find_base(base), base).backend_tokenizer)
        figures = {"base": base, **compare(spec, articles, normalize, clitic_pieces)}
    print_figures(figures, as_json, _fit_table)


def prune(
    base: BaseArgument,
    texts: Annotated[list[str], typer.Argument(metavar="FILE…|FOLDER", help="Articles, in any form extract reads.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder for the smaller base.")],
    recipe: RecipeOption = None,
    text_field: Annotated[str, typer.Option(help="Field or column that holds the text.")] = "text",
    as_json: JsonOption = False,
) -> None:
    """Make a base smaller: keep the pieces of its vocabulary that texts like yours need."""
    from ..errors import InputError
    from ..inference.readers import Document, Fields, Unreadable, read_documents
    from ..inference.sources import STDIN
    from .watch import watching

    if STDIN in texts:
        raise InputError("-: texts are read twice, which standard input can't be; name files")
    normalize, clitic_pieces = _wanted(recipe)
    unreadable: dict[str, str] = {}

    def read() -> Iterator[str]:
        with watching(None) as watch:
            for item in read_documents(texts, Fields(text_field)):
                if isinstance(item, Document):
                    watch.on_articles(1)
                    yield item.text
                elif isinstance(item, Unreadable) and item.why not in unreadable:
                    unreadable[item.why] = item.id
                    complain(item.why)

    from ..inference.engine import quiet_transformers
    from ..train.pruning import prune as run

    with quiet_transformers():
        pruned = run(base, read, out, normalize, clitic_pieces)
    print_figures({"base": base, "out": str(out), **pruned.to_dict()}, as_json, _pruned_table)
    if pruned.changed_texts:
        tell(f"{pruned.changed_texts:,} texts are tokenized otherwise than before")
    if unreadable:
        raise typer.Exit(BAD_INPUT)


def _wanted(recipe: Path | None) -> tuple[Normalization, bool]:
    """Return what a recipe asks of the tokenizer; without one, the defaults."""
    from ..train.config import Recipe, load_recipe

    if recipe is not None:
        loaded = load_recipe(recipe)
        return loaded.normalize, loaded.clitic_pieces
    return Recipe.model_fields["normalize"].default, Recipe.model_fields["clitic_pieces"].default


def _fit_table(figures: dict[str, Any]) -> Table:
    """Lay out what ``tokenizer`` found."""
    from rich.table import Table

    title = f"{figures['base']} · {figures['articles']:,} articles · {figures['words']:,} words"
    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    changes = figures["normalize"] + (" + clitic pieces" if figures["clitic_pieces"] else "")
    forms = figures["as_it_is"], figures["as_trained"]
    for name in ("as it is", changes):
        table.add_column(name, justify="right")
    table.add_row("tokens a word", *(f"{form['tokens_per_word']:.3f}" for form in forms))
    table.add_row("words with an unknown part", *(f"{form['words_with_unknown']:,}" for form in forms))
    for name in ("exact", "snapped", "dropped", "optional"):
        table.add_row(f"spans, {name}", *(_share(form["spans"], name) for form in forms))
    table.add_row("begin inside a token", *(f"{form['spans_that_begin_inside_a_token']:,}" for form in forms))
    for key, name in (("unknown", "unknown"), ("begin_inside", "begin inside"), ("dropped", "dropped")):
        table.add_row(f"e.g. {name}", *("\n".join(form["examples"].get(key, [])[:4]) for form in forms))
    return table


def _share(counts: dict[str, int], name: str) -> str:
    """Return a count and its share."""
    return f"{counts[name]:,} ({counts[name] / max(sum(counts.values()), 1):.1%})"


def _pruned_table(figures: dict[str, Any]) -> Table:
    """Lay out what ``prune`` did."""
    from rich.table import Table

    title = f"{figures['out']} · {figures['texts']:,} texts · {figures['tokens']:,} tokens"
    table = Table(title=title, title_justify="left")
    for name in ("", "before", "after", "left"):
        table.add_column(name, justify="left" if not name else "right")
    for key, name in (("pieces", "pieces"), ("parameters", "parameters"), ("megabytes", "MB of weights")):
        old, new = figures[key]
        table.add_row(name, f"{old:,}", f"{new:,}", f"{new / old:.1%}")
    table.add_row("texts read otherwise", "", f"{figures['changed_texts']:,}", "")
    table.add_row("tokens in them", "", f"{figures['changed_tokens']:,}", "")
    return table
