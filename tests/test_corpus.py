"""``marsad annotations split``, ``duplicates``, ``report`` and ``select`` as users meet them."""

import json
import os
import subprocess
import sys

import pytest
from marsad.annotations.schema import Article
from marsad.annotations.store import read_articles, write_articles


def run(*arguments):
    command = [sys.executable, "-m", "marsad", "annotations", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, env={**os.environ, "HF_HUB_OFFLINE": "1"})


def test_splits_are_written_and_pass_the_check_for_duplicates(tmp_path, data_file):
    done = run("split", data_file, "-o", tmp_path / "out", "--train", 0.5, "--dev", 0.25, "--test", 0.25, "--json")
    assert done.returncode == 0, done.stderr.decode()
    parts = [tmp_path / "out" / f"{name}.jsonl" for name in ("train", "dev", "test")]
    figures = json.loads(done.stdout)
    assert [len(read_articles(part)) for part in parts] == [row["articles"] for row in figures["splits"].values()]
    assert sorted(article.id for part in parts for article in read_articles(part)) == [f"a{i}" for i in range(6)]
    assert run("duplicates", *parts).returncode == 0


def test_a_near_duplicate_in_two_files_is_named_with_exit_code_two(tmp_path, articles):
    train, dev = tmp_path / "train.jsonl", tmp_path / "dev.jsonl"
    write_articles(articles, train)
    write_articles([Article("x", articles[2].text + " اليوم")], dev)
    done = run("duplicates", train, dev)
    assert done.returncode == 2
    (line,) = done.stdout.decode().splitlines()
    assert line.split()[1:] == [f"{train}:3:a2", f"{dev}:1:x", "across", "files"]
    write_articles([*articles, Article("x", articles[2].text + " اليوم")], train)
    assert run("duplicates", train).returncode == 0


def test_the_report_is_written(tmp_path, data_file):
    page = tmp_path / "report.html"
    assert run("report", data_file, "-o", page).returncode == 0
    assert "الأمم المتحدة" in page.read_text(encoding="utf-8")


def test_what_select_writes_is_an_annotation_file(tmp_path, articles):
    news, out = tmp_path / "news.jsonl", tmp_path / "next.jsonl"
    rows = [{"id": f"n{i}", "body": article.text, "source": "s"} for i, article in enumerate(articles)]
    news.write_text("\n".join(json.dumps(row) for row in [*rows, {"id": "n0", "body": "نص آخر"}]), encoding="utf-8")
    done = run("select", news, "--text-field", "body", "--budget", 2, "-o", out)
    assert done.returncode == 2
    assert "n0: an id used before; left out" in done.stderr.decode()
    chosen = read_articles(out)
    assert [article.meta["selection"]["rank"] for article in chosen] == [1, 2]
    assert all(article.spans and article.meta["source"] == "s" for article in chosen)
    assert run("check", out).returncode == 0


def test_half_characters_and_news_that_is_labelled_already_are_no_traceback(tmp_path, articles):
    halved = Article("half", "\ud83d " + articles[2].text, ())
    write_articles([halved, articles[1]], tmp_path / "known.jsonl")
    assert read_articles(tmp_path / "known.jsonl")[0] == halved
    out = tmp_path / "next.jsonl"
    done = run("select", tmp_path / "known.jsonl", "--budget", 1, "-o", out)
    assert done.returncode == 0, done.stderr.decode()
    done = run("select", tmp_path / "known.jsonl", "--labelled", tmp_path / "known.jsonl", "--budget", 1, "-o", out)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[-1].startswith("marsad: every article is labelled already")


def test_prelabelled_passages_are_training_data_without_what_the_model_doubts(tmp_path, articles):
    news, out = tmp_path / "news.jsonl", tmp_path / "silver.jsonl"
    texts = [article.text for article in articles]
    rows = [{"id": "long", "text": ". ".join(texts), "date": "2024-01-02"}, {"id": "none", "text": "كان الجو جميلا."}]
    news.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert run("prelabel", news, "--passages", 15, "--sure", 0.9, "-o", out).returncode == 0
    passages = read_articles(out)
    assert len(passages) > 1
    assert all(passage.text in rows[0]["text"] and passage.spans for passage in passages)
    assert {(passage.meta["article"], passage.meta["date"]) for passage in passages} == {("long", "2024-01-02")}
    assert {span.optional for passage in passages for span in passage.spans} == {True, False}
    assert run("check", out).returncode == 0

    done = run("prelabel", news, "--passages", 15, "--most", 1, "-o", tmp_path / "one.jsonl")
    assert [(p.text, {(s.start, s.end) for s in p.spans}) for p in read_articles(tmp_path / "one.jsonl")] == [
        (p.text, {(s.start, s.end) for s in p.spans}) for p in passages[:1]
    ]
    assert b"wrote 1 articles" in done.stderr
    assert run("prelabel", news, "--passages", 15, "--labelled", out, "-o", tmp_path / "rest.jsonl").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["split", "articles.jsonl", "-o", "out", "--train", "0.9"], "must add up to 1"),
        (["split", "articles.jsonl", "-o", "out", "--by", "date"], "a0: no 'date' to split by"),
        (["split", "train.jsonl", "-o", ".", "--by", "article"], "overwrite an input file"),
        (["duplicates", "missing.jsonl"], "missing.jsonl: No such file"),
        (["report", "articles.jsonl", "-o", "articles.jsonl"], "overwrite an input file"),
        (["report", "articles.jsonl", "-o", "no/such/folder/r.html"], "No such file or directory"),
        (["select", "articles.jsonl", "--budget", "1", "-o", "x.jsonl", "--to", "nothing"], "no format 'nothing'"),
        (["prelabel", "articles.jsonl", "-o", "articles.jsonl"], "overwrite an input file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(tmp_path, data_file, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.jsonl").write_bytes(data_file.read_bytes())
    done = run(*arguments)
    (complaint,) = done.stderr.decode().splitlines()
    assert complaint.startswith("marsad: ")
    assert said in complaint
    assert done.returncode == 2
