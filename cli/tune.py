"""``marsad tune``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from .console import print_figures, tell
from .train import OverridesArgument, RecipeArgument, training


def tune(
    recipe: RecipeArgument,
    overrides: OverridesArgument = None,
    trials: Annotated[
        int, typer.Option(min=1, help="How many recipes to try, those of earlier sittings included.")
    ] = 20,
    space: Annotated[
        Path | None, typer.Option(help="YAML file of key: range or list; default: configs/search/default.yaml.")
    ] = None,
) -> None:
    """Search the values of a recipe's keys that give the best micro F1 on the dev articles."""
    from ..train.config import load_recipe

    resolved = load_recipe(recipe, overrides or [])
    from ..train.search import BEST_FILE, as_table, search

    with training():
        figures = search(resolved, trials, space)
    print_figures(figures, False, as_table)
    tell(f"the best recipe: marsad train {quote(str(resolved.output / BEST_FILE))}")
