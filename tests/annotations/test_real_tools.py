"""What we write, imported and exported by the real tools; they run where an environment variable names them."""

import json
import os
import secrets
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from marsad.annotations.formats.base import Options
from marsad.annotations.formats.conversion import read, write
from marsad.annotations.inline import parse_inline
from marsad.annotations.schema import Article

START_SECONDS = 400


def tool(variable, what):
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} does not name {what}")
    return path


@pytest.fixture
def hard(articles):
    """Articles with what tools stumble over: line breaks, marks, emoji, right-to-left marks, tatweel, Latin."""
    more = [
        "قصف\n{A:قوات\nالنظام} \U0001f680\U0001f680 {P:حلب}\tو{P?:إدلب}\u200f.\n",
        "قُتِلَ {A:الجُنُودُ} بـ{W:MQ-9} \U0001f469\u200d\U0001f692 ل{A:لتحالف}",
        "لا شيء هنا",
    ]
    read_more = [parse_inline(marked, f"hard/{place}") for place, marked in enumerate(more)]
    meta = {"source": "وكالة", "date": "2024-01-31", "n": 3}
    return [*articles, *(Article(item.id, item.text, item.spans, meta) for item in read_more)]


class Studio:
    """A client of a Label Studio that runs on this machine."""

    def __init__(self, port, token):
        self.url, self.token = f"http://127.0.0.1:{port}", token

    def call(self, path, body=None):
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=60) as answer:
            return json.loads(answer.read())

    def project(self, tasks, config):
        project = self.call("/api/projects", {"title": secrets.token_hex(4), "label_config": config})["id"]
        self.call(f"/api/projects/{project}/import", tasks)
        return project

    def export(self, project):
        return self.call(f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    command = tool("MARSAD_LABEL_STUDIO", "the label-studio command")
    base, port, token = tmp_path_factory.mktemp("label-studio"), free_port(), secrets.token_hex(20)
    settings = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(base),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "COLLECT_ANALYTICS": "False",
        "LATEST_VERSION_CHECK": "False",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    arguments = ["start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    arguments += ["--username", "a@example.com", "--password", "password-1", "--user-token", token]
    with (base / "log").open("w") as log:
        process = subprocess.Popen(
            [command, *arguments], env={**os.environ, **settings}, stdout=log, stderr=subprocess.STDOUT, cwd=base
        )
    client = Studio(port, token)
    try:
        wait_until_up(client, process, base / "log")
        yield client
    finally:
        process.terminate()
        process.wait(30)


def wait_until_up(client, process, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.call("/api/projects")
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"Label Studio did not start: {log.read_text()[-500:]}")


def exported(studio, tasks, tmp_path):
    """The tasks as Label Studio gives them back."""
    config = tasks.with_suffix(".config.xml").read_text(encoding="utf-8")
    project = studio.project(json.loads(tasks.read_text(encoding="utf-8")), config)
    out = tmp_path / "export.json"
    out.write_text(json.dumps(studio.export(project)), encoding="utf-8")
    return project, out


def test_label_studio_gives_our_annotations_back(studio, hard, tmp_path):
    write(hard, tmp_path / "tasks.json", "label-studio", Options())
    _, out = exported(studio, tmp_path / "tasks.json", tmp_path)
    account = read(out, "label-studio", Options())
    same(account, hard)


def test_label_studio_gives_predictions_back_that_an_annotator_accepts(studio, hard, tmp_path):
    write(hard, tmp_path / "tasks.json", "label-studio", Options(predictions=True))
    project, out = exported(studio, tmp_path / "tasks.json", tmp_path)
    assert read(out, "label-studio", Options()).articles == []
    for task in studio.export(project):
        (prediction,) = studio.call(f"/api/predictions?task={task['id']}")
        studio.call(f"/api/tasks/{task['id']}/annotations", {"result": prediction["result"]})
    out.write_text(json.dumps(studio.export(project)), encoding="utf-8")
    same(read(out, "label-studio", Options()), hard)


def test_doccano_gives_our_labels_back(hard, tmp_path):
    python = tool("MARSAD_DOCCANO_PYTHON", "the python of doccano's environment")
    write(hard, tmp_path / "in.jsonl", "doccano", Options())
    script = Path(__file__).with_name("doccano_import_export.py")
    command = [python, str(script), str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]
    subprocess.run(command, check=True, cwd=tmp_path, env={**os.environ, "DOCCANO_HOME": str(tmp_path)})
    same(read(tmp_path / "out.jsonl", "doccano", Options()), hard)


def same(account, articles):
    assert account.findings == []
    assert sorted(account.articles, key=lambda item: item.id) == sorted(articles, key=lambda item: item.id)
    optional = [[span for span in item.spans if span.optional] for item in sorted(articles, key=lambda item: item.id)]
    found = sorted(account.articles, key=lambda item: item.id)
    assert [[span for span in item.spans if span.optional] for item in found] == optional
