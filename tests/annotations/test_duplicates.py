"""Near-duplicates: wire copies with small edits are found, what only shares boilerplate is not."""

import random
import time

import pytest
from marsad.annotations.duplicates import connect, fold_words, near_duplicates

STORY = (
    "أعلنت مصادر محلية مقتل خمسة مدنيين وإصابة آخرين في قصف مدفعي استهدف سوقا شعبيا وسط المدينة صباح اليوم، وقال شهود "
    "إن سيارات الإسعاف نقلت الجرحى إلى المستشفى الميداني بينما استمر تحليق الطيران في أجواء المنطقة حتى ساعات المساء"
)
FOOTER = (
    "للاشتراك في خدمة الأخبار العاجلة عبر البريد يرجى زيارة موقع الوكالة على الشبكة جميع الحقوق محفوظة لوكالة الأنباء "
    "ولا يجوز إعادة النشر دون إذن خطي مسبق من إدارة التحرير في المقر الرئيسي"
)


def invented(rng, words):
    """A text of invented words, so that two of them share nothing."""
    return " ".join("".join(rng.choices("ابتجحدرسعفقلمنهوي", k=rng.randint(3, 7))) for _ in range(words))


@pytest.fixture
def others():
    rng = random.Random(0)
    return [invented(rng, 60) for _ in range(200)]


@pytest.mark.parametrize(
    "copy",
    [
        STORY,
        STORY.replace("خمسة", "سبعة").replace("صباح اليوم", "صباح السبت"),
        STORY.replace("أعلنت", "اعلنتْ").replace("، ", " - ").replace("المدينة", "المدينه"),
        "عاجل: " + STORY + " " + STORY[:60][::-1],
        " ".join(STORY.split()[:24]),
    ],
)
def test_a_wire_copy_is_found_among_others(others, copy):
    (pair,) = near_duplicates([*others[:100], STORY, *others[100:], copy])
    assert (pair.first, pair.second) == (100, 201)
    assert 0.5 <= pair.similarity <= 1


def test_shared_boilerplate_makes_no_duplicates(others):
    briefs = [" ".join(text.split()[:25]) + " " + FOOTER for text in others]
    assert near_duplicates(briefs) == []


def test_the_threshold_is_kept(others):
    half = " ".join(STORY.split()[:20])
    texts = [*others, STORY, half]
    assert near_duplicates(texts, 0.9) == []
    assert [pair.second for pair in near_duplicates(texts, 0.3)] == [201]


def test_many_copies_are_connected_without_listing_every_pair(others):
    copies = [f"{STORY} {number}" for number in range(300)]
    pairs = near_duplicates([*copies, *others])
    assert len(pairs) < 1000
    assert connect(500, [(pair.first, pair.second) for pair in pairs])[:300] == [0] * 300


def test_spelling_marks_and_digits_make_no_difference():
    assert fold_words("قُتِلَ ١٥ في «إدلب»، أمس") == fold_words("قتل 15 في ادلب امس")


def test_texts_without_words_are_no_duplicates():
    assert near_duplicates(["", "...", "", "؟"]) == []
    assert near_duplicates(["خبر", "خبر"])[0].similarity == 1


def test_three_thousand_articles_are_compared_in_seconds():
    rng = random.Random(1)
    words = [invented(rng, 1) for _ in range(3000)]
    texts = [" ".join(rng.choices(words, k=100)) for _ in range(3_000)]
    start = time.process_time()
    near_duplicates(texts)
    assert time.process_time() - start < 6
