import json
import lzma
from pathlib import Path

import pytest
from marsad.benchmarks import anercorp


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(anercorp, "OUTPUT", tmp_path / "out")
    rows = [
        {"id": f"s{i}", "text": f"زار علي{i} مدينة{i * 7} في {i}", "spans": [{"start": 4, "end": 8, "label": "PERS"}]}
        for i in range(400)
    ]
    rows[5]["spans"] = [{"start": 4, "end": 99, "label": "PERS"}]
    rows[6] = {**rows[3], "id": "again"}
    path = tmp_path / "corpus.jsonl.xz"
    path.write_bytes(lzma.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return path


def test_the_split_is_disjoint_and_always_the_same(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    located = anercorp.read_corpus(corpus)
    assert len(located) == 398
    told = capsys.readouterr().err
    assert "s5" in told
    assert "again" in told
    parts = anercorp.split_corpus(located).parts
    ids = {name: [article.id for article in articles] for name, articles in parts.items()}
    assert sorted(name for part in ids.values() for name in part) == sorted(record.article.id for record in located)
    assert 30 <= len(ids["test"]) <= 50
    assert ids == {name: [a.id for a in found] for name, found in anercorp.split_corpus(located).parts.items()}
