"""``marsad extract``: articles in, mentions out."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from ..inference.outputs import Layout, OutputFormat, RowUnit, format_for
from ..inference.sources import InputFormat, find_sources, is_remote
from .console import (
    BAD_INPUT,
    INTERRUPTED,
    DeviceOption,
    EngineOption,
    ModelOption,
    ThreadsOption,
    complain,
    discard_output,
)

if TYPE_CHECKING:
    from ..inference.batch.run import Job
    from ..inference.extractor import Extractor
    from ..inference.readers import Fields

STDOUT = Path("standard output")
"""Stands for the result where there is no file."""

COMPLAINTS = 10
"""Articles that can't be read and are named on the screen, where a file names them all."""

STREAMED = (OutputFormat.table, OutputFormat.jsonl)
"""Formats that appear on standard output as they are found; the others need all articles first."""


def extract(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…|FOLDER|-", help="Text, HTML, JSONL, CSV, TSV, Parquet; .gz, .zst.")
    ],
    model: ModelOption = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", help="Write to this file; the same command goes on if it was stopped.")
    ] = None,
    output_format: Annotated[
        OutputFormat | None,
        typer.Option("--format", help="Default: what --out ends with; else a table on a terminal, JSONL elsewhere."),
    ] = None,
    rows: Annotated[
        RowUnit | None, typer.Option(help="What a row of a table is; default: a mention in CSV, an article in Parquet.")
    ] = None,
    text: Annotated[bool, typer.Option(help="Repeat each article's text in its record.")] = True,
    values: Annotated[bool, typer.Option(help="Add names, quantities and links to actors and places.")] = True,
    text_field: Annotated[str, typer.Option(help="Field or column that holds the text.")] = "text",
    id_field: Annotated[
        str | None, typer.Option(help="Field or column that holds the id; default: 'id' where there is one.")
    ] = None,
    input_format: Annotated[
        InputFormat | None, typer.Option(help="How to read every input; default: by name, standard input as one text.")
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Throw away what a stopped run has left.")] = False,
    engine: EngineOption = None,
    device: DeviceOption = None,
    threads: ThreadsOption = None,
    on: Annotated[
        str | None,
        typer.Option(metavar="ray[://HOST:PORT]", help="Extract with Ray, here or on a cluster; --out is a folder."),
    ] = None,
) -> None:
    """Find actors, places, weapons and counts in articles."""
    from ..inference import checkpoint
    from ..inference.batch.run import Job
    from ..inference.readers import Fields

    layout = Layout.of(output_format or _format_for(out), rows, text)
    if layout.format == OutputFormat.html:
        from ..inference.view.library import require_charts

        require_charts()
    fields = Fields(text_field, id_field, input_format)
    folder = checkpoint.resolve(model)
    load = partial(_load, values=values, engine=engine, device=device)
    if on is not None:
        if restart:
            raise InputError(f"--restart: with --on {on}, delete the folder, or name another")
        # The workers share the cores, and each resolves the model for itself: its folder can be elsewhere.
        bad = _on_cluster(on, files, out, layout, fields, partial(load, model, threads=threads or 1))
    else:
        options = {"--values": values, "--engine": engine, "--device": device}
        job = Job(files, _target(files, out, layout), layout, folder, fields, options, restart)
        bad = _here(job, partial(load, folder, threads=threads))
    if bad:
        raise typer.Exit(BAD_INPUT)


def _load(
    model: str | Path | None, values: bool, engine: str | None, device: str | None, threads: int | None
) -> Extractor:
    """Load the extractor."""
    from ..inference.extractor import Extractor

    extractor = Extractor.from_pretrained(model, device, engine, threads)
    extractor.values = values
    return extractor


def _format_for(out: str | None) -> OutputFormat:
    """Return the format that a file's name asks for, or that suits standard output."""
    if out is None:
        return OutputFormat.table if sys.stdout.isatty() else OutputFormat.jsonl
    return format_for(out)


def _target(files: Sequence[str], out: str | None, layout: Layout) -> Path:
    """Return the file to write.

    Raises:
        InputError: if a result can't go there, or would destroy what is read.
    """
    if out is None:
        if layout.format == OutputFormat.parquet:
            raise InputError("--format parquet: Parquet is no text; name a file with --out")
        return STDOUT
    if is_remote(out):
        raise InputError(f"{out}: --out names a file on this machine (with --on ray, any folder)")
    target = Path(out)
    if out.endswith(os.sep) or target.is_dir():
        raise InputError(f"{out}: a folder; name a file in it with --out")
    inputs = [Path(file) for file in files if os.path.exists(file)]
    if target.exists() and any(target.samefile(file) for file in inputs):
        raise InputError(f"{out}: --out names an input file, which writing would destroy; name another")
    if any(file.is_dir() and target.resolve().is_relative_to(file.resolve()) for file in inputs):
        raise InputError(f"{out}: --out lies in a folder that is read; name another place")
    return target


def _on_cluster(
    address: str, files: Sequence[str], out: str | None, layout: Layout, fields: Fields, load: Callable[..., Extractor]
) -> int:
    """Extract with Ray; return how many articles could not be read."""
    if address != "ray" and not address.startswith("ray://"):
        raise InputError(f"--on {address}: no such cluster; write ray or ray://HOST:PORT")
    if out is None:
        raise InputError(f"--on {address}: name a folder for the result with --out")
    try:
        from ..inference.batch import cluster
    except ImportError:
        raise InputError(f"--on {address} needs: pip install 'marsad[ray]'") from None

    with cluster.connected(None if address == "ray" else address, sys.stderr.isatty()):
        outcome = cluster.run_on_cluster(cluster.ClusterJob(files, out, layout, load, fields))
    for bad in outcome.bad[:COMPLAINTS]:
        complain(bad.why)
    if outcome.bad:
        complain(f"{len(outcome.bad):,} could not be read; {cluster.errors_address(out)} names each")
    return len(outcome.bad)


def _here(job: Job, load: Callable[[], Extractor]) -> int:
    """Extract on this machine; return how many articles could not be read."""
    try:
        if job.out != STDOUT:
            return _to_file(job, load)
        bad = _stream(job, load()) if job.layout.format in STREAMED else _spool(job, load)
        sys.stdout.flush()
        return bad
    except BrokenPipeError:
        # Whoever reads the output (head, less) has what it wanted.
        discard_output()
        return 0
    except KeyboardInterrupt:
        if job.work.exists():
            complain(f"stopped; what is done is kept in {job.work}, and the same command goes on")
        raise typer.Exit(INTERRUPTED) from None


def _to_file(job: Job, load: Callable[[], Extractor]) -> int:
    """Extract into a file; return how many articles could not be read."""
    from ..inference.batch.run import run
    from .watch import watching

    with watching(_bytes_to_read(job), COMPLAINTS) as watch:
        bad = run(job, load, watch)
    if bad:
        complain(f"{bad:,} could not be read; {job.errors} names each")
    return bad


def _spool(job: Job, load: Callable[[], Extractor]) -> int:
    """Write to standard output what can be written only when every article is known."""
    from ..inference.batch.run import run
    from .watch import watching

    with TemporaryDirectory() as folder, watching(_bytes_to_read(job)) as watch:
        spooled = replace(job, out=Path(folder) / "result")
        bad = run(spooled, load, watch)
        with spooled.out.open("rb") as result:
            shutil.copyfileobj(result, sys.stdout.buffer)
    return bad


def _stream(job: Job, extractor: Extractor) -> int:
    """Write each article's record as soon as it is found; return how many articles could not be read."""
    from ..inference.batch.each import Found, extract_each
    from ..inference.batch.run import cut
    from ..inference.readers import read_documents
    from ..inference.writers import JsonLines, Tables
    from .watch import watching

    table = job.layout.format == OutputFormat.table
    writer = Tables(sys.stdout) if table else JsonLines(sys.stdout, job.layout.text)
    with watching(_bytes_to_read(job), shown=not sys.stdout.isatty()) as watch:
        items = read_documents(job.names, job.fields, watch.on_bytes)
        for group in cut(items):
            for result in extract_each(extractor, group, watch.on_tokens):
                if isinstance(result, Found):
                    writer.write(result.document, result.mentions)
                    watch.on_articles(1)
                else:
                    watch.on_bad(result)
        return watch.bad


def _bytes_to_read(job: Job) -> int | None:
    """Return the size of the input, None where it is not known."""
    return sum(getattr(source, "size", 0) for source in find_sources(job.names)) or None
