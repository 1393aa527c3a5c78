"""``marsad extract`` as a whole, with a model that finds the first word of every article."""

import csv
import io
import json
import subprocess
import sys

import pytest
from marsad.cli import app
from marsad.inference.extractor import Extractor
from marsad.inference.mentions import Mention
from typer.testing import CliRunner

ARTICLES = 1_200


class FirstWords:
    """Finds the first word; the user stops it at a marked one."""

    def stream(self, texts, on_batch=None):
        for text in texts:
            if "قف" in text and not FirstWords.stopped:
                FirstWords.stopped = True
                raise KeyboardInterrupt
            word = text.split()[0]
            yield [Mention(0, len(word), "ACTOR", word, 1.0)]


@pytest.fixture
def marsad(monkeypatch):
    FirstWords.stopped = False
    monkeypatch.setattr(Extractor, "from_pretrained", lambda *_: FirstWords())

    def run(*arguments, stdin=None):
        return CliRunner().invoke(app, ["extract", *map(str, arguments)], input=stdin)

    return run


@pytest.fixture
def news(tmp_path):
    path = tmp_path / "news.jsonl"
    lines = [json.dumps({"id": f"a{n}", "text": f"خبر{n} عاجل", "date": "2024"}) for n in range(ARTICLES)]
    lines[1_000] = json.dumps({"id": "stop", "text": "قف"})
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_stopped_by_the_user_it_says_how_to_go_on(marsad, news, tmp_path):
    out = tmp_path / "out.jsonl"
    stopped = marsad(news, "--out", out)
    assert stopped.exit_code == 130
    assert stopped.stderr == f"marsad: stopped; what is done is kept in {out}.part, and the same command goes on\n"
    assert not out.exists()
    done = marsad(news, "--out", out)
    assert (done.exit_code, done.output) == (0, "")
    assert len(out.read_text(encoding="utf-8").splitlines()) == ARTICLES


def test_bad_articles_are_named_in_a_file_and_by_the_exit_code(marsad, news, tmp_path):
    FirstWords.stopped = True
    news.write_text(news.read_text() + "\n{broken" * 30)
    done = marsad(news, tmp_path / "missing.txt", "--out", tmp_path / "out.csv")
    assert done.exit_code == 2
    complaints = done.stderr.splitlines()
    assert len(complaints) == 11
    assert "news.jsonl:1201: broken JSON" in complaints[0]
    assert complaints[-1] == f"marsad: 31 could not be read; {tmp_path / 'out.csv'}.errors.jsonl names each"
    assert len((tmp_path / "out.csv.errors.jsonl").read_text().splitlines()) == 31


def test_tables_and_lines_go_to_standard_output(marsad):
    given = '{"id": "a", "text": "خبر", "date": "2024"}\n{"id": "b", "text": "آخر", "place": "حلب"}\n'
    lines = marsad("-", "--input-format", "jsonl", "--no-text", stdin=given)
    assert [json.loads(line) for line in lines.stdout.splitlines()][1] == {
        "id": "b",
        "meta": {"place": "حلب"},
        "mentions": [{"start": 0, "end": 3, "label": "ACTOR", "text": "آخر", "score": 1.0}],
    }
    table = marsad("-", "--input-format", "jsonl", "--format", "csv", stdin=given)
    first, second = csv.DictReader(io.StringIO(table.stdout))
    assert (first["meta_date"], first["meta_place"], second["meta_place"]) == ("2024", "", "حلب")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["news.jsonl", "--out", "news.jsonl"], "--out names an input file"),
        (["news.jsonl", "--out", "."], "a folder; name a file in it"),
        ([".", "--out", "out.jsonl"], "--out lies in a folder that is read"),
        (["news.jsonl", "--out", "s3://bucket/out.jsonl"], "--out names a file on this machine"),
        (["news.jsonl", "--out", "no/such/out.jsonl"], "No such file or directory"),
        (["news.jsonl", "--out", "out.parquet.gz"], "Parquet compresses its columns itself"),
        (["news.jsonl", "--rows", "mention"], "--rows mention: not in jsonl; choose --format csv or parquet"),
        (["news.jsonl", "--format", "csv", "--no-text"], "--no-text: not in csv; choose --format jsonl or parquet"),
        (["news.jsonl", "--format", "parquet"], "name a file with --out"),
        (["news.jsonl", "--on", "spark"], "write ray or ray://HOST:PORT"),
        (["news.jsonl", "--on", "ray"], "name a folder for the result with --out"),
        (["news.jsonl", "--on", "ray", "--out", "out", "--restart"], "delete the folder, or name another"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(marsad, news, monkeypatch, arguments, said):
    monkeypatch.chdir(news.parent)
    refused = marsad(*arguments)
    assert said in str(refused.exception)
    assert "\n" not in str(refused.exception)
    assert [path.name for path in news.parent.iterdir()] == ["news.jsonl"]


def test_a_closed_pipe_ends_quietly_and_well(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text((json.dumps({"text": "قصف الجيش حلب " + "كلام " * 50}) + "\n") * 700, encoding="utf-8")
    command = f"set -o pipefail; {sys.executable} -m marsad extract {path} --format jsonl | head -1 | wc -l"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, b"1", b"")
