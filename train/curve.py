"""How much more labelling would bring: the same recipe on growing parts of the training data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..annotations.schema import Article, labels_of
from ..annotations.store import article_to_dict, json_line, read_articles
from ..errors import InputError
from .config import Recipe, load_recipe

CURVE_FILE = "curve.json"


def parse_sizes(text: str) -> list[float]:
    """Read ``10%,25%,100%`` as shares, in rising order.

    Raises:
        InputError: if it is anything else.
    """
    try:
        shares = sorted({float(part.strip().removesuffix("%")) / 100 for part in text.split(",")})
    except ValueError:
        shares = []
    if not shares or not all(0 < share <= 1 for share in shares) or "%" not in text:
        raise InputError(f"--sizes {text!r}: not a list of percentages, such as 10%,25%,50%,100%")
    return shares


def learning_curve(recipe: Recipe, shares: Sequence[float]) -> Iterator[dict[str, Any]]:
    """Train on each share of the training articles and yield its point of the curve; ``curve.json`` grows with them.

    The parts are nested: a larger one holds the smaller ones, in an order that the recipe's seed decides. All else is
    the recipe's, the number of epochs too. Runs that are finished, or can be resumed, are not begun anew.

    Args:
        recipe: the run; each share is trained in a subfolder of its output.
        shares: of the training articles, 0 to 1, rising.

    Yields:
        ``share``, ``articles``, ``spans``, and the dev figures ``micro``, ``macro`` and ``labels`` of exact spans.

    Raises:
        InputError: if this is one of several processes, the output holds a curve of another recipe or other data, or a
            run does not work.
    """
    from .run import require_one_process

    require_one_process("learning-curve")
    articles = [article for file in recipe.train for article in read_articles(file)]
    order = np.random.default_rng(recipe.seed).permutation(len(articles))
    # A small part may lack a label that the dev articles have.
    labels = dict(labels_of(articles)) if recipe.labels == "auto" else recipe.labels
    points: list[dict[str, Any]] = []
    for share in shares:
        part = [articles[i] for i in sorted(order[: max(round(share * len(articles)), 1)])]
        figures = _run(recipe.model_copy(update={"labels": labels}), f"{100 * share:g}", part)
        spans = sum(not span.optional for article in part for span in article.spans)
        points.append({"share": share, "articles": len(part), "spans": spans, **figures["exact"]})
        _write(recipe.output / CURVE_FILE, json.dumps({"points": points}, ensure_ascii=False, indent=1) + "\n")
        yield points[-1]


def _run(recipe: Recipe, name: str, part: Sequence[Article]) -> dict[str, Any]:
    """Return the dev figures of a run on a part of the data: read if it is finished, else trained."""
    from .run import train
    from .trainer import last_checkpoint

    data, folder = recipe.output / f"train-{name}.jsonl", recipe.output / name
    _keep(data, "".join(json_line(article_to_dict(article)) for article in part))
    settings = recipe.model_copy(update={"train": [data], "output": folder, "resume": False})
    if (folder / "metrics.json").exists():
        if load_recipe(folder / "recipe.yaml").model_copy(update={"resume": False}) != settings:
            raise InputError(f"{folder}: holds a run of another recipe; name another output")
        return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return train(settings.model_copy(update={"resume": last_checkpoint(folder) is not None}))


def _keep(path: Path, content: str) -> None:
    """Write a file unless it is there already, with the same content."""
    if not path.exists():
        _write(path, content)
    elif path.read_text(encoding="utf-8") != content:
        raise InputError(f"{path}: is of other training data or another seed; name another output")


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def read_curve(path: Path) -> list[dict[str, Any]]:
    """Read the points of a learning curve.

    Raises:
        InputError: if the file is not what :func:`learning_curve` wrote.
    """
    try:
        points = json.loads(path.read_text(encoding="utf-8"))["points"]
        for point in points:
            _ = point["articles"], point["micro"]["f1"], point["micro"]["f1_low"], point["micro"]["f1_high"]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path}: not a learning curve; marsad learning-curve writes {CURVE_FILE}") from None
    return points
