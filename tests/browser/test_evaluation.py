"""The report of an evaluation in a real browser."""

import pytest
from marsad.annotations.schema import Span
from marsad.train.evaluation import Evaluation
from marsad.train.evaluation.breakdown import break_down
from marsad.train.evaluation.comparison import compare
from marsad.train.evaluation.figures import report
from marsad.train.evaluation.mistakes import describe_mistakes
from marsad.train.evaluation.page import render_page


@pytest.fixture
def path(articles, shipped, tmp_path):
    """A report of one wrong edge, one wrong label, one miss and one false alarm."""
    found = [list(article.spans) for article in articles]
    first, second = found[0][:2]
    found[0][:2] = [Span(first.start - 4, first.end, first.label), Span(second.start, second.end, "PLACE")]
    found[1] = [Span(0, 5, "WEAPON"), *found[1][1:]]
    evaluation = Evaluation(
        articles, found, [[0.9] * len(spans) for spans in found], [[0.5] * len(a.spans) for a in articles]
    )
    figures = report(evaluation, shipped.tokenizer, shipped.tags)
    details = {"temperature": 1.0, "breakdown": break_down(evaluation), "mistakes": describe_mistakes(evaluation)}
    other = compare(evaluation, Evaluation(articles, [list(article.spans) for article in articles]))
    points = [
        {"articles": n, "micro": {"f1": f1, "f1_low": f1 - 0.1, "f1_high": f1 + 0.1}} for n, f1 in ((5, 0.5), (9, 0.7))
    ]
    sides = {"comparison": {"one": "a", "other": "<b>", **other}, "curve": points}
    path = tmp_path / "report.html"
    path.write_text(render_page({**figures, **details, **sides}, "<i>mine</i> on dev.jsonl"), encoding="utf-8")
    return path


def test_what_was_labelled_and_what_was_found_stand_where_the_text_has_them(path, open_page):
    page = open_page(path)
    assert page.locator("h1").inner_text() == "<i>mine</i> on dev.jsonl"
    case = page.locator("#worst + .lead + .card li").filter(has_text="boundary").first
    # Right to left: what was taken in before the mention stands to the right of it.
    extra, both = case.locator(".found:not(.gold)").first, case.locator(".found.gold").first
    assert extra.inner_text().strip() == "قصف"
    assert extra.bounding_box()["x"] > both.bounding_box()["x"]
    assert page.locator("svg").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(path, open_page, scheme):
    page = open_page(path, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    ink, ground = page.evaluate("['color', 'backgroundColor'].map(key => getComputedStyle(document.body)[key])")
    assert ink != ground
