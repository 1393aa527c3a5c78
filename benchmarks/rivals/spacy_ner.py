"""spaCy's transition-based NER on a blank Arabic pipeline; a script for a Python that has spaCy and needs no marsad.

``python spacy_ner.py FOLDER`` reads settings.json, train.jsonl, dev.jsonl and read.jsonl there and writes found.jsonl.
Training is what ``spacy init config --lang ar --pipeline ner --optimize efficiency`` and ``spacy train`` do.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import spacy
from spacy.cli.init_config import init_config
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import Doc, DocBin


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the articles of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def annotate(nlp: Language, row: dict[str, Any]) -> Doc:
    """Return an article with its entities; words that a misaligned or undecidable one touches are missing, not O.

    This is what spaCy's own conversion from offsets does with misaligned ones.
    """
    doc = nlp.make_doc(row["text"])
    entities, missing = [], []
    for start, end, label in row["spans"]:
        entity = doc.char_span(start, end, label=label)
        if entity is None:
            missing.append(doc.char_span(start, end, alignment_mode="expand"))
        else:
            entities.append(entity)
    missing += [doc.char_span(start, end, alignment_mode="expand") for start, end in row["masked"]]
    taken = {token.i for entity in entities for token in entity}
    loose = [doc[i : i + 1] for i in sorted({token.i for span in missing for token in span} - taken)]
    doc.set_ents(entities, missing=loose, default="outside")
    return doc


def main(folder: Path) -> None:
    """Train, let dev pick the best step, and read."""
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    nlp = spacy.blank("ar")
    for name in ("train", "dev"):
        docs = [annotate(nlp, row) for row in read_rows(folder / f"{name}.jsonl")]
        DocBin(docs=docs).to_disk(folder / f"{name}.spacy")
    config = init_config(lang="ar", pipeline=["ner"], optimize="efficiency", gpu=False)
    config.to_disk(folder / "config.cfg")
    overrides: dict[str, Any] = {f"paths.{name}": str(folder / f"{name}.spacy") for name in ("train", "dev")}
    overrides["system.seed"] = settings["seed"]
    if settings["steps"]:
        overrides["training.max_steps"] = settings["steps"]
        overrides["training.eval_frequency"] = settings["steps"]
    train(folder / "config.cfg", folder / "model", overrides=overrides)
    best = spacy.load(folder / "model" / "model-best")
    texts = [row["text"] for row in read_rows(folder / "read.jsonl")]
    with (folder / "found.jsonl").open("w", encoding="utf-8") as lines:
        for doc in best.pipe(texts):
            lines.write(json.dumps([(e.start_char, e.end_char, e.label_) for e in doc.ents]) + "\n")
    shutil.rmtree(folder / "model")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
