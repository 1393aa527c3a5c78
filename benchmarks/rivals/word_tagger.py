"""The token classifier of transformers' ``run_ner`` example: a label on each word's first piece, Trainer's defaults.

``python word_tagger.py FOLDER`` reads settings.json, train.jsonl, dev.jsonl and read.jsonl there, writes found.jsonl.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from datasets import Dataset
from marsad.benchmarks.rivals.words import read_tags
from seqeval.metrics import f1_score
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    EvalPrediction,
    Trainer,
    TrainingArguments,
)

IGNORED = -100


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the articles of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def make_dataset(path: Path, tokenizer: Any, tags: list[str]) -> Dataset:  # noqa: ANN401
    """Return a file's passages as pieces; the first of each word bears its tag, undecidable words apart."""
    parts = [part for row in read_rows(path) for part in row["passages"]]
    encoded = tokenizer([part["words"] for part in parts], is_split_into_words=True, truncation=True)
    numbers = {tag: i for i, tag in enumerate(tags)}
    firsts = [first_pieces(encoded.word_ids(i)) for i in range(len(parts))]
    labels = [
        [IGNORED if word is None else numbers.get(part["tags"][word], IGNORED) for word in words]
        for part, words in zip(parts, firsts, strict=True)
    ]
    columns = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    return Dataset.from_dict({**columns, "labels": labels})


def first_pieces(words: list[int | None]) -> list[int | None]:
    """Return the word that each piece is the first of, None for all other pieces."""
    before = [None, *words[:-1]]
    return [None if word == last else word for word, last in zip(words, before, strict=True)]


def fit(folder: Path, settings: dict[str, Any], tags: list[str], tokenizer: Any) -> Trainer:  # noqa: ANN401
    """Train; dev picks the best epoch."""
    transformers.set_seed(settings["seed"])
    model = AutoModelForTokenClassification.from_pretrained(
        settings["encoder"], num_labels=len(tags), id2label=dict(enumerate(tags)), dtype="float32"
    )
    arguments = TrainingArguments(
        str(folder / "checkpoints"), num_train_epochs=settings["epochs"], learning_rate=settings["learning_rate"],
        per_device_train_batch_size=settings["batch_size"], bf16=settings["bf16"], seed=settings["seed"],
        max_steps=settings["steps"] or -1, eval_strategy="epoch", save_strategy="epoch", save_total_limit=1,
        load_best_model_at_end=True, metric_for_best_model="eval_f1", report_to="none",
        use_cpu=not torch.cuda.is_available(),
    )  # fmt: skip

    def measure(prediction: EvalPrediction) -> dict[str, float]:
        guesses = np.argmax(np.asarray(prediction.predictions), axis=-1)
        kept = [(row != IGNORED, row, guess) for row, guess in zip(prediction.label_ids, guesses, strict=True)]
        gold = [[tags[i] for i in row[mask]] for mask, row, _ in kept]
        found = [[tags[i] for i in guess[mask]] for mask, _, guess in kept]
        return {"f1": float(f1_score(gold, found))}

    data = {name: make_dataset(folder / f"{name}.jsonl", tokenizer, tags) for name in ("train", "dev")}
    trainer = Trainer(
        model, arguments, DataCollatorForTokenClassification(tokenizer), data["train"], data["dev"],
        processing_class=tokenizer, compute_metrics=measure,
    )  # fmt: skip
    trainer.train()
    return trainer


def read(trainer: Trainer, path: Path, tags: list[str], tokenizer: Any) -> list[list[tuple[int, int, str]]]:  # noqa: ANN401
    """Return the spans found in each article: its words' tags, each that of the word's first piece."""
    logits = iter(np.asarray(trainer.predict(make_dataset(path, tokenizer, tags)).predictions))  # type: ignore[arg-type]
    articles = []
    for row in read_rows(path):
        spans = []
        for part in row["passages"]:
            guesses = np.argmax(next(logits), axis=-1)
            pieces = tokenizer(part["words"], is_split_into_words=True, truncation=True)
            by_word = dict(zip(first_pieces(pieces.word_ids()), guesses, strict=False))
            spans += read_tags(part["offsets"], [tags[by_word.get(i, 0)] for i in range(len(part["words"]))])
        articles.append(spans)
    return articles


def main(folder: Path) -> None:
    """Train and read."""
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    tags = ["O", *(f"{prefix}-{label}" for label in settings["labels"] for prefix in "BI")]
    tokenizer = AutoTokenizer.from_pretrained(settings["encoder"])
    trainer = fit(folder, settings, tags, tokenizer)
    found = read(trainer, folder / "read.jsonl", tags, tokenizer)
    (folder / "found.jsonl").write_text("".join(json.dumps(spans) + "\n" for spans in found), encoding="utf-8")
    shutil.rmtree(folder / "checkpoints")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
