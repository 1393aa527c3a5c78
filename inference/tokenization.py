"""From text to model tokens whose offsets point into the original text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from ..annotations.arabic import MARKS, OTHER, char_classes, is_proclitic
from ..annotations.store import SURROGATES
from ..errors import InputError, first_line
from .spelling import restore_endings

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of one text, special tokens apart; arrays of shape (tokens,).

    Attributes:
        ids: vocabulary ids.
        starts: offset of the first character in the original text, whitespace left out.
        ends: offset after the last character, the marks on it included.
        silent: True where the token has no character of its own (a bare word-start mark, a byte of a letter).
        glued: True where the token continues the word or the number of the token before it.
        after_proclitic: True where, moreover, the word's letters before the token are a chain of proclitics.
    """

    ids: Ints
    starts: Ints
    ends: Ints
    silent: Flags
    glued: Flags
    after_proclitic: Flags

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.ids)


class TextTokenizer:
    """A fast tokenizer seen as: text in, token ids with exact character offsets out, nothing ever truncated.

    Attributes:
        backend: the ``tokenizers`` tokenizer; its own truncation and padding are switched off.
        prefix, suffix: ids of the special tokens that frame a sequence.
    """

    def __init__(self, backend: Tokenizer) -> None:
        """Wrap a ``tokenizers`` tokenizer."""
        backend.no_truncation()
        backend.no_padding()
        self.backend = backend
        plain, framed = (backend.encode("0", add_special_tokens=special).ids for special in (False, True))
        at = next(i for i in range(len(framed)) if framed[i : i + len(plain)] == plain)
        self.prefix, self.suffix = framed[:at], framed[at + len(plain) :]

    @classmethod
    def load(cls, folder: Path) -> TextTokenizer:
        """Read ``tokenizer.json`` from a checkpoint folder.

        Raises:
            InputError: if it is missing or broken.
        """
        try:
            return cls(Tokenizer.from_file(str(folder / "tokenizer.json")))
        except Exception as error:  # the library raises nothing narrower
            raise InputError(f"{folder / 'tokenizer.json'}: not a tokenizer: {first_line(error)}") from None

    def frame(self, ids: Ints) -> Ints:
        """Put the special tokens around a window of token ids."""
        return np.concatenate([self.prefix, ids, self.suffix]).astype(np.int64)

    def __call__(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize texts, in parallel where the backend may."""
        encodings = self.backend.encode_batch(list(map(readable, texts)), add_special_tokens=False)
        return [
            locate_tokens(text, encoding.ids, encoding.offsets) for text, encoding in zip(texts, encodings, strict=True)
        ]


def readable(text: str) -> str:
    """Return a text as tokenizers are given it: word endings restored, halves of characters replaced; as long."""
    return restore_endings(SURROGATES.sub("\ufffd", text))


def locate_tokens(text: str, ids: Sequence[int], offsets: Sequence[tuple[int, int]]) -> Tokens:
    """Make :class:`Tokens` from what a tokenizer says of a text.

    Args:
        text: the original text.
        ids: vocabulary ids, shape (tokens,).
        offsets: a (start, end) character range for each token; it may include outer whitespace.
    """
    starts, ends = np.array(offsets, dtype=np.int64).reshape(-1, 2).T.copy()
    _trim_whitespace(text, starts, ends)
    _take_trailing_marks(text, starts, ends)
    silent = ends <= starts
    silent[:-1] |= starts[:-1] == starts[1:]
    glued = _glued(text, starts, ends, silent)
    word_starts = np.maximum.accumulate(np.where(glued | silent, 0, starts)) if len(starts) else starts
    after_proclitic = glued.copy()
    for i in np.flatnonzero(glued):
        after_proclitic[i] = is_proclitic(text[word_starts[i] : starts[i]])
    return Tokens(np.array(ids, dtype=np.int64), starts, ends, silent, glued, after_proclitic)


def _trim_whitespace(text: str, starts: Ints, ends: Ints) -> None:
    """Move the offsets inward, in place, where a tokenizer counts the space before a word as part of it."""
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        piece = text[start:end]
        if piece and (piece[0].isspace() or piece[-1].isspace()):
            starts[i] = start + len(piece) - len(piece.lstrip()) if not piece.isspace() else end
            ends[i] = end - (len(piece) - len(piece.rstrip())) if not piece.isspace() else end


def _take_trailing_marks(text: str, starts: Ints, ends: Ints) -> None:
    """Move the ends outward, in place, over marks that the normalizer removed after a token's last letter."""
    if not MARKS.search(text):
        return
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        while start < end < len(text) and MARKS.match(text[end]):
            end += 1
        ends[i] = end


def _glued(text: str, starts: Ints, ends: Ints, silent: Flags) -> Flags:
    """Tell which tokens stand, without a gap, after a token that ends with the same kind of character."""
    classes = char_classes(text)
    glued = np.zeros(len(starts), dtype=np.bool_)
    heard = np.flatnonzero(~silent)
    before, here = heard[:-1], heard[1:]
    kind = classes[starts[here]]
    glued[here] = (starts[here] <= ends[before]) & (kind != OTHER) & (kind == classes[ends[before] - 1])
    return glued
