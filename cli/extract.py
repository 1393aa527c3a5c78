"""``marsad extract``: articles in, mentions out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ..errors import InputError
from .console import BAD_INPUT, ModelOption, complain, quiet_libraries

if TYPE_CHECKING:
    from ..inference.readers import Document
    from ..inference.rows import RowWriter


class OutputFormat(StrEnum):
    """How ``extract`` writes its records."""

    table = "table"
    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"


def extract(
    files: Annotated[list[str], typer.Argument(metavar="FILE…|-", help="Text files, .jsonl files, or - for stdin.")],
    model: ModelOption = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead of stdout.")] = None,
    output_format: Annotated[
        OutputFormat | None,
        typer.Option("--format", help="Default: what --out ends with; else a table on a terminal, JSONL elsewhere."),
    ] = None,
    values: Annotated[bool, typer.Option(help="Add names, quantities and links to actors and places.")] = True,
    text_field: Annotated[str, typer.Option(help="Field that holds the text in .jsonl files.")] = "text",
    device: Annotated[
        str | None, typer.Option(help="torch device, such as cpu or cuda; default: a GPU if any.")
    ] = None,
) -> None:
    """Find actors, places, weapons and counts in articles."""
    from ..inference.extractor import Extractor
    from ..inference.readers import STDIN, Unreadable, read_documents

    chosen = output_format or _format_for(out)
    if chosen == OutputFormat.parquet and out is None:
        raise InputError("--format parquet: Parquet is no text; name a file with --out")
    if out is not None and any(source != STDIN and _same_file(Path(source), out) for source in files):
        raise InputError(f"{out}: --out names an input file, which writing would destroy; name another")
    quiet_libraries()
    extractor = Extractor.from_pretrained(model, device)
    extractor.values = values
    bad: list[Unreadable] = []

    def readable() -> Iterator[Document]:
        for item in read_documents(files, text_field):
            if isinstance(item, Unreadable):
                bad.append(item)
                complain(item.why)
            else:
                yield item

    with _writer(chosen, out) as writer, _progress(out is not None or chosen != OutputFormat.table) as progress:
        task = progress.add_task("reading", total=None, articles=0)
        documents, texts = tee(readable())
        found = extractor.stream((item.text for item in texts), lambda tokens: progress.advance(task, tokens))
        for articles, (document, mentions) in enumerate(zip(documents, found, strict=True), start=1):
            writer.write(document, mentions)
            progress.update(task, articles=articles)
    if bad:
        raise typer.Exit(BAD_INPUT)


def _format_for(out: Path | None) -> OutputFormat:
    """Return the format that a file's name asks for, or that suits standard output."""
    if out is None:
        return OutputFormat.table if sys.stdout.isatty() else OutputFormat.jsonl
    suffix = out.suffix.lower().removeprefix(".")
    return OutputFormat(suffix) if suffix in list(OutputFormat) else OutputFormat.jsonl


def _same_file(one: Path, other: Path) -> bool:
    """Tell whether two names mean one existing file."""
    return one.exists() and other.exists() and one.samefile(other)


@contextmanager
def _writer(chosen: OutputFormat, out: Path | None) -> Iterator[RowWriter]:
    """Open what results are written with, and close it whatever happens."""
    # pyarrow is loaded only for those who ask for rows.
    if chosen in (OutputFormat.csv, OutputFormat.parquet):
        from ..inference.rows import CsvRows as TextWriter
    elif chosen == OutputFormat.jsonl:
        from ..inference.writers import JsonLines as TextWriter
    else:
        from ..inference.writers import Tables as TextWriter

    try:
        with ExitStack() as stack:
            if chosen == OutputFormat.parquet and out is not None:
                from ..inference.rows import ParquetRows

                writer = ParquetRows(out)
            else:
                target = sys.stdout if out is None else stack.enter_context(out.open("w", encoding="utf-8", newline=""))
                writer = TextWriter(target)
            stack.callback(writer.close)
            yield writer
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"{out or 'standard output'}: {error.strerror or error}") from None


def _progress(wanted: bool) -> Progress:
    """Return a progress bar on stderr, shown only where stderr is a terminal and nothing else writes to the screen."""
    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.fields[articles]:,} articles · {task.completed:,.0f} tokens"),
        TaskProgressColumn(show_speed=True),
        TimeElapsedColumn(),
        console=console,
        disable=not (wanted and console.is_terminal),
    )
