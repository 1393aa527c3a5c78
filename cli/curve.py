"""``marsad learning-curve``: what more labelled articles would bring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from .console import INTERRUPTED, JsonOption, complain, print_figures, tell


def learning_curve(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as configs/arabert.yaml.")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]…", help="Values to change.")] = None,
    sizes: Annotated[str, typer.Option(help="Shares of the training articles.")] = "10%,25%,50%,100%",
    as_json: JsonOption = False,
) -> None:
    """Train on growing parts of the data; marsad evaluate --curve OUTPUT/curve.json draws the result.

    Begin with an encoder that has not seen the training data, or the curve is flat. The same command goes on where it
    was stopped.
    """
    from ..train.config import load_recipe
    from ..train.curve import CURVE_FILE, parse_sizes
    from ..train.curve import learning_curve as run

    shares, resolved = parse_sizes(sizes), load_recipe(recipe, overrides or [])
    from ..inference.engine import quiet_transformers
    from ..train.run import Interrupted

    points: list[dict[str, Any]] = []
    try:
        with quiet_transformers():
            for point in run(resolved, shares):
                points.append(point)
                tell(f"{point['share']:.0%}: {point['articles']:,} articles, dev F1 {point['micro']['f1']:.4f}")
    except Interrupted:
        complain("stopped; the same command goes on from here")
        raise typer.Exit(INTERRUPTED) from None
    tell(f"wrote {resolved.output / CURVE_FILE}")
    print_figures({"points": points}, as_json, _as_table)


def _as_table(curve: dict[str, Any]) -> Table:
    """Lay the points of a curve out as a table."""
    table = Table()
    for name in ("share", "articles", "spans", "F1", "95 %", "macro F1"):
        table.add_column(name, justify="right", no_wrap=True)
    for point in curve["points"]:
        micro = point["micro"]
        interval = f"{micro['f1_low']:.3f}–{micro['f1_high']:.3f}"
        figures = f"{micro['f1']:.3f}", interval, f"{point['macro']['f1']:.3f}"
        table.add_row(f"{point['share']:.0%}", f"{point['articles']:,}", f"{point['spans']:,}", *figures)
    return table
