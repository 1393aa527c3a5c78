"""The command ``marsad``: each verb reads its arguments and calls one function of the floors below."""

from __future__ import annotations

import sys

import typer

from ..errors import InputError
from .annotations import app as annotations_app
from .console import BAD_INPUT, INTERRUPTED, complain, discard_output
from .curve import learning_curve
from .demo import demo
from .evaluate import evaluate
from .export import export
from .extract import extract
from .publish import publish
from .train import train
from .tune import tune
from .view import view
from .vocabulary import prune, tokenizer

app = typer.Typer(
    help="Marsad reads Arabic conflict news: who, where, with what and how many.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (extract, view, demo, train, tune, evaluate, learning_curve, tokenizer, prune, export, publish):
    app.command()(verb)
app.add_typer(annotations_app, name="annotations")


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
        complain(str(error))
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has what it wanted.
        discard_output()
    except OSError as error:
        complain(f"output: {error.strerror or error}")
        discard_output()
        sys.exit(BAD_INPUT)
