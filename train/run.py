"""One training run, from recipe to checkpoint."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from ..annotations.schema import Article, LabelSet, default_labels, define_labels, labels_of
from ..annotations.store import read_articles
from ..errors import InputError, first_line
from ..inference.checkpoint import CARD_FILE, Card
from ..inference.engine import TorchEngine
from ..inference.extractor import Extractor
from ..inference.lexicon import Lexicon
from ..inference.tags import tags_of
from ..inference.tokenization import TextTokenizer
from .base import Base, load_base
from .config import Recipe, load_recipe, save_recipe
from .data import make_dataset
from .evaluation import check_labels, evaluate, report
from .trainer import CHECKPOINTS, SpanTrainer, StopOnSignal, last_checkpoint


class Interrupted(Exception):
    """The run was stopped by a signal after saving a checkpoint."""


def train(recipe: Recipe) -> dict[str, Any]:
    """Fine-tune the recipe's base and write the best epoch's model into the output folder.

    Returns:
        The dev figures of the saved model, as :func:`marsad.train.evaluation.report` gives them.

    Raises:
        InputError: if data, base or output folder don't fit.
        Interrupted: if a signal stopped the run; a checkpoint was saved.
    """
    checkpoint = _checkpoint_to_resume(recipe)
    articles, dev = ([a for file in files for a in read_articles(file)] for files in (recipe.train, recipe.dev))
    labels = _labels(recipe, articles)
    check_labels(labels, {"train": articles, "dev": dev})
    base = load_base(recipe, tags_of(labels))
    card = _card(recipe, base, labels, articles)
    tokenizer = TextTokenizer(base.tokenizer.backend_tokenizer)
    data, alignment = make_dataset(articles, tokenizer, card)
    if not len(data):
        raise InputError("train: no text in the training articles")
    _say(f"{len(articles)} articles, {len(data)} windows; spans: {alignment}")
    for outcome, examples in alignment.examples.items():
        for example in examples:
            _say(f"  {outcome}: {example}")
    base.model.get_input_embeddings().weight.requires_grad_(not recipe.freeze_embeddings)
    extractor = Extractor(TorchEngine(base.model), tokenizer, card, values=False)
    try:
        trainer = SpanTrainer(base, recipe, data, dev, extractor)
    except (ValueError, RuntimeError, ImportError) as error:  # a tracker or a precision that is not to be had here
        raise InputError(f"recipe: {first_line(error)}") from None
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if any(isinstance(c, StopOnSignal) and c.received for c in trainer.callback_handler.callbacks):
        raise Interrupted(f"stopped at step {trainer.state.global_step}; run again with resume=true to continue")
    _save(recipe, base, card)
    figures = {**report(evaluate(extractor, dev), tokenizer, card.tags), "history": _history(trainer)}
    _write_json(recipe, "metrics.json", figures)
    _write_json(recipe, "alignment.json", alignment.to_dict())
    shutil.rmtree(recipe.output / CHECKPOINTS)
    return figures


def _checkpoint_to_resume(recipe: Recipe) -> Path | None:
    """Return the checkpoint to go on from, and refuse to mix two runs in one folder."""
    if (recipe.output / CARD_FILE).exists():
        raise InputError(f"output={recipe.output}: already holds a trained model; name another folder, or remove it")
    try:
        recipe.output.mkdir(parents=True, exist_ok=True)
        strangers = [path.name for path in recipe.output.iterdir() if path.name != CHECKPOINTS]
    except OSError as error:
        raise InputError(f"output={recipe.output}: {error.strerror or error}") from None
    if strangers:
        raise InputError(f"output={recipe.output}: holds other files ({strangers[0]} …); name a new or empty folder")
    found = last_checkpoint(recipe.output)
    begun = recipe.output / CHECKPOINTS / "recipe.yaml"
    if recipe.resume and found is None:
        raise InputError(f"output={recipe.output}: no checkpoint to resume from")
    if found is not None and not recipe.resume:
        raise InputError(f"output={recipe.output}: holds an unfinished run; add resume=true, or name another folder")
    if found is not None and (changed := _changed_keys(load_recipe(begun), recipe)):
        raise InputError(
            f"resume: {', '.join(changed)} differ from the unfinished run's; give the same, or a new output"
        )
    if found is None:
        begun.parent.mkdir(exist_ok=True)
        save_recipe(recipe, begun)
    return found


def _changed_keys(one: Recipe, other: Recipe) -> list[str]:
    """Return the keys in which two recipes differ, the wish to resume apart."""
    first, second = one.model_dump(), other.model_dump()
    return [key for key in first if key != "resume" and first[key] != second[key]]


def _labels(recipe: Recipe, articles: Sequence[Article]) -> LabelSet:
    """Return the label set that the recipe asks for."""
    if recipe.labels == "auto":
        return labels_of(articles)
    if recipe.labels is None:
        return default_labels()
    return recipe.labels if isinstance(recipe.labels, dict) else define_labels(recipe.labels)


def _card(recipe: Recipe, base: Base, labels: LabelSet, articles: Sequence[Article]) -> Card:
    """Describe the model to be: labels, windows within the model's reach, and the names its boundaries rest on."""
    window = min(recipe.window, base.tokenizer.model_max_length)
    trained_before = (base.folder / CARD_FILE).exists()
    names = Counter(Card.load(base.folder).names if trained_before else {})  # what the base saw still holds
    names.update(Lexicon.learn((article.text, span.start) for article in articles for span in article.spans).names)
    ordered = dict(sorted(names.items(), key=lambda item: (-item[1], item[0])))
    return Card(labels, tags_of(labels), window, min(recipe.overlap, window // 2), ordered)


def _save(recipe: Recipe, base: Base, card: Card) -> None:
    """Write model, tokenizer, card and recipe; the model in memory takes on the saved precision, to be measured so."""
    base.model.to(getattr(torch, recipe.save_precision)).save_pretrained(recipe.output)
    base.model.float()
    base.tokenizer.save_pretrained(recipe.output)
    card.save(recipe.output)
    save_recipe(recipe, recipe.output / "recipe.yaml")


def _history(trainer: SpanTrainer) -> dict[str, Any]:
    """Return what happened: dev F1 by epoch, loss, time, and the versions that matter for repeating it."""
    log = trainer.state.log_history
    return {
        "dev_f1": [{"epoch": entry["epoch"], "f1": entry["eval_f1"]} for entry in log if "eval_f1" in entry],
        "loss": [{"step": entry["step"], "loss": entry["loss"]} for entry in log if "loss" in entry],
        "seconds": next((entry["train_runtime"] for entry in log if "train_runtime" in entry), None),
        "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
    }


def _write_json(recipe: Recipe, name: str, content: dict[str, Any]) -> None:
    """Write a JSON file into the output folder."""
    (recipe.output / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _say(line: str) -> None:
    """Tell the user something on stderr; stdout is for results."""
    sys.stderr.write(line + "\n")
