"""``marsad annotations``: check and describe labelled articles."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .console import BAD_INPUT, JsonOption, print_figures, printable, tell

app = typer.Typer(help="Check and describe labelled articles.", no_args_is_help=True)

LabelsOption = Annotated[
    str | None,
    typer.Option("--labels", help="YAML file of label: definition, or 'any'; default: the project's four labels."),
]


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="JSONL files, one a split.")], labels: LabelsOption = None
) -> None:
    """List every problem in labelled articles, with file and line; exit code 2 if there is one."""
    from ..annotations.schema import default_labels, load_labels
    from ..annotations.validation import check_files

    known = default_labels() if labels is None else None if labels == "any" else load_labels(Path(labels))
    located, problems = check_files(files, known)
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
