import pytest
from marsad.annotations.schema import Article, Span
from marsad.benchmarks import robustness


@pytest.mark.parametrize("name", robustness.conditions(0))
def test_a_perfect_reader_loses_nothing_under_any_condition(name: str, articles: list[Article]) -> None:
    two_sentences = Article("two", "سقطت حلب. ودخل الجيش", (Span(5, 8, "PLACE"), Span(15, 20, "ACTOR")))
    data = [*articles, two_sentences]
    condition = robustness.conditions(0)[name]
    readings = list(condition(data, [article.spans for article in data]))
    gold = {
        reading.text: [
            Span(span.start + part.at, span.end + part.at, span.label)
            for part in reading.parts
            for span in part.gold.spans
        ]
        for reading in readings
    }
    before, now = robustness.measure(lambda texts: [gold[text] for text in texts], readings)
    assert before == now
    assert sum(score.fn + score.fp for scores in now for score in scores.by_label.values()) == 0
    expected = 1 if name == "without the first sentence" else len(data)
    assert len(now) == expected


def test_the_first_sentence_is_compared_with_the_same_mentions_in_the_whole() -> None:
    article = Article("a", "سقطت حلب. ودخل الجيش", (Span(5, 8, "PLACE"), Span(15, 20, "ACTOR")))
    whole = [[Span(5, 8, "PLACE")]]
    [reading] = robustness.first_sentence([article], whole)
    before, now = robustness.measure(lambda texts: [[] for _ in texts], [reading])
    assert reading.text == "سقطت حلب. "
    assert before[0].micro.f1 == 1
    assert now[0].micro.f1 == 0
    [rest] = robustness.without_first_sentence([article], whole)
    assert rest.text == "ودخل الجيش"
    assert rest.parts[0].before.micro.fn == 1
