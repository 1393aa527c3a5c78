"""Checking labelled articles: every problem is listed with its file and line."""

import json
import time

import pytest
from marsad.annotations.schema import default_labels
from marsad.annotations.store import Problem, read_articles, read_records, write_articles
from marsad.annotations.validation import check_files
from marsad.errors import InputError

TEXT = "قصف الجيش حلب"


def write(path, *records):
    lines = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def article(id, *spans, text=TEXT):
    return {"id": id, "text": text, "spans": [{"start": s, "end": e, "label": label} for s, e, label in spans]}


def problems_of(*paths):
    return [str(problem) for problem in check_files(paths, default_labels())[1]]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (article("x", (0, 99, "ACTOR")), "offsets out of range (the text has 13 characters)"),
        (article("x", (-1, 3, "ACTOR")), "offsets out of range"),
        (article("x", (4, 4, "ACTOR")), "empty or reversed"),
        (article("x", (5, 4, "ACTOR")), "empty or reversed"),
        (article("x", (3, 9, "ACTOR")), "whitespace at the edge"),
        (article("x", (4, 9, "ACTORS")), "unknown label 'ACTORS' (labels: ACTOR, PLACE, WEAPON, COUNT)"),
        (article("x", (4, 9, "ACTOR"), (7, 13, "PLACE")), "overlaps 4–9 ACTOR"),
        (article("x", (0, 3, "ACTOR"), text="قصفَ حلب"), "cuts a letter from its mark"),
        (article("x", text="  "), "empty text"),
        ("{broken", "broken JSON: Expecting property name enclosed in double quotes, column 2"),
        ("[1]", "not a JSON object"),
        ('{"id": ' + "1" * 5000 + "}", "broken JSON: a number too long to read"),
        ({"text": TEXT}, 'no "id"'),
        ({"id": "x"}, 'no "text"'),
        ({"id": "x", "text": TEXT, "spans": 3}, '"spans" is not a list'),
        ({"id": "x", "text": TEXT, "spans": [{"start": "0", "end": 3, "label": "ACTOR"}]}, "span 0 needs integers"),
        ({"id": "x", "text": TEXT, "spans": [{"start": 0, "end": True, "label": "ACTOR"}]}, "span 0 needs integers"),
    ],
)
def test_each_problem_is_said_with_file_and_line(tmp_path, record, said):
    path = write(tmp_path / "a.jsonl", article("good", (4, 9, "ACTOR"), text="قتل الجيش"), record)
    (problem,) = problems_of(path)
    assert problem.startswith(f"{path}:2: ")
    assert said in problem


def test_all_problems_of_all_files_are_listed(tmp_path):
    first = write(tmp_path / "train.jsonl", article("x", (0, 99, "ACTOR"), (3, 9, "WHO")), "nonsense", article("y"))
    second = write(tmp_path / "dev.jsonl", article("y", text="نص آخر"), article("z", text=" قصف  الجيش حلب"))
    problems = problems_of(first, second)
    assert len(problems) == 8
    assert problems[5].endswith(f"same text as x in this file, {first}:1")
    assert problems[6].endswith(f"id already used at {first}:3")
    assert problems[7] == f"{second}:2: z: same text as x in another split, {first}:1"


def test_an_overlap_with_an_earlier_longer_span_is_found(tmp_path):
    path = write(tmp_path / "a.jsonl", article("x", (0, 13, "ACTOR"), (1, 3, "PLACE"), (4, 9, "PLACE")))
    assert len(problems_of(path)) == 2


def test_sound_articles_have_no_problem_and_come_back_as_written(tmp_path, articles):
    path = tmp_path / "a.jsonl"
    write_articles(articles, path)
    assert problems_of(path) == []
    assert read_articles(path) == articles


def test_unknown_keys_travel_in_meta(tmp_path):
    path = write(tmp_path / "a.jsonl", {**article("x"), "source": "s", "meta": {"title": "t"}})
    (read,) = read_articles(path)
    assert dict(read.meta) == {"source": "s", "title": "t"}


def test_an_optional_span_stays_optional(tmp_path):
    record = article("x", (4, 9, "ACTOR"))
    record["spans"][0]["optional"] = True
    (read,) = read_articles(write(tmp_path / "a.jsonl", record))
    write_articles([read], tmp_path / "b.jsonl")
    assert json.loads((tmp_path / "b.jsonl").read_text())["spans"][0]["optional"] is True


def test_bytes_that_are_no_text_lose_only_their_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps(article("x")).encode() + b"\n\xff\xfe\n" + json.dumps(article("y")).encode() + b"\n")
    records = list(read_records(path))
    assert [isinstance(record, Problem) for record in records] == [False, True, False]
    assert "not UTF-8" in str(records[1])


def test_a_span_outside_its_text_is_never_read_for_training(tmp_path):
    path = write(tmp_path / "a.jsonl", article("x", (4, 99, "ACTOR")))
    with pytest.raises(InputError, match=r"a\.jsonl:1: x: span 4–99 is not in the text of 13 characters"):
        read_articles(path)


def test_files_without_articles_are_refused(tmp_path):
    empty = write(tmp_path / "a.jsonl")
    assert problems_of(empty) == [f"{empty}:1: no article in this file"]
    with pytest.raises(InputError, match="no article"):
        read_articles(empty)
    with pytest.raises(InputError, match="No such file"):
        read_articles(tmp_path / "missing.jsonl")


def test_ten_thousand_articles_are_checked_in_seconds(tmp_path):
    text = "قصف الجيش مواقع قرب حلب أمس وقتل خمسة. " * 20
    rows = [article(f"a{i}", (4, 9, "ACTOR"), (20, 23, "PLACE"), text=f"{text}{i}") for i in range(10_000)]
    path = write(tmp_path / "a.jsonl", *rows)
    start = time.perf_counter()
    assert problems_of(path) == []
    assert time.perf_counter() - start < 10
