"""The verb ``marsad annotations convert`` as users meet it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from marsad.cli.convert import convert
from marsad.errors import InputError


def run(*arguments):
    command = [sys.executable, "-m", "marsad", "annotations", "convert", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode().splitlines()


@pytest.fixture
def marked(tmp_path):
    path = tmp_path / "a.marked"
    path.write_text("=== x | source=s\nقصف {A:الجيش} {P:حلب}\n=== y\nنص {X:ما}{P? :\n", encoding="utf-8")
    return path


def test_the_good_part_is_written_and_the_rest_said(marked, tmp_path):
    code, out, err = run(marked, tmp_path / "a.jsonl")
    assert (code, out) == (2, "")
    assert err[0].startswith(f"{marked}:4: y: a brace without its mark")
    assert err[1:] == [
        f"{marked} (inline, guessed) → {tmp_path / 'a.jsonl'} (jsonl, guessed)",
        "1 articles kept, 1 rejected (1 unreadable)",
        "2 spans exact, 0 repaired, 0 rejected",
    ]
    (record,) = map(json.loads, (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines())
    assert record["meta"] == {"source": "s"}
    code, _, err = run(tmp_path / "a.jsonl", tmp_path / "tasks.json", "--predictions")
    assert code == 0
    assert "predictions" in json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))[0]
    assert err[-1].endswith(str(tmp_path / "tasks.config.xml"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.marked", "a.marked"), "OUT is IN"),
        ((".", "sub"), "OUT is IN or lies in it"),
        (("a.marked", "b"), "does not tell the format; say it with --to"),
        (("a.marked", "b", None, "xml"), r"no format 'xml' \(formats: jsonl"),
        (("missing", "b.jsonl"), "No such file or directory"),
        (("a.marked", "no/b.jsonl"), "No such file or directory"),
    ],
)
def test_mistakes_are_one_line(marked, monkeypatch, arguments, said):
    monkeypatch.chdir(marked.parent)
    before = marked.read_bytes()
    source, target, *formats = arguments
    with pytest.raises(InputError, match=said):
        convert(Path(source), Path(target), *formats)
    assert marked.read_bytes() == before
