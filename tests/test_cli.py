"""The command line as users meet it: results on stdout, notices on stderr, one clear line for each mistake."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "marsad"]
ROOT = Path(__file__).parent.parent


def run(*arguments, stdin=b"", **environment):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def inputs(tmp_path):
    (tmp_path / "a.txt").write_text("قصف الجيش السوري مدينة إدلب", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "binary.txt").write_bytes(b"\0\1\2\xff")
    good, last = ({"id": id, "text": "قتل 5 مدنيين في غزة"} for id in ("x", "z"))
    lines = [json.dumps(good), "{broken", json.dumps({"id": "y"}), json.dumps(last)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_extract_reads_what_it_can_and_says_what_it_cannot(inputs):
    names = ["empty.txt", "a.txt", "missing.txt", "binary.txt", "rows.jsonl"]
    done = run("extract", *(inputs / name for name in names))
    assert done.returncode == 2
    records = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [record["id"] for record in records] == ["a.txt", "x", "z"]
    assert [m["text"] for m in records[0]["mentions"]] == ["الجيش السوري", "إدلب"]
    complaints = done.stderr.decode().splitlines()
    assert len(complaints) == 5
    for complaint, said in zip(
        complaints, ["empty", "No such file", "binary", "rows.jsonl:2: broken JSON", "no text"], strict=True
    ):
        assert complaint.startswith("marsad: ")
        assert said in complaint


def test_extract_reads_stdin_and_writes_a_file(tmp_path):
    out = tmp_path / "records.jsonl"
    done = run("extract", "-", "--out", out, stdin="قصف الجيش السوري إدلب".encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (record,) = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert record["id"] == "stdin"
    assert {"start", "end", "label", "text", "score"} <= set(record["mentions"][0])


def test_the_table_names_every_mention(inputs):
    done = run("extract", inputs / "a.txt", "--format", "table", NO_COLOR="1")
    assert "الجيش السوري" in done.stdout.decode()
    assert "ACTOR 1 · PLACE 1" in done.stdout.decode()


def test_a_long_line_is_read_to_its_end(tmp_path):
    """Here one of some 20,000 characters, with the mention at its end."""
    path = tmp_path / "long.txt"
    path.write_text("كلام لا يعني شيئا " * 1_200 + "قصف الجيش السوري مدينة إدلب", encoding="utf-8")
    (record,) = map(json.loads, run("extract", path).stdout.decode().splitlines())
    assert [m["text"] for m in record["mentions"]][-2:] == ["الجيش السوري", "إدلب"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["extract", "a.txt", "--model", "nowhere/nothing"], "no such folder here"),
        (["extract", "a.txt", "--out", "no/such/folder/out.jsonl"], "No such file or directory"),
        (["evaluate", "rows.jsonl"], "rows.jsonl:2: broken JSON"),
        (["extract", "a.txt", "--out", "a.txt"], "--out names an input file"),
        (["extract", "a.txt", "--format", "parquet"], "name a file with --out"),
        (["extract", "a.txt", "--device", "no-such"], "device no-such"),
        (["extract", "a.txt", "--engine", "fast"], "no such engine; choose one of torch, onnx"),
        (["evaluate", "missing.jsonl"], "missing.jsonl: No such file"),
        (["train", "missing.yaml"], "missing.yaml: No such file"),
        (["train", ROOT / "configs/embedded.yaml", "epoch=2"], "did you mean 'epochs'?"),
        (["annotations", "stats", "empty.txt"], "no article in this file"),
        (["annotations", "check", "a.txt", "--labels", "missing.yaml"], "missing.yaml: No such file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(inputs, arguments, said):
    names = {path.name: path for path in inputs.iterdir()}
    done = run(*(names.get(argument, argument) for argument in arguments), HF_HUB_OFFLINE="1")
    (complaint,) = done.stderr.decode().splitlines()
    assert complaint.startswith("marsad: ")
    assert said in complaint
    assert (done.returncode, done.stdout) == (2, b"")


def test_usage_mistakes_exit_with_two():
    assert run("extract").returncode == 2
    assert run("no-such-verb").returncode == 2
    assert run("extract", "x.txt", "--format", "docx").returncode == 2


def test_check_lists_problems_and_stats_counts(inputs, data_file):
    sound = run("annotations", "check", data_file)
    assert (sound.returncode, sound.stdout) == (0, b"")
    assert b"6 articles" in sound.stderr
    bad = run("annotations", "check", data_file, inputs / "rows.jsonl")
    assert bad.returncode == 2
    assert [line.split(":")[1] for line in bad.stdout.decode().splitlines()] == ["2", "3", "4"]
    figures = json.loads(run("annotations", "stats", data_file, "--json").stdout)
    assert (figures["articles"], figures["labels"]["WEAPON"]["spans"]) == (6, 5)


def test_train_evaluate_and_extract_with_the_own_model(tmp_path, data_file, unigram_base):
    model = tmp_path / "model"
    settings = [
        f"base={unigram_base}",
        f"train={data_file}",
        f"dev={data_file}",
        f"output={model}",
        "epochs=2",
        "freeze_layers=0",
    ]
    trained = run("train", ROOT / "configs/embedded.yaml", *settings)
    assert trained.returncode == 0, trained.stderr.decode()
    assert "epoch 2.0: dev F1" in trained.stderr.decode()
    figures = json.loads(run("evaluate", data_file, "--model", model, "--json").stdout)
    assert figures["articles"] == 6
    assert run("extract", "-", "--model", model, stdin="قصف الجيش حلب".encode()).returncode == 0


def test_a_closed_pipe_ends_quietly(inputs):
    command = f"{sys.executable} -m marsad extract {inputs / 'a.txt'} --format jsonl | true"
    done = subprocess.run(command, shell=True, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
