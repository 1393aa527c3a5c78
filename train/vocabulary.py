"""What a base's tokenizer is given before fine-tuning; it lives in ``tokenizer.json``, so it travels with the model."""

from __future__ import annotations

import json
import re
from typing import Any

from tokenizers import Tokenizer

from ..annotations.arabic import MARK_CLASS

WORD_START = "▁"
ARABIC_WORD = re.compile("[\u0621-\u063a\u0641-\u064a]+")

SHORTEST_PIECE = 3
"""Letters of a word piece that is worth having after a proclitic too."""

CLITIC_PENALTY = 0.5
"""Log-probability by which the copy of a piece is dearer than the piece, so that whole words stay the first choice."""

DIGITS = {zero + value: str(value) for zero in (0x0660, 0x06F0) for value in range(10)}
"""Arabic-Indic and Persian digits by code point."""

Spec = dict[str, Any]
"""The content of a ``tokenizer.json``."""


def spec_of(backend: Tokenizer) -> Spec:
    """Return a tokenizer's ``tokenizer.json`` content."""
    return json.loads(backend.to_str())


def add_normalizer(spec: Spec) -> Spec:
    """Make a tokenizer blind to tashkeel, tatweel, direction marks, presentation forms and the three digit forms.

    The steps go before the tokenizer's own; offsets still point into the original text. Doing it twice changes nothing.
    """
    steps: list[Spec] = [{"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": f"[{MARK_CLASS}]"}, "content": ""}]
    steps += [{"type": "Replace", "pattern": {"String": chr(code)}, "content": digit} for code, digit in DIGITS.items()]
    own = _as_list(spec["normalizer"], "normalizers")
    if own[: len(steps)] == steps:
        return spec
    return {**spec, "normalizer": {"type": "Sequence", "normalizers": [*steps, *own]}}


def split_on_whitespace(spec: Spec) -> Spec:
    """Let a SentencePiece-like tokenizer end words at every kind of whitespace, and leave it out of offsets."""
    own = _as_list(spec["pre_tokenizer"], "pretokenizers")
    if "Metaspace" not in [step["type"] for step in own] or {"type": "WhitespaceSplit"} in own:
        return spec
    return {**spec, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, *own]}}


def add_clitic_pieces(spec: Spec) -> tuple[Spec, list[int]]:
    """Fit a Unigram vocabulary to mentions that begin after a proclitic and end before punctuation.

    Each Arabic piece that only begins words gets a copy that continues them, so that ومئات is ``▁و|مئات`` and not
    ``▁وم|ئات``; pieces that mix punctuation with anything else are taken out, so that ``).`` is two tokens.

    Returns:
        The new content and, for each new vocabulary id, the old id whose embedding it takes; ids of other tokenizer
        models stay as they are.
    """
    if spec["model"]["type"] != "Unigram":
        return spec, list(range(len(spec["model"]["vocab"])))
    vocabulary: list[tuple[str, float]] = spec["model"]["vocab"]
    special = {token["content"] for token in spec["added_tokens"]}
    kept = [(i, piece, score) for i, (piece, score) in enumerate(vocabulary) if piece in special or not _mixed(piece)]
    known = {piece for _, piece, _ in kept}
    copies = [
        (i, piece[1:], score - CLITIC_PENALTY)
        for i, piece, score in kept
        if piece.startswith(WORD_START)
        and len(piece) > SHORTEST_PIECE
        and ARABIC_WORD.fullmatch(piece[1:])
        and piece[1:] not in known
    ]
    rows = [*kept, *copies]
    model = {**spec["model"], "vocab": [[piece, score] for _, piece, score in rows]}
    return _renumber({**spec, "model": model}), [i for i, _, _ in rows]


def _mixed(piece: str) -> bool:
    """Tell whether a piece has punctuation or symbols beside something else."""
    body = piece.removeprefix(WORD_START)
    return len(body) > 1 and any(not char.isalnum() and not re.match(f"[{MARK_CLASS}]", char) for char in body)


def _renumber(spec: Spec) -> Spec:
    """Set the ids of the special tokens, wherever the content names them, to their places in the vocabulary."""
    ids = {piece: i for i, (piece, _) in enumerate(spec["model"]["vocab"])}
    added = [{**token, "id": ids[token["content"]]} for token in spec["added_tokens"]]
    processor = spec["post_processor"]
    if processor and "special_tokens" in processor:
        named = {
            name: {**entry, "ids": [ids[token] for token in entry["tokens"]]}
            for name, entry in processor["special_tokens"].items()
        }
        processor = {**processor, "special_tokens": named}
    return {**spec, "added_tokens": added, "post_processor": processor}


def _as_list(step: Spec | None, inner: str) -> list[Spec]:
    """Return the steps of a normalizer or pre-tokenizer, whether none, one or a sequence."""
    if step is None:
        return []
    return step[inner] if step["type"] == "Sequence" else [step]
