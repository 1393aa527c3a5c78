"""``marsad annotations agree`` and ``marsad annotations adjudicate``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ..errors import InputError
from .console import BAD_INPUT, FILE_WIDTH, JsonOption, complain, print_figures, tell

if TYPE_CHECKING:
    from ..annotations.adjudication import Merged
    from ..annotations.disagreements import Disagreement
    from ..annotations.parallel import Parallel

TERMINAL = "-"

FilesArgument = Annotated[
    list[Path],
    typer.Argument(metavar="A.jsonl B.jsonl…", help="One file for each annotator; they are called A, B, C …."),
]


def agree(
    files: FilesArgument,
    as_json: JsonOption = False,
    table: Annotated[
        Path | None,
        typer.Option(metavar="FILE|-", help="Also list the disagreements: .html, .txt, or - for the screen."),
    ] = None,
    adjudicate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the disagreements into a file to be decided.")
    ] = None,
) -> None:
    """Measure how far annotators agree on the articles they share, and list where they do not."""
    from ..annotations.adjudication import write_decisions
    from ..annotations.agreement import as_table, measure
    from ..annotations.disagreements import count_kinds, find_disagreements

    _check_outputs(files, table, adjudicate)
    if as_json and str(table) == TERMINAL:
        raise InputError("--json and --table - both want standard output; give --table a file")
    parallel = _read(files)
    if not parallel.articles:
        raise typer.Exit(BAD_INPUT)
    if adjudicate is not None:
        with _writing(adjudicate):
            number = write_decisions(parallel, adjudicate)
        names = " ".join(map(str, [adjudicate, *files]))
        tell(f"{adjudicate}: {number} disagreements; then: marsad annotations adjudicate {names} -o merged.jsonl")
    found = find_disagreements(parallel.articles)
    if table is not None:
        _write_table(table, found, parallel)
    annotators = {letter: str(path) for letter, path in parallel.files.items()}
    with Console(stderr=True).status("measuring, with bootstrap intervals"):
        measured = measure(parallel.articles)
    figures = {"annotators": annotators, **measured, "disagreements": count_kinds(found)}
    print_figures(figures, as_json, as_table)
    if parallel.problems:
        raise typer.Exit(BAD_INPUT)


def adjudicate(
    decisions: Annotated[
        Path, typer.Argument(metavar="DECISIONS", help="The file that agree --adjudicate wrote, edited.")
    ],
    files: FilesArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the merged articles go.")],
    undecided: Annotated[
        str,
        typer.Option(
            metavar="CHOICE", help="Decide what is left open: a letter, none or majority; default: a mistake."
        ),
    ] = "",
) -> None:
    """Merge what annotators agree on with the decisions on the rest; nothing is written while one is broken or open."""
    from ..annotations.adjudication import merge, read_decisions
    from ..annotations.store import write_articles

    _check_outputs([decisions, *files], out)
    parallel = _read(files)
    merged = merge(parallel, read_decisions(decisions), undecided)
    for problem in merged.problems:
        complain(str(problem))
    _tell_counts(merged)
    if merged.problems:
        complain(f"{out}: not written; mend the lines above (or decide the open ones with --undecided)")
        raise typer.Exit(BAD_INPUT)
    with _writing(out):
        write_articles(merged.articles, out)
    tell(f"{out}: {len(merged.articles)} articles, {sum(len(article.spans) for article in merged.articles)} spans")
    if parallel.problems:
        raise typer.Exit(BAD_INPUT)


def _read(files: Sequence[Path]) -> Parallel:
    """Read the annotators' files and say what could not be used."""
    from ..annotations.parallel import read_parallel

    parallel = read_parallel(files)
    for problem in parallel.problems:
        complain(str(problem))
    for notice in parallel.notices():
        complain(notice)
    return parallel


def _check_outputs(inputs: Sequence[Path], *outputs: Path | None) -> None:
    """Refuse to write over what is read."""
    for out in outputs:
        if out is not None and out.exists() and any(path.exists() and path.samefile(out) for path in inputs):
            raise InputError(f"{out}: is one of the files to read, which writing would destroy; name another")


def _write_table(target: Path, found: Sequence[Disagreement], parallel: Parallel) -> None:
    """List disagreements on the screen, in a text file or on a page."""
    from ..annotations.disagreements import as_page, as_table

    letters = list(parallel.files)
    if str(target) == TERMINAL:
        console = Console()
        console.print(as_table(found, letters, console.width))
        return
    with _writing(target), target.open("w", encoding="utf-8") as lines:
        if target.suffix.lower() == ".html":
            lines.write(as_page(found, parallel))
        else:
            Console(file=lines, width=FILE_WIDTH).print(as_table(found, letters, FILE_WIDTH))


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Say what keeps a file from being written."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{target}: {error.strerror or error}") from None


def _tell_counts(merged: Merged) -> None:
    decided = sum(number for how, number in merged.counts.items() if how not in ("agreed", "open", "broken"))
    counts = ", ".join(f"{how} {number}" for how, number in sorted(merged.counts.items()) if how != "agreed")
    tell(f"{merged.counts.get('agreed', 0)} stretches agreed, {decided} decided{': ' + counts if counts else ''}")
