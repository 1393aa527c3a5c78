"""A base with the pieces of its vocabulary that a corpus needs: a multilingual encoder is mostly embeddings of others.

Abdaoui et al. 2020, Load What You Need (https://arxiv.org/abs/2010.05609). The encoder's own weights stay as they are.
"""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers
from tokenizers import Tokenizer
from transformers import PretrainedConfig, PreTrainedModel

from ..errors import InputError
from ..inference.checkpoint import CARD_FILE
from ..inference.tokenization import readable
from .base import (
    COUNTED_FROM_PADDING,
    find_base,
    load_config,
    load_tokenizer,
    longest_input,
    readable_weights,
    wrap_tokenizer,
)
from .vocabulary import WORD_START, Normalization, Spec, fit_spec, ids_of, keep_pieces, spec_of

TEXTS_AT_ONCE = 256

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning did.

    Attributes:
        texts, tokens: of the corpus, as the base's own tokenizer reads it.
        changed_texts, changed_tokens: how many of them read otherwise now, with the base's own tokenizer or with what
            the recipe makes of it.
        pieces, parameters, megabytes: of the vocabulary and of the model, before and after.
    """

    texts: int
    tokens: int
    changed_texts: int
    changed_tokens: int
    pieces: tuple[int, int]
    parameters: tuple[int, int]
    megabytes: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain JSON values."""
        return asdict(self)


class Reader:
    """A tokenizer as it is and as a recipe would change it; both tell tokens by the ids of the same base.

    Attributes:
        forms: each form's tokenizer, and the base's id for each of its ids.
    """

    def __init__(self, spec: Spec, sources: list[int], normalize: Normalization, clitic_pieces: bool) -> None:
        """Set the two forms up.

        Args:
            spec: the tokenizer's content.
            sources: the base's id for each of its ids.
            normalize: what the recipe asks for.
            clitic_pieces: the same.
        """
        fitted, origin = fit_spec(spec, normalize, clitic_pieces)
        base_ids = np.array(sources)
        self.forms = [
            (Tokenizer.from_str(json.dumps(form)), ids)
            for form, ids in [(spec, base_ids), *([(fitted, base_ids[origin])] if fitted != spec else [])]
        ]
        for backend, _ in self.forms:
            backend.no_truncation()
            backend.no_padding()

    def __call__(self, texts: list[str]) -> Iterator[list[Ints]]:
        """Yield, for each form, the base's ids of each text's tokens."""
        sound = list(map(readable, texts))
        for backend, ids in self.forms:
            yield [ids[np.array(e.ids, dtype=np.int64)] for e in backend.encode_batch_fast(sound, False)]


def prune(
    base: str,
    read: Callable[[], Iterable[str]],
    out: Path,
    normalize: Normalization = Normalization.default,
    clitic_pieces: bool = True,
) -> Pruned:
    """Write a base whose vocabulary holds what a corpus uses, all special tokens, and single characters.

    Args:
        base: a local folder, or a repository on the hub.
        read: gives the corpus, from its beginning each time it is called; it is read twice.
        out: a new or empty folder.
        normalize: of the recipe that will train the base; the pieces that it needs are kept as well.
        clitic_pieces: the same.

    Raises:
        InputError: if base or folder don't fit, or there is no text.
    """
    folder = find_base(base)
    _make_empty(out)
    config, tokenizer = load_config(folder, base), load_tokenizer(folder, base)
    spec = spec_of(tokenizer.backend_tokenizer)
    ids = ids_of(spec)
    before = Reader(spec, list(range(1 + max(ids.values()))), normalize, clitic_pieces)
    kept = used_pieces(before, read()) | {i for piece, i in ids.items() if is_basic(piece)}
    smaller, sources = keep_pieces(spec, kept)
    after = Reader(smaller, sources, normalize, clitic_pieces)
    counts = compare(before, after, read())
    with readable_weights(base):
        architecture = getattr(transformers, (config.architectures or ["AutoModel"])[0], transformers.AutoModel)
        model = architecture.from_pretrained(folder, config=config, dtype="auto")
    sizes = [(model.num_parameters(), _megabytes(model))]
    keep_rows(model, sources)
    sizes.append((model.num_parameters(), _megabytes(model)))
    model.save_pretrained(out)
    wrap_tokenizer(smaller, tokenizer, longest_input(model.config, tokenizer.model_max_length)).save_pretrained(out)
    if (folder / CARD_FILE).exists():
        shutil.copy(folder / CARD_FILE, out)
    parameters, megabytes = zip(*sizes, strict=True)
    return Pruned(*counts, (len(ids), len(sources)), parameters, megabytes)


def _make_empty(out: Path) -> None:
    """Make the folder to write into, before the work and not after it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        held = any(out.iterdir())
    except OSError as error:
        raise InputError(f"{out}: {error.strerror or error}; name a new or empty folder") from None
    if held:
        raise InputError(f"{out}: exists; name a new or empty folder")


def used_pieces(reader: Reader, texts: Iterable[str]) -> set[int]:
    """Return the ids of all pieces that a corpus is read as, in one form or the other."""
    used: set[int] = set()
    for batch in _batches(texts):
        for rows in reader(batch):
            used.update(np.unique(np.concatenate(rows)).tolist())
    if not used:
        raise InputError("no text to learn from which pieces are used")
    return used


def compare(before: Reader, after: Reader, texts: Iterable[str]) -> tuple[int, int, int, int]:
    """Return the number of texts and tokens, and of those that two readers read otherwise."""
    total = tokens = changed_texts = changed_tokens = 0
    for batch in _batches(texts):
        total += len(batch)
        changed = np.zeros(len(batch), dtype=np.bool_)
        for form, (old, new) in enumerate(zip(before(batch), after(batch), strict=True)):
            tokens += sum(map(len, old)) if form == 0 else 0
            differing = [not np.array_equal(*pair) for pair in zip(old, new, strict=True)]
            changed_tokens += sum(len(row) for row, differs in zip(old, differing, strict=True) if differs)
            changed |= differing
        changed_texts += int(changed.sum())
    return total, tokens, changed_texts, changed_tokens


def is_basic(piece: str) -> bool:
    """Tell whether a piece is kept even if the corpus does not use it: a character that Arabic text may well have."""
    body = piece.removeprefix(WORD_START).removeprefix("##")
    if len(body) > 1:
        return False
    return not body or body.isascii() or "\u0600" <= body <= "\u06ff" or unicodedata.category(body)[0] in "PS"


def keep_rows(model: PreTrainedModel, sources: list[int]) -> None:
    """Leave a model the vocabulary's rows with the given ids, in its embeddings and in a language model's head.

    Raises:
        InputError: if the padding token would move in a family that counts positions from it.
    """
    config: PretrainedConfig = model.config
    if config.model_type in COUNTED_FROM_PADDING and sources.index(config.pad_token_id) != config.pad_token_id:
        raise InputError(f"{config.model_type}: its padding token must not move, but pieces before it are not used")
    order = torch.tensor(sources)
    head = model.get_output_embeddings()
    with torch.no_grad():
        weights = [model.get_input_embeddings().weight, *(head.parameters() if head is not None else [])]
        for weight in {id(weight): weight for weight in weights}.values():  # the head's is often the embeddings'
            weight[: len(sources)] = weight[order]
    model.resize_token_embeddings(len(sources), mean_resizing=False)
    for name in ("pad_token_id", "bos_token_id", "eos_token_id", "sep_token_id", "cls_token_id", "mask_token_id"):
        if getattr(config, name, None) in sources:
            setattr(config, name, sources.index(getattr(config, name)))


def _megabytes(model: PreTrainedModel) -> float:
    return round(sum(p.numel() * p.element_size() for p in model.parameters()) / 1e6, 1)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Group texts."""
    remaining = iter(texts)
    while batch := list(islice(remaining, TEXTS_AT_ONCE)):
        yield batch
