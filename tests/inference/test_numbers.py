"""The number parser against a table written by hand, and against a generator that knows nothing of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from marsad.inference.numbers import Quantity, fold, is_number_word, parse_number
from marsad.inference.quantities import read_quantity

TABLE = Path(__file__).with_name("number_expressions.tsv")
MINIMUM_ROWS = 500


def _number(cell: str) -> float | None:
    return None if cell == "-" else float(cell)


def _rows() -> list[tuple[str, Quantity | None]]:
    """Read the table: each text with the quantity expected of it."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = []
    for line in lines:
        _, text, value, low, high, exact = line.split("\t")
        expected = None if value == "none" else Quantity(_number(value), _number(low), _number(high), exact == "yes")
        rows.append((text, expected))
    return rows


def _read(marked: str) -> Quantity | None:
    """Read the mention between the marks in its context, or the whole text where nothing is marked."""
    if "【" not in marked:
        return parse_number(marked)
    start = marked.index("【")
    end = marked.index("】") - 1
    return read_quantity(marked.replace("【", "").replace("】", ""), start, end)


def test_table() -> None:
    """Every row of the table is read as written; all that are not are listed at once."""
    rows = _rows()
    wrong = [f"{text}: {_read(text)}, expected {expected}" for text, expected in rows if _read(text) != expected]
    assert not wrong, "\n".join(wrong)
    assert len(rows) >= MINIMUM_ROWS


@pytest.mark.parametrize("number", [*range(1, 200), *range(200, 12_000, 97), 100_000, 125_345, 1_000_000, 2_340_017])
def test_spelled_out_by_num2words(number: int) -> None:
    """Whatever the generator spells out is read back."""
    num2words = pytest.importorskip("num2words")
    assert parse_number(num2words.num2words(number, lang="ar")) == Quantity(number, number, number, exact=True)


def test_whole_numbers_are_integers() -> None:
    """A decimal before a scale word makes a whole number of type int."""
    quantity = parse_number("2.5 مليون")
    assert quantity is not None
    assert isinstance(quantity.value, int)


def test_any_dual_only_where_asked_for() -> None:
    """An ending that leaves doubt is a dual in a COUNT mention, and not by itself, as in a WEAPON mention."""
    text = "قتل سفيرا البلدين"
    start = text.index("سفيرا")
    assert read_quantity(text, start, start + 5) == Quantity(2, 2, 2, exact=True)
    assert parse_number("سفيرا") is None
    assert parse_number("طائرتين") == Quantity(2, 2, 2, exact=True)


def test_dual_is_not_an_accusative() -> None:
    """A counted singular with the accusative alif, and a feminine ending, are no duals."""
    for text in ("أطلق صاروخا", "قصف المدفعية", "عثر على سكين"):
        start = text.rindex(" ") + 1
        assert read_quantity(text, start, len(text)) is None


def test_empty_mention_at_the_edges() -> None:
    """Mentions that touch the ends of the text, or are empty, do not fail."""
    assert read_quantity("", 0, 0) is None
    assert read_quantity("20", 0, 2) == Quantity(20, 20, 20, exact=True)
    assert parse_number("   ") is None


@pytest.mark.parametrize("text", ["1,2,3", "20%", "10:30", "12/5", "إس-300", "صفحة", "و", "ال", "ـ"])
def test_other_notations_are_no_numbers(text: str) -> None:
    """What is not a count of things gives nothing, and never an error."""
    assert parse_number(text) is None


def test_fold_unifies_spellings() -> None:
    """Marks, hamzas, digit forms and presentation forms fold away."""
    assert fold("أربعُمـئة") == fold("اربعمئة")
    assert fold("ﻗﺘﻠﻰ") == "قتلي"
    assert fold("٣٤ ۳۴") == "34 34"


def test_is_number_word() -> None:
    """Words of a number are told from others, with the conjunction on them or not."""
    assert all(map(is_number_word, (fold("وعشرين"), fold("الثلاثة"), "12")))
    assert not is_number_word(fold("جنود"))


def test_speed() -> None:
    """A mention in context takes well under a millisecond."""
    text = "وقالت مصادر طبية إن أكثر من خمسة وعشرين شخصا قتلوا على الأقل في غارتين على البلدة أمس الجمعة"
    start = text.index("خمسة")
    repeats = 200
    began = time.perf_counter()
    for _ in range(repeats):
        read_quantity(text, start, start + len("خمسة وعشرين"))
    assert (time.perf_counter() - began) / repeats < 1e-3
