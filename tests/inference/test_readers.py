"""Reading articles: a bad one is said in one line and the others are read."""

import io
import json
import sys

import pytest
from marsad.inference.readers import Document, Unreadable, read_documents


def read(*sources, **options):
    return list(read_documents([str(source) for source in sources], **options))


def test_text_files_and_jsonl_are_read(tmp_path):
    (tmp_path / "a.txt").write_text("\ufeffخبر", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"id": 7, "text": "أول"}\n\n{"text": "ثان"}\n', encoding="utf-8")
    assert read(tmp_path / "a.txt", tmp_path / "b.jsonl") == [
        Document("a.txt", "خبر"),
        Document("7", "أول"),
        Document(f"{tmp_path / 'b.jsonl'}:3", "ثان"),
    ]


def test_another_text_field_can_be_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"body": "خبر"}\n', encoding="utf-8")
    assert read(path, text_field="body")[0].text == "خبر"
    assert "no text in field 'text' (fields: body)" in read(path)[0].why


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


def test_missing_files_and_folders_are_said(tmp_path):
    missing, folder = read(tmp_path / "no.txt", tmp_path)
    assert missing.why == f"{tmp_path / 'no.txt'}: No such file or directory"
    assert "directory" in folder.why


def test_a_broken_line_loses_only_itself(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [json.dumps({"text": "أول"}), "{broken", "[]", "\xff", json.dumps({"text": "آخر"})]
    path.write_bytes(b"\n".join(row.encode("latin-1" if row == "\xff" else "utf-8") for row in rows))
    found = read(path)
    assert [item.text for item in found if isinstance(item, Document)] == ["أول", "آخر"]
    assert [item.id for item in found if isinstance(item, Unreadable)] == [f"{path}:{n}" for n in (2, 3, 4)]


def test_a_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("خبر".encode())))
    assert read("-") == [Document("stdin", "خبر")]
