"""The base encoder that a recipe names, made ready for token classification."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from ..errors import InputError, first_line
from ..inference.checkpoint import resolve
from .config import Recipe
from .vocabulary import add_clitic_pieces, add_normalizer, spec_of, split_on_whitespace

HEAD = "classifier"
"""Name of the classification head in every token classifier of transformers."""

UNSET_LENGTH = 100_000
"""A ``model_max_length`` beyond this is the library's way to say that none was set."""


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
    folder = resolve(recipe.base)
    try:
        config = AutoConfig.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"base={recipe.base}: not a transformers checkpoint: {first_line(error)}") from None
    known = tuple(dict(config.id2label or {}).values())
    config.num_labels = len(tags)
    config.id2label = dict(enumerate(tags))
    config.label2id = {tag: i for i, tag in enumerate(tags)}
    if recipe.dropout is not None:
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = config.classifier_dropout = recipe.dropout
    torch.manual_seed(recipe.seed)
    try:
        model = AutoModelForTokenClassification.from_pretrained(
            folder, config=config, dtype=torch.float32, ignore_mismatched_sizes=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise InputError(f"base={recipe.base}: its weights can't be read: {first_line(error)}") from None
    if known != tags:
        model._init_weights(getattr(model, HEAD))
    tokenizer = fit_tokenizer(tokenizer, model, recipe)
    return Base(folder, model, tokenizer, known != tags)


def fit_tokenizer(
    tokenizer: PreTrainedTokenizerFast, model: PreTrainedModel, recipe: Recipe
) -> PreTrainedTokenizerFast:
    """Apply what the recipe asks of the tokenizer, and bring the model's embeddings in line with its vocabulary."""
    spec = spec_of(tokenizer.backend_tokenizer)
    if recipe.normalize:
        spec = split_on_whitespace(add_normalizer(spec))
    if recipe.clitic_pieces:
        spec, sources = add_clitic_pieces(spec)
        if sources != list(range(model.config.vocab_size)):
            take_embeddings(model, sources)
    fitted = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(spec)),
        model_max_length=longest_input(model, tokenizer.model_max_length),
        model_input_names=["input_ids", "attention_mask"],
        **{name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)},
    )
    model.config.pad_token_id = fitted.pad_token_id
    return fitted


def take_embeddings(model: PreTrainedModel, sources: list[int]) -> None:
    """Give each vocabulary id of the model the embedding that its source id had."""
    embeddings = cast(torch.nn.Embedding, model.get_input_embeddings())
    weight = embeddings.weight.detach()[torch.tensor(sources)]
    model.set_input_embeddings(
        torch.nn.Embedding.from_pretrained(weight, freeze=False, padding_idx=embeddings.padding_idx)
    )
    model.config.vocab_size = len(sources)


def longest_input(model: PreTrainedModel, stated: int) -> int:
    """Return how many tokens the model takes at most: what the tokenizer states, clamped to the positions there are."""
    positions = getattr(model.config, "max_position_embeddings", UNSET_LENGTH)
    if model.config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= model.config.pad_token_id + 1  # these families count positions from the one after the padding's
    return int(min(stated, positions))
