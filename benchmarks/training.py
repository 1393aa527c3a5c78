"""How fast training is, against a plain transformers loop: one machine, the same base, windows, epochs and seed.

The peer is what a ``run_ner`` script does: the library's Trainer with its defaults, batches in random order, each
padded to its longest. The two run in turn, each in a process of its own; an epoch's time leaves evaluation out. Run it
with ``make bench-train``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from marsad.annotations.schema import Article, default_labels
from marsad.annotations.store import read_articles
from marsad.benchmarks.common import ROOT
from marsad.cli.console import show
from marsad.inference.checkpoint import Card
from marsad.inference.engine import TorchEngine, quiet_transformers
from marsad.inference.extractor import Extractor
from marsad.inference.tags import tags_of
from marsad.inference.tokenization import TextTokenizer
from marsad.train.base import Base, freeze, load_base
from marsad.train.config import Recipe, load_recipe
from marsad.train.data import make_dataset
from marsad.train.evaluation import evaluate
from marsad.train.trainer import SpanTrainer
from rich.table import Table
from transformers import (
    DataCollatorForTokenClassification,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

PEER = "transformers Trainer"
FIRST_SEED = 13


class EpochTimer(TrainerCallback):
    """Notes the seconds of each epoch's steps; evaluation and saving come after an epoch's end."""

    def __init__(self) -> None:
        """Start with no epoch timed."""
        self.seconds: list[float] = []

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:  # noqa: ANN401
        """Start the watch."""
        self.begun = time.perf_counter()

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:  # noqa: ANN401
        """Stop the watch."""
        self.seconds.append(time.perf_counter() - self.begun)


def plain_trainer(base: Base, recipe: Recipe, data: Any, extractor: Extractor, dev: Sequence[Article]) -> Trainer:  # noqa: ANN401
    """Return the library's Trainer as scripts like ``run_ner`` set it up; extractor and dev are not its concern."""
    arguments = TrainingArguments(
        output_dir=str(recipe.output),
        per_device_train_batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        num_train_epochs=recipe.epochs,
        seed=recipe.seed,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    trainer = Trainer(base.model, arguments, DataCollatorForTokenClassification(base.tokenizer), data)
    trainer.remove_callback(PrinterCallback)  # it writes to stdout, which is for results
    return trainer


def our_trainer(base: Base, recipe: Recipe, data: Any, extractor: Extractor, dev: Sequence[Article]) -> Trainer:  # noqa: ANN401
    """Return the Trainer that ``marsad train`` runs."""
    freeze(base.model, recipe)
    return SpanTrainer(base, recipe, data, dev, extractor)


CONTESTANTS: dict[str, Callable[..., Trainer]] = {PEER: plain_trainer, "marsad train": our_trainer}


def run_contestant(name: str, recipe: Recipe) -> dict[str, Any]:
    """Train in this process; return the seconds of each epoch and the dev F1 of the last one's weights."""
    labels = default_labels()
    articles, dev = ([a for file in files for a in read_articles(file)] for files in (recipe.train, recipe.dev))
    with quiet_transformers():
        # Dropout is a choice of our recipe; a plain script leaves it as the base has it.
        base = load_base(recipe.model_copy(update={"dropout": None}) if name == PEER else recipe, tags_of(labels))
        tokenizer = TextTokenizer(base.tokenizer.backend_tokenizer)
        card = Card(labels, tags_of(labels), recipe.window, recipe.overlap)
        data, _ = make_dataset(articles, tokenizer, card)
        extractor = Extractor(TorchEngine(base.model), tokenizer, card, values=False)
        trainer, timer = CONTESTANTS[name](base, recipe, data, extractor, dev), EpochTimer()
        trainer.add_callback(timer)
        trainer.train()
    return {"seconds": timer.seconds, "f1": evaluate(extractor, dev).f1, "tokens": sum(data["length"])}


def spawn(name: str, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run one contestant in a child process, with a scratch folder for its checkpoints."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, __file__, "--contestant", name, "--recipe", str(arguments.recipe)]
        command += [f"output={scratch}", f"seed={seed}", *arguments.overrides]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def report(results: dict[str, list[dict[str, Any]]]) -> Table:
    """Lay out the median epoch, its ratio to the peer's, and the mean dev F1."""
    seconds = {name: median(s for run in runs for s in run["seconds"]) for name, runs in results.items()}
    tokens = results[PEER][0]["tokens"]
    table = Table(title=f"{tokens:,} tokens an epoch, {len(results[PEER])} runs each", title_justify="left")
    for column in ("contestant", "s an epoch", "tokens/s", "× peer's time", "dev F1"):
        table.add_column(column, justify="left" if column == "contestant" else "right")
    for name, runs in results.items():
        f1 = sum(run["f1"] for run in runs) / len(runs)
        ratio = seconds[name] / seconds[PEER]
        table.add_row(
            name, f"{seconds[name]:.1f}", f"{tokens / seconds[name]:,.0f}", f"{ratio:.2f}", f"{f1:.4f}"
        )  # fmt: skip
    return table


def main() -> None:
    """Run one contestant for the parent process, or both in turn and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, default=ROOT / "configs/embedded.yaml")
    parser.add_argument("--rounds", type=int, default=3, help=f"runs of each, with seeds {FIRST_SEED}, …")
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="of the recipe, such as epochs=3 base=FOLDER")
    arguments = parser.parse_args()
    if arguments.contestant:
        recipe = load_recipe(arguments.recipe, arguments.overrides)
        sys.stdout.write(json.dumps(run_contestant(arguments.contestant, recipe)))
        return
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTESTANTS}
    for number in range(arguments.rounds):
        for name in CONTESTANTS:
            sys.stderr.write(f"round {number + 1} of {arguments.rounds}: {name}\n")
            results[name].append(spawn(name, FIRST_SEED + number, arguments))
    show(report(results))


if __name__ == "__main__":
    main()
