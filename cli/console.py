"""What every verb shares: options, exit codes, and how results and notices reach the user."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, RenderableType

if TYPE_CHECKING:
    from ..annotations.schema import LabelSet

BAD_INPUT = 2
INTERRUPTED = 130

FILE_WIDTH = 160
"""Columns of a table that goes to a file or a pipe, where nobody's window is too narrow for it."""

ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="Checkpoint folder or hub repository; default: the shipped model.")
]
LabelsOption = Annotated[
    str | None,
    typer.Option("--labels", help="YAML file of label: definition, or 'any'; default: the project's four labels."),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine", metavar="torch|onnx|onnx-int8", help="Default: torch on a GPU; on a CPU, the model's fastest."
    ),
]
DeviceOption = Annotated[
    str | None, typer.Option("--device", help="torch device, such as cpu or cuda; default: a GPU if any.")
]
ThreadsOption = Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads; default: all.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def known_labels(option: str | None) -> LabelSet | None:
    """Return the labels that ``--labels`` names, or None for any."""
    from ..annotations.schema import default_labels, load_labels

    return default_labels() if option is None else None if option == "any" else load_labels(Path(option))


def print_figures(figures: dict[str, Any], as_json: bool, as_table: Callable[[dict[str, Any]], RenderableType]) -> None:
    """Print figures on stdout, as JSON or as a table."""
    if as_json:
        sys.stdout.write(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    else:
        show(as_table(figures))


def show(content: RenderableType) -> None:
    """Print a table on stdout, unshortened where that is not a terminal."""
    fits_a_window = sys.stdout.isatty() or "COLUMNS" in os.environ
    Console(width=None if fits_a_window else FILE_WIDTH).print(content)


def discard_output() -> None:
    """Point standard output at nothing, so that flushing it at exit does not fail a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def tell(line: str) -> None:
    """Say something about the run, on stderr."""
    sys.stderr.write(line + "\n")


def complain(line: str) -> None:
    """Say in one line what went wrong, on stderr."""
    tell("marsad: " + " ".join(printable(line).split()))


def printable(content: object) -> str:
    """Return text that any terminal can show: lone surrogates and control characters escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(content))
