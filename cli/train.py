"""``marsad train``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .console import INTERRUPTED, complain, print_figures, tell

RecipeArgument = Annotated[Path, typer.Argument(help="A recipe, such as configs/embedded.yaml.")]
OverridesArgument = Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]…", help="Values to change.")]


def train(
    recipe: RecipeArgument,
    overrides: OverridesArgument = None,
    seeds: Annotated[
        int | None, typer.Option(min=2, metavar="N", help="Train with N seeds, and say mean and spread.")
    ] = None,
    average: Annotated[
        bool, typer.Option("--average", help="With --seeds: also the mean of the models' weights.")
    ] = False,
    folds: Annotated[
        int | None, typer.Option(min=2, metavar="N", help="Cross-validate: leave out each of N parts of the articles.")
    ] = None,
) -> None:
    """Fine-tune a token classifier on labelled articles, once, with several seeds, or in cross-validation."""
    if seeds and folds:
        raise InputError("--seeds and --folds: one of them at a time")
    if average and not seeds:
        raise InputError("--average: only with --seeds")
    from ..train.config import load_recipe

    resolved = load_recipe(recipe, overrides or [])
    with training():
        if seeds or folds:
            from ..train.repeat import as_table, cross_validate, train_seeds

            figures = train_seeds(resolved, seeds, average) if seeds else cross_validate(resolved, folds or 0)
        else:
            from ..train.evaluation import as_table
            from ..train.run import train as run

            figures = run(resolved)
    if not figures:  # one of several processes; the main one tells
        return
    tell(f"saved in {resolved.output}; on the dev articles:" if not folds else f"saved in {resolved.output}:")
    print_figures(figures, False, as_table)


@contextmanager
def training() -> Iterator[None]:
    """Keep the library quiet while models are trained, and end with a line and its exit code if it is interrupted."""
    from ..inference.engine import quiet_transformers
    from ..train.run import Interrupted

    try:
        with quiet_transformers():
            yield
    except Interrupted as stopped:
        complain(str(stopped))
        raise typer.Exit(INTERRUPTED) from None
