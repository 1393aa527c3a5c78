"""A recipe: one typed configuration, from a YAML file and ``key=value`` overrides."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from ..errors import InputError
from .vocabulary import Normalization

HomePath = Annotated[Path, AfterValidator(Path.expanduser)]


def _mark_folder(base: str) -> str:
    """Put ``./`` before a relative folder, which other people's machines would take for a repository of the hub."""
    bare = base and base != "embedded" and not base.startswith((".", "/", "~"))
    return f"./{base}" if bare and Path(base).is_dir() else base


Base = Annotated[str, AfterValidator(_mark_folder)]
"""An encoder by name."""

Files = Annotated[
    list[HomePath],
    BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
    Field(min_length=1),
]
"""One file or a list of them."""


def _check_fold(fold: tuple[int, int]) -> tuple[int, int]:
    """Refuse a part that there is not."""
    if not 1 <= fold[0] <= fold[1] or fold[1] < 2:
        raise ValueError("a fold is [k, n] with k from 1 to n, and n at least 2")
    return fold


Fold = Annotated[tuple[int, int], AfterValidator(_check_fold)]
"""Which part is left out, counted from 1, and how many parts there are."""


def _normalization(value: Any) -> Any:  # noqa: ANN401
    """Read the words that YAML takes for truth values (``none`` is not among them) as default or none."""
    return {True: Normalization.default, False: Normalization.none}[value] if isinstance(value, bool) else value


class Recipe(BaseModel):
    """Everything that decides a training run; saved with the model as ``recipe.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    base: Base = Field(
        "embedded", description="encoder: a local folder, a hub repository, or 'embedded', the shipped model"
    )
    train: Files = Field(description="labelled articles to learn from, JSONL of {id, text, spans}; a file or several")
    dev: Files = Field(description="labelled articles that choose the best epoch; a file or several")
    output: HomePath = Field(description="folder of the trained model and its checkpoints")
    labels: Literal["auto"] | dict[str, str] | list[str] | None = Field(
        None,
        description="label names (or name: definition); 'auto' takes those in the data; default: the project's four",
    )
    fold: Fold | None = Field(
        None, description="[k, n]: leave out the kth of n parts of the training articles, as marsad train --folds does"
    )
    seed: int = Field(13, ge=0, lt=2**32, description="of shuffling, dropout and new weights")
    init_seed: int | None = Field(None, ge=0, lt=2**32, description="of new weights alone; default: seed")
    epochs: PositiveFloat = Field(8, description="passes over the training data, at most")
    patience: int = Field(3, ge=0, description="epochs without a better dev F1 before training stops; 0 = never")
    learning_rate: PositiveFloat = Field(3e-4, description="peak rate of the encoder")
    head_factor: PositiveFloat = Field(10.0, description="the new head learns at this many times the encoder's rate")
    layer_decay: float = Field(1.0, gt=0, le=1, description="factor on the rate from each layer to the one below it")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of the steps in which the rate rises")
    weight_decay: NonNegativeFloat = Field(0.01, description="AdamW's, on matrices only")
    max_grad_norm: PositiveFloat = Field(1.0, description="gradient clipping")
    batch_size: PositiveInt = Field(8, description="windows a step and device")
    accumulation: PositiveInt = Field(1, description="batches whose gradients are added before a step")
    dropout: float | None = Field(None, ge=0, lt=1, description="in encoder and head; default: the base's own")
    class_weights: Literal["none", "balanced"] | dict[str, PositiveFloat] = Field(
        "none", description="'balanced' weighs tags by the square root of their rarity; or label: weight, O among them"
    )
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of the target spread over all tags")
    focal_gamma: NonNegativeFloat = Field(
        0.0, description="focal loss: how much less a tag counts that is surely right; 0 = plain cross-entropy"
    )
    freeze_embeddings: bool = Field(False, description="leave the word embeddings as they are")
    freeze_layers: int = Field(0, ge=0, description="lowest layers that, with all embeddings, are left as they are")
    window: int = Field(128, ge=8, description="tokens the model sees at once; longer articles are read in windows")
    overlap: int = Field(32, ge=0, description="tokens that neighbouring windows share")
    boundary_rules: bool = Field(
        True, description="move the edges of what is found to where the project's guideline puts them"
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field("float32", description="of the arithmetic in training")
    save_precision: Literal["float32", "float16", "bfloat16"] = Field("float32", description="of the saved weights")
    normalize: Annotated[Normalization, BeforeValidator(_normalization)] = Field(
        Normalization.default, description="what the tokenizer does to text first: " + ", ".join(Normalization)
    )
    clitic_pieces: bool = Field(
        True, description="let a Unigram tokenizer use a word's own piece also after a proclitic (و + مئات)"
    )
    resume: bool = Field(False, description="continue from the last checkpoint in the output folder")
    report_to: list[str] = Field([], description="experiment trackers by name: tensorboard, wandb, mlflow, trackio")


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and apply ``key=value`` overrides, whose values are read as YAML.

    Raises:
        InputError: if the file is missing or not a YAML mapping, a key is unknown, or a value does not fit.
    """
    return make_recipe({**read_mapping(path), **dict(_parse_override(item) for item in overrides)}, str(path))


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file of ``key: value``.

    Raises:
        InputError: if the file is missing or holds anything else.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: not a mapping of key: value")
    return values


def make_recipe(values: Mapping[str, Any], origin: str) -> Recipe:
    """Check values against the recipe's types, and that they fit together.

    Raises:
        InputError: naming the nearest key for an unknown one, and the key for a value that does not fit.
    """
    recipe = check_values(values, origin)
    if recipe.overlap >= recipe.window - 2:
        raise InputError(f"{origin}: overlap={recipe.overlap} must be smaller than window={recipe.window} less 2")
    return recipe


def check_values(values: Mapping[str, Any], origin: str) -> Recipe:
    """Check each value by itself against its key's type.

    Raises:
        InputError: naming the nearest key for an unknown one, and the key for a value that does not fit.
    """
    for key in values:
        if key not in Recipe.model_fields:
            near = difflib.get_close_matches(str(key), Recipe.model_fields, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"keys: {', '.join(Recipe.model_fields)}"
            raise InputError(f"{origin}: unknown key {key!r}; {hint}")
    try:
        return Recipe.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if first["type"] == "missing":
            raise InputError(f"{origin}: no {key!r}: {Recipe.model_fields[key].description} (add {key}=…)") from None
        raise InputError(f"{origin}: {key}={values[key]!r}: {first['msg']}") from None


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write every key, so that the file alone repeats the run."""
    values = recipe.model_dump(mode="json")
    path.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _parse_override(item: str) -> tuple[str, Any]:
    """Split ``key=value``; 3e-4 is a number here, though YAML 1.1 would read it as a string."""
    key, equals, text = item.partition("=")
    if not equals:
        raise InputError(f"{item!r}: overrides are key=value, for example epochs=5")
    try:
        return key.strip(), yaml.safe_load(text)
    except yaml.YAMLError:
        raise InputError(f"{item!r}: the value is not YAML") from None
