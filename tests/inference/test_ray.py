"""The same extraction through Ray: every article once, whatever happens to a worker."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

ray = pytest.importorskip("ray")

import pyarrow.parquet as pq  # noqa: E402
from marsad.errors import InputError  # noqa: E402
from marsad.inference.batch import cluster  # noqa: E402
from marsad.inference.mentions import Mention  # noqa: E402
from marsad.inference.outputs import Layout, OutputFormat  # noqa: E402

# Workers can't import the tests, so that what they need of them travels with the task.
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])

ARTICLES = 3_000


class FirstWords:
    """Finds the first word of every article; the worker that first meets a marked one is killed."""

    def __init__(self, once):
        self.once = once

    def stream(self, texts, on_batch=None):
        for text in texts:
            if "قاتل" in text and not self.once.exists():
                self.once.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            word = text.split()[0]
            yield [Mention(0, len(word), "ACTOR", word, 1.0)]


@pytest.fixture(scope="module")
def two_workers():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, address="local")
    cluster.set_up(progress=False)
    yield
    ray.shutdown()


@pytest.fixture
def news(tmp_path):
    source = tmp_path / "news"
    source.mkdir()
    lines = [
        json.dumps({"id": f"a{n}", "text": f"خبر{n} عاجل " + "كلام " * 200, "n": n if n % 2 else n / 2})
        for n in range(ARTICLES)
    ]
    lines[ARTICLES // 2] = json.dumps({"id": "killer", "text": "خبر قاتل"})
    lines[7] = "{broken"
    (source / "a.jsonl").write_text("\n".join(lines[:2000]), encoding="utf-8")
    (source / "b.ndjson").write_text("\n".join(lines[2000:]), encoding="utf-8")
    return source


@pytest.mark.usefixtures("two_workers")
def test_a_killed_worker_loses_nothing(news, tmp_path):
    once = tmp_path / "killed"
    out = tmp_path / "out"
    names = [str(news), str(tmp_path / "missing.txt")]
    job = cluster.ClusterJob(names, str(out), Layout.of(OutputFormat.parquet), lambda: FirstWords(once))
    outcome = cluster.run_on_cluster(job)
    assert once.exists()
    assert outcome.articles == ARTICLES - 1
    assert len(list(out.iterdir())) > 1
    table = pq.read_table(out)
    wanted = {f"a{n}" for n in range(ARTICLES)} - {"a7", f"a{ARTICLES // 2}"} | {"killer"}
    assert sorted(table["id"].to_pylist()) == sorted(wanted)
    assert str(table.schema.field("meta_n").type) == "double"
    assert all(
        row[0]["text"] == text.split()[0]
        for row, text in zip(*(table[k].to_pylist() for k in ("mentions", "text")), strict=True)
    )
    errors = [json.loads(line)["reason"] for line in Path(cluster.errors_address(str(out))).read_text().splitlines()]
    assert ["missing.txt" in reason or "a.jsonl:8: broken JSON" in reason for reason in errors] == [True, True]
    with pytest.raises(InputError, match="holds another result"):
        cluster.run_on_cluster(job)
