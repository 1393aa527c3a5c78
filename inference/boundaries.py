"""Where a mention begins and ends, to the character: proclitics out, enclitics in, quotes balanced.

A model sees word pieces, and a piece can hold a proclitic and a name's first letters at once (``وم|ئات``). What
the model cannot say is decided here, word by word, by evidence: names known from training, then the frequency of
the forms with and without the particle. Blind stripping would turn بغداد into غداد.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..annotations.arabic import MARKS, PROCLITIC_CHAINS, after_lam, is_proclitic, strip_marks, word_at
from .lexicon import Lexicon

CHAINS = sorted((chain for chain in PROCLITIC_CHAINS if not chain.endswith("س")), key=len)
"""The chains a noun can carry, short first; س goes before verbs only."""

SHORTEST_NAME = 2
"""Letters that must be left after a proclitic."""

SHORTEST_WORD = 3
"""Letters that must be left where only the frequency of forms speaks for a proclitic."""

FREQUENCY_RATIO = {"و": 1.0, "ف": 2.0, "ب": 2.0, "ك": 2.0, "ل": 2.0}
"""How much more frequent the bare word must be than the word as written; chosen by two-fold check on training data."""

QUOTES = {'"': '"', "«": "»", "“": "”", "(": ")", "[": "]", "'": "'", "‘": "’", "”": "“"}
"""Opening quotes and brackets with their closing partner."""

PARTNERS = {closing: opening for opening, closing in QUOTES.items()} | QUOTES
"""Either half of a pair with the other."""

EDGE = " \t\r\n\u00a0.,;:!?،؛؟…-–—_/\\|#*•'\"«»“”‘’()[]{}<>"
"""Characters that never begin or end a mention unless they are half of a balanced pair."""


def _splits(word: str) -> Iterator[tuple[int, str]]:
    """Yield each way to read a word as proclitics and a rest: the chain's length and a form the rest may have had."""
    for chain in CHAINS:
        if word.startswith(chain) and len(word) - len(chain) >= SHORTEST_NAME:
            rest = word[len(chain) :]
            yield from ((len(chain), form) for form in (after_lam(rest) if chain.endswith("ل") else (rest,)))


def proclitic_length(word: str, lexicon: Lexicon, coordinated: bool = False) -> int:
    """Tell how many letters of a word that begins a mention are proclitics.

    Args:
        word: the written word, marks off.
        lexicon: the evidence.
        coordinated: whether a mention of the same label stands right before the word, as in حلب وإدلب.

    Returns:
        0 where the word is whole (بغداد), else the length of the chain (1 for لبغداد and للتحالف, 2 for وللبنان).
    """
    splits = list(_splits(word))
    seen = [(lexicon.name_evidence(form), -length, form) for length, form in ((0, word), *splits)]
    evidence, length, form = max(seen)
    if evidence:
        return 0 if lexicon.is_whole(word, form) else -length
    length, written = 0, lexicon.words.get(word, 0)
    for candidate, form in splits:
        if _outweighs(form, word[candidate - 1], lexicon.words.get(form, 0), written, coordinated and candidate == 1):
            length = candidate
    return length


def _outweighs(form: str, particle: str, bare: int, written: int, coordinated: bool) -> bool:
    """Weigh the bare form's frequency against the written word's."""
    if len(form) < SHORTEST_WORD:
        return False
    if form.startswith("ال") and len(form) > 4 and bare >= written:
        return True
    if particle == "و" and not written and not bare:
        return True
    if particle == "و" and coordinated and (bare >= written / 3 or (written < 100 and len(form) > 3)):
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
    start, end = _to_words(text, start, end, lexicon)
    start, end = _trim(text, start, end)
    if start < end:
        start += _proclitic_characters(text, start, lexicon, coordinated)
        end = _close_quote(text, start, end)
    return start, end


def _to_words(text: str, start: int, end: int, lexicon: Lexicon) -> tuple[int, int]:
    """Extend a mention over the words it begins and ends in.

    A start after proclitics stays, unless the whole word is a name no less known than the rest (كردفان, not ردفان).
    """
    word_start, word_end = word_at(text, start)
    if word_start < start:
        whole, rest = (strip_marks(text[at:word_end]) for at in (word_start, start))
        if lexicon.is_whole(whole, rest) or not is_proclitic(text[word_start:start]):
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
    word = strip_marks(text[start:word_end])
    before_digits = word in PROCLITIC_CHAINS and text[word_end : word_end + 1].isdigit()
    letters = len(word) if before_digits else proclitic_length(word, lexicon, coordinated)
    at = start
    while letters:
        letters -= not MARKS.match(text[at])
        at += 1
    while at > start and at < word_end and MARKS.match(text[at]):
        at += 1
    return at - start


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Take edge punctuation off, but leave a quote or bracket whose partner is inside the mention."""
    while start < end and text[start] in EDGE and not _has_partner(text[start], text[start + 1 : end]):
        start += 1
    while start < end and text[end - 1] in EDGE and not _has_partner(text[end - 1], text[start : end - 1]):
        end -= 1
    inner = text[start + 1 : end - 1]
    if end - start >= 2 and QUOTES.get(text[start]) == text[end - 1] and text[end - 1] not in inner:
        return _trim(text, start + 1, end - 1)
    return start, end


def _has_partner(char: str, rest: str) -> bool:
    """Tell whether the rest of a mention holds the other half of a quote or bracket at its edge."""
    partner = PARTNERS.get(char)
    if partner == char:
        return rest.count(char) % 2 == 1
    return partner is not None and partner in rest


def _close_quote(text: str, start: int, end: int) -> int:
    """Take in the closing quote that follows a mention whose opening quote is inside."""
    for opening, closing in QUOTES.items():
        unclosed = text.count(opening, start, end) - (text.count(closing, start, end) if closing != opening else 0)
        if text[end : end + 1] == closing and unclosed % 2 == 1:
            return end + 1
    return end
