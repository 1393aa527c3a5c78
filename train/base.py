"""The base encoder that a recipe names, made ready for token classification."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import cast

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from ..errors import InputError, first_line
from ..inference.checkpoint import resolve
from .config import Recipe
from .vocabulary import Spec, fit_spec, ids_of, spec_of

HEAD = "classifier"
"""Name of the classification head in every token classifier of transformers."""

UNSET_LENGTH = 100_000
"""A ``model_max_length`` beyond this is the library's way to say that none was set."""


COUNTED_FROM_PADDING = ("roberta", "xlm-roberta", "camembert")
"""Families that count positions from the one after the padding token's id."""

REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
"""What names a repository on the hub."""


@dataclass(frozen=True, slots=True)
class Base:
    """A model and its tokenizer, the folder they came from, and whether the head has yet to learn the labels."""

    folder: Path
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    head_is_new: bool


def load_base(recipe: Recipe, tags: tuple[str, ...]) -> Base:
    """Load the recipe's base and give it a head for the tags; a head trained on the very same tags is kept.

    Raises:
        InputError: if the base can't be found, or it is not an encoder with a fast tokenizer.
    """
    folder = find_base(recipe.base)
    config, tokenizer = load_config(folder, recipe.base), load_tokenizer(folder, recipe.base)
    known = tuple(dict(config.id2label or {}).values())
    config.num_labels = len(tags)
    config.id2label = dict(enumerate(tags))
    config.label2id = {tag: i for i, tag in enumerate(tags)}
    if recipe.dropout is not None:
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = config.classifier_dropout = recipe.dropout
    torch.manual_seed(recipe.seed if recipe.init_seed is None else recipe.init_seed)
    with readable_weights(recipe.base):
        model = AutoModelForTokenClassification.from_pretrained(
            folder, config=config, dtype=torch.float32, ignore_mismatched_sizes=True
        )
    if known != tags:
        model._init_weights(getattr(model, HEAD))
    tokenizer = fit_tokenizer(tokenizer, model, recipe)
    return Base(folder, model, tokenizer, known != tags)


def find_base(base: str) -> Path:
    """Return the folder of a base: a local one, the shipped model, or what the hub has.

    Raises:
        InputError: if there is none; it says how to bring the base here where the hub can't be reached.
    """
    try:
        return resolve(base)
    except InputError as error:
        if not REPOSITORY.fullmatch(base) or Path(base).exists():
            raise InputError(f"base={base}: {error}") from None
        raise InputError(
            f"base={error}; or fetch it where there is a network (hf download {base} --local-dir FOLDER) "
            "and say base=FOLDER"
        ) from None


def load_config(folder: Path, base: str) -> PretrainedConfig:
    """Read a checkpoint's configuration.

    Raises:
        InputError: if it is none of transformers'.
    """
    try:
        return AutoConfig.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"base={base}: not a transformers checkpoint: {first_line(error)}") from None


def load_tokenizer(folder: Path, base: str) -> PreTrainedTokenizerFast:
    """Read a checkpoint's tokenizer, from ``tokenizer.json`` or from what older checkpoints have instead.

    Raises:
        InputError: if there is none.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except Exception as error:  # every kind of tokenizer fails in its own way
        raise InputError(f"base={base}: its tokenizer can't be read: {first_line(error)}") from None
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise InputError(f"base={base}: a tokenizer without offsets ({type(tokenizer).__name__})")
    return tokenizer


@contextmanager
def readable_weights(base: str) -> Iterator[None]:
    """Say in one line what is wrong with weights that can't be loaded."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, SafetensorError, UnpicklingError) as error:
        raise InputError(f"base={base}: its weights can't be read: {first_line(error)}") from None


def fit_tokenizer(
    tokenizer: PreTrainedTokenizerFast, model: PreTrainedModel, recipe: Recipe
) -> PreTrainedTokenizerFast:
    """Apply what the recipe asks of the tokenizer, and bring the model's embeddings in line with its vocabulary.

    Raises:
        InputError: if tokenizer and embeddings don't belong together.
    """
    spec = spec_of(tokenizer.backend_tokenizer)
    pieces, rows = 1 + max(ids_of(spec).values()), model.config.vocab_size
    if pieces > rows:
        raise InputError(f"base={recipe.base}: its tokenizer has {pieces:,} pieces, but its embeddings {rows:,} rows")
    spec, sources = fit_spec(spec, recipe.normalize, recipe.clitic_pieces)
    if sources != list(range(pieces)):
        take_embeddings(model, sources)
    fitted = wrap_tokenizer(spec, tokenizer, longest_input(model.config, tokenizer.model_max_length))
    model.config.pad_token_id = fitted.pad_token_id
    return fitted


def wrap_tokenizer(spec: Spec, origin: PreTrainedTokenizerFast, longest: int) -> PreTrainedTokenizerFast:
    """Make a tokenizer for transformers of the content of a ``tokenizer.json``; special tokens are those of another."""
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(spec)),
        model_max_length=longest,
        model_input_names=["input_ids", "attention_mask"],
        **{name: str(token) for name, token in origin.special_tokens_map.items() if isinstance(token, str)},
    )


def freeze(model: PreTrainedModel, recipe: Recipe) -> None:
    """Leave out of training what the recipe says.

    Raises:
        InputError: if the model has no more layers than are to be left as they are.
    """
    layers = model.config.num_hidden_layers
    if recipe.freeze_layers >= layers:
        raise InputError(f"freeze_layers={recipe.freeze_layers}: base={recipe.base} has only {layers} layers")
    for name, parameter in model.named_parameters():
        if recipe.freeze_layers and not name.startswith(HEAD):
            parameter.requires_grad_(layer_of(name) >= recipe.freeze_layers)
    if recipe.freeze_embeddings:
        cast(torch.nn.Embedding, model.get_input_embeddings()).weight.requires_grad_(False)


def layer_of(parameter: str) -> int:
    """Return the layer that an encoder's parameter belongs to by its name, counted from 0; -1 for the embeddings."""
    return next((int(part) for part in parameter.split(".") if part.isdigit()), -1)


def take_embeddings(model: PreTrainedModel, sources: list[int]) -> None:
    """Give each vocabulary id of the model the embedding that its source id had."""
    embeddings = cast(torch.nn.Embedding, model.get_input_embeddings())
    weight = embeddings.weight.detach()[torch.tensor(sources)]
    model.set_input_embeddings(
        torch.nn.Embedding.from_pretrained(weight, freeze=False, padding_idx=embeddings.padding_idx)
    )
    model.config.vocab_size = len(sources)


def longest_input(config: PretrainedConfig, stated: int) -> int:
    """Return how many tokens a model takes at most: what the tokenizer states, clamped to the positions there are."""
    positions = getattr(config, "max_position_embeddings", UNSET_LENGTH)
    if config.model_type in COUNTED_FROM_PADDING:
        positions -= config.pad_token_id + 1
    return int(min(stated, positions))
