"""``marsad annotations split``, ``duplicates`` and ``report``: what a collection of labelled articles is made of."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ..errors import InputError
from .console import BAD_INPUT, JsonOption, print_figures, printable, tell

if TYPE_CHECKING:
    from ..annotations.store import Located

Item = TypeVar("Item")

FilesArgument = Annotated[list[Path], typer.Argument(help="JSONL files.")]
ThresholdOption = Annotated[
    float, typer.Option(min=0.05, max=1.0, help="Least similarity of near-duplicates: 1 is the same words.")
]


def split(
    files: FilesArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for train.jsonl, dev.jsonl and test.jsonl.")],
    train: Annotated[float, typer.Option(help="Share of the articles; 0 leaves the split out.")] = 0.8,
    dev: Annotated[float, typer.Option(help="Share of the articles.")] = 0.1,
    test: Annotated[float, typer.Option(help="Share of the articles.")] = 0.1,
    by: Annotated[
        str,
        typer.Option(help="What stays together: article, source or any key of the meta; date: test is the newest."),
    ] = "article",
    seed: Annotated[int, typer.Option(help="Another seed, another division.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Divide articles into splits, near-duplicates and groups kept together, labels balanced."""
    from ..annotations.splits import as_table, describe_split, split_articles
    from ..annotations.store import write_articles

    records = read_all(files)
    divided = split_articles(records, {"train": train, "dev": dev, "test": test}, by, seed)
    targets = {name: out / f"{name}.jsonl" for name in divided.parts}
    for target in targets.values():
        refuse_input(target, files)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, target in targets.items():
            write_articles(divided.parts[name], target)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror or error}") from None
    print_figures(describe_split(divided), as_json, as_table)
    tell(f"wrote {', '.join(map(str, targets.values()))}")


def duplicates(files: FilesArgument, threshold: ThresholdOption = 0.5, as_json: JsonOption = False) -> None:
    """List near-duplicates, within and between files; exit code 2 if a pair stands in two files."""
    from ..annotations.duplicates import near_duplicates

    records = read_all(files)
    pairs = near_duplicates(with_progress([record.article.text for record in records], "comparing"), threshold)
    apart = 0
    for pair in pairs:
        one, other = records[pair.first], records[pair.second]
        apart += one.file != other.file
        if as_json:
            places = [{"file": r.file, "line": r.line, "id": r.article.id} for r in (one, other)]
            row = {"similarity": round(pair.similarity, 3), "articles": places, "across_files": one.file != other.file}
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            where = "across files" if one.file != other.file else ""
            sys.stdout.write(f"{pair.similarity:.2f}  {_place(one)}  {_place(other)}  {where}".rstrip() + "\n")
    tell(f"{len(records)} articles, {len(pairs)} pairs of near-duplicates, {apart} of them across files")
    if apart:
        raise typer.Exit(BAD_INPUT)


def report(
    files: FilesArgument, out: Annotated[Path, typer.Option("--out", "-o", help="The page, such as report.html.")]
) -> None:
    """Write a page with the figures, likely slips, near-duplicates, and every article with its mentions."""
    from ..annotations.report import write_report

    records = read_all(files)
    refuse_input(out, files)
    try:
        write_report(records, out)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror or error}") from None
    tell(f"wrote {out}")


def refuse_input(target: Path, files: Iterable[Path]) -> None:
    """Refuse to write over a file that is read.

    Raises:
        InputError: then.
    """
    if any(target.exists() and file.exists() and target.samefile(file) for file in files):
        raise InputError(f"{target}: --out would overwrite an input file; name another")


def read_all(files: Iterable[Path]) -> list[Located]:
    """Read every article of every file."""
    from ..annotations.store import read_located

    return [record for file in files for record in read_located(file)]


def with_progress(items: Iterable[Item], what: str) -> Iterable[Item]:
    """Show a progress bar on stderr, where that is a terminal, while items are gone through."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, what, console=console, transient=True, disable=not console.is_terminal)


def _place(record: Located) -> str:
    return printable(f"{record.file}:{record.line}:{record.article.id}")
