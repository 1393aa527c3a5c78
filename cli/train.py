"""``marsad train`` and ``marsad evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import (
    INTERRUPTED,
    DeviceOption,
    EngineOption,
    JsonOption,
    ModelOption,
    ThreadsOption,
    complain,
    print_figures,
    tell,
)


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as configs/embedded.yaml.")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]…", help="Values to change.")] = None,
) -> None:
    """Fine-tune a token classifier on labelled articles."""
    from ..train.config import load_recipe

    resolved = load_recipe(recipe, overrides or [])
    from ..inference.engine import quiet_transformers
    from ..train.evaluation import as_table
    from ..train.run import Interrupted
    from ..train.run import train as run

    try:
        with quiet_transformers():
            figures = run(resolved)
    except Interrupted as stopped:
        complain(str(stopped))
        raise typer.Exit(INTERRUPTED) from None
    tell(f"saved in {resolved.output}; on the dev articles:")
    print_figures(figures, False, as_table)


def evaluate(
    data: Annotated[Path, typer.Argument(help="Labelled articles, JSONL.")],
    model: ModelOption = None,
    as_json: JsonOption = False,
    boundary_rules: Annotated[bool, typer.Option(help="Move edges to where the guideline puts them.")] = True,
    engine: EngineOption = None,
    device: DeviceOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Measure a model on labelled articles: exact character spans, through the code that extract runs."""
    from ..annotations.store import read_articles
    from ..inference.extractor import Extractor
    from ..train.evaluation import as_table, check_labels, report
    from ..train.evaluation import evaluate as run

    articles = read_articles(data)
    extractor = Extractor.from_pretrained(model, device, engine, threads)
    check_labels(extractor.card.labels, {str(data): articles})
    extractor.boundary_rules = boundary_rules
    extractor.values = False
    figures = report(run(extractor, articles), extractor.tokenizer, extractor.tags)
    print_figures(figures, as_json, as_table)
