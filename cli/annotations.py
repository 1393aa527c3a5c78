"""``marsad annotations``: check and describe labelled articles."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .agree import adjudicate, agree
from .console import BAD_INPUT, JsonOption, LabelsOption, known_labels, print_figures, printable, tell
from .convert import convert
from .corpus import duplicates, report, split
from .select import prelabel, select

app = typer.Typer(help="Check and describe labelled articles.", no_args_is_help=True)
app.command()(convert)
app.command()(agree)
app.command()(adjudicate)
for verb in (split, duplicates, report, select, prelabel):
    app.command()(verb)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="JSONL files, one a split.")], labels: LabelsOption = None
) -> None:
    """List every problem in labelled articles, with file and line; exit code 2 if there is one."""
    from ..annotations.validation import check_files

    located, problems = check_files(files, known_labels(labels))
    for problem in problems:
        sys.stdout.write(f"{printable(problem)}\n")
    spans = sum(len(record.article.spans) for record in located)
    tell(f"{len(located)} articles, {spans} spans, {len(problems)} problems")
    if problems:
        raise typer.Exit(BAD_INPUT)


@app.command()
def stats(files: Annotated[list[Path], typer.Argument(help="JSONL files.")], as_json: JsonOption = False) -> None:
    """Describe labelled articles: how many, how long, which labels, which surfaces."""
    from ..annotations.statistics import as_table, describe
    from ..annotations.store import read_articles

    figures = describe(article for file in files for article in read_articles(file))
    print_figures(figures, as_json, as_table)
