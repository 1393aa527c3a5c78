"""SpanMarker (Aarsen 2023) on an encoder; a script for a Python with span_marker and transformers 4, needing no marsad.

``python span_marker_ner.py FOLDER`` reads settings.json, train.jsonl, dev.jsonl and read.jsonl there and writes
found.jsonl.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from unittest import mock

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from datasets import Dataset
from seqeval.metrics import f1_score
from span_marker import SpanMarkerModel, Trainer

MODEL_MAX_LENGTH, MARKER_MAX_LENGTH, ENTITY_MAX_LENGTH = 192, 128, 8
"""Tokens of a passage (100 words have some 150), pairs of markers read at once, and words of a mention."""


class LocalSeqeval:
    """What ``evaluate.load("seqeval")`` returns, which the library calls and which asks the network."""

    def __init__(self, name: str) -> None:
        """Begin with nothing; the name is always the same."""
        self.found: list[list[str]] = []
        self.gold: list[list[str]] = []

    def add(self, prediction: list[str], reference: list[str]) -> None:
        """Take one sentence's tags."""
        self.found.append(prediction)
        self.gold.append(reference)

    def compute(self) -> dict[str, float]:
        """Return the overall F1; the library wants the other figures for its model card only."""
        overall = float(f1_score(self.gold, self.found))
        return {f"overall_{name}": overall for name in ("f1", "precision", "recall", "accuracy")}


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the articles of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def make_dataset(path: Path, tags: list[str]) -> Dataset:
    """Return a file's passages with tags by number; undecidable mentions are unmarked, for none can be left out."""
    parts = [part for row in read_rows(path) for part in row["passages"]]
    numbers = {tag: i for i, tag in enumerate(tags)}
    rows = [[numbers.get(tag, 0) for tag in part["tags"]] for part in parts]
    return Dataset.from_dict({"tokens": [part["words"] for part in parts], "ner_tags": rows})


def copy_encoder(encoder: Path, folder: Path) -> Path:
    """Copy an encoder, its tokenizer named as transformers 4 knows it."""
    copy = Path(shutil.copytree(encoder, folder / "encoder", dirs_exist_ok=True))
    stated = json.loads((copy / "tokenizer_config.json").read_text(encoding="utf-8"))
    if stated.get("tokenizer_class") == "TokenizersBackend":
        stated["tokenizer_class"] = "PreTrainedTokenizerFast"
        (copy / "tokenizer_config.json").write_text(json.dumps(stated), encoding="utf-8")
    return copy


def fit(folder: Path, settings: dict[str, Any]) -> SpanMarkerModel:
    """Train; dev picks the best epoch."""
    tags = ["O", *(f"{prefix}-{label}" for label in settings["labels"] for prefix in "BI")]
    transformers.set_seed(settings["seed"])
    model = SpanMarkerModel.from_pretrained(
        str(copy_encoder(Path(settings["encoder"]), folder)), labels=tags, model_max_length=MODEL_MAX_LENGTH,
        marker_max_length=MARKER_MAX_LENGTH, entity_max_length=ENTITY_MAX_LENGTH,
    ).float()  # fmt: skip
    arguments = transformers.TrainingArguments(
        str(folder / "checkpoints"), num_train_epochs=settings["epochs"], learning_rate=settings["learning_rate"],
        per_device_train_batch_size=settings["batch_size"], warmup_ratio=0.1, bf16=settings["bf16"],
        seed=settings["seed"], max_steps=settings["steps"] or -1, eval_strategy="epoch", save_strategy="epoch",
        save_total_limit=1, load_best_model_at_end=True, metric_for_best_model="eval_overall_f1", report_to="none",
        use_cpu=not torch.cuda.is_available(),
    )  # fmt: skip
    data = {name: make_dataset(folder / f"{name}.jsonl", tags) for name in ("train", "dev")}
    trainer = Trainer(model=model, args=arguments, train_dataset=data["train"], eval_dataset=data["dev"])
    trainer.train()
    return trainer.model


def read(model: SpanMarkerModel, path: Path) -> list[list[tuple[int, int, str]]]:
    """Return the spans found in each article."""
    rows = read_rows(path)
    parts = [part for row in rows for part in row["passages"]]
    found = iter(model.predict([part["words"] for part in parts]))
    articles = []
    for row in rows:
        spans = [
            (part["offsets"][e["word_start_index"]][0], part["offsets"][e["word_end_index"] - 1][1], e["label"])
            for part in row["passages"]
            for e in next(found)
        ]
        articles.append(spans)
    return articles


def main(folder: Path) -> None:
    """Train and read."""
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    with mock.patch("span_marker.evaluation.evaluate.load", LocalSeqeval):
        model = fit(folder, settings)
    found = read(model.eval(), folder / "read.jsonl")
    (folder / "found.jsonl").write_text("".join(json.dumps(spans) + "\n" for spans in found), encoding="utf-8")
    for name in ("checkpoints", "encoder"):
        shutil.rmtree(folder / name, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
