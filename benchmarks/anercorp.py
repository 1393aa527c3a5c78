"""The recipe on another task: ANERcorp's people, places, organisations and others.

A tenth of the articles is held out and another tenth chooses the epoch. The file has no articles, only sentences in
order, so that blocks of consecutive ones stay together, and near-duplicates with them; the split is always the same.
As the corpus marks whole words, particles included, the model goes without our boundary rules.

``python benchmarks/anercorp.py anercorp_camel_train.jsonl.xz --base FOLDER``
"""

from __future__ import annotations

import argparse
import lzma
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from marsad.annotations.schema import Article
from marsad.annotations.scoring import partial, summarize
from marsad.annotations.splits import Split, split_articles
from marsad.annotations.store import Located, read_articles, write_articles
from marsad.annotations.validation import check_files
from marsad.benchmarks.common import ROOT, SCRATCH, make_table, our_reader, run, score, show_interval, write_json
from marsad.cli.console import show
from marsad.errors import InputError
from rich.table import Table

OUTPUT = SCRATCH / "anercorp"
SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}
BLOCK = 20
"""Consecutive sentences that are kept together: about as many as an article of the corpus has."""


def read_corpus(path: Path) -> list[Located]:
    """Read the sentences; one with a bad span, or that came before, is left out and named on stderr.

    Raises:
        InputError: if the file can't be read.
    """
    plain = OUTPUT / "all.jsonl"
    OUTPUT.mkdir(parents=True, exist_ok=True)
    try:
        plain.write_bytes(lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes())
    except (OSError, lzma.LZMAError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    located, problems = check_files([plain], None)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    faulty = {problem.line for problem in problems}
    return [record for record in located if record.line not in faulty]


def split_corpus(located: Sequence[Located]) -> Split:
    """Divide the sentences into train, dev and test, block by block."""
    blocks = [
        replace(record, article=replace(record.article, meta={**record.article.meta, "article": str(place // BLOCK)}))
        for place, record in enumerate(located)
    ]
    return split_articles(blocks, SHARES)


def train(arguments: argparse.Namespace, folder: Path) -> None:
    """Train through the command that users have."""
    keys = {
        "train": OUTPUT / "train.jsonl", "dev": OUTPUT / "dev.jsonl", "output": folder, "labels": "auto",
        "base": arguments.base, "epochs": arguments.epochs, "seed": arguments.seed, "boundary_rules": "false",
    }  # fmt: skip
    overrides = [f"{key}={value}" for key, value in keys.items()]
    recipe = str(ROOT / "configs" / "embedded.yaml")
    command = [sys.executable, "-m", "marsad", "train", recipe, *overrides, *arguments.set]
    if status := subprocess.run(command, check=False).returncode:
        raise InputError(f"training ended with exit code {status}")


def measure(model: Path, articles: Sequence[Article]) -> dict[str, Any]:
    """Return the figures on the held-out tenth, exact and by overlap."""
    found = our_reader(str(model))([article.text for article in articles])
    return {
        "articles": len(articles),
        "exact": summarize(score(articles, found)),
        "partial": summarize(score(articles, found, partial)),
    }


def as_table(figures: dict[str, Any]) -> Table:
    """Lay the figures out: F1 with its interval, precision and recall, and F1 by overlap."""
    title = f"Held-out tenth: {figures['articles']:,} sentences; exact spans"
    table = make_table(title, "label", "F1", "95 %", "P", "R", "overlap", "spans")
    exact, by_overlap = (_rows(figures[match]) for match in ("exact", "partial"))
    for name, row in exact.items():
        cells = [f"{row['f1']:.3f}", show_interval(row, "f1_low", "f1_high")]
        cells += [f"{row[key]:.3f}" if key in row else "" for key in ("precision", "recall")]
        cells += [f"{by_overlap[name]['f1']:.3f}", str(row["tp"] + row["fn"]) if "tp" in row else ""]
        table.add_row(name, *cells)
    return table


def _rows(summary: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the figures of the labels, micro and macro in the order of a table."""
    return {**summary["labels"], "micro": summary["micro"], "macro": summary["macro"]}


def main() -> None:
    """Split, train, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="JSONL, also .xz, of {id, text, spans}")
    parser.add_argument("--base", default="embedded", help="the encoder to fine-tune, as a recipe names it")
    parser.add_argument("--epochs", type=float, default=8)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="further values of the recipe")
    parser.add_argument("--output", type=Path, help="folder of the trained model; default: .bench/anercorp/seed-N")
    arguments = parser.parse_args()
    split = split_corpus(read_corpus(arguments.corpus))
    for name, articles in split.parts.items():
        write_articles(articles, OUTPUT / f"{name}.jsonl")
        spans = sum(len(article.spans) for article in articles)
        sys.stderr.write(f"{name}: {len(articles):,} sentences, {spans:,} spans, {split.groups[name]} blocks\n")
    model = arguments.output or OUTPUT / f"seed-{arguments.seed}"
    train(arguments, model)
    figures = measure(model, read_articles(OUTPUT / "test.jsonl"))
    write_json(OUTPUT / f"{model.name}.json", figures)
    show(as_table(figures))


if __name__ == "__main__":
    run(main)
