"""From mentions to values: names, quantities and links in the record of an article."""

import json

import pytest
from marsad.annotations.inline import parse_inline
from marsad.inference.lexicon import Lexicon
from marsad.inference.mentions import Mention
from marsad.inference.values import add_values


@pytest.fixture(scope="module")
def lexicon():
    return Lexicon()


@pytest.fixture(scope="module")
def read(lexicon):
    def values(marked):
        article = parse_inline(marked, "x")
        mentions = [Mention(s.start, s.end, s.label, article.text[s.start : s.end], 1.0) for s in article.spans]
        return add_values(article.text, mentions, lexicon)

    return values


@pytest.mark.parametrize(
    ("marked", "name"),
    [
        ("دعم ل{A:لتحالف الدولي} أمس", "التحالف الدولي"),
        ("عاد إلى ل{P:لبنان} أمس", "لبنان"),
        ("وصل ل{P:لعراق} أمس", "العراق"),
        ("قصفت {W:طائراته} المدينة", "طائرات"),
        ("سلموا {W:أسلحتهم} ليلا", "أسلحة"),
        ("سحبت {A:قواتها} من هناك", "قوات"),
        ("سحبت {A:قواتها المسلحة} من هناك", "القوات المسلحة"),
        ("لعب {A:فرانكونا} أمس", "فرانكونا"),
        ("انسحب {A:حِزْبُ اللَّهِ} ليلا", "حزب الله"),
        ("وسم #{A:قاسم_سليماني} انتشر", "قاسم سليماني"),
        ("تقدم {A:الجيش} أمس", "الجيش"),
        ("قصفت {W:دبابة} الحي", "دبابة"),
    ],
)
def test_a_mention_has_the_name_a_list_would_give_it(read, marked, name):
    assert read(marked)[0].name == name


def test_variants_of_a_party_are_one_entry(read):
    marked = "أعلن {A:تنظيم الدولة الإسلامية} أن {A:داعش} و{A:تنظيم داعش} واحد، وقال {A:التنظيم} ذلك"
    assert len({mention.actor and mention.actor.id for mention in read(marked)}) == 1
    assert read(marked)[0].actor is not None


def test_a_partys_forces_by_pronoun_are_the_party(read):
    army, forces = read("قال {A:الجيش الإسرائيلي} إن {A:قواته} تقدمت")
    assert (forces.actor, forces.name) == (army.actor, "قوات")


def test_a_quoted_hedge_is_a_hedge(read):
    assert read('قال "أكثر من {C:600} ضربة" نفذت')[0].count.exact is False


def test_a_party_nobody_listed_stays_open(read):
    assert read("قال {A:سمير البنا} إن {A:الجيش} تقدم")[0].actor is None


def test_places_are_told_apart_by_their_company(read):
    libya = read("من {P:بنغازي} إلى {P:طرابلس} و{P:مصراتة}")[1].place
    lebanon = read("من {P:بيروت} إلى {P:طرابلس} و{P:صيدا}")[1].place
    assert (libya.country, lebanon.country) == ("LY", "LB")


def test_counts_say_how_many_of_what_and_what_befell_them(read):
    marked = "أدى القصف إلى مقتل {C:ثلاثة} جنود وإصابة أكثر من {C:٢٠} آخرين وتدمير {C:5} {W:دبابات} و{W:طائرتين}"
    killed, wounded, tanks, tank, planes = read(marked)
    assert (killed.count.value, killed.count.exact, killed.count.role, killed.count.of) == (3, True, "killed", "جنود")
    assert (wounded.count.low, wounded.count.high, wounded.count.role) == (20, None, "wounded")
    assert (tanks.count.value, tanks.count.of_mention) == (5, 3)
    assert tank.count is None
    assert (planes.count.value, planes.count.of) == (2, "طائرتين")


def test_a_record_is_plain_json_with_the_values_that_fit_its_label(read):
    records = [json.loads(json.dumps(m.to_dict())) for m in read("قصفت {A:إسرائيل} {P:بيروت} ب{W:صواريخ} وقتل {C:7}")]
    extra = [set(record) - {"start", "end", "label", "text", "score", "name"} for record in records]
    assert extra == [{"actor"}, {"place"}, set(), {"count"}]
    assert records[0]["actor"]["country"] == "IL"
    assert abs(records[1]["place"]["lat"] - 33.9) < 0.1


def test_values_can_be_left_out(shipped):
    shipped.values = False
    try:
        assert set(shipped("قصف الجيش السوري حلب")[0].to_dict()) == {"start", "end", "label", "text", "score"}
    finally:
        shipped.values = True
