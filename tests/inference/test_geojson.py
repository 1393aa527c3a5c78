"""GeoJSON: points that a desktop map opens as they are."""

import io
import json

from marsad.inference.geojson import PEOPLE, GeoJson, sentence_spans
from marsad.inference.mentions import Count, Mention
from marsad.inference.places import Place
from marsad.inference.readers import Document

ALEPPO = Place("geonames:170063", "حلب", "Aleppo", "city", "SY", 36.20124, 37.161171)
AROUND = Place("geonames:170063", "ريف حلب", "Aleppo countryside", "region", "SY", 36.2, 37.1)
TEXT = "قتل 3 في حلب. وأصيب 9 في إدلب!\nثم قتل 5 في حلب وفي ريف حلب"


def mention(text, label, after=0, **values):
    start = TEXT.index(text, after)
    return Mention(start, start + len(text), label, text, 0.9, text, **values)


def killed(value, role="killed"):
    return Count(value, value, value, True, role, None, None, None)


MENTIONS = [
    mention("3", "COUNT", count=killed(3)),
    mention("حلب", "PLACE", place=ALEPPO),
    mention("9", "COUNT", count=killed(9, "wounded")),
    mention("إدلب", "PLACE"),
    mention("5", "COUNT", count=killed(5)),
    mention("حلب", "PLACE", after=20, place=ALEPPO),
    mention("ريف حلب", "PLACE", place=AROUND),
]


def collection(*articles):
    out = io.StringIO()
    writer = GeoJson(out)
    for document, mentions in articles:
        writer.write(document, mentions)
    writer.close()
    return json.loads(out.getvalue())


def test_a_point_for_each_linked_place_with_what_its_sentences_state():
    meta = {"source": "وكالة", "date": 20240131, "other": [1]}
    found = collection((Document("a", TEXT, meta), MENTIONS))
    assert (found["type"], len(found["features"])) == ("FeatureCollection", 2)
    aleppo, around = found["features"]
    # Longitude first.
    assert aleppo["geometry"] == {"type": "Point", "coordinates": [37.161171, 36.20124]}
    assert aleppo["type"] == "Feature"
    facts = aleppo["properties"]
    assert (facts["article"], facts["source"], facts["date"], facts["title"]) == ("a", "وكالة", "20240131", None)
    assert (facts["place"], facts["en"], facts["country"], facts["mentions"]) == (ALEPPO.id, "Aleppo", "SY", 2)
    assert facts["sentence"] == "قتل 3 في حلب."
    assert (facts["killed"], facts["wounded"]) == (5, None)
    assert (around["properties"]["kind"], around["properties"]["killed"]) == ("region", 5)
    assert not any(isinstance(value, list | dict) for value in facts.values())
    assert set(PEOPLE) < set(facts)


def test_no_place_and_lone_surrogates_are_still_valid_json():
    assert collection((Document("a", TEXT), MENTIONS[:1])) == {"type": "FeatureCollection", "features": []}
    found = collection((Document("\ud800", TEXT), MENTIONS), (Document("b", TEXT), MENTIONS))
    assert [feature["properties"]["article"] for feature in found["features"]] == ["\ufffd", "\ufffd", "b", "b"]


def test_sentences_cover_the_text_and_keep_decimals_whole():
    text = "نسبة 2.5 بالمئة. ثم؟ نعم\nآخر"
    spans = sentence_spans(text)
    assert [text[start:end].strip() for start, end in spans] == ["نسبة 2.5 بالمئة.", "ثم؟", "نعم", "آخر"]
    assert "".join(text[start:end] for start, end in spans) == text
