"""The command ``marsad``: each verb reads its arguments and calls one function of the floors below."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from .errors import InputError

if TYPE_CHECKING:
    from .inference.readers import Document
    from .inference.rows import RowWriter

BAD_INPUT = 2
INTERRUPTED = 130

app = typer.Typer(
    help="Marsad reads Arabic conflict news: who, where, with what and how many.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
annotations_app = typer.Typer(help="Check and describe labelled articles.", no_args_is_help=True)
app.add_typer(annotations_app, name="annotations")

ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="Checkpoint folder or hub repository; default: the shipped model.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


class OutputFormat(StrEnum):
    """How ``extract`` writes its records."""

    table = "table"
    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"


@app.command()
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
    from .inference.extractor import Extractor
    from .inference.readers import STDIN, Unreadable, read_documents

    chosen = output_format or _format_for(out)
    if chosen == OutputFormat.parquet and out is None:
        raise InputError("--format parquet: Parquet is no text; name a file with --out")
    if out is not None and any(source != STDIN and _same_file(Path(source), out) for source in files):
        raise InputError(f"{out}: --out names an input file, which writing would destroy; name another")
    _quiet_libraries()
    extractor = Extractor.from_pretrained(model, device)
    extractor.values = values
    bad: list[Unreadable] = []

    def readable() -> Iterator[Document]:
        for item in read_documents(files, text_field):
            if isinstance(item, Unreadable):
                bad.append(item)
                _complain(item.why)
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


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as configs/embedded.yaml.")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]…", help="Values to change.")] = None,
) -> None:
    """Fine-tune a token classifier on labelled articles."""
    from .train.config import load_recipe

    resolved = load_recipe(recipe, overrides or [])
    _quiet_libraries()
    from .train.evaluation import as_table
    from .train.run import Interrupted
    from .train.run import train as run

    try:
        figures = run(resolved)
    except Interrupted as stopped:
        _complain(str(stopped))
        raise typer.Exit(INTERRUPTED) from None
    _tell(f"saved in {resolved.output}; on the dev articles:")
    _print(figures, False, as_table)


@app.command()
def evaluate(
    data: Annotated[Path, typer.Argument(help="Labelled articles, JSONL.")],
    model: ModelOption = None,
    as_json: JsonOption = False,
    boundary_rules: Annotated[bool, typer.Option(help="Move edges to where the guideline puts them.")] = True,
    device: Annotated[
        str | None, typer.Option(help="torch device, such as cpu or cuda; default: a GPU if any.")
    ] = None,
) -> None:
    """Measure a model on labelled articles: exact character spans, through the code that extract runs."""
    from .annotations.store import read_articles
    from .inference.extractor import Extractor
    from .train.evaluation import as_table, check_labels, report
    from .train.evaluation import evaluate as run

    articles = read_articles(data)
    _quiet_libraries()
    extractor = Extractor.from_pretrained(model, device)
    check_labels(extractor.card.labels, {str(data): articles})
    extractor.boundary_rules = boundary_rules
    extractor.values = False
    figures = report(run(extractor, articles), extractor.tokenizer, extractor.tags)
    _print(figures, as_json, as_table)


LabelsOption = Annotated[
    str | None,
    typer.Option("--labels", help="YAML file of label: definition, or 'any'; default: the project's four labels."),
]


@annotations_app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="JSONL files, one a split.")], labels: LabelsOption = None
) -> None:
    """List every problem in labelled articles, with file and line; exit code 2 if there is one."""
    from .annotations.schema import default_labels, load_labels
    from .annotations.validation import check_files

    known = default_labels() if labels is None else None if labels == "any" else load_labels(Path(labels))
    located, problems = check_files(files, known)
    for problem in problems:
        sys.stdout.write(f"{_printable(problem)}\n")
    spans = sum(len(record.article.spans) for record in located)
    _tell(f"{len(located)} articles, {spans} spans, {len(problems)} problems")
    if problems:
        raise typer.Exit(BAD_INPUT)


@annotations_app.command()
def stats(files: Annotated[list[Path], typer.Argument(help="JSONL files.")], as_json: JsonOption = False) -> None:
    """Describe labelled articles: how many, how long, which labels, which surfaces."""
    from .annotations.statistics import as_table, describe
    from .annotations.store import read_articles

    figures = describe(article for file in files for article in read_articles(file))
    _print(figures, as_json, as_table)


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
        from .inference.rows import CsvRows as TextWriter
    elif chosen == OutputFormat.jsonl:
        from .inference.writers import JsonLines as TextWriter
    else:
        from .inference.writers import Tables as TextWriter

    try:
        with ExitStack() as stack:
            if chosen == OutputFormat.parquet and out is not None:
                from .inference.rows import ParquetRows

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


def _quiet_libraries() -> None:
    """Keep the libraries' own progress bars and notices off the screen; ours say what a user needs."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def _print(figures: dict[str, Any], as_json: bool, as_table: Callable[[dict[str, Any]], Table]) -> None:
    """Print figures on stdout, as JSON or as a table."""
    if as_json:
        sys.stdout.write(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    else:
        Console().print(as_table(figures))


def _tell(line: str) -> None:
    """Say something about the run, on stderr."""
    sys.stderr.write(line + "\n")


def _complain(line: str) -> None:
    """Say in one line what went wrong, on stderr."""
    _tell("marsad: " + " ".join(_printable(line).split()))


def _printable(content: object) -> str:
    """Return text that any terminal can show: lone surrogates and control characters escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(content))


def _discard_output() -> None:
    """Point standard output at nothing, so that flushing it at exit does not fail a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main() -> None:
    """Run the command; what the user can mend is one line on stderr and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
        if sys.stdout is not None:
            sys.stdout.flush()
    except InputError as error:
        _complain(str(error))
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has what it wanted.
        _discard_output()
    except OSError as error:
        _complain(f"output: {error.strerror or error}")
        _discard_output()
        sys.exit(BAD_INPUT)
