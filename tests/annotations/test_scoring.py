"""Span scores against counts made by hand."""

import pytest
from marsad.annotations.schema import Span
from marsad.annotations.scoring import Score, Scores, exact, interval, partial, score_article, summarize

GOLD = [Span(0, 4, "ACTOR"), Span(10, 14, "PLACE"), Span(20, 22, "COUNT")]


def counts(scores, label):
    score = scores.by_label.get(label, Score())
    return score.tp, score.fp, score.fn


def test_exact_wants_both_edges_and_the_label():
    found = [Span(0, 4, "ACTOR"), Span(9, 14, "PLACE"), Span(20, 22, "WEAPON")]
    scores = score_article(GOLD, found)
    assert counts(scores, "ACTOR") == (1, 0, 0)
    assert counts(scores, "PLACE") == (0, 1, 1)
    assert counts(scores, "COUNT") == (0, 0, 1)
    assert counts(scores, "WEAPON") == (0, 1, 0)
    assert scores.micro.f1 == pytest.approx(1 / 3)


def test_partial_counts_each_found_span_once():
    scores = score_article([Span(0, 10, "ACTOR")], [Span(0, 3, "ACTOR"), Span(4, 10, "ACTOR")], partial)
    assert counts(scores, "ACTOR") == (1, 1, 0)


def test_a_repeated_prediction_is_wrong_once():
    assert counts(score_article([Span(0, 4, "ACTOR")], [Span(0, 4, "ACTOR")] * 2), "ACTOR") == (1, 1, 0)


def test_undecidable_spans_count_neither_way():
    gold = [Span(0, 4, "ACTOR", optional=True), Span(10, 14, "PLACE")]
    for found in ([Span(10, 14, "PLACE")], [Span(0, 3, "ACTOR"), Span(10, 14, "PLACE")]):
        assert score_article(gold, found).micro == Score(1, 0, 0)


def test_scores_add_up_whatever_the_order():
    a, b = score_article(GOLD, GOLD), score_article(GOLD, [])
    assert (a + b).micro == (b + a).micro == Score(3, 0, 3)
    assert (a + b).macro_f1 == pytest.approx(2 / 3)


def test_an_empty_score_is_zero_and_not_an_error():
    assert (Score().f1, Score().precision, Score().recall, Scores().macro_f1) == (0, 0, 0, 0)


def test_the_interval_holds_the_value_and_shrinks_with_data():
    def width(n):
        articles = [score_article(GOLD, GOLD if i % 3 else GOLD[:1]) for i in range(n)]
        low, high = interval(articles, lambda scores: scores.micro.f1)
        assert low <= sum(articles, Scores()).micro.f1 <= high
        return high - low

    assert width(400) < width(40) / 2


def test_the_summary_names_every_label():
    figures = summarize([score_article(GOLD, GOLD, exact)])
    assert set(figures["labels"]) == {"ACTOR", "PLACE", "COUNT"}
    assert figures["micro"]["f1"] == figures["macro"]["f1"] == 1
