"""The files of a checkpoint that are for others: weights, tokenizer and how they came about, never text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from ...errors import InputError, first_line
from ...inference.checkpoint import CARD_FILE, Card
from ...inference.engine import ONNX_FILES, EngineName
from ...inference.sample_articles import examples
from .hub import is_repo_name
from .order import Order, Say

INT8_FILE = ONNX_FILES[EngineName.onnx_int8]

COPIED = (
    *("config.json", "model.safetensors", "model-*.safetensors", "model.safetensors.index.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", CARD_FILE),
)
"""Patterns of the files that are published as they are."""

PATHS = ("train", "dev", "output")
"""Keys of a recipe whose values are paths on the machine of the training."""

FIGURES = ("articles", "spans", "exact", "partial", "seqeval", "errors", "calibration", "fit", "history")
"""Keys of ``metrics.json`` that hold no text."""

NEEDED = {"config.json": "config.json", "model.safetensors": "model*.safetensors", "tokenizer.json": "tokenizer.json"}
"""The pieces that nothing works without, and the patterns that they may come as."""


def check_complete(run: Path) -> None:
    """Refuse a folder without a model of spans.

    Raises:
        InputError: naming what is missing.
    """
    if not run.is_dir():
        raise InputError(f"{run}: no such folder; name the output folder of a training run, or 'embedded'")
    for name, pattern in NEEDED.items():
        if not any(run.glob(pattern)):
            inside = sorted(path.parent.name for path in run.glob("*/config.json"))
            hint = (
                f"name one of those in it: {', '.join(inside)}" if inside else "is it one that save_pretrained wrote?"
            )
            raise InputError(f"{run}: no {name} in this folder, so no checkpoint; {hint}")
    Card.load(run)


def stage(order: Order, folder: Path, say: Say) -> None:
    """Write what is published of a checkpoint into an empty folder, the card apart.

    Raises:
        InputError: if a file can't be read.
    """
    for pattern in COPIED:
        for file in order.run.glob(pattern):
            shutil.copyfile(file, folder / file.name)
    _filter(order.run / "recipe.yaml", folder, _without_folders)
    _filter(
        order.run / "metrics.json", folder, lambda figures: {key: figures[key] for key in FIGURES if key in figures}
    )
    # The examples of an alignment are mentions of the training text.
    _filter(order.run / "alignment.json", folder, lambda report: {"counts": report["counts"]})
    if order.onnx:
        _add_graph(order.run, folder, say)


def _filter(file: Path, folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Copy a JSON or YAML file, if there is one, with its content changed."""
    if not file.exists():
        return
    try:
        content = change(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        raise InputError(f"{file}: can't be read: {first_line(error)}") from None
    if file.suffix == ".yaml":
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    else:
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    (folder / file.name).write_text(text, encoding="utf-8")


def _without_folders(recipe: dict[str, Any]) -> dict[str, Any]:
    """Reduce the paths in a recipe to file names; folders tell of the machine, not of the model."""
    bare = {key: _file_names(recipe[key]) for key in PATHS if key in recipe}
    base = recipe.get("base")
    if isinstance(base, str) and not is_hub_base(base):
        bare["base"] = Path(base).name
    return {**recipe, **bare}


def _file_names(value: str | list[str]) -> str | list[str]:
    """Return the name of a file, or of each."""
    return [Path(path).name for path in value] if isinstance(value, list) else Path(value).name


def is_hub_base(base: str) -> bool:
    """Tell whether a recipe's base is a repository on the hub rather than a folder."""
    return is_repo_name(base.partition("@")[0]) and not Path(base).is_dir()


def _add_graph(run: Path, folder: Path, say: Say) -> None:
    """Copy the checkpoint's int8 graph, or export one."""
    (folder / INT8_FILE).parent.mkdir()
    if (run / INT8_FILE).exists():
        shutil.copyfile(run / INT8_FILE, folder / INT8_FILE)
        return
    if find_spec("onnx") is None or find_spec("onnxscript") is None:
        say("no int8 graph: exporting one needs pip install 'marsad[export]'")
        return
    from ..export import export

    say("exporting the int8 graph")
    with TemporaryDirectory() as scratch:
        work = Path(scratch)
        for file in folder.iterdir():
            if file.is_file():
                shutil.copyfile(file, work / file.name)
        try:
            graphs = export(work, examples(), Card.load(work).window)
        except InputError as error:
            say(f"no int8 graph: {error}")
            return
        shutil.copyfile(graphs[EngineName.onnx_int8], folder / INT8_FILE)
