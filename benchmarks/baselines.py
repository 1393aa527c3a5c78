"""Other taggers trained on the same articles as our model, all measured by the same scorer on the same files.

The rivals: a dictionary of the training mentions; spaCy's transition-based NER; SpanMarker; and the token classifier of
transformers' own example over words, split at punctuation too or at whitespace only. Those with an encoder take the
same one. Dev picks each one's best epoch, as it does ours. Predictions go to ``.bench/baselines/NAME/``; what a rival
found with the same settings and files is not computed again.

``python benchmarks/baselines.py --train TRAIN --dev DEV --test TEST… --encoder FOLDER --model FOLDER…``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from marsad.annotations.schema import Article, Span, labels_of
from marsad.annotations.scoring import Scores, partial, summarize
from marsad.annotations.store import read_articles, write_articles
from marsad.benchmarks.common import (
    ROOT,
    SCRATCH,
    compare,
    make_table,
    our_reader,
    run,
    score,
    show_interval,
    write_json,
)
from marsad.benchmarks.rivals import dictionary
from marsad.benchmarks.rivals.words import TOKEN, WHITESPACE, passages
from marsad.cli.console import show
from marsad.errors import InputError
from rich.console import Group
from rich.table import Table

OUTPUT = SCRATCH / "baselines"
OURS = "marsad"
DICTIONARY = "dictionary"


@dataclass(frozen=True, slots=True)
class Rival:
    """A tagger that is a script of its own.

    Attributes:
        script: its file in ``rivals/``.
        foreign: whether it runs in the Python of ``--rivals-python``.
        whitespace: whether words end at whitespace only.
    """

    script: str
    foreign: bool = False
    whitespace: bool = False


RIVALS = {
    "spacy": Rival("spacy_ner.py", foreign=True),
    "span-marker": Rival("span_marker_ner.py", foreign=True),
    "word-tagger": Rival("word_tagger.py"),
    "word-tagger-whitespace": Rival("word_tagger.py", whitespace=True),
}


@dataclass(frozen=True, slots=True)
class Data:
    """The articles: to learn from, to pick by, and those to be read, dev first, by the name of their file."""

    train: Sequence[Article]
    dev: Sequence[Article]
    read: dict[str, Sequence[Article]]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a rival is told; ``steps`` cuts training short, for trying out."""

    seed: int
    encoder: str
    epochs: float
    learning_rate: float
    batch_size: int
    bf16: bool
    steps: int
    labels: Sequence[str]
    data: str


def load_data(train: Path, dev: Path, tests: Sequence[Path]) -> Data:
    """Read all files."""
    files = {f"{path.resolve().parent.name}-{path.stem}": path for path in (dev, *tests)}
    if len(files) <= len(tests):
        raise InputError("two files to be read have the same name and folder name; rename one")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (train, *files.values()) if path.is_file()))
    read = {name: read_articles(path) for name, path in files.items()}
    return Data(read_articles(train), next(iter(read.values())), read, digest.hexdigest()[:16])


def write_rows(articles: Sequence[Article], path: Path, whitespace: bool) -> None:
    """Write articles as the rivals take them: text, spans, undecidable spans, and passages of words."""
    with path.open("w", encoding="utf-8") as lines:
        for article in articles:
            spans = [(s.start, s.end, s.label) for s in article.spans if not s.optional]
            masked = [(s.start, s.end) for s in article.spans if s.optional]
            parts = list(passages(article, WHITESPACE if whitespace else TOKEN))
            lines.write(json.dumps({"text": article.text, "spans": spans, "masked": masked, "passages": parts}) + "\n")


def run_rival(name: str, python: str, data: Data, settings: Settings) -> dict[str, list[list[Span]]]:
    """Train a rival in a process of its own and let it read; or take what is there from the same settings.

    Raises:
        InputError: if its Python lacks a package, or it fails.
    """
    rival, folder = RIVALS[name], OUTPUT / name / f"seed-{settings.seed}"
    finished, stated = folder / "finished.json", asdict(settings)
    if not (finished.exists() and json.loads(finished.read_text(encoding="utf-8"))["settings"] == stated):
        folder.mkdir(parents=True, exist_ok=True)
        finished.unlink(missing_ok=True)
        write_json(folder / "settings.json", stated)
        every = [article for articles in data.read.values() for article in articles]
        for part, articles in {"train": data.train, "dev": data.dev, "read": every}.items():
            write_rows(articles, folder / f"{part}.jsonl", rival.whitespace)
        sys.stderr.write(f"{name}, seed {settings.seed}: training; {folder / 'log.txt'}\n")
        begun = time.perf_counter()
        run_script(name, python if rival.foreign else sys.executable, folder)
        write_json(finished, {"settings": stated, "seconds": time.perf_counter() - begun})
    lines = iter((folder / "found.jsonl").read_text(encoding="utf-8").splitlines())
    return {
        file: [[Span(*span) for span in json.loads(next(lines))] for _ in articles]
        for file, articles in data.read.items()
    }


def run_script(name: str, python: str, folder: Path) -> None:
    """Run a rival's script on its folder; what it says goes to log.txt."""
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        command = [python, str(ROOT / "benchmarks" / "rivals" / RIVALS[name].script), str(folder)]
        try:
            status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
        except OSError as error:
            raise InputError(f"{python}: {error.strerror or error}") from None
    if status:
        said = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(said) if line.strip()), f"exit code {status}")
        hint = "; benchmarks/rivals/requirements.txt says how to make its Python" if "No module" in last else ""
        raise InputError(f"{name}: {last} ({folder / 'log.txt'}){hint}")


def find_all(arguments: argparse.Namespace, data: Data) -> dict[str, list[dict[str, list[list[Span]]]]]:
    """Return what every contestant finds: by name, for each seed or model, by file, for each article."""
    found: dict[str, list[dict[str, list[list[Span]]]]] = {}
    if chosen(DICTIONARY, arguments):
        known = dictionary.fit(data.train, data.dev)
        found[DICTIONARY] = [
            {name: [[span for span, _ in known.find(a.text)] for a in articles] for name, articles in data.read.items()}
        ]
    for name in filter(lambda name: chosen(name, arguments), RIVALS):
        every = [settings_of(arguments, data, seed) for seed in arguments.seeds]
        try:
            found[name] = [run_rival(name, arguments.rivals_python, data, settings) for settings in every]
        except InputError as error:
            sys.stderr.write(f"{error}; left out\n")
    readers = [our_reader(model) for model in arguments.model or [None]]
    found[OURS] = [
        {name: read([article.text for article in articles]) for name, articles in data.read.items()} for read in readers
    ]
    return found


def chosen(name: str, arguments: argparse.Namespace) -> bool:
    """Tell whether a contestant is asked for."""
    return not arguments.only or name in arguments.only


def settings_of(arguments: argparse.Namespace, data: Data, seed: int) -> Settings:
    """Return what a rival is told."""
    options = {name: getattr(arguments, name) for name in ("epochs", "learning_rate", "batch_size", "bf16", "steps")}
    labels = tuple(labels_of(data.train))
    return Settings(seed=seed, encoder=str(arguments.encoder), labels=list(labels), data=data.fingerprint, **options)


def keep_predictions(data: Data, found: dict[str, list[dict[str, list[list[Span]]]]]) -> None:
    """Write every contestant's spans as labelled articles, a file for each seed and file read."""
    for name, runs in found.items():
        for number, run_found in enumerate(runs):
            folder = OUTPUT / name / "predictions"
            folder.mkdir(parents=True, exist_ok=True)
            for file, spans in run_found.items():
                guesses = (Article(a.id, a.text, tuple(s)) for a, s in zip(data.read[file], spans, strict=True))
                write_articles(guesses, folder / f"{file}-{number + 1}.jsonl")


def measure(articles: Sequence[Article], runs: dict[str, list[list[list[Span]]]]) -> dict[str, Any]:
    """Return the figures of every contestant on one file.

    The counts of several seeds are added article by article, so that an interval is over articles, as everywhere;
    ``micro_by_seed`` has each seed's F1. ``difference`` is ours minus theirs.
    """
    pooled = {name: pool([score(articles, found) for found in seeds]) for name, seeds in runs.items()}
    return {
        name: {
            "micro_by_seed": [sum(score(articles, found), Scores()).micro.f1 for found in seeds],
            "exact": summarize(pooled[name]),
            "partial": summarize(pool([score(articles, found, partial) for found in seeds])),
            "difference": None if name == OURS else compare(pooled[OURS], pooled[name]),
        }
        for name, seeds in runs.items()
    }


def pool(runs: Sequence[Sequence[Scores]]) -> list[Scores]:
    """Add the scores of several runs article by article."""
    return [sum(scores, Scores()) for scores in zip(*runs, strict=True)]


def as_table(file: str, articles: Sequence[Article], figures: dict[str, Any]) -> Table:
    """Lay the contestants out on one file."""
    labels = sorted(figures[OURS]["exact"]["labels"])
    spans = sum(not span.optional for article in articles for span in article.spans)
    columns = "seeds", "micro F1", "95 %", "± seeds", "macro", *labels, "overlap", f"{OURS} −", "95 % of it"
    table = make_table(f"{file}: {len(articles):,} articles · {spans:,} spans · exact F1", "contestant", *columns)
    for name, row in sorted(figures.items(), key=lambda item: item[1]["exact"]["micro"]["f1"]):
        seeds, whole = row["micro_by_seed"], row["exact"]
        cells = [str(len(seeds)), f"{whole['micro']['f1']:.3f}", show_interval(whole["micro"], "f1_low", "f1_high")]
        cells += [f"{np.std(seeds, ddof=1):.3f}" if len(seeds) > 1 else "", f"{whole['macro']['f1']:.3f}"]
        cells += [f"{whole['labels'][label]['f1']:.3f}" if label in whole["labels"] else "" for label in labels]
        cells.append(f"{row['partial']['micro']['f1']:.3f}")
        if row["difference"]:
            micro = row["difference"]["micro"]
            cells += [f"{micro['difference']:+.3f}", show_interval(micro, "low", "high")]
        table.add_row(name, *cells)
    return table


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    own = ROOT / "annotations" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, default=own / "train.jsonl", help="labelled articles to learn from")
    parser.add_argument("--dev", type=Path, default=own / "dev.jsonl", help="labelled articles to pick by")
    parser.add_argument("--test", type=Path, nargs="*", default=[], help="further labelled articles to be read")
    parser.add_argument("--encoder", type=Path, help="folder of the encoder that rivals fine-tune")
    parser.add_argument("--model", nargs="*", help="our model; several are its seeds; default: the shipped one")
    parser.add_argument("--only", nargs="+", choices=[DICTIONARY, *RIVALS], help="these rivals only")
    parser.add_argument("--rivals-python", default=sys.executable, help="a Python with rivals/requirements.txt")
    parser.add_argument("--seeds", type=int, nargs="+", default=[13])
    parser.add_argument("--epochs", type=float, default=8)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--bf16", action="store_true", help="bfloat16 arithmetic in training")
    parser.add_argument("--steps", type=int, default=0, help="stop training after so many steps, for trying out")
    arguments = parser.parse_args()
    if arguments.encoder is None and any(chosen(name, arguments) for name in RIVALS if name != "spacy"):
        parser.error("--encoder FOLDER is needed, or --only with dictionary and spacy")
    return arguments


def main() -> None:
    """Train, read, measure, print a table for each file and write all figures as JSON."""
    arguments = parse_arguments()
    data = load_data(arguments.train, arguments.dev, arguments.test)
    found = find_all(arguments, data)
    keep_predictions(data, found)
    figures = {
        file: measure(articles, {name: [one[file] for one in runs] for name, runs in found.items()})
        for file, articles in data.read.items()
    }
    write_json(OUTPUT / "figures.json", figures)
    show(Group(*(as_table(file, data.read[file], rows) for file, rows in figures.items())))
    missing = [name for name in (DICTIONARY, *RIVALS) if chosen(name, arguments) and name not in found]
    if missing:
        raise InputError(f"not measured: {', '.join(missing)}")


if __name__ == "__main__":
    run(main)
