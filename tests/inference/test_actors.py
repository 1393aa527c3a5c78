"""Mentions of one article to the register: variants, short forms, doubt; and the register itself."""

import re
import time

import pytest
from marsad.errors import InputError
from marsad.inference import actors
from marsad.inference.actors import KINDS, Actor, link_actors, load_actors, name_key

ISO_CODES = set(
    re.findall(
        "[A-Z]{2}",
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW "
        "BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI "
        "FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN "
        "IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME "
        "MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF "
        "PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV "
        "SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE "
        "YT ZA ZM ZW",
    )
)


def ids(*names):
    return [actor and actor.id for actor in link_actors(names)]


def test_the_register_is_large():
    assert len(load_actors()) >= 400


def test_ids_are_unique_slugs():
    names = [actor.id for actor in load_actors()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_no_two_entries_share_a_name():
    owner = {}
    clashes = [
        (name, actor.id, owner[name_key(name)])
        for actor in load_actors()
        for name in (actor.ar, *actor.aliases)
        if owner.setdefault(name_key(name), actor.id) != actor.id
    ]
    assert clashes == []


def test_no_entry_repeats_a_spelling():
    for actor in load_actors():
        spellings = (actor.ar, *actor.aliases, *actor.short)
        assert len(set(spellings)) == len(spellings), actor.id
        assert all(spelling == spelling.strip() != "" for spelling in spellings), actor.id


def test_fields_hold_what_they_promise():
    for actor in load_actors():
        assert actor.kind in KINDS, actor.id
        assert actor.country is None or actor.country in ISO_CODES, actor.id
        assert actor.wikidata is None or re.fullmatch(r"Q[1-9][0-9]*", actor.wikidata), actor.id
        assert re.search("[A-Za-z]", actor.en), actor.id
        assert re.search("[\u0621-\u064a]", actor.ar), actor.id


def test_no_two_entries_share_an_english_name_or_a_wikidata_item():
    for values in (
        [actor.en for actor in load_actors()],
        [actor.wikidata for actor in load_actors() if actor.wikidata],
    ):
        assert len(set(values)) == len(values)


def test_every_name_leads_to_its_entry():
    missed = [
        (name, actor.id) for actor in load_actors() for name in (actor.ar, *actor.aliases) if ids(name) != [actor.id]
    ]
    assert missed == []


@pytest.mark.parametrize(
    ("expected", "names"),
    [
        (
            "islamic-state",
            [
                "داعش",
                "تنظيم داعش",
                'تنظيم "داعش"',
                "تنظيم «الدولة الإسلامية»",
                "تنظيم_داعش",
                "تنظيمُ داعِشَ",
                "تنـظيم داعش",
                "تظيم داعش",
                "تنظيم داعش الإرهابي",
                "الدولة الاسلامية في العراق والشام",
                "مسلحي داعش",
            ],
        ),
        (
            "syrian-democratic-forces",
            ["قسد", "قوات سوريا الديموقراطية", "قوات سوريا الديمقرطية", "قوات_سوريا_الديمقراطية"],
        ),
        ("ypg", ["ي ب ك", "ي.ب.ك", "الوحدات الكردية", "وحدات حماية الشعب الكردية"]),
        ("pkk", ["بي كا كا", "بي.كا.كا", "حزب العمال الكردستاني", "حزب العمال الكوردستاني"]),
        ("popular-mobilization-forces", ["الحشد", "ميليشيات الحشد الشعبي", "مليشيا الحشد الشعبي", "قوات الحشد"]),
        ("houthis", ["الحوثيون", "لحوثيين", "مليشيات الحوثي", "ميليشيا_الحوثي", "جماعة أنصار الله", "حركة الحوثيين"]),
        ("global-coalition", ["التحالف الدولي", "لتحالف الدولي", "قوات التحالف الدولي"]),
        ("united-states-armed-forces", ["الجيش الأمريكي", "الجيش الأميركي", "القوات الاميركية", "قوات أمريكية"]),
        ("iraq-armed-forces", ["الجيش العراقي", "قوات الجيش العراقي", "قوات عراقية", "لقوات المسلحة العراقية"]),
        ("abu-bakr-al-baghdadi", ["أبو بكر البغدادي", "أبوبكر البغدادي", "ابو بكر البغدادى"]),
    ],
)
def test_variants_lead_to_one_entry(expected, names):
    for name in names:
        assert ids(name) == [expected], name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("روسيا", "russia"),
        ("أنقرة", "turkey"),
        ("واشنطن", "united-states"),
        ("لندن", "united-kingdom"),
        ("لبنان", "lebanon"),
        ("لولايات المتحدة", "united-states"),
    ],
)
def test_countries_and_capitals_are_states(name, expected):
    (actor,) = link_actors([name])
    assert (actor.id, actor.kind) == (expected, "state")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["تنظيم داعش", "القاعدة", "التنظيم"], "al-qaeda"),
        (["القاعدة", "داعش", "لتنظيم"], "islamic-state"),
        (["القاعدة", "داعش", "القاعدة", "التنظيم الإرهابي"], "al-qaeda"),
        (["حزب الله", "إسرائيل", "الحزب"], "hezbollah"),
        (["حركة الشباب", "الحكومة الصومالية", "الحركة"], "al-shabaab"),
        (["التحالف العربي", "الحوثيين", "التحالف"], "saudi-led-coalition"),
        (["التحالف الدولي", "داعش", "قوات التحالف"], "global-coalition"),
        (["الجيش الإسرائيلي", "حماس", "الجيش"], "israel-defense-forces"),
        (["الجيش العراقي", "داعش", "قواته"], "iraq-armed-forces"),
        (["وزارة الدفاع الروسية", "الوزارة"], "russia-defence-ministry"),
        (["المرصد السوري لحقوق الإنسان", "المرصد"], "sohr"),
        (["محمود عباس", "الأمم المتحدة", "عباس"], "mahmoud-abbas"),
        (["عبد الملك الحوثي", "الحوثي"], "abdul-malik-al-houthi"),
        (["المليشيات الحوثية", "المليشيات"], "houthis"),
        (["حماس", "إسرائيل", "فصائل المقاومة"], "palestinian-factions"),
    ],
)
def test_short_forms_mean_the_last_party_they_fit(names, expected):
    assert ids(*names)[-1] == expected


def test_a_short_form_in_the_headline_means_the_only_party_named_later():
    assert ids("التنظيم", "الجيش العراقي", "داعش") == ["islamic-state", "iraq-armed-forces", "islamic-state"]


@pytest.mark.parametrize(
    ("witness", "expected"),
    [
        ("الحوثيين", "yemen-armed-forces"),
        ("خليفة حفتر", "libyan-national-army"),
        ("فيلق الشام", "syrian-national-army"),
    ],
)
def test_a_name_that_few_parties_share_is_told_by_the_countries_in_the_article(witness, expected):
    assert ids(witness, "الجيش الوطني")[-1] == expected


@pytest.mark.parametrize(
    "names",
    [
        ["الجيش"],
        ["قوات الجيش"],
        ["التنظيم"],
        ["قواته"],
        ["داعش", "الجيش"],
        ["إسرائيل", "وزارة الصحة"],
        ["الجيش الوطني"],
        ["الحوثيين", "خليفة حفتر", "الجيش الوطني"],
        ["التنظيم", "داعش", "تنظيم القاعدة"],
        ["محمد"],
        ["السفارة"],
        ["«»"],
        [""],
    ],
)
def test_doubt_stays_open(names):
    assert None in ids(*names)


@pytest.mark.parametrize(
    ("name", "lookalike"),
    [
        ("حماس", "حماة"),
        ("جبهة النصرة", "جبهة البصرة"),
        ("النصرة", "البصرة"),
        ("الحكومة اليمنية", "الحكومة اليمينية"),
        ("القوات اليمنية", "القوات الأمنية"),
        ("أنصار الإسلام", "أنصار السلام"),
        ("جيش الإسلام", "جيش السلام"),
        ("طالبان", "طالبات"),
        ("روسيا", "سوريا"),
        ("محمد بن سلمان", "محمد بن سليمان"),
        ("الجيش النيجيري", "الجيش النيجري"),
        ("الجيش المالي", "الجيش الماليزي"),
        ("جند الشام", "جند الشمال"),
        ("حركة أمل", "حركة أمة"),
        ("العراق", "العراقي"),
        ("التحالف العربي", "التحالف الغربي"),
        ("حزب الله", "الله"),
        ("القاعدة", "قاعدة"),
        ("إيران", "ميليشيات إيران"),
    ],
)
def test_lookalikes_are_never_taken_for_the_party(name, lookalike):
    assert ids(name) != [None]
    assert ids(lookalike) != ids(name)


def test_a_misspelling_that_two_entries_could_mean_stays_open(monkeypatch):
    entries = tuple(
        Actor(name, f"حركة {word}", name, (), "militia", None, None, ())
        for name, word in (("one", "المجاهدين"), ("two", "المجالدين"))
    )
    monkeypatch.setattr(actors, "load_actors", lambda: entries)
    actors._index.cache_clear()
    actors._by_slip.cache_clear()
    try:
        assert ids("حركة المجاخدين", "حركة المجاهدين", "حركة المجالدن") == [None, "one", "two"]
    finally:
        actors._index.cache_clear()
        actors._by_slip.cache_clear()


def test_a_broken_register_is_named_with_its_line(tmp_path, monkeypatch):
    (register := tmp_path / "actors.jsonl").write_text('{"id": "x"}\n', encoding="utf-8")
    monkeypatch.setattr(actors, "REGISTER_FILE", register)
    with pytest.raises(InputError, match=r"actors\.jsonl:1: not an actor"):
        load_actors.__wrapped__()


def test_linking_is_fast():
    article = ["تنظيم داعش", "التحالف الدولي", "التنظيم", "رجل مجهول الاسم", "قوات الجيش العراقي", "الجيش"] * 20
    link_actors(article)
    start = time.process_time()
    for _ in range(10):
        link_actors(article)
    assert (time.process_time() - start) / (10 * len(article)) < 100e-6
