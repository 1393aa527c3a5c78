"""Rows: CSV that a spreadsheet opens safely, Parquet with types, flat or nested."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from marsad.inference.kinds import kinds_of
from marsad.inference.outputs import Layout, OutputFormat, RowUnit, open_writer
from marsad.inference.readers import Document
from marsad.inference.writers import from_line, record, to_line

TEXT = "قصفت إسرائيل بيروت وقتل أكثر من 7 مدنيين"
META = {"source": "وكالة", "n": 3, "score": 1, "tags": ["a"], "big": 2**70, "mixed": "x", "none": None}
OTHER_META = {"source": "=HYPERLINK()", "score": 0.5, "mixed": 4, "later": True}


@pytest.fixture(scope="module")
def mentions(shipped):
    return shipped(TEXT)


def written(layout, articles):
    out = io.BytesIO()
    with open_writer(out, layout, kinds_of(document.meta for document, _ in articles)) as writer:
        for document, mentions in articles:
            writer.write(document, mentions)
    return out.getvalue()


def parquet(articles, rows=None, **options):
    return pq.read_table(io.BytesIO(written(Layout.of(OutputFormat.parquet, rows, **options), articles)))


def test_csv_has_a_row_a_mention_with_its_values(mentions):
    articles = [(Document("=1+1", TEXT, META), mentions), (Document("b", TEXT, OTHER_META), mentions)]
    content = written(Layout.of(OutputFormat.csv), articles).decode()
    read = list(csv.DictReader(io.StringIO(content)))
    assert [row["text"] for row in read] == ["إسرائيل", "بيروت", "7"] * 2
    values = [row["actor_country"] or row["place_country"] or row["count_role"] for row in read]
    assert values == ["IL", "LB", "killed"] * 2
    assert all(TEXT[int(row["start"]) : int(row["end"])] == row["text"] for row in read)
    assert [row["id"] for row in read] == ["'=1+1"] * 3 + ["b"] * 3
    assert [row["meta_source"] for row in read[2:4]] == ["وكالة", "'=HYPERLINK()"]
    assert (read[0]["meta_tags"], read[0]["meta_later"], read[3]["meta_later"]) == ('["a"]', "", "True")


def test_parquet_has_a_nested_row_an_article(mentions):
    articles = [(Document("a", TEXT, META), mentions), (Document("b", "لا شيء", OTHER_META), [])]
    table = parquet(articles)
    first, second = table.to_pylist()
    given = json.loads(json.dumps(record(*articles[0])))
    assert (first["id"], first["text"], second["mentions"]) == ("a", TEXT, [])
    for mention, wanted in zip(first["mentions"], given["mentions"], strict=True):
        assert {key: mention[key] for key in wanted} == {**wanted, "score": pytest.approx(wanted["score"])}
    types = {field.name: str(field.type) for field in table.schema if field.name.startswith("meta_")}
    assert types == {
        **dict.fromkeys(("meta_source", "meta_tags", "meta_big", "meta_mixed", "meta_none"), "string"),
        **{"meta_n": "int64", "meta_score": "double", "meta_later": "bool"},
    }
    assert (first["meta_big"], second["meta_mixed"]) == (str(2**70), "4")
    assert "text" not in parquet(articles, text=False).schema.names


def test_large_integers_among_fractions_are_rounded(mentions):
    articles = [(Document("a", TEXT, {"x": 1.5}), mentions), (Document("b", TEXT, {"x": 2**53 + 1}), mentions)]
    assert parquet(articles)["meta_x"].to_pylist() == [1.5, float(2**53)]


def test_parquet_has_a_flat_row_a_mention_when_asked(mentions):
    table = parquet([(Document(str(n), TEXT, {"n": n}), mentions) for n in range(4000)], RowUnit.mention)
    assert table.num_rows == 12_000
    assert table["count_low"].to_pylist()[2] == 7
    assert table["count_value"].to_pylist()[0] is None
    assert (table.schema.field("count_low").type, table.schema.field("meta_n").type) == (pa.float64(), pa.int64())


def test_half_characters_are_written(mentions):
    article = (Document("\ud800", TEXT + "\ud800", {"k\ud800": "\ud800"}), mentions)
    assert parquet([article])["text"].to_pylist() == [TEXT + "\ufffd"]
    for chosen in (OutputFormat.csv, OutputFormat.jsonl):
        assert written(Layout.of(chosen), [article]).decode()


def test_a_line_read_back_gives_the_same_line(mentions):
    line = to_line(Document("a", TEXT, META), mentions)
    assert to_line(*from_line(line)) == line
    assert json.loads(line)["meta"] == META
    assert "text" not in json.loads(to_line(Document("a", TEXT), mentions, text=False))
