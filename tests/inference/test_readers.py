"""Reading articles: a bad one is said in one line and the others are read."""

import gzip
import io
import json
import sys

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from marsad.inference.readers import Document, Fields, Unreadable, read_documents
from marsad.inference.sources import InputFormat

ARTICLES = [{"id": 7, "text": "أول", "date": "2024-05-03", "n": 1}, {"text": "ثان", "date": None, "n": 2}]


def read(*sources, **fields):
    return list(read_documents([str(source) for source in sources], Fields(**fields)))


def as_lines(records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def zstd_frames(*parts):
    """Each part as a frame of its own, as parallel compressors and `cat` make them."""
    return b"".join(pa.Codec("zstd").compress(part, asbytes=True) for part in parts)


def test_text_files_and_jsonl_are_read(tmp_path):
    (tmp_path / "a.txt").write_text("\ufeffخبر", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"id": 7, "text": "أول"}\n\n{"text": "ثان"}\n', encoding="utf-8")
    assert read(tmp_path / "a.txt", tmp_path / "b.jsonl") == [
        Document("a.txt", "خبر"),
        Document("7", "أول"),
        Document(f"{tmp_path / 'b.jsonl'}:3", "ثان"),
    ]


def test_every_table_carries_its_other_columns(tmp_path):
    (tmp_path / "a.jsonl").write_text(as_lines(ARTICLES), encoding="utf-8")
    (tmp_path / "a.csv").write_text('id,text,date\n7,"أو\nل",2024\nx,ثان,\n', encoding="utf-8")
    (tmp_path / "a.tsv").write_text("text\tdate\nأول\t2024\n", encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(ARTICLES), tmp_path / "a.parquet")
    lines = read(tmp_path / "a.jsonl")
    assert [document.meta for document in lines] == [{"date": "2024-05-03", "n": 1}, {"date": None, "n": 2}]
    assert read(tmp_path / "a.csv") == [
        Document("7", "أو\nل", {"date": "2024"}),
        Document("x", "ثان", {"date": ""}),
    ]
    assert read(tmp_path / "a.tsv") == [Document(f"{tmp_path / 'a.tsv'}:2", "أول", {"date": "2024"})]
    rows = read(tmp_path / "a.parquet")
    assert [(row.text, row.meta) for row in rows] == [(line.text, line.meta) for line in lines]
    assert [row.id for row in rows] == ["7", f"{tmp_path / 'a.parquet'}:2"]


def test_parquet_values_that_json_lacks_become_text(tmp_path):
    day = pa.array(["2024-05-03"]).cast(pa.date32())
    table = pa.table({"text": ["خبر"], "day": day, "share": [float("nan")], "raw": [b"\1"]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet")[0].meta == {"day": "2024-05-03", "share": None, "raw": "01"}


def test_a_value_that_cannot_be_read_loses_only_its_row(tmp_path):
    texts = pa.array([b"\xd8\xa3", b"\xff", b"\xd8\xa3", b"\xd8\xa3"]).view(pa.string())
    days = pa.array([0, 0, 10**7, 1], pa.int32()).cast(pa.date32())  # the third is in the year 29349
    pq.write_table(pa.table({"text": texts, "day": days}), tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert [isinstance(item, Document) for item in found] == [True, False, False, True]
    assert found[1].why.startswith(f"{tmp_path / 'a.parquet'}:2: ")


def test_numbers_beyond_all_bounds_are_null(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "خبر", "x": 1e999, "y": -Infinity, "z": 1.5}', encoding="utf-8")
    assert read(tmp_path / "a.jsonl")[0].meta == {"x": None, "y": None, "z": 1.5}


def test_what_extract_wrote_can_be_read_again(tmp_path):
    record = {"id": "a", "text": "خبر", "meta": {"source": "وكالة"}, "mentions": [{"start": 0}]}
    (tmp_path / "a.jsonl").write_text(as_lines([record]), encoding="utf-8")
    assert read(tmp_path / "a.jsonl") == [Document("a", "خبر", {"source": "وكالة"})]


def test_compressed_files_are_read_whole(tmp_path):
    first, second = (as_lines([article]).encode() for article in ARTICLES)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(first) + gzip.compress(second))
    (tmp_path / "a.jsonl.zst").write_bytes(zstd_frames(first, second))
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress("خبر".encode()))
    assert [item.text for item in read(*sorted(tmp_path.iterdir()))] == ["أول", "ثان", "أول", "ثان", "خبر"]


@pytest.mark.parametrize("pack", [gzip.compress, zstd_frames])
def test_a_compressed_file_cut_short_loses_only_its_end(tmp_path, pack):
    whole = pack(as_lines({"text": f"خبر {n} {hash(n * 7919)}"} for n in range(50_000)).encode())
    path = tmp_path / ("a.jsonl.gz" if pack is gzip.compress else "a.jsonl.zst")
    path.write_bytes(whole[: len(whole) // 2])
    *found, last = read(path)
    assert len(found) > 1000
    assert isinstance(last, Unreadable)
    assert last.why.startswith(f"{path}: ")


def test_folders_are_read_in_order_and_hidden_or_other_files_left_out(tmp_path):
    for name in ("b/2.txt", "b/10.txt", "a.txt", ".hidden.txt", ".git/x.txt", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("خبر", encoding="utf-8")
    assert [item.id for item in read(tmp_path)] == ["a.txt", "b/10.txt", "b/2.txt"]
    (tmp_path / "empty").mkdir()
    (nothing,) = read(tmp_path / "empty")
    assert "no article in this folder" in nothing.why


def test_a_link_to_nothing_loses_only_itself(tmp_path):
    for name in ("a.txt", "c.txt"):
        (tmp_path / name).write_text("خبر", encoding="utf-8")
    (tmp_path / "b.txt").symlink_to(tmp_path / "missing")
    first, link, last = read(tmp_path)
    assert (first.id, last.id) == ("a.txt", "c.txt")
    assert link.why == f"{tmp_path / 'b.txt'}: No such file or directory"


def test_addresses_of_other_file_systems_are_read():
    with fsspec.open("memory://news/2024/a.txt", "wb") as file:
        file.write("خبر".encode())
    assert read("memory://news") == [Document("2024/a.txt", "خبر")]
    assert read("memory://news/2024/a.txt") == [Document("a.txt", "خبر")]
    missing, unknown = read("memory://news/b.txt", "nosuch://x")
    assert missing.why.startswith("memory://news/b.txt: ")
    assert "nosuch" in unknown.why


def test_web_pages_give_their_article_and_date(tmp_path):
    pytest.importorskip("trafilatura")
    body = "<p>قصف الجيش السوري مدينة إدلب أمس الجمعة، ما أسفر عن مقتل خمسة مدنيين بينهم طفل.</p>" * 2
    head = '<title>عنوان</title><meta property="article:published_time" content="2024-05-03">'
    page = f"<html><head>{head}</head><body><nav>الرئيسية</nav><article>{body}</article></body></html>"
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    (tmp_path / "b.html").write_text("<html></html>", encoding="utf-8")
    found, nothing = read(tmp_path)
    assert "قصف الجيش السوري" in found.text
    assert "الرئيسية" not in found.text
    assert (found.meta["title"], found.meta["date"]) == ("عنوان", "2024-05-03")
    assert "no article found on this page" in nothing.why


def test_other_fields_can_be_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"body": "خبر", "url": "u", "id": "i"}\n{"body": "خبر"}\n', encoding="utf-8")
    named, without = read(path, text="body", id="url")
    assert named == Document("u", "خبر", {"id": "i"})
    assert "no id in field 'url'" in without.why
    assert "no text in field 'text' (fields: body, url, id)" in read(path)[0].why
    (tmp_path / "a.csv").write_text("id,body\n1,خبر\n", encoding="utf-8")
    (refused,) = read(tmp_path / "a.csv")
    assert "no column 'text' (columns: id, body); name it with --text-field" in refused.why


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "binary"),
        ("خبر".encode("windows-1256"), "not UTF-8 text (byte 1); convert it first"),
    ],
)
def test_unreadable_files_are_said_and_the_next_is_read(tmp_path, content, said):
    (tmp_path / "bad.txt").write_bytes(content)
    (tmp_path / "good.txt").write_text("خبر", encoding="utf-8")
    bad, good = read(tmp_path / "bad.txt", tmp_path / "good.txt")
    assert isinstance(bad, Unreadable)
    assert said in bad.why
    assert good.text == "خبر"


def test_missing_files_are_said(tmp_path):
    (missing,) = read(tmp_path / "no.txt")
    assert missing.why == f"{tmp_path / 'no.txt'}: No such file or directory"


def test_a_broken_line_loses_only_itself(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [json.dumps({"text": "أول"}), "{broken", "[]", "\xff", '{"text": " "}', json.dumps({"text": "آخر"})]
    path.write_bytes(b"\n".join(row.encode("latin-1" if row == "\xff" else "utf-8") for row in rows))
    found = read(path)
    assert [item.text for item in found if isinstance(item, Document)] == ["أول", "آخر"]
    assert [item.id for item in found if isinstance(item, Unreadable)] == [f"{path}:{n}" for n in (2, 3, 4, 5)]


def test_a_broken_row_loses_only_itself(tmp_path):
    path = tmp_path / "a.csv"
    rows = ["text,date", "أول,1", "ثان", "a,b,c", '"x"y,2', ",3", '"آخر، بفاصلة",4']
    path.write_bytes("\n".join(rows).encode() + b"\n" + "خبر,5\n".encode("windows-1256"))
    found = read(path)
    assert [item.text for item in found if isinstance(item, Document)] == ["أول", "آخر، بفاصلة"]
    said = {item.id.rsplit(":", 1)[1]: item.why for item in found if isinstance(item, Unreadable)}
    assert list(said) == ["3", "4", "5", "6", "8"]
    assert "3 cells in a table of 2 columns" in said["4"]
    assert "not UTF-8" in said["8"]


def test_a_file_that_is_no_parquet_is_said(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    (said,) = read(tmp_path / "a.parquet")
    assert "not a readable Parquet file" in said.why


def test_a_dash_is_standard_input(monkeypatch):
    def given(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))

    given("خبر")
    assert read("-") == [Document("stdin", "خبر")]
    given('{"text": "خبر"}')
    assert read("-", format=InputFormat.jsonl) == [Document("stdin:1", "خبر")]
