"""What a model card says of a model: read from its files, or found by running it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import yaml

from ...annotations.inline import parse_inline
from ...annotations.schema import Article, default_labels
from ...inference.checkpoint import Card
from ...inference.extractor import Extractor
from ...inference.mentions import Mention
from .files import INT8_FILE, is_hub_base

TEMPLATES = Path(__file__).with_name("templates")

SHOWN = 2
"""Invented examples of each label."""

SETTINGS = (
    *("base", "seed", "epochs", "learning_rate", "head_factor", "layer_decay", "warmup", "weight_decay", "batch_size"),
    *("accumulation", "dropout", "class_weights", "label_smoothing", "window", "overlap", "precision", "fold"),
)
"""Keys of the recipe that a reader of the card asks for first."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label as the card shows it."""

    name: str
    definition: str
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the files of a checkpoint, as published, say.

    Attributes:
        architecture: of the encoder, with its size.
        labels: those of the model.
        card: windows and the rest of ``marsad.json``.
        recipe: the resolved recipe, empty where there is none.
        figures: ``metrics.json``, empty where there is none.
        history: what happened in training, from the figures.
        alignment: how many spans met the tokens how.
        graph: whether an int8 graph is there.
        readings: invented sentences with what the model finds in them.
    """

    architecture: str
    labels: Sequence[Label]
    card: Card
    recipe: dict[str, Any]
    figures: dict[str, Any]
    history: dict[str, Any]
    alignment: dict[str, int]
    graph: bool
    readings: Sequence[tuple[str, Sequence[Mention]]]

    @property
    def base(self) -> str | None:
        """Return the repository of the base, if it was one."""
        base = self.recipe.get("base")
        return base.partition("@")[0] if isinstance(base, str) and is_hub_base(base) else None

    @property
    def calibration(self) -> dict[str, Any] | None:
        """Return how reliable the scores are, where it was measured with the temperature that the model has now."""
        fitted = self.figures.get("fit") or {}
        return fitted if fitted.get("spans") and fitted["temperature"] == self.card.temperature else None

    @property
    def is_default_task(self) -> bool:
        """Tell whether the labels are the project's own."""
        return [label.name for label in self.labels] == list(default_labels())

    @property
    def learned_from(self) -> str:
        """Return the names of the training data."""
        files = self.recipe.get("train", ())
        return ", ".join(files) if isinstance(files, list) else str(files)

    @property
    def dev(self) -> str:
        """Return the name of the data that the figures were measured on."""
        files = self.recipe.get("dev", "dev")
        return ", ".join(files) if isinstance(files, list) else str(files)


def gather(folder: Path) -> Facts:
    """Collect the facts of a checkpoint folder; the model is loaded and run once.

    Raises:
        InputError: if the checkpoint can't be used.
    """
    extractor = Extractor.from_pretrained(folder, device="cpu")
    extractor.values = False
    articles = sentences()
    figures = _read(folder / "metrics.json")
    return Facts(
        architecture=describe_architecture(folder),
        labels=_labels(extractor.card, articles),
        card=extractor.card,
        recipe=_read(folder / "recipe.yaml"),
        figures=figures,
        history=figures.get("history", {}),
        alignment=_read(folder / "alignment.json").get("counts", {}),
        graph=(folder / INT8_FILE).exists(),
        readings=[(article.text, extractor(article.text)) for article in articles],
    )


def results(figures: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows of the table of results: each label, micro and macro, with F1 by overlap as ``overlap``."""
    if "exact" not in figures:
        return []
    exact, partial = (
        {**figures[way]["labels"], "micro": figures[way]["micro"], "macro": figures[way]["macro"]}
        for way in ("exact", "partial")
    )
    return [(name, {**row, "overlap": partial.get(name, {}).get("f1")}) for name, row in exact.items()]


def training(facts: Facts) -> list[tuple[str, str]]:
    """Return what is known of the training run, as rows of name and value."""
    rows = {key.replace("_", " "): facts.recipe.get(key) for key in SETTINGS}
    history = facts.history
    rows["average of"] = ", ".join(history.get("average_of", ()))
    if epochs := history.get("dev_f1"):
        best = max(epochs, key=lambda point: point["f1"])
        rows["best epoch"] = f"{best['epoch']:g} of {epochs[-1]['epoch']:g}, dev F1 {best['f1']:.3f}"
    if seconds := history.get("wall_time"):
        rows["time"] = f"{seconds / 60:.1f} min"
    rows["hardware"] = _words(history.get("hardware", {}))
    rows["versions"] = _words(history.get("versions", {}))
    if (emitted := history.get("emissions")) is not None:
        country = history.get("emissions_country", "unknown country")
        rows["CO₂ equivalent"] = f"{emitted * 1000:.1f} g (codecarbon, {country})"
    return [(name, str(value)) for name, value in rows.items() if value not in (None, "")]


def _words(values: dict[str, Any]) -> str:
    """Return a mapping as words, without what is not there."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items() if value)


def sentences() -> list[Article]:
    """Return the invented sentences, with the project's labels."""
    lines = (TEMPLATES / "sentences.txt").read_text(encoding="utf-8").splitlines()
    return [parse_inline(line, f"sentence {number}") for number, line in enumerate(lines, 1)]


def describe_architecture(folder: Path) -> str:
    """Say what kind of encoder it is, and how large, from configuration and weights."""
    from safetensors import safe_open

    parameters, kinds = 0, set()
    for file in sorted(folder.glob("model*.safetensors")):
        with safe_open(file, "numpy") as weights:
            for name in weights.keys():  # noqa: SIM118 - no mapping
                part = weights.get_slice(name)
                parameters += prod(part.get_shape())
                kinds.add(part.get_dtype())
    config = _read(folder / "config.json")
    layers, width = config.get("num_hidden_layers"), config.get("hidden_size")
    shape = f", {layers} layers of {width}" if layers and width else ""
    return (
        f"{config.get('model_type', 'encoder')}{shape}, {parameters / 1e6:.1f} M parameters, {'/'.join(sorted(kinds))}"
    )


def _labels(card: Card, articles: Sequence[Article]) -> list[Label]:
    """Return the model's labels, with examples of those that the sentences have."""
    examples: dict[str, list[str]] = {}
    for article in articles:
        for span in article.spans:
            examples.setdefault(span.label, []).append(article.text[span.start : span.end])
    known = default_labels()
    return [
        Label(name, text, examples.get(name, [])[:SHOWN] if known.get(name) == text else ())
        for name, text in card.labels.items()
    ]


def _read(file: Path) -> dict[str, Any]:
    """Read a JSON or YAML file that is there or not."""
    if not file.exists():
        return {}
    text = file.read_text(encoding="utf-8")
    return yaml.safe_load(text) if file.suffix == ".yaml" else json.loads(text)
