"""``marsad annotations convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .console import BAD_INPUT, LabelsOption, known_labels, printable, tell

FORMATS = "jsonl, inline, label-studio, doccano, prodigy, brat, conll or hf; default: what the name and content say."


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file, or a folder (brat, hf).")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A file, or a new folder (brat, hf).")],
    from_: Annotated[str | None, typer.Option("--from", metavar="FORMAT", help=f"Format of IN: {FORMATS}")] = None,
    to: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="Format of OUT; default: what its name says.")
    ] = None,
    labels: LabelsOption = None,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="Label Studio: spans are predictions, for annotators to correct.")
    ] = False,
    annotator: Annotated[
        str | None, typer.Option(help="Label Studio: read the annotations of this number, address or name only.")
    ] = None,
) -> None:
    """Turn labelled articles from one format into another; exit code 2 if anything had to be rejected."""
    from ..annotations.formats.base import Options
    from ..annotations.formats.conversion import check_apart, guess_source, guess_target, read, write

    check_apart(source, target)
    name_in = from_ or guess_source(source)
    name_out = to or guess_target(target)
    options = Options(known_labels(labels), predictions, annotator)
    with Console(stderr=True).status("") as status:
        account = read(source, name_in, options, status.update)
    for line in (*account.findings, *account.repeated):
        tell(printable(line))
    with Console(stderr=True).status(f"{len(account.articles):,} articles to write"):
        notes = write(account.articles, target, name_out, options)
    tell(f"{source} ({name_in}{'' if from_ else ', guessed'}) → {target} ({name_out}{'' if to else ', guessed'})")
    for line in (*account.summary(), *notes):
        tell(line)
    if account.rejected:
        raise typer.Exit(BAD_INPUT)
