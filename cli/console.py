"""What every verb shares: options, exit codes, and how results and notices reach the user."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

BAD_INPUT = 2
INTERRUPTED = 130

ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="Checkpoint folder or hub repository; default: the shipped model.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def quiet_libraries() -> None:
    """Keep the libraries' own progress bars and notices off the screen; ours say what a user needs."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def print_figures(figures: dict[str, Any], as_json: bool, as_table: Callable[[dict[str, Any]], Table]) -> None:
    """Print figures on stdout, as JSON or as a table."""
    if as_json:
        sys.stdout.write(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    else:
        Console().print(as_table(figures))


def tell(line: str) -> None:
    """Say something about the run, on stderr."""
    sys.stderr.write(line + "\n")


def complain(line: str) -> None:
    """Say in one line what went wrong, on stderr."""
    tell("marsad: " + " ".join(printable(line).split()))


def printable(content: object) -> str:
    """Return text that any terminal can show: lone surrogates and control characters escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(content))
