import random

import pytest
from marsad.annotations.inline import parse_inline
from marsad.annotations.schema import Article, Span
from marsad.annotations.validation import article_problems
from marsad.benchmarks.perturbations import PERTURBATIONS, Edit, add_typos, perturb

TEXT = (
    'أعلنت {A:"قوات سوريا" الديمقراطية (قسد)} مقتل {C:1,250} مقاتلاً ل{A:داعش}، و{C:٣٠} آخرين في {P:حي الأشرفية}؛ {A?:–}'
)


@pytest.fixture
def article() -> Article:
    return parse_inline(TEXT, "a1")


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_mentions_move_along(name: str, article: Article, articles: list[Article]) -> None:
    for seed in range(20):
        for before in (article, *articles):
            after = perturb(before, PERTURBATIONS[name], seed)
            assert not list(article_problems(after))
            assert [(s.label, s.optional) for s in after.spans] == [(s.label, s.optional) for s in before.spans]
            assert perturb(before, PERTURBATIONS[name], seed) == after


BY_CHANCE = ("tashkeel", "tatweel", "typo", "spaces", "no punctuation")
"""What depends on chance or on the neighbours of a character."""


@pytest.mark.parametrize("name", [name for name in PERTURBATIONS if not any(word in name for word in BY_CHANCE)])
def test_a_mention_is_written_as_it_would_be_alone(name: str, article: Article) -> None:
    after = perturb(article, PERTURBATIONS[name])
    for old, new in zip(article.spans, after.spans, strict=True):
        alone = perturb(Article("m", article.text[old.start : old.end]), PERTURBATIONS[name])
        assert after.text[new.start : new.end] == alone.text


def test_known_results(article: Article) -> None:
    def mentions(name: str) -> list[str]:
        after = perturb(article, PERTURBATIONS[name])
        return [after.text[s.start : s.end] for s in after.spans]

    whole = ['"قوات سوريا" الديمقراطية (قسد)', "1,250", "داعش", "٣٠", "حي الأشرفية", "–"]
    assert mentions("no punctuation") == ["قوات سوريا الديمقراطية قسد", *whole[1:]]
    assert mentions("digits 0–9 → ٠–٩") == [whole[0], "١,٢٥٠", *whole[2:]]
    assert mentions("no hamza on alif (أإآ → ا)") == [*whole[:4], "حي الاشرفية", whole[5]]
    assert mentions("final ي → ى") == [*whole[:4], "حى الأشرفية", whole[5]]


def test_an_edit_across_an_edge_is_not_made() -> None:
    article = Article("a1", "بحلب", (Span(1, 4, "PLACE"),))
    assert perturb(article, lambda text, rng: iter([Edit(0, 2, "حب")])) == article
    moved = perturb(article, lambda text, rng: iter([Edit(0, 1, "وب"), Edit(3, 4, "")]))
    assert moved.text[moved.spans[0].start : moved.spans[0].end] == "حل"


def test_typos_hit_about_a_tenth_of_the_words() -> None:
    text = " ".join(["المدينة"] * 2000)
    assert 150 < len(list(add_typos(text, random.Random(0)))) < 250
