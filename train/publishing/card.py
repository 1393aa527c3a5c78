"""The model card: facts in a template, metadata that the hub understands, and a section that people write by hand."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ...errors import InputError, first_line
from ...inference.checkpoint import SHIPPED
from .facts import TEMPLATES, Facts, gather, results, training
from .order import Order, Say

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

CARD = "README.md"

BEGIN = "<!-- by hand: what stands between here and the end mark is kept when the card is written again -->"
END = "<!-- end by hand -->"

FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
TITLE = re.compile(r"\A\s*# .*\n")

METRICS = ("f1", "precision", "recall")

UNKNOWN_LICENSE = "unknown"


def write_card(order: Order, folder: Path, before: str, say: Say) -> None:
    """Write the card of a staged checkpoint.

    Args:
        order: what is published.
        folder: the staged files.
        before: the card that is on the hub; empty where there is none.
        say: takes notices.

    Raises:
        InputError: if the checkpoint can't be used, or the marks around what was written by hand are broken.
    """
    from jinja2 import UndefinedError

    facts = gather(folder)
    local = read_card(order.run)
    base = read_card(SHIPPED) if facts.recipe.get("base") == "embedded" else ""
    stated = {**metadata(base), **metadata(local), **metadata(before)}
    license = order.license or stated.get("license", UNKNOWN_LICENSE)
    if license == UNKNOWN_LICENSE:
        say("the card states no licence; name one with --license, such as apache-2.0")
    notes = by_hand(before, f"the card of {order.repo}") or by_hand(local, str(order.run / CARD))
    try:
        front = describe(order.repo, facts, license, facts.base or stated.get("base_model"))
        text = render(order, facts, front, license, notes)
    except (LookupError, TypeError, AttributeError, UndefinedError) as error:
        raise InputError(
            f"{order.run}: metrics.json, recipe.yaml or alignment.json is not as this version of marsad writes it "
            f"({first_line(error)}); mend it, or take it away and the card does without"
        ) from None
    (folder / CARD).write_text(text, encoding="utf-8")


def read_card(folder: Path) -> str:
    """Return the text of a folder's card; empty where there is none.

    Raises:
        InputError: if it can't be read.
    """
    file = folder / CARD
    try:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: can't be read: {first_line(error)}") from None


def metadata(card: str) -> dict[str, Any]:
    """Return the front matter of a card, empty where there is none that can be read."""
    match = FRONT_MATTER.match(card)
    try:
        values = yaml.safe_load(match[1]) if match else {}
    except yaml.YAMLError:
        return {}
    return values if isinstance(values, dict) else {}


def by_hand(card: str, name: str) -> str:
    """Return what people have written: the part between the marks, or all of a card without them.

    Args:
        card: the text of the card.
        name: what an error calls it.

    Raises:
        InputError: if only one of the two marks is there; nobody's words are to be lost.
    """
    begins, ends = card.count(BEGIN), card.count(END)
    if begins == ends == 0:
        return TITLE.sub("", FRONT_MATTER.sub("", card, count=1)).strip()
    head, _, rest = card.partition(BEGIN)
    notes, _, tail = rest.partition(END)
    if begins != 1 or ends != 1 or END in head + tail:
        raise InputError(f"{name}: what is written by hand must stand between one {BEGIN} and one {END}")
    return notes.strip()


def describe(repo: str, facts: Facts, license: str, base: str | None) -> str:
    """Return the card's metadata as YAML."""
    from huggingface_hub import ModelCardData

    results = eval_results(facts)
    data = ModelCardData(
        language="ar",
        license=license,
        library_name="transformers",
        pipeline_tag="token-classification",
        base_model=base,
        tags=["arabic", "named-entity-recognition", "ner", "marsad"],
        metrics=list(METRICS) if results else None,
        model_name=repo.partition("/")[2],
        eval_results=results or None,
        widget=[
            {"text": text, "example_title": f"Example {number}"} for number, (text, _) in enumerate(facts.readings, 1)
        ],
        **_emissions(facts.history),
    )
    return data.to_yaml()


def eval_results(facts: Facts) -> list[EvalResult]:
    """Return the figures as the hub wants them: exact character spans, over all labels and for each."""
    from huggingface_hub import EvalResult

    exact = facts.figures.get("exact")
    if exact is None:
        return []
    return [
        EvalResult(
            task_type="token-classification",
            task_name="Named entity recognition",
            dataset_type=Path(facts.dev).stem or "dev",
            dataset_name=facts.dev,
            dataset_split="validation",
            metric_type=metric,
            metric_name=f"{metric}, exact spans, {name}",
            metric_value=round(row[metric], 4),
        )
        for name, row in {"micro": exact["micro"], **exact["labels"]}.items()
        for metric in METRICS
    ]


def _emissions(history: dict[str, Any]) -> dict[str, Any]:
    """Return what training emitted, in grams of CO2 equivalent, where it was recorded."""
    kilograms = history.get("emissions")
    if kilograms is None:
        return {}
    return {
        "co2_eq_emissions": {
            "emissions": round(kilograms * 1000, 3),
            "source": "codecarbon",
            "training_type": "fine-tuning",
        }
    }


def render(order: Order, facts: Facts, front: str, license: str, notes: str) -> str:
    """Fill the template."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = cell
    return environment.get_template("card.md").render(
        **{"front": front, "order": order, "facts": facts, "license": license, "marsad": version("marsad")},
        version=order.repo if order.tag is None else f"{order.repo}@{order.tag}",
        **{"results": results(facts.figures), "training": training(facts)},
        **{"begin": BEGIN, "end": END, "notes": notes},
    )


def cell(value: object) -> str:
    """Return a value as the content of a table's cell, without anything that Markdown or HTML would act upon."""
    text = " ".join(str(value).split())
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text)
