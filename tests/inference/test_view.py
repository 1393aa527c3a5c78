"""The page of results, as far as it can be judged without a browser: what is read, refused and written."""

import gzip
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from marsad.cli.view import view
from marsad.errors import InputError
from marsad.inference.mentions import Count, Mention
from marsad.inference.places import Place
from marsad.inference.readers import Document, Unreadable
from marsad.inference.view.results import read_results
from marsad.inference.writers import to_line

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from marsad.inference.view.charts import Theme, fit, place_map
from marsad.inference.view.page import HtmlPage, as_json, day_of

ALEPPO = Place("geonames:170063", "حلب", "Aleppo", "city", "SY", 36.20124, 37.161171)
HOSTILE = "</script><script>alert(1)</script><!-- \u2028 \ud800 &"


def mention(text, label, whole, **values):
    start = whole.index(text)
    return Mention(start, start + len(text), label, text, 0.9, text, **values)


def article(id="a", before="", meta=None):
    text = f"{before}قتل 3 في حلب"
    count = Count(3.0, 3.0, 3.0, True, "killed", None, None, None)
    found = [mention("3", "COUNT", text, count=count), mention("حلب", "PLACE", text, place=ALEPPO)]
    return Document(id, text, meta or {}), found


def results(tmp_path, *lines):
    path = tmp_path / "results.jsonl"
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def page_of(*articles, title="t"):
    out = io.StringIO()
    page = HtmlPage(out, title)
    for document, mentions in articles:
        page.write(document, mentions)
    page.close()
    return out.getvalue()


class Tags(HTMLParser):
    """Collects what a browser would take for a script, by its id, and whatever a page could load."""

    def __init__(self):
        super().__init__()
        self.scripts, self.addresses = [], []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag == "script":
            self.scripts.append(named.get("id"))
        self.addresses += [value for name, value in attrs if name in ("src", "href") and not value.startswith("#")]


def block(page, name):
    return json.loads(re.search(rf'id="data-{name}">(.*?)</script>', page, re.S)[1])


def test_what_extract_writes_is_read_back_whole(tmp_path):
    document, mentions = article(meta={"date": "2024-01-31"})
    assert list(read_results(str(results(tmp_path, to_line(document, mentions))))) == [(document, mentions)]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"mentions": None}, "no mentions"),
        ({"text": 3}, '"text" is not a string'),
        ({"meta": []}, None),
        ({"meta": "x"}, '"meta" is not an object'),
        ({"mentions": [{"start": 0, "end": 2, "label": "PLACE", "text": "xx", "score": 1}]}, "not what the text has"),
        ({"mentions": [{"start": 0, "end": 99, "label": "PLACE", "text": "", "score": 1}]}, "outside the text"),
        ({"mentions": [{"start": 0, "end": 3, "text": "قتل", "score": 1}]}, "mention 0 label: field required"),
        ({"mentions": [3]}, "mention 0: "),
    ],
)
def test_a_spoilt_record_is_named_and_the_others_are_kept(tmp_path, spoil, said):
    good = json.loads(to_line(*article()))
    path = results(tmp_path, {**good, **spoil}, "{broken\n", '{"mentions": [], "text": "", "x": NaN}\n', good)
    first, broken, no_number, last = read_results(str(path))
    assert isinstance(last, tuple)
    assert broken.why.startswith(f"{path}:2: broken JSON")
    assert no_number.why.startswith(f"{path}:3: broken JSON")
    if said is None:
        assert isinstance(first, tuple)
    else:
        assert isinstance(first, Unreadable)
        assert first.why.startswith(f"{path}:1: ")
        assert said in first.why


def test_a_damaged_archive_is_said(tmp_path):
    whole = gzip.compress(to_line(*article()).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(whole[:30] + bytes(20) + whole[50:])
    with pytest.raises(InputError, match=r"a\.jsonl\.gz: "):
        list(read_results(str(tmp_path / "a.jsonl.gz")))


def test_records_without_texts_are_refused_with_the_way_to_get_them(tmp_path):
    path = results(tmp_path, to_line(*article(), text=False))
    with pytest.raises(InputError, match=r"results.jsonl:1: no text .* without --no-text"):
        list(read_results(str(path)))


def test_the_page_is_safe_to_embed_and_loses_nothing():
    document, mentions = article(HOSTILE, before="🚀" + HOSTILE, meta={"source": HOSTILE, "title": "عنوان", HOSTILE: 1})
    page = page_of((document, mentions), title=HOSTILE)
    page.encode()
    tags = Tags()
    tags.feed(page)
    assert tags.scripts == ["data-articles", "data-corpus", None, None]
    assert not tags.addresses
    (row,) = block(page, "articles")
    assert row[:5] == [HOSTILE, "عنوان", HOSTILE, "", [[HOSTILE, "1"]]]
    # Scripts count the rocket as two.
    text, (count, place) = row[5], row[6]
    assert text == document.text
    assert text[count[0] - 1 : count[1] - 1] == "3"
    assert count[6] == [3, 3, 3, 1, "killed", None]
    assert block(page, "corpus")["entries"][place[5]] == {
        "ar": "حلب", "en": "Aleppo", "kind": "city", "country": "SY", "lat": 36.20124, "lon": 37.161171,
    }  # fmt: skip


def test_labels_of_other_tasks_get_a_look_of_their_own():
    text = "قتل"
    labels = block(page_of((Document("a", text), [Mention(0, 3, "EVENT", text, 1.0)])), "corpus")["labels"]
    assert [label["name"] for label in labels] == ["ACTOR", "PLACE", "WEAPON", "COUNT", "EVENT"]
    assert len({label["colour"] for label in labels}) == len({label["line"] for label in labels}) == 5


def test_dates_are_read_where_they_are_dates():
    assert [day_of(value) for value in ("2024-01-31", "2024-01-31T23:00:00Z", "31 Jan", None, 7)] == [
        "2024-01-31", "2024-01-31", "", "", "",
    ]  # fmt: skip
    assert as_json("\u2029<") == '"\\u2029\\u003c"'


def test_the_map_shows_nearly_all_places_and_draws_offline():
    import vl_convert

    near = [{"name": str(i), "n": 1, "lat": 33.0 + i / 10, "lon": 37.0 + i / 5, "label": ""} for i in range(30)]
    far = {"name": "Washington", "n": 1, "lat": 38.9, "lon": -77.0, "label": ""}
    (lon, lat), zoom = fit([*near, far], 640, 430)
    assert 37 < lon < 43
    assert 33 < lat < 36
    assert 400 < 5 * 3.14159 / 180 * zoom < 640
    assert fit([], 640, 430)[0] == [40, 32]
    svg = vl_convert.vegalite_to_svg(place_map([*near, far], Theme(), width=640).to_dict(), allowed_base_urls=[])
    assert svg.count("<path") > 200


def test_the_verb_writes_the_page_whole_or_not_at_all(tmp_path):
    path = results(tmp_path, to_line(*article()), "{broken\n")
    run = [sys.executable, "-m", "marsad", "view", str(path)]
    done = subprocess.run(run, capture_output=True, check=False, text=True, encoding="utf-8")
    assert done.returncode == 2
    assert "results.jsonl:2: broken JSON" in done.stderr
    assert "1 articles, 2 mentions" in done.stderr
    assert len(block((tmp_path / "results.html").read_text("utf-8"), "articles")) == 1
    before = sorted(file.name for file in tmp_path.iterdir())
    with pytest.raises(InputError, match="empty"):
        view(str(results(tmp_path)), tmp_path / "new.html")
    assert sorted(file.name for file in tmp_path.iterdir()) == before
