"""Several runs of one recipe and what they say together: over seeds, and over folds of the training articles."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from rich.table import Table
from transformers import AutoModelForTokenClassification, PreTrainedModel

from ..annotations.schema import Article
from ..annotations.scoring import Score, Scores, bootstrap, summarize
from ..annotations.store import read_articles, write_articles
from ..errors import InputError
from ..inference.checkpoint import CARD_FILE, Card
from ..inference.engine import TorchEngine
from ..inference.extractor import Extractor
from ..inference.tokenization import TextTokenizer
from .config import Recipe, save_recipe
from .evaluation import Evaluation, calibrate, evaluate, report
from .evaluation.comparison import f1s
from .folds import divide
from .run import METRICS_FILE, is_finished, refuse_other_recipe, require_one_process, say, train, write_json
from .trainer import last_checkpoint

SUMMARY_FILE = "summary.json"
FOLDS_FILE = "folds.jsonl"
AVERAGE = "average"

SPENT = ("wall_time", "emissions", "energy_kwh")
"""What a run's history says it took, which several runs take together."""

SHARED = ("tokenizer*.json", "special_tokens_map.json", CARD_FILE, "alignment.json")
"""Files in which the runs are alike; a graph that one of them was exported to is not among them."""

Runs = Mapping[str, Recipe]
"""The recipe of each run by the name of its folder."""

Counts = npt.NDArray[np.int64]
"""True positives, false positives and false negatives, shape (articles, runs, labels, 3)."""


def train_seeds(recipe: Recipe, count: int, average: bool = False) -> dict[str, Any]:
    """Train a recipe with several seeds, each into its own folder ``seed-…`` of the output.

    Args:
        recipe: the runs' configuration; its seed is the first.
        count: how many seeds.
        average: also write the mean of the runs' weights into ``average`` (a uniform model soup, Wortsman et al. 2022).
            Models can be averaged only if they began alike, so all new heads are then drawn with one ``init_seed`` and
            the seeds differ in order and dropout alone.

    Returns:
        What ``summary.json`` holds: ``runs``, ``best`` (the run with the best micro F1 on the dev articles),
        ``articles``, ``spans``; and ``micro``, ``macro`` and each of ``labels`` with exact F1 on the dev articles:
        ``runs`` (one figure a run), ``mean``, ``sd`` (between seeds), ``low`` and ``high`` (95 % bootstrap interval
        of the mean over articles). With ``average``, its F1s under ``average``.

    Raises:
        InputError: if the recipe or the output folder doesn't fit.
        Interrupted: if a signal stopped a run; with ``resume=true`` all goes on from there.
    """
    if average and recipe.init_seed is None:
        recipe = recipe.model_copy(update={"init_seed": recipe.seed})
    seeds = range(recipe.seed, recipe.seed + count)
    runs = {name: _variant(recipe, name, seed=seed) for seed in seeds for name in [f"seed-{seed}"]}
    train_all(recipe, runs)
    dev = [article for file in recipe.dev for article in read_articles(file)]
    scores = [evaluate(load_exactly(run.output), dev).scores() for run in runs.values()]
    names = list(runs)
    figures = {"kind": "seeds", "runs": names, **_size(dev), **over_seeds(scores)}
    figures["best"] = names[int(np.argmax(figures["micro"]["runs"]))]
    if average:
        figures[AVERAGE] = _average(recipe, runs, dev)
    write_json(recipe.output / SUMMARY_FILE, figures)
    return figures


def cross_validate(recipe: Recipe, count: int) -> dict[str, Any]:
    """Train on all parts of the training articles but one, measure on that one, and so for each part.

    The dev articles choose the epoch in every run, as always; the part that is left out is only measured, so nothing
    has been fitted to it. That holds if the base has not been trained on these articles and the dev articles have no
    near-duplicates among them. Each run's folder is ``fold-…``; ``folds.jsonl`` gets every training article with the
    spans found by the model that had not seen it.

    Returns:
        What ``summary.json`` holds: ``runs``, ``articles``, ``spans``; ``pooled``: the figures over all articles, as
        :func:`marsad.annotations.scoring.summarize` gives them; and ``micro``, ``macro`` and each of ``labels`` with
        ``runs`` (exact F1 of each part), ``mean`` and ``sd`` over the parts, ``low`` and ``high`` of the pooled F1.

    Raises:
        InputError: if the recipe or the output folder doesn't fit.
        Interrupted: if a signal stopped a run; with ``resume=true`` all goes on from there.
    """
    parts = divide(recipe.train, count)
    runs = {name: _variant(recipe, name, fold=(number, count)) for number, name in enumerate(parts, start=1)}
    train_all(recipe, runs)
    measured = {name: evaluate(load_exactly(run.output), parts[name]) for name, run in runs.items()}
    write_articles((a for name, found in measured.items() for a in _as_found(name, found)), recipe.output / FOLDS_FILE)
    articles = [article for part in parts.values() for article in part]
    scores = [found.scores() for found in measured.values()]
    figures = {"kind": "folds", "runs": list(runs), **_size(articles), **over_folds(scores)}
    write_json(recipe.output / SUMMARY_FILE, figures)
    return figures


def train_all(recipe: Recipe, runs: Runs) -> None:
    """Train each run that is not finished yet, going on from its checkpoint if it has one.

    Raises:
        InputError: if the output folder holds other files or other runs, or the recipe doesn't say ``resume``.
        Interrupted: if a signal stopped a run.
    """
    require_one_process("--seeds and --folds")
    held = sorted(path.name for path in recipe.output.iterdir()) if recipe.output.is_dir() else []
    if held and not recipe.resume:
        raise InputError(f"output={recipe.output}: not empty ({held[0]} …); add resume=true, or name another folder")
    if recipe.resume and not any(name in held for name in runs):
        raise InputError(f"output={recipe.output}: none of {', '.join(runs)} to resume")
    for place, (name, run) in enumerate(runs.items(), start=1):
        if is_finished(run.output):
            refuse_other_recipe(run.output / "recipe.yaml", run)
            say(f"{name} ({place} of {len(runs)}): kept")
            continue
        say(f"{name} ({place} of {len(runs)})")
        train(run.model_copy(update={"resume": last_checkpoint(run.output) is not None}))
        gc.collect()  # a Trainer and its model refer to each other, and the next run needs their memory


def load_exactly(folder: Path) -> Extractor:
    """Load a trained model in the precision it was measured in while training, whatever the device."""
    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    return Extractor(TorchEngine(model), TextTokenizer.load(folder), Card.load(folder), values=False)


def average_weights(folders: Sequence[Path]) -> PreTrainedModel:
    """Return a model whose weights are the means of several models' weights."""
    first, *others = (AutoModelForTokenClassification.from_pretrained(f, dtype=torch.float32) for f in folders)
    total = first.state_dict()
    for other in others:
        for name, weight in other.state_dict().items():
            total[name] += weight
    for weight in total.values():
        weight /= len(folders)
    return first


def _average(recipe: Recipe, runs: Runs, dev: Sequence[Article]) -> dict[str, Any]:
    """Write the mean of the runs' models as a checkpoint like theirs, and return its F1s on the dev articles."""
    folder = recipe.output / AVERAGE
    folders = [run.output for run in runs.values()]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in (file for pattern in SHARED for file in folders[0].glob(pattern)):
        shutil.copy(file, folder)
    average_weights(folders).to(getattr(torch, recipe.save_precision)).save_pretrained(folder)
    save_recipe(recipe.model_copy(update={"output": folder}), folder / "recipe.yaml")
    extractor = load_exactly(folder)
    card, fit = calibrate(extractor, dev)
    card.save(folder)
    figures = {**report(evaluate(extractor, dev), extractor.tokenizer, extractor.tags), "fit": fit}
    history = [json.loads((run / METRICS_FILE).read_text(encoding="utf-8"))["history"] for run in folders]
    spent = {key: sum(one[key] for one in history) for key in SPENT if all(key in one for one in history)}
    made = {**history[0], **spent, "average_of": list(runs), "dev_f1": [], "loss": []}
    write_json(folder / METRICS_FILE, {**figures, "history": made})
    exact = figures["exact"]
    labels = {label: row["f1"] for label, row in exact["labels"].items()}
    return {"micro": exact["micro"]["f1"], "macro": exact["macro"]["f1"], "labels": labels}


def _variant(recipe: Recipe, name: str, **changes: Any) -> Recipe:  # noqa: ANN401
    """Return the recipe of one run."""
    return recipe.model_copy(update={"output": recipe.output / name, "resume": False, **changes})


def _size(articles: Sequence[Article]) -> dict[str, int]:
    """Return how much was measured on."""
    spans = sum(not span.optional for article in articles for span in article.spans)
    return {"articles": len(articles), "spans": spans}


def _as_found(fold: str, evaluation: Evaluation) -> Iterable[Article]:
    """Yield the articles with the spans that were found, as annotations of their own."""
    for article, found in zip(evaluation.articles, evaluation.found, strict=True):
        yield Article(article.id, article.text, tuple(found), {**article.meta, "fold": fold})


def over_seeds(scores: Sequence[Sequence[Scores]]) -> dict[str, Any]:
    """Return mean and spread over seeds; all articles resampled together, for the seeds were measured on the same."""
    labels, counts = _count(scores)
    values = f1s(counts.sum(axis=0))
    means = [lambda total, column=i: float(f1s(total)[:, column].mean()) for i in range(values.shape[1])]
    return _rows(labels, values, [bootstrap(counts, mean) for mean in means])


def over_folds(scores: Sequence[Sequence[Scores]]) -> dict[str, Any]:
    """Return the pooled figures of all parts, and mean and spread over the parts."""
    pooled = summarize([article for part in scores for article in part])
    labels, counts = _count([[sum(part, Scores())] for part in scores])
    rows = [pooled["micro"], pooled["macro"], *(pooled["labels"][label] for label in labels)]
    intervals = [(row["f1_low"], row["f1_high"]) for row in rows]
    return {"pooled": pooled, **_rows(labels, f1s(counts[0]), intervals)}


def _count(scores: Sequence[Sequence[Scores]]) -> tuple[list[str], Counts]:
    """Return the labels, and the counts by article, run and label, of the scores by run and article."""
    labels = sorted({label for run in scores for article in run for label in article.by_label})
    counts = [
        [[_parts(run[place].by_label.get(label, Score())) for label in labels] for run in scores]
        for place in range(len(scores[0]))
    ]
    return labels, np.array(counts, dtype=np.int64)


def _parts(score: Score) -> tuple[int, int, int]:
    return score.tp, score.fp, score.fn


def _rows(
    labels: Sequence[str], values: npt.NDArray[np.float64], intervals: Sequence[tuple[float, float]]
) -> dict[str, Any]:
    """Name the columns of F1s of shape (runs, 2 + labels), and add mean, standard deviation and interval to each."""
    rows = [
        {
            "runs": column.tolist(),
            "mean": float(column.mean()),
            "sd": float(column.std(ddof=1)),
            "low": low,
            "high": high,
        }
        for column, (low, high) in zip(values.T, intervals, strict=True)
    ]
    return {"micro": rows[0], "macro": rows[1], "labels": dict(zip(labels, rows[2:], strict=True))}


def as_table(figures: dict[str, Any]) -> Table:
    """Lay a summary out as a table: a row a run, then what they say together."""
    folds = figures["kind"] == "folds"
    columns = _columns(figures)
    measured = "out of fold" if folds else "dev"
    title = f"exact F1 on {figures['articles']:,} articles ({measured}) · {figures['spans']:,} spans"
    table = Table("run", title=title, title_justify="left")
    for name in columns:
        table.add_column(name, justify="right")
    for place, run in enumerate(figures["runs"]):
        best = " *" if run == figures.get("best") else ""
        _add_row(table, run + best, [column["runs"][place] for column in columns.values()])
    table.add_section()
    _add_row(table, "mean", [column["mean"] for column in columns.values()])
    _add_row(table, "± sd", [column["sd"] for column in columns.values()])
    if folds:
        _add_row(table, "pooled", [pooled["f1"] for pooled in _columns(figures["pooled"]).values()])
    for place, end in (("from", "low"), ("to", "high")):
        _add_row(table, f"95 % {place}", [column[end] for column in columns.values()])
    if AVERAGE in figures:
        table.add_section()
        _add_row(table, AVERAGE, list(_columns(figures[AVERAGE]).values()))
    return table


def _columns(figures: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of a summary by the names of the table's columns."""
    return {**figures["labels"], "micro": figures["micro"], "macro": figures["macro"]}


def _add_row(table: Table, name: str, values: Sequence[float]) -> None:
    table.add_row(name, *(f"{value:.3f}" for value in values))
