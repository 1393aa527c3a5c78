"""The report: one page without outside requests, with every mention, and nothing in a text is markup."""

import re
from html import unescape

import pytest
from marsad.annotations.report import render_report, segments
from marsad.annotations.schema import Article, Span
from marsad.annotations.store import Located

HOSTILE = '<script>alert(1)</script> "onload=x" {{ 7 * 7 }} \u202eقصف\x00 حلب'


def located(articles):
    return [Located("a.jsonl", line, article) for line, article in enumerate(articles, 1)]


def test_every_article_and_mention_is_on_the_page(articles):
    page = render_report(located(articles))
    shown = re.findall(r'<mark class="l\d" data-label="(\w+)">([^<]*)</mark>', page)
    assert shown == [(s.label, a.text[s.start : s.end]) for a in articles for s in a.spans]
    texts = [
        unescape(re.sub("<[^>]+>", "", text)) for text in re.findall(r'<p class="text"[^>]*>(.*?)</p>', page, re.S)
    ]
    assert texts == [article.text for article in articles]


def test_the_page_asks_for_nothing_from_outside(articles):
    page = render_report(located(articles))
    assert not re.search(r"https?://|src=|@import|url\(|<link", page)
    assert "default-src 'none'" in page


def test_nothing_in_an_article_is_markup_script_or_direction_override():
    article = Article(HOSTILE, HOSTILE, (Span(0, 8, "<b>"), Span(9, 12, "A")), {"source": HOSTILE, "title": HOSTILE})
    page = render_report(located([article, Article("b", "<script>", (Span(0, 8, "A"),))]))
    assert page.count("<script>") == 1
    assert "<b>&lt;" not in page
    assert not {"\u202e", "\x00"} & set(page)
    assert "{{ 7 * 7 }}" in page


def test_of_overlapping_mentions_the_page_shows_the_first_and_says_so():
    article = Article("a", "قصف الجيش حلب", (Span(0, 9, "A"), Span(4, 13, "B"), Span(10, 13, "C")))
    assert [(piece.text, piece.label) for piece in segments(article)] == [("قصف الجيش", "A"), (" ", None), ("حلب", "C")]
    assert "1 overlapping mentions not shown" in render_report(located([article]))


@pytest.mark.parametrize("date", ["May 3", "2024-13-01", "0001-01-01", "", None])
def test_odd_dates_do_not_break_the_page(date):
    dated = [Article("a", "نص", (), {"date": date}), Article("b", "نص آخر هنا", (), {"date": "2024-05-31"})]
    assert "2024-05" in render_report(located(dated))
