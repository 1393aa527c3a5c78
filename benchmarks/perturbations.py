"""Other ways to write the same article: edits to its text, with the offsets of its mentions moved along exactly."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random

from marsad.annotations.arabic import MARK_CLASS
from marsad.annotations.schema import Article, Span

ARABIC = "ء-غف-ي"
"""The inside of a regex character class: the letters of Arabic."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """A stretch of text, never empty, and what stands there instead."""

    start: int
    end: int
    text: str


Perturbation = Callable[[str, Random], Iterator[Edit]]
"""Yields a text's edits in order; they don't overlap."""


def perturb(article: Article, perturbation: Perturbation, seed: int = 0) -> Article:
    """Return an article written another way; the same seed and id give the same.

    An edit across the edge of a mention, or that would leave a mention without a letter or digit, is not made.
    Whitespace that comes to stand at a mention's edge is no part of it.
    """
    rng = Random(f"{seed} {article.id}")
    edits = [edit for edit in perturbation(article.text, rng) if _leaves_mentions(edit, article)]
    text = _write(article.text, edits)
    ends = [edit.end for edit in edits]
    shifts = [0, *accumulate(len(edit.text) - (edit.end - edit.start) for edit in edits)]

    def moved(offset: int) -> int:
        return offset + shifts[bisect_right(ends, offset)]

    spans = [_trimmed(text, replace(s, start=moved(s.start), end=moved(s.end))) for s in article.spans]
    return replace(article, text=text, spans=tuple(spans))


def _leaves_mentions(edit: Edit, article: Article) -> bool:
    """Tell whether an edit stands wholly inside or wholly outside of each mention, and none vanishes by it."""
    for span in article.spans:
        if any(edit.start < edge < edit.end for edge in (span.start, span.end)):
            return False
        inside = span.start <= edit.start and edit.end <= span.end
        if inside and not any(char.isalnum() for char in article.text[span.start : span.end]):
            return False
    return True


def _write(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with its edits made."""
    parts, done = [], 0
    for edit in edits:
        parts += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join(parts) + text[done:]


def _trimmed(text: str, span: Span) -> Span:
    """Return a span without whitespace at its edges."""
    mention = text[span.start : span.end]
    start = span.start + len(mention) - len(mention.lstrip())
    return replace(span, start=start, end=start + len(mention.strip()))


def _replacing(pattern: str, table: Mapping[str, str]) -> Perturbation:
    """Return the perturbation that replaces every match by what a table has for it."""

    def edits(text: str, rng: Random) -> Iterator[Edit]:
        yield from (Edit(match.start(), match.end(), table[match[0]]) for match in re.finditer(pattern, text))

    return edits


def add_tashkeel(text: str, rng: Random) -> Iterator[Edit]:
    """Put a vowel mark on every letter that has none and can bear one: a plausible look, not a true vocalisation."""
    for match in re.finditer(f"[ءأإؤئبةت-غف-هوي](?![{MARK_CLASS}])", text):
        letter = match[0]
        mark = "ِ" if letter == "إ" else rng.choice("ََُِْ")
        shadda = "ّ" if mark != "ْ" and letter not in "أإءؤئة" and rng.random() < 0.1 else ""
        yield Edit(match.start(), match.end(), letter + shadda + mark)


def add_tatweel(text: str, rng: Random, share: float = 0.2) -> Iterator[Edit]:
    """Stretch a share of the words after one of their joining letters."""
    for word in re.finditer(f"[{ARABIC}]{{2,}}", text):
        joining = [m.end() for m in re.finditer(f"[بتثجحخسشصضطظعغفقكلمنهيئ](?=[{ARABIC}])", word[0])]
        if joining and rng.random() < share:
            at = word.start() + rng.choice(joining)
            yield Edit(at - 1, at, text[at - 1] + "ـ")


def add_typos(text: str, rng: Random, share: float = 0.1) -> Iterator[Edit]:
    """Swap two letters, leave one out or double one in a share of the words of four letters and more.

    The first and the last letter stay: they are seldom missed, and the first may be a particle.
    """
    for word in re.finditer(f"[{ARABIC}]{{4,}}", text):
        if rng.random() >= share:
            continue
        at = rng.randrange(word.start() + 1, word.end() - 2)
        one, other = text[at : at + 2]
        kind = rng.choice(("swap", "omit", "double"))
        if kind == "swap":
            yield Edit(at, at + 2, other + one)
        else:
            yield Edit(at, at + 1, "" if kind == "omit" else one * 2)


def drop_punctuation(text: str, rng: Random) -> Iterator[Edit]:
    """Leave all punctuation out, but inside numbers; where it alone parts two words, a space stands for it."""
    for at, char in enumerate(text):
        if not unicodedata.category(char).startswith("P"):
            continue
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if not (before.isdigit() and after.isdigit()):
            yield Edit(at, at + 1, " " if before.isalnum() and after.isalnum() else "")


def change_whitespace(text: str, rng: Random, share: float = 0.1) -> Iterator[Edit]:
    """Write a share of the spaces double, as a space that does not break, a tab or a newline."""
    for at, char in enumerate(text):
        if char == " " and rng.random() < share:
            yield Edit(at, at + 1, rng.choice(("  ", "\u00a0", "\t", "\n")))


_WESTERN, _EASTERN = "0123456789", "٠١٢٣٤٥٦٧٨٩"
_WORD_END = f"(?![{ARABIC}{MARK_CLASS}])"

PERTURBATIONS: dict[str, Perturbation] = {
    "tashkeel added": add_tashkeel,
    "tatweel in a fifth of the words": add_tatweel,
    "no hamza on alif (أإآ → ا)": _replacing("[أإآ]", dict.fromkeys("أإآ", "ا")),
    "ى → ي": _replacing("ى", {"ى": "ي"}),
    "final ي → ى": _replacing(f"ي{_WORD_END}", {"ي": "ى"}),
    "ة → ه": _replacing("ة", {"ة": "ه"}),
    "digits 0–9 → ٠–٩": _replacing("[0-9]", dict(zip(_WESTERN, _EASTERN, strict=True))),
    "digits ٠–٩ → 0–9": _replacing("[٠-٩]", dict(zip(_EASTERN, _WESTERN, strict=True))),
    "a typo in a tenth of the words": add_typos,
    "no punctuation": drop_punctuation,
    "Latin punctuation": _replacing("[،؛؟٪«»“”]", dict(zip("،؛؟٪«»“”", ',;?%""""', strict=True))),
    "a tenth of the spaces changed": change_whitespace,
}
"""Every perturbation by the name that reports call it by."""
