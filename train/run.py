"""One training run, from recipe to checkpoint."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..annotations.schema import Article, LabelSet, default_labels, define_labels, labels_of
from ..annotations.store import read_articles
from ..errors import InputError, first_line
from ..inference.checkpoint import CARD_FILE, Card
from ..inference.engine import TorchEngine
from ..inference.extractor import Extractor
from ..inference.lexicon import Lexicon
from ..inference.tags import tags_of
from ..inference.tokenization import TextTokenizer
from .alignment import AlignmentReport
from .base import Base, freeze, load_base
from .config import Recipe, load_recipe, save_recipe
from .data import make_dataset
from .evaluation import calibrate, check_labels, evaluate, report
from .folds import leave_out
from .history import Clock, describe_run, measuring_emissions
from .trackers import check_trackers, name_run
from .trainer import CHECKPOINTS, SpanTrainer, StopOnSignal, last_checkpoint

METRICS_FILE = "metrics.json"
BEGUN_FILE = "recipe.yaml"

OnDev = Callable[[float, float], None]
"""Told the epoch and its dev F1 after each evaluation; what it raises ends the run."""


class Interrupted(Exception):
    """The run was stopped by a signal after saving a checkpoint."""


def train(recipe: Recipe, on_dev: OnDev | None = None) -> dict[str, Any]:
    """Fine-tune the recipe's base and write the best epoch's model into the output folder.

    In several processes (``accelerate launch``) all of them compute the steps; the main one measures and writes.

    Args:
        recipe: the run's configuration.
        on_dev: told how the run goes on.

    Returns:
        The dev figures of the saved model, as :func:`marsad.train.evaluation.report` gives them, under ``fit`` those of
        its scores' temperature, and under ``history`` what :func:`marsad.train.history.describe_run` gives; the content
        of ``metrics.json``. Empty in all processes but the main one.

    Raises:
        InputError: if data, base, output folder, trackers or precision don't fit.
        Interrupted: if a signal stopped the run; a checkpoint was saved.
    """
    clock = Clock()
    check_precision(recipe)
    check_trackers(recipe)
    with PartialState(cpu=not torch.accelerator.is_available()).main_process_first():
        checkpoint = _checkpoint_to_resume(recipe)
    with measuring_emissions() as emissions:
        articles, dev, labels = _read(recipe)
        base = load_base(recipe, tags_of(labels))
        card = _card(recipe, base, labels, articles)
        tokenizer = TextTokenizer(base.tokenizer.backend_tokenizer)
        data, alignment = make_dataset(articles, tokenizer, card)
        if not len(data):
            raise InputError("train: no text in the training articles")
        _tell_alignment(len(articles), len(data), alignment)
        freeze(base.model, recipe)
        extractor = Extractor(TorchEngine(base.model), tokenizer, card, values=False)
        try:
            trainer = SpanTrainer(base, recipe, data, dev, extractor)
        except (ValueError, RuntimeError, ImportError) as error:  # what the library finds wrong with the machine
            raise InputError(f"recipe: {first_line(error)}") from None
        _run(trainer, recipe, clock, on_dev, checkpoint)
        if not trainer.is_world_process_zero():
            return {}
        _round_weights(recipe, base)
        card, fit = calibrate(extractor, dev)
        figures = {**report(evaluate(extractor, dev), tokenizer, card.tags), "fit": fit}
    history = describe_run(recipe, base.model, trainer.state.log_history, emissions, clock.seconds)
    _save(recipe, base, card, {**figures, "history": history}, alignment)
    return {**figures, "history": history}


def require_one_process(what: str) -> None:
    """Refuse to do several runs in several processes.

    Raises:
        InputError: if this is one of several processes.
    """
    if PartialState(cpu=not torch.accelerator.is_available()).num_processes > 1:
        raise InputError(f"{what}: not under accelerate launch; launch the runs one by one (seed=…, fold=…)")


def check_precision(recipe: Recipe) -> None:
    """Refuse a precision that this machine does not compute in.

    Raises:
        InputError: saying which ones it does.
    """
    gpu = torch.accelerator.is_available()
    if recipe.precision == "float16" and not gpu:
        raise InputError("precision=float16: needs a GPU; on a CPU train in bfloat16 or float32")
    if recipe.precision == "bfloat16" and torch.cuda.is_available() and not torch.cuda.is_bf16_supported():
        raise InputError("precision=bfloat16: this GPU does not compute in it; train in float16 or float32")


def _read(recipe: Recipe) -> tuple[list[Article], list[Article], LabelSet]:
    """Read training and dev articles, and settle the labels."""
    every, dev = ([a for file in files for a in read_articles(file)] for files in (recipe.train, recipe.dev))
    labels = _labels(recipe, every)  # of all parts, so that the models of all folds know the same
    articles = leave_out(recipe.train, recipe.fold) if recipe.fold else every
    check_labels(labels, {"train": articles, "dev": dev})
    return articles, dev, labels


def _tell_alignment(articles: int, windows: int, alignment: AlignmentReport) -> None:
    """Say how the spans met the tokens, with examples."""
    say(f"{articles} articles, {windows} windows; spans: {alignment}")
    for outcome, examples in alignment.examples.items():
        for example in examples:
            say(f"  {outcome}: {example}")


def _run(trainer: SpanTrainer, recipe: Recipe, clock: Clock, on_dev: OnDev | None, checkpoint: Path | None) -> None:
    """Train to the end, the best epoch's weights in memory.

    Raises:
        Interrupted: if a signal stopped the run.
    """
    name_run(trainer, recipe)
    trainer.add_callback(clock)
    if on_dev is not None:
        trainer.add_callback(_Told(on_dev))
    with _signal_handlers_put_back():
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if any(isinstance(c, StopOnSignal) and c.received for c in trainer.callback_handler.callbacks):
        raise Interrupted(f"stopped at step {trainer.state.global_step}; run again with resume=true to continue")


class _Told(TrainerCallback):
    """Passes each evaluation on."""

    def __init__(self, on_dev: OnDev) -> None:
        self.on_dev = on_dev

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Tell the epoch and its dev F1."""
        self.on_dev(state.epoch or 0.0, kwargs["metrics"]["eval_f1"])


@contextmanager
def _signal_handlers_put_back() -> Iterator[None]:
    """Undo at the end what training does to the signals, so that Ctrl-C means the usual again."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def is_finished(output: Path) -> bool:
    """Tell whether a folder holds a run that came to its end."""
    return (output / CARD_FILE).exists() and not (output / CHECKPOINTS).exists()


def _checkpoint_to_resume(recipe: Recipe) -> Path | None:
    """Return the checkpoint to go on from, and refuse to mix two runs in one folder."""
    begun = recipe.output / CHECKPOINTS / BEGUN_FILE
    found = last_checkpoint(recipe.output)
    if not begun.exists():
        _refuse_strangers(recipe.output)
    if recipe.resume and found is None:
        raise InputError(f"output={recipe.output}: no checkpoint to resume from")
    if found is not None and not recipe.resume:
        raise InputError(f"output={recipe.output}: holds an unfinished run; add resume=true, or name another folder")
    if found is not None:
        refuse_other_recipe(begun, recipe)
    else:
        begun.parent.mkdir(exist_ok=True)
        save_recipe(recipe, begun)
    return found


def _refuse_strangers(output: Path) -> None:
    """Make the output folder, and refuse one that holds anything."""
    if is_finished(output):
        raise InputError(f"output={output}: already holds a trained model; name another folder, or remove it")
    try:
        output.mkdir(parents=True, exist_ok=True)
        strangers = sorted(path.name for path in output.iterdir())
    except OSError as error:
        raise InputError(f"output={output}: {error.strerror or error}") from None
    if strangers:
        raise InputError(f"output={output}: holds other files ({strangers[0]} …); name a new or empty folder")


def refuse_other_recipe(begun: Path, recipe: Recipe) -> None:
    """Refuse to go on with a run of another recipe.

    Raises:
        InputError: naming the keys that differ.
    """
    if changed := _changed_keys(load_recipe(begun), recipe):
        average = " (--average gives all seeds one init_seed)" if "init_seed" in changed else ""
        raise InputError(
            f"resume: {', '.join(changed)} differ from the run's in {recipe.output}{average}; "
            "give the same, or a new output"
        )


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
    names: Counter[str] = Counter()
    if (base.folder / CARD_FILE).exists() and (before := Card.load(base.folder)).labels.keys() == labels.keys():
        names.update(before.names)  # what the base saw still holds
    names.update(Lexicon.learn((article.text, span.start) for article in articles for span in article.spans).names)
    ordered = dict(sorted(names.items(), key=lambda item: (-item[1], item[0])))
    return Card(labels, tags_of(labels), window, min(recipe.overlap, window // 2), recipe.boundary_rules, ordered)


def _round_weights(recipe: Recipe, base: Base) -> None:
    """Round the weights to the precision they are saved in, so that what is measured is what is saved."""
    base.model.to(getattr(torch, recipe.save_precision)).float()


def _save(recipe: Recipe, base: Base, card: Card, figures: dict[str, Any], alignment: AlignmentReport) -> None:
    """Write model, tokenizer, card, recipe and figures, and delete the checkpoints at last."""
    base.model.to(getattr(torch, recipe.save_precision)).save_pretrained(recipe.output)
    base.tokenizer.save_pretrained(recipe.output)
    card.save(recipe.output)
    save_recipe(recipe, recipe.output / "recipe.yaml")
    write_json(recipe.output / METRICS_FILE, figures)
    write_json(recipe.output / "alignment.json", alignment.to_dict())
    # Renamed in one step, for a folder that is deleted only in part would look like a run to go on with.
    shutil.rmtree((recipe.output / CHECKPOINTS).rename(recipe.output / f".{CHECKPOINTS}"))


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Write a JSON file."""
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def say(line: str) -> None:
    """Tell the user something on stderr, once whatever the number of processes; stdout is for results."""
    if PartialState().is_main_process:
        sys.stderr.write(line + "\n")
