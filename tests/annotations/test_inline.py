"""Labelled text with its marks inside."""

import pytest
from marsad.annotations.inline import parse_inline
from marsad.annotations.schema import Span
from marsad.errors import InputError


def test_marks_become_exact_spans():
    article = parse_inline("وصل {A:داعش} إلى {PLACE:حلب}.", "x")
    assert article.text == "وصل داعش إلى حلب."
    assert article.spans == (Span(4, 8, "ACTOR"), Span(13, 16, "PLACE"))


def test_another_label_set_is_only_data():
    assert parse_inline("{PER:سمير}", "x", {"PER": "", "LOC": ""}).spans == (Span(0, 4, "PER"),)


@pytest.mark.parametrize("marked", ["{A:داعش", "{A:قوات {P:حلب}}", "داعش}", "{X:داعش}"])
def test_a_broken_mark_is_refused(marked):
    with pytest.raises(InputError, match=r"^x: "):
        parse_inline(marked, "x")
