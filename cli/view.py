"""``marsad view``: results as a page to look at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..errors import InputError
from .console import BAD_INPUT, complain, tell


def view(
    results: Annotated[str, typer.Argument(metavar="RESULTS|-", help="What marsad extract wrote as JSON lines.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The page; default: beside RESULTS, ending in .html.")
    ] = None,
) -> None:
    """Make one page of results: highlighted articles, tables, charts, a map; it needs no network."""
    from ..inference.readers import Unreadable
    from ..inference.view.page import HtmlPage
    from ..inference.view.results import read_results

    target = out or _beside(results)
    if target.exists() and Path(results).exists() and target.samefile(results):
        raise InputError(f"{target}: --out names the results, which writing would destroy; name another")
    part = target.with_name(f"{target.name}.part")
    articles = mentioned = bad = 0
    try:
        with part.open("w", encoding="utf-8", newline="") as file, Console(stderr=True).status("building the page"):
            page = HtmlPage(file, _title(results))
            for item in read_results(results):
                if isinstance(item, Unreadable):
                    bad += 1
                    complain(item.why)
                    continue
                page.write(*item)
                articles, mentioned = articles + 1, mentioned + len(item[1])
            page.close()
        os.replace(part, target)
    except OSError as error:
        raise InputError(f"{target}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
    tell(f"{target}: {articles:,} articles, {mentioned:,} mentions")
    if bad:
        raise typer.Exit(BAD_INPUT)


def _beside(results: str) -> Path:
    """Return the page's usual place.

    Raises:
        InputError: if the results come from standard input, which is nowhere.
    """
    if results == "-":
        raise InputError("name the page with --out, as in: marsad view - --out report.html")
    return Path(results).with_name(f"{_title(results)}.html")


def _title(results: str) -> str:
    """Return a file's name up to its first dot."""
    return "Conflict news" if results == "-" else Path(results).name.partition(".")[0] or Path(results).name
