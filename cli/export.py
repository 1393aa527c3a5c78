"""``marsad export``: a checkpoint as ONNX graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .console import tell


def export(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint folder; the graphs go into its folder onnx/.")],
    texts: Annotated[
        Path | None,
        typer.Option(help="Labelled articles, JSONL, of the kind the model will read; default: the shipped examples."),
    ] = None,
) -> None:
    """Write a checkpoint as ONNX graphs, in float32 and in int8: extract then runs on them, without torch."""
    from ..annotations.store import read_articles
    from ..inference.checkpoint import Card
    from ..inference.sample_articles import examples
    from ..train.export import export as run

    if not checkpoint.is_dir():
        raise InputError(f"{checkpoint}: no such checkpoint folder")
    articles = examples() if texts is None else [article.text for article in read_articles(texts)]
    for name, file in run(checkpoint, articles, Card.load(checkpoint).window).items():
        tell(f"{file}: {file.stat().st_size / 1e6:.1f} MB, --engine {name}")
