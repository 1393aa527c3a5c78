"""Splits: nothing leaks, labels are balanced, and adding articles moves few others."""

import random
from collections import Counter

import pytest
from marsad.annotations.schema import Article, Span
from marsad.annotations.splits import DATE, describe_split, split_articles
from marsad.annotations.store import Located
from marsad.errors import InputError

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def located(articles):
    return [Located("a.jsonl", line, article) for line, article in enumerate(articles, 1)]


@pytest.fixture(scope="module")
def records():
    rng = random.Random(0)

    def invented(number):
        text = " ".join("".join(rng.choices("ابتجحدرسعفقلمنهوي", k=5)) for _ in range(30))
        labels = ["ACTOR"] * rng.randint(0, 6) + ["WEAPON"] * (rng.random() < 0.2)
        spans = tuple(Span(6 * at, 6 * at + 5, label) for at, label in enumerate(labels))
        date = f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        return Article(f"a{number}", text, spans, {"source": f"s{number % 23}", "date": date})

    return located(invented(number) for number in range(600))


def where(split):
    return {article.id: name for name, part in split.parts.items() for article in part}


def test_every_article_is_in_one_split_of_its_share_and_labels_are_balanced(records):
    figures = describe_split(split := split_articles(records, SHARES))
    assert sum(len(part) for part in split.parts.values()) == len(where(split)) == 600
    totals = Counter()
    for part in figures["splits"].values():
        totals.update(part["labels"])
    for name, share in SHARES.items():
        assert figures["splits"][name]["articles"] / 600 == pytest.approx(share, abs=0.01)
        for label, total in totals.items():
            assert figures["splits"][name]["labels"][label] / total == pytest.approx(share, abs=0.02)


def test_the_same_articles_give_the_same_splits_in_any_order(records):
    shuffled = random.Random(3).sample(records, len(records))
    assert where(split_articles(shuffled, SHARES)) == where(split_articles(records, SHARES))
    assert where(split_articles(records, SHARES, seed=1)) != where(split_articles(records, SHARES))


def test_adding_articles_moves_few_others(records):
    before, after = where(split_articles(records[:570], SHARES)), where(split_articles(records, SHARES))
    assert sum(after[id] != name for id, name in before.items()) < 0.05 * 570


def test_groups_stay_whole(records):
    split = split_articles(records, SHARES, "source")
    sources = [{article.meta["source"] for article in part} for part in split.parts.values()]
    assert sum(map(len, sources)) == 23


def test_passages_of_one_article_stay_together(records):
    passages = located(
        Article(r.article.id, r.article.text, r.article.spans, {"article": f"whole{line // 3}"})
        for line, r in enumerate(records)
    )
    split = split_articles(passages, SHARES)
    wholes = [{article.meta["article"] for article in part} for part in split.parts.values()]
    assert sum(map(len, wholes)) == 200


@pytest.mark.parametrize("by", ["article", "source", DATE])
def test_near_duplicates_stay_together(records, by):
    copies = located(
        Article(
            f"copy{r.line}",
            r.article.text + " وأضاف",
            r.article.spans,
            {"source": f"s{r.line % 7}", "date": "2024-06-01"},
        )
        for r in records[:5]
    )
    shares = SHARES if by != "source" else {"train": 0.5, "test": 0.5}
    split = split_articles([*records, *copies], shares, by)
    assert split.copies == 5
    assert all(where(split)[f"copy{line}"] == where(split)[f"a{line - 1}"] for line in range(1, 6))


def test_by_date_the_test_set_is_the_newest_and_no_day_is_cut(records):
    split = split_articles(records, SHARES, DATE)
    days = [sorted(article.meta["date"] for article in part) for part in split.parts.values()]
    assert days[0][-1] < days[1][0]
    assert days[1][-1] < days[2][0]
    assert [len(part) / 600 for part in days] == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


@pytest.mark.parametrize(
    ("shares", "by", "said"),
    [
        ({"train": 0.8, "test": 0.3}, "article", "must add up to 1"),
        ({"train": 1.2, "test": -0.2}, "article", "none may be negative"),
        (SHARES, "genre", "a.jsonl:1: a0: no 'genre' to split by"),
        (SHARES, "agency", "dev and test would be empty"),
    ],
)
def test_impossible_demands_are_refused(records, shares, by, said):
    same = located(Article(r.article.id, r.article.text, (), {"agency": "x"}) for r in records[:9])
    with pytest.raises(InputError, match=said):
        split_articles(same if by == "agency" else records, shares, by)


def test_a_date_that_is_none_is_said_with_its_line(records):
    odd = located([records[0].article, Article("x", "نص", (), {"date": "May 3"})])
    with pytest.raises(InputError, match=r"a\.jsonl:2: x: date 'May 3' is not of the form 2024-05-31"):
        split_articles(odd, SHARES, DATE)


def test_a_split_without_share_is_left_out(records):
    assert set(split_articles(records, {"train": 0.9, "dev": 0.0, "test": 0.1}).parts) == {"train", "test"}
