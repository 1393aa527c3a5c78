"""What to label next: uncertain articles, unlike one another and unlike what is labelled."""

import numpy as np
from marsad.inference.selection import select, token_entropies, uncertainties, unlabelled_originals

SIEGE = "قصفت المدفعية أحياء المدينة المحاصرة وسقط قتلى بين المدنيين في السوق القديم صباح اليوم"
SIEGE_AGAIN = "قصفت المدفعية أحياء المدينة المحاصرة مجددا وسقط قتلى وجرحى بين سكان السوق القديم ليلا"
MATCH = "فاز المنتخب في مباراة الأمس بثلاثة أهداف وتأهل إلى الدور التالي من البطولة الآسيوية"
MARKET = "ارتفعت أسعار النفط في الأسواق العالمية بعد قرار خفض الإنتاج وتراجع الدولار أمام اليورو"


def places(picks):
    return [pick.place for pick in picks]


def test_the_most_uncertain_comes_first_and_its_like_waits():
    texts = [SIEGE, SIEGE_AGAIN, MATCH, MARKET]
    picks = select(texts, np.array([0.9, 0.8, 0.7, 0.1]), [1] * 4, 2)
    assert places(picks) == [0, 2]
    assert picks[0].uncertainty == 0.9


def test_what_is_like_a_labelled_article_waits():
    assert places(select([SIEGE_AGAIN, MATCH], np.array([0.9, 0.8]), [1, 1], 1)) == [0]
    later = select([SIEGE_AGAIN, MATCH, MARKET], np.array([0.9, 0.8, 0.1]), [1] * 3, 1, [SIEGE, SIEGE_AGAIN])
    assert places(later) == [1]


def test_the_budget_in_words_is_never_exceeded():
    texts = [SIEGE, MATCH, MARKET]
    costs = [len(text.split()) for text in texts]
    picks = select(texts, np.array([0.1, 0.9, 0.5]), costs, costs[1] + 3)
    assert places(picks) == [1]
    assert places(select(texts, np.array([0.1, 0.9, 0.5]), costs, 1000)) == [1, 2, 0]


def test_near_duplicates_of_labelled_or_earlier_articles_are_left_out():
    texts = [SIEGE, MATCH, MATCH + " أمس", MARKET]
    assert unlabelled_originals(texts, [SIEGE + " أيضا"]) == [1, 3]


def test_entropy_tells_how_unsure_the_model_is(shipped):
    """Token by token, whatever the length: at the seams of windows no token is left at 0 or counted twice."""
    entropies = token_entropies(shipped, SIEGE * 40)
    (tokens,) = shipped.tokenizer([SIEGE * 40])
    assert len(entropies) == len(tokens) > 2 * shipped.card.window
    assert (entropies > 0).all()
    assert entropies.max() <= np.log(len(shipped.tags))
    assert list(uncertainties(shipped, [""])) == [0.0]
