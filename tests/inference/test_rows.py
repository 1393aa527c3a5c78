"""Flat rows: CSV that a spreadsheet opens safely, Parquet with types."""

import csv
import io

import pyarrow.parquet as pq
import pytest
from marsad.inference.readers import Document
from marsad.inference.rows import SCHEMA, CsvRows, ParquetRows

TEXT = "قصفت إسرائيل بيروت وقتل أكثر من 7 مدنيين"


@pytest.fixture(scope="module")
def mentions(shipped):
    return shipped(TEXT)


def test_csv_has_a_row_a_mention_with_its_values(mentions):
    out = io.StringIO()
    rows = CsvRows(out)
    rows.write(Document("=1+1", TEXT), mentions)
    rows.close()
    read = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [row["text"] for row in read] == ["إسرائيل", "بيروت", "7"]
    assert [row["actor_country"] or row["place_country"] or row["count_role"] for row in read] == ["IL", "LB", "killed"]
    assert all(TEXT[int(row["start"]) : int(row["end"])] == row["text"] for row in read)
    assert {row["id"] for row in read} == {"'=1+1"}


def test_parquet_keeps_types_and_every_article(mentions, tmp_path):
    rows = ParquetRows(tmp_path / "rows.parquet")
    for n in range(4000):
        rows.write(Document(str(n), TEXT), mentions)
    rows.close()
    table = pq.read_table(tmp_path / "rows.parquet")
    assert table.schema.equals(SCHEMA)
    assert table.num_rows == 12_000
    assert table["count_low"].to_pylist()[2] == 7
    assert table["count_value"].to_pylist()[0] is None
