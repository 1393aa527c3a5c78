"""Spellings that readers take for one name share one key; names that only look alike do not."""

import pytest
from marsad.inference.normalize import drop_article, normalize_name, one_letter_apart, unify_spelling


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("تنظيم القاعدة", "تنظيمُ القاعِدَةِ"),
        ("تنظيم القاعدة", "تنـظيم القاعده"),
        ("أحرار الشام", "احرار الشام"),
        ("مصطفى الكاظمي", "مصطفي الكاظمي"),
        ("حزب الله", "«حزب الله»"),
        ('تنظيم "داعش"', "تنظيم_داعش"),
        ("صنعاء", "صنعا"),
        ("عبد الله", "عبدالله"),
        ("أبو بكر البغدادي", "أبوبكر البغدادي"),
        ("سراج الدين", "سراجالدين"),
        ("الفرقة 30", "الفرقة ٣٠"),
        ("کردستان", "كردستان"),
        ("ﺣﻤﺎس", "حماس"),
        ("حماس\u200f", "حماس"),
    ],
)
def test_spellings_of_one_name_are_equal(one, other):
    assert normalize_name(one) == normalize_name(other)


@pytest.mark.parametrize(("one", "other"), [("حماس", "حماة"), ("علي", "عالي"), ("صنعاء", "صنعاني"), ("", "ا")])
def test_other_names_stay_apart(one, other):
    assert normalize_name(one) != normalize_name(other)


def test_nothing_is_left_of_punctuation():
    assert normalize_name("«»ـ،") == ""


@pytest.mark.parametrize(
    ("name", "bare"), [("القوات العراقيه", "قوات عراقيه"), ("حزب الله", "حزب الله"), ("ال", "ال"), ("", "")]
)
def test_articles_go_from_every_word(name, bare):
    assert drop_article(name) == bare


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("مليشيا", "ميليشيات"),
        ("المليشيات", "الميليشيا"),
        ("الامريكيه", "الاميركيه"),
        ("الحوثيون", "الحوثيين"),
        ("ديموقراطي", "ديمقراطي"),
    ],
)
def test_inflections_and_transcriptions_of_a_word_are_equal(one, other):
    assert unify_spelling(one) == unify_spelling(other)


def test_short_words_in_un_are_no_plurals():
    assert unify_spelling("عون") == "عون"


@pytest.mark.parametrize(("one", "other"), [("تنظيم", "تظيم"), ("تظيم", "تنظيم"), ("تنظيم", "تنطيم"), ("امل", "امه")])
def test_words_one_letter_apart(one, other):
    assert one_letter_apart(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("تنظيم", "تنظيم"), ("نصره", "بصره"), ("عربيه", "عبريه"), ("سوريا", "روسيا"), ("", "ا"), ("", "")],
)
def test_words_further_apart_or_equal(one, other):
    assert not one_letter_apart(one, other)
