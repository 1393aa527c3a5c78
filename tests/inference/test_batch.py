"""Runs into a file: nothing lost, nothing twice, the same bytes however often the run was stopped."""

import errno
import gzip
import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import marsad.inference.batch.run as batch
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from marsad.cli.watch import watching
from marsad.errors import InputError
from marsad.inference.batch.run import Job, run
from marsad.inference.mentions import Mention
from marsad.inference.outputs import Layout, OutputFormat, format_for
from marsad.inference.readers import Fields
from marsad.inference.sources import InputFormat

FORK = multiprocessing.get_context("fork")
ARTICLES = 330


class FirstWords:
    """Finds the first word of every article; scores depend on the company, as they do with padded batches."""

    def __init__(self, pause=0.0, on_text=lambda text: None):
        self.pause, self.on_text, self.texts = pause, on_text, []

    def stream(self, texts, on_batch=None):
        group = list(texts)
        score = 1 / len(group)
        for text in group:
            self.texts.append(text)
            self.on_text(text)
            time.sleep(self.pause)
            word = text.split()[0]
            start = text.index(word)
            yield [Mention(start, start + len(word), "ACTOR", word, score)]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(batch, "SHARD_ARTICLES", 20)


@pytest.fixture
def make_job(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    source = tmp_path / "news.jsonl"
    lines = [
        json.dumps({"id": f"a{n}", "text": f"خبر{n} عاجل", "date": f"2024-01-{n % 28 + 1}"}) for n in range(ARTICLES)
    ]
    lines[100] = "{broken"
    source.write_text("\n".join(lines), encoding="utf-8")

    def make(out="out.jsonl", **options):
        options = {"names": [str(source)], "model": model, "layout": Layout.of(format_for(out)), **options}
        return Job(out=tmp_path / out, **options)

    return make


def extract(job, extractor=None, pause=0.0):
    extractor = extractor or FirstWords(pause)
    with watching(None, complaints=0) as watch:
        return run(job, lambda: extractor, watch)


def ids(path):
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_leaves_the_result_the_errors_and_nothing_else(make_job, tmp_path):
    job = make_job()
    assert extract(job) == 1
    assert ids(job.out) == [f"a{n}" for n in range(ARTICLES) if n != 100]
    (error,) = map(json.loads, job.errors.read_text().splitlines())
    assert error["id"].endswith("news.jsonl:101")
    assert "broken JSON" in error["reason"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model", "news.jsonl", "out.jsonl", "out.jsonl.errors.jsonl",
    ]  # fmt: skip
    record = json.loads(job.out.read_text().splitlines()[1])
    assert (record["text"], record["meta"]) == ("خبر1 عاجل", {"date": "2024-01-2"})


@pytest.mark.parametrize("out", ["out.jsonl", "out.parquet", "out.jsonl.zst"])
def test_killed_ten_times_the_result_is_the_same_to_the_byte(make_job, out):
    whole = make_job(f"whole-{out}")
    extract(whole)
    job, moments = make_job(out), random.Random(out)
    kills = 0
    while kills < 10:
        process = FORK.Process(target=extract, args=(job,), kwargs={"pause": 0.0005})
        process.start()
        process.join(moments.uniform(0.01, 0.08))
        process.kill()
        process.join()
        if process.exitcode == 0:
            assert job.out.read_bytes() == whole.out.read_bytes()
            job.out.unlink()
        else:
            kills += 1
    extract(job)
    assert job.out.read_bytes() == whole.out.read_bytes()
    assert job.errors.read_bytes() == whole.errors.read_bytes()
    assert not job.work.exists()


def stopped(job, error, after):
    """Run until the given error comes after some articles; return how far it came."""

    def raise_late(text):
        if len(extractor.texts) > after:
            raise error

    extractor = FirstWords(on_text=raise_late)
    with pytest.raises(type(error)):
        extract(job, extractor)
    return extractor


def test_a_stopped_run_goes_on_where_it_was(make_job):
    job = make_job()
    stopped(job, KeyboardInterrupt(), after=150)
    assert not job.out.exists()
    rest = FirstWords()
    extract(job, rest)
    assert len(rest.texts) == ARTICLES - 140
    assert len(ids(job.out)) == ARTICLES - 1


def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_room(make_job, monkeypatch):
    job, synced = make_job(), []

    def fsync(descriptor):
        synced.append(descriptor)
        if len(synced) > 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(InputError, match=f"{job.out}: No space left on device; .* kept in {job.work}"):
            extract(job)
    assert not (job.work / "unfinished").exists()
    rest = FirstWords()
    extract(job, rest)
    assert 0 < len(rest.texts) < ARTICLES
    assert len(ids(job.out)) == ARTICLES - 1


def test_another_command_is_refused_and_can_start_over(make_job):
    stopped(make_job(), KeyboardInterrupt(), after=50)
    changed = make_job(options={"--values": False}, fields=Fields(id="id"))
    with pytest.raises(InputError, match=r"differs in --id-field, --values; .* add --restart to start over"):
        extract(changed)
    (changed.model / "config.json").write_text('{"other": 1}')
    with pytest.raises(InputError, match="differs in the model"):
        extract(make_job())
    (changed.model / "config.json").write_text("{}")
    os.utime(changed.names[0], (1, 1))
    with pytest.raises(InputError, match=r"differs in the input .*news.jsonl"):
        extract(make_job())
    everything = FirstWords()
    extract(make_job(restart=True), everything)
    assert len(everything.texts) == ARTICLES - 1


def test_a_run_that_has_done_nothing_leaves_nothing(make_job):
    job = make_job()

    def load():
        raise InputError("no such device")

    with watching(None) as watch, pytest.raises(InputError, match="no such device"):
        run(job, load, watch)
    assert not job.work.exists()


def test_two_runs_into_one_file_are_refused(make_job):
    job = make_job()

    def second_run(text):
        if text.startswith("خبر30 "):
            with pytest.raises(InputError, match="another process is at work there"):
                extract(job, FirstWords())

    extract(job, FirstWords(on_text=second_run))
    assert len(ids(job.out)) == ARTICLES - 1


def test_an_article_that_fails_loses_only_itself(make_job):
    def fail(text):
        if text.startswith(("خبر31 ", "خبر32 ")):
            raise RuntimeError("out of\nluck")

    job = make_job()
    assert extract(job, FirstWords(on_text=fail)) == 3
    assert len(ids(job.out)) == ARTICLES - 3
    assert [json.loads(line)["id"] for line in job.errors.read_text().splitlines()][:2] == ["a31", "a32"]
    assert json.loads(job.errors.read_text().splitlines()[0])["reason"] == (
        "a31: extraction failed: RuntimeError: out of"
    )


def test_a_machine_on_which_everything_fails_stops_the_run(make_job):
    def fail(text):
        raise RuntimeError("no such device")

    with pytest.raises(InputError, match=r"20 articles failed in a row, the last: .*no such device"):
        extract(make_job(), FirstWords(on_text=fail))


def test_standard_input_goes_on_only_with_the_same_articles(make_job, monkeypatch, tmp_path):
    def given(content):
        (tmp_path / "stdin").write_text(content, encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", (tmp_path / "stdin").open(encoding="utf-8"))

    content = Path(make_job().names[0]).read_text(encoding="utf-8")
    job = make_job(names=["-"], fields=Fields(format=InputFormat.jsonl))
    given(content)
    stopped(job, KeyboardInterrupt(), after=50)
    given(content.replace('"a7"', '"b7"'))
    with pytest.raises(InputError, match="made from other articles"):
        extract(job)
    given(content)
    extract(job)
    assert len(ids(job.out)) == ARTICLES - 1


def test_every_format_holds_every_article(make_job):
    packed = make_job("out.jsonl.gz")
    plain = make_job("out.jsonl")
    table, parquet = make_job("out.csv"), make_job("out.parquet")
    bare = make_job("bare.jsonl", layout=Layout.of(OutputFormat.jsonl, text=False))
    places = make_job("out.geojson")
    for job in (packed, plain, table, parquet, bare, places):
        extract(job)
    assert json.loads(places.out.read_text(encoding="utf-8"))["type"] == "FeatureCollection"
    assert gzip.decompress(packed.out.read_bytes()) == plain.out.read_bytes()
    assert len(table.out.read_text(encoding="utf-8").splitlines()) == ARTICLES
    assert pq.read_table(parquet.out)["meta_date"].to_pylist()[1] == "2024-01-2"
    assert pq.read_table(parquet.out).num_rows == ARTICLES - 1
    assert "text" not in json.loads(bare.out.read_text(encoding="utf-8").splitlines()[0])
    whole = make_job("out.jsonl.zst")
    extract(whole)
    with pa.input_stream(str(whole.out), compression="zstd") as lines:
        assert lines.read() == plain.out.read_bytes()


PEAK = """
import sys
from pathlib import Path
from marsad.cli.watch import watching
from marsad.inference.batch.run import Job, run
from marsad.inference.outputs import Layout, format_for
class Nothing:
    def stream(self, texts, on_batch=None):
        return ([] for _ in texts)
source, out, model = sys.argv[1:]
with watching(None) as watch:
    run(Job([source], Path(out), Layout.of(format_for(out)), Path(model)), Nothing, watch)
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_memory_does_not_grow_with_the_input(tmp_path):
    (tmp_path / "model").mkdir()

    def peak(megabytes):
        source = tmp_path / f"{megabytes}.jsonl"
        line = json.dumps({"text": "خبر " * 5_000, "date": "2024"}, ensure_ascii=False) + "\n"
        source.write_text(line * (megabytes * 1_000_000 // len(line.encode())), encoding="utf-8")
        command = [sys.executable, "-c", PEAK, source, tmp_path / "out.parquet", tmp_path / "model"]
        return int(subprocess.run(command, capture_output=True, check=True).stdout)

    small, large = peak(10), peak(40)
    assert large < small + 20
