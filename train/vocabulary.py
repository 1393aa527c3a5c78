"""What a base's tokenizer is given before fine-tuning; it lives in ``tokenizer.json``, so it travels with the model."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..annotations.arabic import MARK_CLASS
from ..errors import InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WORD_START = "▁"
ARABIC_WORD = re.compile("[\u0621-\u063a\u0641-\u064a]+")

SHORTEST_PIECE = 3
"""Letters of a word piece that is worth having after a proclitic too."""

CLITIC_PENALTY = 0.5
"""Log-probability by which the copy of a piece is dearer than the piece, so that whole words stay the first choice."""

DIGITS = {zero + value: str(value) for zero in (0x0660, 0x06F0) for value in range(10)}
"""Arabic-Indic and Persian digits by code point."""

Spec = dict[str, Any]
"""The content of a ``tokenizer.json``, or one step in it."""


class Normalization(StrEnum):
    """How text is brought to the form that a base was pretrained on.

    ``default``: presentation forms, marks and digit forms. ``arabert``: moreover what ``ArabertPreprocessor`` does for
    the models v02. ``arabert-twitter``: the same, but emojis stay. ``marbert``: the default, with the words that stand
    for addresses and users in ARBERT and MARBERT. ``none``: the base's own tokenizer as it is; lost word endings
    (المدينه) are restored before it all the same.
    """

    default = "default"
    arabert = "arabert"
    arabert_twitter = "arabert-twitter"
    marbert = "marbert"
    none = "none"


def spec_of(backend: Tokenizer) -> Spec:
    """Return a tokenizer's ``tokenizer.json`` content."""
    return json.loads(backend.to_str())


def fit_spec(spec: Spec, normalize: Normalization, clitic_pieces: bool) -> tuple[Spec, list[int]]:
    """Give a tokenizer what a recipe asks for.

    Returns:
        The new content and, for each new vocabulary id, the old id whose embedding it takes.
    """
    if normalize != Normalization.none:
        spec = split_on_whitespace(add_normalizer(spec, normalize))
    if clitic_pieces and spec["model"]["type"] == "Unigram":
        return add_clitic_pieces(spec)
    return spec, list(range(1 + max(ids_of(spec).values())))


def ids_of(spec: Spec) -> dict[str, int]:
    """Return the id of every piece and added token."""
    vocabulary = spec["model"]["vocab"]
    unigram = spec["model"]["type"] == "Unigram"
    ids = {piece: i for i, (piece, _) in enumerate(vocabulary)} if unigram else dict(vocabulary)
    return ids | {token["content"]: token["id"] for token in spec["added_tokens"]}


def unknown_id(spec: Spec) -> int | None:
    """Return the id of the token for what no piece can spell, if there is one."""
    model = spec["model"]
    return model["unk_id"] if "unk_id" in model else ids_of(spec).get(model.get("unk_token") or "")


def add_normalizer(spec: Spec, normalize: Normalization = Normalization.default) -> Spec:
    """Make a tokenizer see text as its base did in pretraining; offsets still point into the original text.

    The steps go before the tokenizer's own. Doing it twice changes nothing.
    """
    steps = [*STEPS[normalize], *([_NUMBER_EDGES] if spec["model"]["type"] == "WordPiece" else [])]
    own = _as_list(spec["normalizer"], "normalizers")
    if own[: len(steps)] == steps:
        return spec
    return {**spec, "normalizer": {"type": "Sequence", "normalizers": [*steps, *own]}}


def _replace(pattern: str, content: str) -> Spec:
    """Return the step that replaces what a regex (Oniguruma's) matches."""
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def _replace_text(text: str, content: str) -> Spec:
    """Return the step that replaces a text."""
    return {"type": "Replace", "pattern": {"String": text}, "content": content}


def _placeholder(begins: str, first: str, rest: str, word: str) -> list[Spec]:
    """Return the steps that put one word for what begins where ``begins`` looks, with offsets of the whole.

    A replacement takes the offsets of the last character it replaces. Therefore the first character is replaced by all
    but the end of the word and then, from a character that no text has, the rest by the end of the word.
    """
    return [_replace(f"{begins}{first}", f" {word[:-1]}\ue000"), _replace(f"\ue000{rest}*", f"{word[-1]} ")]


def _addresses(url: str, user: str) -> list[Spec]:
    """Return the steps that put one word for a web or mail address and one for a user's name."""
    host = "-a-zA-Z0-9@:%._+~#="
    begins = rf"(?<![{host}?&/])(?=https?://|www\.|[{host}]{{2,256}}\.[a-z]{{2,6}}\b)"
    return [
        *_placeholder(begins, f"[{host}]", f"[{host}?&/]", url),
        *_placeholder(r"(?<![\w@])(?=@\w)", "@", r"\w", user),
    ]


_MARKS = _replace(f"[{MARK_CLASS}]", "")
_DIGITS = [_replace_text(chr(code), digit) for code, digit in DIGITS.items()]
_DEFAULT = [{"type": "NFKC"}, _MARKS, *_DIGITS]

_NUMBER_EDGES = _replace("(?<=[ء-غف-ي])(?=[0-9])|(?<=[0-9])(?=[ء-غف-ي])", " ")
"""A space where a number is written onto a word: word pieces of both would hide the number's edge (``17رجلا``)."""

_NEIGHBOURS = {"پ": "ب", "چ": "ج", "ڤ": "ف", "ژ": "ز", "گ": "ك", "ک": "ك", "ی": "ي", "ہ": "ه"}
"""Letters of other alphabets, which AraBERT has no piece for, and the Arabic ones that stand for them."""

_PUNCTUATION = r"!\"#$%'()*+,.:;\-<=·>?@\[\\\]^_`{|}~—٪٫٬’،؟“؛”»«–…‘"
"""What AraBERT keeps beside letters and digits."""

_EMOJI = r"\p{Extended_Pictographic}\x{1F1E6}-\x{1F1FF}\x{1F3FB}-\x{1F3FF}"


def _arabert(kept: str) -> list[Spec]:
    """Return the steps for AraBERT v02 (Antoun et al. 2020, https://arxiv.org/abs/2003.00104; package ``arabert``).

    Where AraBERT throws letters away (of other alphabets, between marks), they stay, so that a mention keeps its edges.

    Args:
        kept: inside of a character class of symbols that stay, each as a word of its own.
    """
    ellipsis = [_replace_text("…", "\ue000"), {"type": "NFKC"}, _replace_text("\ue000", "…")]
    return [
        _MARKS,
        *ellipsis,  # a piece of its own there, three dots by NFKC
        *_DIGITS,
        *(_replace_text(letter, arabic) for letter, arabic in _NEIGHBOURS.items()),
        *_addresses("[رابط]", "[مستخدم]"),
        _replace("</?[A-Za-z][^<>]*>", " "),
        _replace(r"(?<=(\D))\1(?=\1)", ""),  # of a character repeated, the first and the last
        _replace_text("/", "-"),
        _replace(rf"[^\p{{L}}\p{{M}}\p{{N}}\s{_PUNCTUATION}{kept}]", " "),
        *([_replace(f"(?=[{kept}])|(?<=[{kept}])", " ")] if kept else []),
    ]


STEPS: dict[Normalization, list[Spec]] = {
    Normalization.default: _DEFAULT,
    Normalization.arabert: _arabert(""),
    Normalization.arabert_twitter: _arabert(_EMOJI),
    Normalization.marbert: [*_DEFAULT, *_addresses("url", "user")],
}
"""The steps of each normalization, as ``tokenizer.json`` has them."""


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
        The new content and, for each new vocabulary id, the old id whose embedding it takes.
    """
    special = {token["content"] for token in spec["added_tokens"]}
    kept = [
        (i, piece, score)
        for i, (piece, score) in enumerate(spec["model"]["vocab"])
        if piece in special or not _mixed(piece)
    ]
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
    return _with_vocabulary(spec, [[piece, score] for _, piece, score in rows], [i for i, _, _ in rows])


def keep_pieces(spec: Spec, kept: Container[int]) -> tuple[Spec, list[int]]:
    """Take all pieces out of a Unigram or WordPiece vocabulary but those with the given ids and the added tokens.

    Returns:
        The new content and, for each new vocabulary id, the old id.

    Raises:
        InputError: for other kinds of tokenizers, whose pieces are made of one another.
    """
    vocabulary, kind = spec["model"]["vocab"], spec["model"]["type"]
    if kind not in ("Unigram", "WordPiece"):
        raise InputError(f"a tokenizer of type {kind} can't be pruned; only Unigram and WordPiece can")
    special = {token["id"] for token in spec["added_tokens"]} | {unknown_id(spec)}
    old_ids: Sequence[int] = range(len(vocabulary)) if kind == "Unigram" else sorted(vocabulary.values())
    left = [i for i in old_ids if i in kept or i in special]
    if kind == "Unigram":
        return _with_vocabulary(spec, [vocabulary[i] for i in left], left)
    pieces = {i: piece for piece, i in vocabulary.items()}
    return _with_vocabulary(spec, {pieces[i]: new for new, i in enumerate(left)}, left)


def _mixed(piece: str) -> bool:
    """Tell whether a piece has punctuation or symbols beside something else."""
    body = piece.removeprefix(WORD_START)
    return len(body) > 1 and any(not char.isalnum() and not re.match(f"[{MARK_CLASS}]", char) for char in body)


def _with_vocabulary(spec: Spec, vocabulary: list[Any] | dict[str, int], sources: list[int]) -> tuple[Spec, list[int]]:
    """Replace a vocabulary, and renumber the special tokens wherever the content names them.

    Args:
        spec: the old content.
        vocabulary: the new vocabulary, as its kind of tokenizer has it.
        sources: for each of its ids, the old id.

    Returns:
        The new content, and the sources with those of added tokens that stand outside of the vocabulary.
    """
    model = {**spec["model"], "vocab": vocabulary}
    if spec["model"].get("unk_id") is not None:
        model["unk_id"] = sources.index(spec["model"]["unk_id"])
    ids = ids_of({"model": model, "added_tokens": []})
    outside = [token for token in spec["added_tokens"] if token["content"] not in ids]
    ids |= {token["content"]: len(sources) + i for i, token in enumerate(outside)}
    added = [{**token, "id": ids[token["content"]]} for token in spec["added_tokens"]]
    renumbered = {
        "model": model,
        "added_tokens": added,
        "post_processor": _renumber(spec["post_processor"], ids),
        "padding": None,
        "truncation": None,
    }
    return {**spec, **renumbered}, [*sources, *(token["id"] for token in outside)]


def _renumber(processor: Spec | None, ids: dict[str, int]) -> Spec | None:
    """Set the ids of the special tokens in a post-processor."""
    if processor is None:
        return None
    if "processors" in processor:
        return {**processor, "processors": [_renumber(inner, ids) for inner in processor["processors"]]}
    framed = {name: [processor[name][0], ids[processor[name][0]]] for name in ("cls", "sep") if name in processor}
    named = {
        name: {**entry, "ids": [ids[token] for token in entry["tokens"]]}
        for name, entry in processor.get("special_tokens", {}).items()
    }
    return {**processor, **framed, **({"special_tokens": named} if named else {})}


def _as_list(step: Spec | None, inner: str) -> list[Spec]:
    """Return the steps of a normalizer or pre-tokenizer, whether none, one or a sequence."""
    if step is None:
        return []
    return step[inner] if step["type"] == "Sequence" else [step]
