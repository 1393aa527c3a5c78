"""Labelled text with its marks inside."""

import pytest
from marsad.annotations.inline import parse_inline
from marsad.annotations.schema import Span
from marsad.errors import InputError


def test_marks_become_exact_spans():
    article = parse_inline("وصل {A:داعش} إلى {PLACE:حلب}.", "x")
    assert article.text == "وصل داعش إلى حلب."
    assert article.spans == (Span(4, 8, "ACTOR"), Span(13, 16, "PLACE"))


@pytest.mark.parametrize("marked", ["{A:داعش", "{A:قوات {P:حلب}}", "داعش}", "{X:داعش}"])
def test_a_broken_mark_is_refused(marked):
    with pytest.raises(InputError, match=r"^x: "):
        parse_inline(marked, "x")
