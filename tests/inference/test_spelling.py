"""Words that lost the dots of their last letter are read as if they had them, and shown as they stand."""

import pytest
from marsad.inference.spelling import restore_endings


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("المدينه", "المدينة"),
        ("بالرقه", "بالرقة"),
        ("وللكتيبه", "وللكتيبة"),
        ("طائره", "طائرة"),
        ("باليادوده", "باليادودة"),  # no word list has it: ال leaves no other reading
        ("فى", "في"),
        ("العسكرى", "العسكري"),
        ("#المدينه_القديمه", "#المدينة_القديمة"),
    ],
)
def test_a_lost_ending_is_restored(written, meant):
    assert restore_endings(f"قال: «{written}»، ثم") == f"قال: «{meant}»، ثم"


MEANT_AS_THEY_STAND = """
له مياه المياه الوجه والده والداه وكالته والمشتبه قواته أعلنته عبدالله والله على إلى مصطفى مستشفى موسى جرحى
مَدينه مدينـه المدينة علي خانهٔ city
"""


@pytest.mark.parametrize("word", MEANT_AS_THEY_STAND.split())
def test_an_ending_that_may_be_meant_stays(word):
    assert restore_endings(f"{word} {word}.") == f"{word} {word}."


def test_mentions_are_the_same_with_lost_endings_and_keep_them(shipped):
    text = "قصفت طائرة مسيرة مدينة الرقة ومحيط القامشلي، وقُتل خمسة من عناصر الشرطة العسكرية في الحسكة."
    sloppy = text.replace("ة", "ه").replace("القامشلي", "القامشلى")
    found, found_sloppy = shipped(text), shipped(sloppy)
    assert len(found) >= 5
    assert [(m.start, m.end, m.label) for m in found] == [(m.start, m.end, m.label) for m in found_sloppy]
    assert all(m.text == sloppy[m.start : m.end] for m in found_sloppy)
