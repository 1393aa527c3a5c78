"""Bad files: every fault is said with its place, and the good part is kept."""

import json
from datetime import datetime

import pytest
from marsad.annotations.formats.base import Options
from marsad.annotations.formats.conversion import read, write
from marsad.annotations.repair import Draft, Mark, settle
from marsad.annotations.schema import Article, Span, default_labels
from marsad.errors import InputError

TEXT = "قصف الجيش حلب"
GOOD = Article("good", TEXT, (Span(4, 9, "ACTOR"),))
OPTIONS = Options(default_labels())


def settled(text, *marks, labels=None):
    article, findings = settle(Draft("f", 7, "x", text, marks), labels)
    return [(span.start, span.end) for span in article.spans], [str(finding) for finding in findings]


@pytest.mark.parametrize(
    ("text", "mark", "edges", "said"),
    [
        (TEXT, Mark(3, 10, "A"), (4, 9), "span 3–10 A ' الجيش ': whitespace at the edge; now span 4–9 A 'الجيش'"),
        ("بِالجَيشِ", Mark(1, 8, "A"), (2, 9), "cuts a letter from its mark; now span 2–9 A 'الجَيشِ'"),
        ("جيشِ حلب", Mark(0, 3, "A"), (0, 4), "cuts a letter from its mark; now span 0–4 A 'جيشِ'"),
        ("قصفَ الجيش", Mark(3, 10, "A"), (5, 10), "cuts a letter from its mark and whitespace at the edge"),
        ("🚀🚀 حلب", Mark(5, 8, "P", mention="حلب"), (3, 6), "offsets counted in UTF-16; now span 3–6 P 'حلب'"),
        ("🚀🚀 حلب", Mark(3, 6, "P", mention="حلب"), (3, 6), None),
        ("قوات\nالنظام", Mark(0, 11, "A", mention="قوات النظام"), (0, 11), None),
    ],
)
def test_a_span_is_repaired_where_that_is_sure(text, mark, edges, said):
    spans, findings = settled(text, mark)
    assert spans == [edges]
    assert len(findings) == (said is not None)
    for finding in findings:
        assert finding.startswith("f:7: x: span ")
        assert finding.endswith("(repaired)")
        assert said in finding


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (Mark(4, 99, "A"), "offsets out of range (the text has 13 characters)"),
        (Mark(-3, 3, "A"), "offsets out of range"),
        (Mark(-3, 3, "A", mention="قصف"), "the file says 'قصف', the text has 'قصف'"),
        (Mark(4, 4, "A"), "empty or reversed"),
        (Mark(9, 4, "A"), "empty or reversed"),
        (Mark(3, 4, "A"), "nothing but whitespace"),
        (Mark(4, 9, "X"), "unknown label 'X' (labels: A, P)"),
        (Mark(4, 9, "A", mention="داعش"), "the file says 'داعش', the text has 'الجيش'"),
        (Mark(10, 99, "A", mention="حلب"), "offsets out of range"),
        (Mark(1, 11, "A"), "overlaps 0–3 P"),
    ],
)
def test_a_span_is_rejected_where_nothing_is_sure(mark, said):
    spans, findings = settled(TEXT, Mark(0, 3, "P", line=5), mark, labels={"A": "", "P": ""})
    assert spans == [(0, 3)]
    (finding,) = findings
    assert said in finding
    assert finding.endswith("(rejected)")


def check(path, name, *expected, kept=1, options=OPTIONS):
    """Read a bad file: what is said comes as (line, words), in the order of the file."""
    account = read(path, name, options)
    assert account.rejected
    assert len(account.articles) == kept
    said = [(finding.problem.line, str(finding)) for finding in account.findings]
    assert [line for line, _ in said] == [line for line, _ in expected]
    for (_, words), (_, line) in zip(expected, said, strict=True):
        assert words in line
    return account


def lines(path, *records):
    text = "\n".join(
        record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records
    )
    path.write_text(text, encoding="utf-8")
    return path


def test_jsonl(tmp_path):
    good = {"id": "good", "text": TEXT, "spans": [{"start": 4, "end": 9, "label": "ACTOR"}]}
    bad = {"id": "bad", "text": "قصف حلب", "spans": [{"start": 4, "end": 99, "label": "PLACE"}]}
    half = r'{"id": "y", "text": "\ud800"}'
    path = lines(tmp_path / "a.jsonl", good, "{broken", bad, good, {"id": "x", "text": " "}, half)
    account = check(
        path,
        "jsonl",
        (2, "broken JSON"),
        (3, "bad: span 4–99 PLACE 'حلب': offsets out of range (the text has 7 characters) (rejected)"),
        (4, f"good: id already used at {path}:1 (rejected)"),
        (5, "x: empty text"),
        (6, "y: half a character"),
        kept=2,
    )
    assert account.articles[0] == GOOD
    assert account.summary() == [
        "2 articles kept, 4 rejected (1 unreadable, 1 id already used, 1 empty text, "
        "1 half a character (a lone surrogate), which no file can hold)",
        "1 spans exact, 0 repaired, 1 rejected (1 offsets)",
    ]


def test_inline(tmp_path):
    text = "stray\n=== good\nقصف {A:الجيش} حلب\n=== bad1\nقصف\n{A:الجيش {P:حلب}}\n=== bad2 | what\nنص\n=== bad3\n}"
    text += "\n=== half\nنص {X:ما} {P: حلب}\n=== bad4 | n:=x\nنص\n===  | x=y\nنص\n=== bad5\nC:\\dir\n"
    path = lines(tmp_path / "a.marked", text)
    expected = [
        (1, "text before the first header"),
        (6, "bad1: a brace without its mark near"),
        (7, "bad2: 'what' in the header is not key=value"),
        (10, "bad3: a brace without its mark"),
        (12, "half: span 3–5 X 'ما': unknown label 'X'"),
        (12, "half: span 6–10 PLACE ' حلب': whitespace at the edge; now span 7–10 PLACE 'حلب' (repaired)"),
        (13, "bad4: 'n:=x' in the header: no JSON after :="),
        (15, "no id in the header"),
        (18, "bad5: a backslash near"),
    ]
    assert check(path, "inline", *expected, kept=2).articles[0] == GOOD


def test_label_studio(tmp_path):
    def task(id, *regions):
        return {"data": {"id": id, "text": TEXT}, "annotations": [{"result": list(regions)}, 12]}

    def region(start, end, labels, **more):
        return {"type": "labels", "value": {"start": start, "end": end, "labels": labels, **more}}

    tasks = [
        task("good", region(4, 9, ["ACTOR"])),
        {"data": {"x": 1}},
        task("bad", region("4", 9, ["ACTOR"]), region(0, 3, ["A", "B"]), region(10, 13, ["PLACE"], text="إدلب")),
        7,
    ]
    path = lines(tmp_path / "a.json", "[", ",\n".join(json.dumps(task, ensure_ascii=False) for task in tasks), ", {bad")
    expected = [
        (3, 'no "data" with a "text" (export as JSON, not JSON-MIN)'),
        (4, "bad: region {"),
        (4, "a span needs an integer start and end, and a label"),
        (4, "bad: span 10–13 PLACE 'حلب': the file says 'إدلب', the text has 'حلب'"),
        (5, "a task is not a JSON object"),
        (6, "nothing after this line could be read"),
    ]
    assert check(path, "label-studio", *expected, kept=2).articles[0] == GOOD


def test_doccano(tmp_path):
    bad = {"id": "bad", "text": "نص", "label": [[0, 2], [0, "2", "ACTOR"], [0, 2, "WHO"], 5]}
    path = lines(tmp_path / "a.jsonl", {"id": 3}, bad, {"id": "good", "text": TEXT, "labels": [[4, 9, "ACTOR"]]}, "[]")
    expected = [
        (1, '3: no "text"'),
        (2, "bad: span [0, 2]: a span needs"),
        (2, 'bad: span [0, "2", "ACTOR"]: a span needs'),
        (2, "bad: span 5: a span needs"),
        (2, "bad: span 0–2 WHO 'نص': unknown label"),
        (4, "not a JSON object"),
    ]
    assert check(path, "doccano", *expected, kept=2).articles[1] == GOOD


def test_prodigy(tmp_path):
    bad = {"text": "نص", "spans": [{"start": 0, "end": 2}, {"start": 0, "end": 2, "label": "ACTOR", "text": "غيره"}]}
    good = {"id": "good", "text": TEXT, "spans": [{"start": 4, "end": 9, "label": "ACTOR"}], "answer": "accept"}
    path = lines(tmp_path / "a.jsonl", bad, good, {"answer": "accept"})
    expected = [
        (1, "a-1: span {"),
        (1, "a-1: span 0–2 ACTOR 'نص': the file says 'غيره', the text has 'نص'"),
        (3, 'a-3: no "text"'),
    ]
    assert check(path, "prodigy", *expected, kept=2).articles[1] == GOOD


def test_brat(tmp_path):
    folder = tmp_path / "brat"
    write([GOOD], folder, "brat", OPTIONS)
    (folder / "sub").mkdir()
    (folder / "sub" / "bad.txt").write_text("قوات النظام قصفت حلب\n", encoding="utf-8")
    lines(
        folder / "sub" / "bad.ann",
        "T1\tACTOR 0 4;12 16\tقوات قصفت",
        "T2\tPLACE 17 20\tإدلب",
        "R1\tpart-of Arg1:T1 Arg2:T2",
        "#1\tAnnotatorNotes T2\tملاحظة",
        "T3 PLACE 17 20",
        "T4\tPLACE 17 21\tحلب ",
    )
    (folder / "orphan.ann").write_text("", encoding="utf-8")
    (folder / "never.txt").write_text("نص", encoding="utf-8")
    (folder / "bytes.txt").write_bytes(b"\xff")
    account = check(
        folder,
        "brat",
        (1, "orphan.ann:1: no .txt file beside it"),
        (1, "bytes: not UTF-8 text"),
        (1, "sub/bad.ann:1: sub/bad: T1\tACTOR 0 4;12 16\tقوات قصفت: a mention in pieces (rejected)"),
        (5, "T3 PLACE 17 20: not a line of brat's format"),
        (2, "the file says 'إدلب', the text has 'حلب'"),
        (6, "whitespace at the edge; now span 17–20 PLACE 'حلب' (repaired)"),
        kept=2,
    )
    assert account.articles[0] == GOOD
    assert account.notes == {
        "relations ignored": 1,
        "notes ignored": 1,
        "articles left out: no .ann file, so never annotated": 1,
    }


def test_conll(tmp_path):
    path = lines(
        tmp_path / "a.conll",
        "# id = good",
        f"# text = {TEXT}",
        "قصف\tO",
        "الجيش\tB-ACTOR",
        "حلب\tO",
        "",
        "# id = bad",
        "# text = قصف إدلب",
        "قصف\tO",
        "حلب\tB-PLACE",
        "",
        "# id = half",
        "# meta = {",
        "نص\tO",
        "",
        "# id_json = {",
        "نص\tO",
        "",
        "# id = tags",
        "في\tX",
        "حلب\tI-PLACE",
        "وحدها",
    )
    account = check(
        path,
        "conll",
        (10, "bad: the token 'حلب' is not in the text here, but 'إدلب'"),
        (13, "half: # meta holds no JSON of its kind"),
        (16, "a-16: # id_json holds no JSON of its kind"),
        (20, "tags: في\tX: not a tag"),
        (22, "tags: وحدها: no tag"),
        (21, "tags: span 3–6 PLACE 'حلب': starts with I- (repaired)"),
        kept=2,
    )
    assert account.articles == [GOOD, Article("tags", "في حلب وحدها", (Span(3, 6, "PLACE"),))]


def test_hugging_face(tmp_path):
    datasets = pytest.importorskip("datasets")
    span = {"start": 4, "end": 9, "label": "ACTOR"}
    rows = [
        {"id": "bad", "text": "نص", "spans": [{**span, "start": None}, {**span, "end": 99}]},
        {"id": "good", "text": TEXT, "spans": [span]},
        {"id": "none", "text": None, "spans": []},
    ]
    path = tmp_path / "a.parquet"
    datasets.Dataset.from_list(rows).to_parquet(path)
    expected = [(1, "a span needs"), (1, "offsets out of range"), (3, 'none: no "text"')]
    assert check(path, "hf", *expected, kept=2).articles[1] == GOOD
    dated = {"text": [TEXT], "spans": [[span]], "date": [datetime(2024, 5, 3)]}
    datasets.Dataset.from_dict(dated).to_parquet(path)
    assert read(path, "hf", OPTIONS).articles[0].meta == {"date": "2024-05-03T00:00:00"}
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(InputError, match="not a dataset that can be read"):
        read(path, "hf", OPTIONS)


@pytest.mark.parametrize("name", ["jsonl", "inline", "label-studio", "doccano", "prodigy", "brat", "conll", "hf"])
def test_what_is_missing_or_no_text_is_one_clear_error(tmp_path, name):
    with pytest.raises(InputError):
        read(tmp_path / "missing", name, OPTIONS)
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00\x01")
    try:
        account = read(path, name, OPTIONS)
    except InputError:
        return
    assert account.rejected
    assert not account.articles


def test_nothing_is_written_where_nothing_is_good_or_a_folder_is_in_use(tmp_path):
    with pytest.raises(InputError, match="no article to write"):
        write([], tmp_path / "a.jsonl", "jsonl", OPTIONS)
    assert not (tmp_path / "a.jsonl").exists()
    (tmp_path / "brat").mkdir()
    (tmp_path / "brat" / "other.txt").touch()
    with pytest.raises(InputError, match="not empty"):
        write([GOOD], tmp_path / "brat", "brat", OPTIONS)


def test_the_same_text_twice_is_kept_and_said(tmp_path):
    path = lines(tmp_path / "a.jsonl", {"id": "x", "text": TEXT}, {"id": "y", "text": TEXT + " "})
    account = read(path, "jsonl", OPTIONS)
    assert len(account.articles) == 2
    (problem,) = account.repeated
    assert str(problem) == f"{path}:2: y: same text as x in this file, {path}:1 (kept)"
    assert not account.rejected
