"""What to label next: uncertain articles, unlike one another and unlike what is labelled."""

import numpy as np
import pytest
from marsad.errors import InputError
from marsad.inference.selection import select, uncertainties, unlabelled_originals

SIEGE = "قصفت المدفعية أحياء المدينة المحاصرة وسقط قتلى بين المدنيين في السوق القديم صباح اليوم"
SIEGE_AGAIN = "قصفت المدفعية أحياء المدينة المحاصرة مجددا وسقط قتلى وجرحى بين سكان السوق القديم ليلا"
MATCH = "فاز المنتخب في مباراة الأمس بثلاثة أهداف وتأهل إلى الدور التالي من البطولة الآسيوية"
MARKET = "ارتفعت أسعار النفط في الأسواق العالمية بعد قرار خفض الإنتاج وتراجع الدولار أمام اليورو"


def places(picks):
    return [pick.place for pick in picks]


def test_the_most_uncertain_comes_first_and_its_like_waits():
    texts = [SIEGE, SIEGE_AGAIN, MATCH, MARKET]
    picks = select(texts, np.array([0.9, 0.7, 0.8, 0.1]), [1] * 4, 2)
    assert places(picks) == [0, 2]
    assert picks[0].uncertainty == 0.9


def test_what_is_nearly_a_labelled_article_waits():
    doubts = np.array([0.8, 0.9])
    assert places(select([SIEGE_AGAIN, MATCH], doubts, [1, 1], 1, [SIEGE, SIEGE_AGAIN])) == [1]


def test_texts_without_a_word_are_refused():
    with pytest.raises(InputError, match="no word"):
        select(["؟!"], np.array([0.5]), [1], 1)


def test_the_budget_in_words_is_never_exceeded():
    texts = [SIEGE, MATCH, MARKET]
    costs = [len(text.split()) for text in texts]
    picks = select(texts, np.array([0.1, 0.9, 0.5]), costs, costs[1] + 3)
    assert places(picks) == [1]
    assert places(select(texts, np.array([0.1, 0.9, 0.5]), costs, 1000)) == [1, 2, 0]


def test_near_duplicates_of_labelled_or_earlier_articles_are_left_out():
    texts = [SIEGE, MATCH, MATCH + " أمس", MARKET]
    assert unlabelled_originals(texts, [SIEGE + " أيضا"]) == [1, 3]


def test_of_two_doubtful_articles_the_one_like_the_labelled_comes_first():
    texts = [MATCH, MARKET, SIEGE_AGAIN, SIEGE]
    doubts = np.array([0.5, 0.1, 0.5, 0.2])
    assert places(select(texts, doubts, [1] * 4, 1, ["قصفت المدفعية أطراف المدينة وسقط جرحى بين المدنيين"])) == [2]


def test_uncertainty_is_a_mean_over_tokens(shipped):
    news = [SIEGE, SIEGE * 40, "", "قال " * 30]
    certain_of_nothing = np.log(len(shipped.tags))
    assert all(0 <= doubt < certain_of_nothing for doubt in uncertainties(shipped, news))
    assert uncertainties(shipped, news)[2] == 0
