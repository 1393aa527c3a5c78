"""Where a mention begins and ends, to the character: proclitics out, enclitics in, quotes balanced.

A model sees word pieces, and a piece can hold a proclitic and a name's first letters at once (``وم|ئات``). What
the model cannot say is decided here, word by word, by evidence: names known from training, then the frequency of
the forms with and without the particle. Blind stripping would turn بغداد into غداد.
"""

from __future__ import annotations

from collections.abc import Iterator

from .arabic import MARKS, PROCLITIC_CHAINS, is_proclitic, restore_article, strip_marks, word_at
from .lexicon import Lexicon

CHAINS = sorted((chain for chain in PROCLITIC_CHAINS if not chain.endswith("س")), key=len)
"""The chains a noun can carry, short first; س goes before verbs only."""

SHORTEST_NAME = 2
"""Letters that must be left after a proclitic."""

FREQUENCY_RATIO = {"و": 1.0, "ف": 2.0, "ب": 2.0, "ك": 2.0, "ل": 2.0}
"""How much more frequent the bare word must be than the word as written; chosen by two-fold check on training data."""

QUOTES = {'"': '"', "«": "»", "“": "”", "(": ")", "[": "]", "'": "'", "‘": "’", "”": "“"}
"""Opening quotes and brackets with their closing partner."""

EDGE = " \t\r\n\u00a0.,;:!?،؛؟…-–—_/\\|#*•'\"«»“”‘’()[]{}<>"
"""Characters that never begin or end a mention unless they are half of a balanced pair."""


def _splits(word: str) -> Iterator[tuple[int, str]]:
    """Yield each way to read a word as proclitics and a rest: the chain's length and the rest's citation form."""
    for chain in CHAINS:
        if word.startswith(chain) and len(word) - len(chain) >= SHORTEST_NAME:
            rest = word[len(chain) :]
            yield len(chain), restore_article(rest) if chain.endswith("ل") else rest


def proclitic_length(word: str, lexicon: Lexicon, coordinated: bool = False) -> int:
    """Tell how many letters of a word that begins a mention are proclitics.

    Args:
        word: the written word, marks off.
        lexicon: the evidence.
        coordinated: whether a mention of the same label stands right before the word, as in حلب وإدلب.

    Returns:
        0 where the word is whole (بغداد), else the length of the chain (1 for لبغداد and للتحالف, 2 for وللبنان).
    """
    options = [(0, word), *_splits(word)]
    known = [(lexicon.names.get(form, 0), -length) for length, form in options]
    if any(count for count, _ in known):
        return -max(known)[1]
    length, written = 0, lexicon.words.get(word, 0)
    for candidate, form in options[1:]:
        if _outweighs(form, word[candidate - 1], lexicon.words.get(form, 0), written, coordinated and candidate == 1):
            length = candidate
    return length


def _outweighs(form: str, particle: str, bare: int, written: int, coordinated: bool) -> bool:
    """Weigh the bare form's frequency against the written word's."""
    if form.startswith("ال") and len(form) > 4 and bare >= written:
        return True
    if coordinated and particle == "و" and (bare >= written / 3 or (written < 100 and len(form) > 3)):
        return True
    return bare > FREQUENCY_RATIO[particle] * written


def refine(text: str, start: int, end: int, lexicon: Lexicon, coordinated: bool = False) -> tuple[int, int]:
    """Move the edges of a mention, as a model's tokens give it, to where the guideline puts them.

    Args:
        text: the original text.
        start: offset of the mention's first character.
        end: offset after its last.
        lexicon: the evidence for proclitics.
        coordinated: whether a mention of the same label stands right before it.

    Returns:
        The new offsets; an empty range where nothing but punctuation was marked.
    """
    start, end = _to_words(text, start, end)
    start, end = _trim(text, start, end)
    if start < end:
        start += _proclitic_characters(text, start, lexicon, coordinated)
        end = _close_quote(text, start, end)
    return start, end


def _to_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Extend a mention over the words it begins and ends in; a start right after proclitics stays."""
    word_start, _ = word_at(text, start)
    if word_start < start and not is_proclitic(text[word_start:start]):
        start = word_start
    if end > start:
        _, word_end = word_at(text, end - 1)
        end = max(end, word_end)
    return start, end


def _proclitic_characters(text: str, start: int, lexicon: Lexicon, coordinated: bool) -> int:
    """Return how many characters, marks included, the proclitics at the start of a mention take."""
    word_start, word_end = word_at(text, start)
    if word_start < start:
        return 0
    letters = proclitic_length(strip_marks(text[start:word_end]), lexicon, coordinated)
    at = start
    while letters:
        letters -= not MARKS.match(text[at])
        at += 1
    while at > start and at < word_end and MARKS.match(text[at]):
        at += 1
    return at - start


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Take edge punctuation off, but leave a quote or bracket whose partner is inside the mention."""
    while start < end and text[start] in EDGE and not _paired(text, start, end, start):
        start += 1
    while start < end and text[end - 1] in EDGE and not _paired(text, start, end, end - 1):
        end -= 1
    inner = (start + 1, end - 1)
    if end - start > 2 and QUOTES.get(text[start]) == text[end - 1] and text[end - 1] not in text[inner[0] : inner[1]]:
        return _trim(text, *inner)
    return start, end


def _paired(text: str, start: int, end: int, at: int) -> bool:
    """Tell whether the quote or bracket at one edge has its partner inside the mention."""
    char, rest = text[at], text[start:at] + text[at + 1 : end]
    partner = QUOTES.get(char, next((opening for opening, closing in QUOTES.items() if closing == char), None))
    return partner is not None and rest.count(partner) % 2 == 1 if char == partner else (partner or "\0") in rest


def _close_quote(text: str, start: int, end: int) -> int:
    """Take in the closing quote that follows a mention whose opening quote is inside."""
    for opening, closing in QUOTES.items():
        unclosed = text.count(opening, start, end) - (text.count(closing, start, end) if closing != opening else 0)
        if text[end : end + 1] == closing and unclosed % 2 == 1:
            return end + 1
    return end
