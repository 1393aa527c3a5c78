"""The report of a data set in a real browser."""

import pytest
from marsad.annotations.report import render_report
from marsad.annotations.store import Located


def test_an_earlier_mention_stands_to_the_right_and_the_search_hides_the_rest(articles, tmp_path, open_page):
    path = tmp_path / "report.html"
    records = [Located("a.jsonl", line, article) for line, article in enumerate(articles, 1)]
    path.write_text(render_report(records), encoding="utf-8")
    page = open_page(path)
    first, second = (mark.bounding_box() for mark in page.locator("#a0 mark").all()[:2])
    assert first["y"] == pytest.approx(second["y"], abs=2)
    assert first["x"] > second["x"]
    page.fill("#query", "بَغداد")
    page.wait_for_selector("#a0", state="hidden")
    assert page.locator("article:visible").count() == 1
    page.evaluate("location.hash = 'a0'")
    page.wait_for_selector("#a0", state="visible")
