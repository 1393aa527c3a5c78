"""Publishing: what goes to the hub and what doesn't, what stays of a card, and that others can use it afterwards."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard, constants
from marsad.cli import main
from marsad.inference.checkpoint import SHIPPED, Card
from marsad.inference.engine import EngineName
from marsad.train.config import make_recipe
from marsad.train.publishing.card import BEGIN, END, write_card
from marsad.train.run import train
from transformers import BertConfig, BertForTokenClassification

spec = spec_from_file_location("hub_fixture", Path(__file__).with_name("hub.py"))
hub_fixture = module_from_spec(spec)
sys.modules[spec.name] = hub_fixture
spec.loader.exec_module(hub_fixture)

ROOT = Path(__file__).parents[2]
TOKEN = "hf_owner"
SENTENCES = [
    "قصف الجيش السوري مواقع تنظيم داعش في ريف حلب الشمالي وقتل 12 عنصراً",
    "أعلنت وزارة الدفاع الروسية تدمير 34 طائرة مسيرة قرب مدينة خيرسون",
    "انفجرت سيارة مفخخة في مقديشو وتبنت حركة الشباب الهجوم",
]


@pytest.fixture(scope="module")
def trained(articles, unigram_base, tmp_path_factory):
    """The output folder of a real training run, of a tiny model."""
    from marsad.annotations.store import write_articles

    folder = tmp_path_factory.mktemp("private-place")
    data = folder / "secret-articles.jsonl"
    write_articles(articles, data)
    values = {"base": str(unigram_base), "train": data, "dev": data, "output": folder / "run", "epochs": 1}
    train(make_recipe({**values, "window": 64, "overlap": 16}, "test"))
    return folder / "run"


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub, with this process as one of its clients."""
    with hub_fixture.running_hub() as hub:
        address = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


@pytest.fixture
def publish(monkeypatch, capsys):
    """Run the command in this process; returns exit code, standard output and standard error."""

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["marsad", "publish", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        written = capsys.readouterr()
        assert "hf_" not in written.out + written.err.replace("hf auth login", "")
        return ended.value.code or 0, written.out, written.err

    return run_command


def card_of(hub, name="org/tiny"):
    return hub.model(name).files["README.md"].decode()


def edit(hub, change, name="org/tiny"):
    """Change the card as somebody does on the hub's own page."""
    repo = hub.model(name)
    repo.add("edited by hand", {**repo.files, "README.md": change(card_of(hub, name)).encode()})


def test_what_is_uploaded_is_what_others_need_and_no_text(publish, hub, run, articles):
    (run / "checkpoints").mkdir()
    (run / "checkpoints/optimizer.pt").write_bytes(b"state")
    (run / "predictions.jsonl").write_text("private", encoding="utf-8")
    assert publish(run, "--repo", "org/tiny", "--no-onnx") == (0, f"{hub.url}/org/tiny\n", NO_LICENCE)
    files = hub.model("org/tiny").files
    assert sorted(files) == [
        *(".gitattributes", "README.md", "alignment.json", "config.json", "marsad.json", "metrics.json"),
        *("model.safetensors", "recipe.yaml", "tokenizer.json", "tokenizer_config.json"),
    ]
    for name in ("model.safetensors", "tokenizer.json", "marsad.json"):
        assert files[name] == (run / name).read_bytes()
    assert "normalizers" in json.loads(files["tokenizer.json"])["normalizer"]
    for name, content in files.items():
        text = content.decode(errors="replace")
        assert "private-place" not in text, name
        assert TOKEN not in text, name
        assert not any(article.text in text for article in articles), name
    assert "examples" not in json.loads(files["alignment.json"])
    assert not hub.leaks


NO_LICENCE = "the card states no licence; name one with --license, such as apache-2.0\n"


def test_every_fact_of_the_card_is_that_of_the_run(publish, hub, run):
    figures = json.loads((run / "metrics.json").read_text())
    figures["history"] |= {"emissions": 0.0123, "emissions_country": "Jordan"}
    (run / "metrics.json").write_text(json.dumps(figures))
    publish(run, "--repo", "org/tiny", "--no-onnx", "--license", "apache-2.0")
    text = card_of(hub)
    data = ModelCard(text).data
    assert (data.language, data.license, data.pipeline_tag) == ("ar", "apache-2.0", "token-classification")
    assert data.library_name == "transformers"
    assert data.co2_eq_emissions["emissions"] == 12.3
    assert len(data.widget) == 3
    micro = [result.metric_value for result in data.eval_results if result.metric_name == "f1, exact spans, micro"]
    assert micro == [round(figures["exact"]["micro"]["f1"], 4)]
    row = figures["exact"]["labels"]["PLACE"]
    assert f"| PLACE | {row['f1']:.3f} | {row['f1_low']:.3f}–{row['f1_high']:.3f} |" in text
    (file, _) = figures["history"]["data"]
    assert f"| train: secret-articles.jsonl | 6 | {file['spans']} | `{file['sha256']}` |" in text
    assert f"cpu {figures['history']['hardware']['cpu']}" in text
    assert "12.3 g (codecarbon, Jordan)" in text
    assert "| learning rate | 0.0003 |" in text
    assert all(word in text for word in ("exact", "snapped", "pipeline(", 'Extractor.from_pretrained("org/tiny")'))
    assert "undefined" not in text.lower()


def test_the_card_of_an_average_says_so_and_its_calibration_is_that_of_its_temperature(publish, run, tmp_path):
    figures = json.loads((run / "metrics.json").read_text())
    figures["history"]["average_of"] = ["seed-1", "seed-2"]
    fit = {"temperature": 1.4, "spans": 60, "before": {"ece": 0.09}, "after": {"ece": 0.02}}
    (run / "metrics.json").write_text(json.dumps({**figures, "fit": fit}))
    for temperature in (1.4, 1.7):  # the second was fitted later, with marsad evaluate
        replace(Card.load(run), temperature=temperature).save(run)
        out = tmp_path / f"out-{temperature}"
        publish(run, "--repo", "org/tiny", "--no-onnx", "--license", "mit", "--dry-run", out)
        text = (out / "model/README.md").read_text(encoding="utf-8")
        assert f"(temperature {temperature}00)" in text
        assert ("error of 0.020 there" in text, "0.090 without" in text) == (temperature == 1.4,) * 2
    assert "| average of | seed-1, seed-2 |" in text
    assert "of one average of 2 models" in text


def test_a_dry_run_that_fails_leaves_the_folder_to_the_next(publish, run, tmp_path):
    known = (run / "metrics.json").read_text()
    (run / "metrics.json").write_text('{"exact": {"labels": 7}}')
    options = (run, "--repo", "org/tiny", "--no-onnx", "--license", "mit", "--dry-run", tmp_path / "out")
    code, _, said = publish(*options)
    assert (code, said.count("\n")) == (2, 1)
    assert f"{run}: metrics.json" in said
    (run / "metrics.json").write_text(known)
    assert publish(*options)[0] == 0


def test_a_dry_run_writes_just_what_would_be_uploaded(publish, hub, run, tmp_path, monkeypatch):
    options = (run, "--repo", "org/tiny", "--no-onnx", "--license", "mit", "--space")
    publish(*options)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    out = tmp_path / "out"
    assert publish(*options, "--dry-run", out) == (0, f"{out}/model\n{out}/space\n", "")
    for folder, repo in ((out / "model", hub.model("org/tiny")), (out / "space", hub.space("org/tiny"))):
        written = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert written == {name: content for name, content in repo.files.items() if name != ".gitattributes"}
    code, _, said = publish(*options, "--dry-run", out)
    assert (code, said) == (2, f"marsad: {out}: not empty; name a new folder\n")


def test_a_card_written_again_keeps_what_people_wrote(publish, hub, run):
    publish(run, "--repo", "org/tiny", "--no-onnx", "--license", "mit")
    edit(hub, lambda card: card.replace(BEGIN, f"{BEGIN}\nNot for news on football. 🎈"))
    figures = json.loads((run / "metrics.json").read_text())
    figures["exact"]["micro"]["f1"] = 0.77777
    (run / "metrics.json").write_text(json.dumps(figures))
    assert publish(run, "--repo", "org/tiny", "--no-onnx")[0] == 0
    card = card_of(hub)
    assert card.count(BEGIN) == card.count(END) == card.count("Not for news on football. 🎈") == 1
    assert "| micro | 0.778 |" in card
    assert ModelCard(card).data.license == "mit"
    commits = len(hub.model("org/tiny").commits)
    assert "nothing has changed" in publish(run, "--repo", "org/tiny", "--no-onnx")[2]
    assert len(hub.model("org/tiny").commits) == commits


def test_a_card_that_somebody_else_wrote_is_kept_whole_and_broken_marks_are_refused(publish, hub, run):
    publish(run, "--repo", "org/tiny", "--no-onnx", "--license", "mit")
    edit(hub, lambda _: "---\nlicense: cc0-1.0\n---\n# Tiny\n\nAll by hand.\n")
    publish(run, "--repo", "org/tiny", "--no-onnx")
    assert "All by hand." in card_of(hub).partition(BEGIN)[2].partition(END)[0]
    assert ModelCard(card_of(hub)).data.license == "cc0-1.0"
    edit(hub, lambda card: card.replace(END, ""))
    before = list(hub.writes)
    code, _, said = publish(run, "--repo", "org/tiny", "--no-onnx")
    assert (code, said.count("\n")) == (2, 1)
    assert "the card of org/tiny: what is written by hand must stand between" in said
    assert hub.writes == before


def test_words_written_while_publishing_are_not_overwritten(publish, hub, run, monkeypatch):
    publish(run, "--repo", "org/tiny", "--no-onnx", "--license", "mit")

    def meanwhile(*given):
        write_card(*given)
        edit(hub, lambda card: card.replace(BEGIN, f"{BEGIN}\nWritten just now."))

    monkeypatch.setattr("marsad.train.publishing.publish.write_card", meanwhile)
    code, _, said = publish(run, "--repo", "org/tiny", "--no-onnx", "--license", "apache-2.0")
    assert (code, said) == (2, "marsad: org/tiny: somebody else has changed it just now; run the command again\n")
    assert "Written just now." in card_of(hub)


def test_what_an_earlier_version_left_goes_and_what_others_added_stays(publish, hub, run):
    publish(run, "--repo", "org/tiny", "--no-onnx", "--license", "mit")
    repo = hub.model("org/tiny")
    repo.add("by others", {**repo.files, "onnx/model_int8.onnx": b"old", "picture.png": b"png"})
    publish(run, "--repo", "org/tiny", "--no-onnx", "--message", "second")
    assert "picture.png" in repo.files
    assert "onnx/model_int8.onnx" not in repo.files
    assert repo.at("main").title == "second"


def test_branches_and_versions(publish, hub, run):
    options = ("--repo", "org/tiny", "--no-onnx", "--license", "mit")
    publish(run, *options, "--private", "--tag", "v1.0")
    repo = hub.model("org/tiny")
    assert repo.private
    assert repo.tags["v1.0"] == repo.branches["main"]
    before = dict(repo.branches)
    assert publish(run, *options, "--revision", "next", "--tag", "v2.0")[0] == 0
    assert repo.branches["main"] == before["main"] != repo.branches["next"] == repo.tags["v2.0"]
    assert "@v2.0" in repo.at("v2.0").files["README.md"].decode()


def test_a_model_of_another_tool_is_published_with_what_it_has(publish, hub, trained, tmp_path):
    folder = tmp_path / "other"
    names = dict(enumerate(("O", "B-PER", "I-PER")))
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    size = json.loads((trained / "config.json").read_text())["vocab_size"]
    BertForTokenClassification(BertConfig(vocab_size=size, id2label=names, label2id={}, **shape)).save_pretrained(
        folder
    )
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(trained / name, folder)
    assert publish(folder, "--repo", "owner/other", "--no-onnx", "--license", "mit")[0] == 0
    text = card_of(hub, "owner/other")
    assert "Finds PER in Arabic text" in text
    assert "Nobody has measured it" in text
    assert ModelCard(text).data.eval_results is None


def without_token(monkeypatch, hub):
    monkeypatch.delenv("HF_TOKEN")


def with_token(token):
    return lambda monkeypatch, hub: monkeypatch.setenv("HF_TOKEN", token)


def without_network(monkeypatch, hub):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")


def offline(monkeypatch, hub):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def taken(monkeypatch, hub):
    hub.repos["model", "org/tiny"] = hub_fixture.Repo(private=False)
    hub.repos["model", "org/tiny"].add("first", {".gitattributes": b""})
    hub.repos["model", "org/tiny"].tags["v1.0"] = hub.repos["model", "org/tiny"].branches["main"]


def taken_by_others(monkeypatch, hub):
    taken(monkeypatch, hub)
    monkeypatch.setenv("HF_TOKEN", "hf_other")


@pytest.mark.parametrize(
    ("prepare", "options", "said"),
    [
        (without_token, [], "no token for the hub: log in with hf auth login, or set HF_TOKEN"),
        (with_token("hf_wrong"), [], "the token is not accepted (HTTP 401"),
        (with_token("hf_wröng"), [], "the token has characters that no token has"),
        (with_token("hf_other"), [], "the token may not write there (HTTP 403"),
        (with_token("hf_reader"), [], "the token may not write there (HTTP 403"),
        (taken_by_others, [], "org/tiny: the token may not write there (HTTP 403"),
        (without_network, [], "can't be reached"),
        (offline, [], "can't be reached"),
        (taken, ["--tag", "v1.0"], "org/tiny has a version of this name already"),
        (taken, ["--private"], "is there already and public"),
        (without_token, ["--tag", "v 1"], "--tag v 1: not the name of a version"),
        (without_token, ["--repo", "tiny"], "--repo tiny: not the name of a repository; it is owner/name"),
        (without_token, ["--repo", "a b/c"], "--repo a b/c: not the name of a repository"),
    ],
)  # fmt: skip
def test_what_goes_wrong_with_the_hub_is_one_line_before_anything_is_uploaded(
    publish, hub, run, monkeypatch, prepare, options, said
):
    prepare(monkeypatch, hub)
    code, out, complaint = publish(run, "--repo", "org/tiny", "--license", "mit", "--no-onnx", *options)
    assert (code, out, complaint.count("\n")) == (2, "", 1)
    assert complaint.startswith("marsad: ")
    assert said in complaint
    assert not hub.writes


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("config.json", "no config.json in this folder"),
        ("model.safetensors", "no model.safetensors in this folder"),
        ("tokenizer.json", "no tokenizer.json in this folder"),
        (".", "no such folder"),
    ],
)
def test_a_missing_piece_is_one_line(publish, hub, run, missing, said):
    shutil.rmtree(run) if missing == "." else (run / missing).unlink()
    code, _, complaint = publish(run, "--repo", "org/tiny")
    assert (code, complaint.count("\n")) == (2, 1)
    assert said in complaint
    assert not hub.writes


def test_of_several_runs_one_is_to_be_named(publish, hub, run):
    code, _, complaint = publish(run.parent, "--repo", "org/tiny")
    assert (code, complaint.count("\n")) == (2, 1)
    assert "name one of those in it: run" in complaint


def test_a_graph_is_exported_where_there_is_none(publish, run, tmp_path, monkeypatch):
    pytest.importorskip("onnxscript", reason="exporting needs marsad[export]")
    monkeypatch.setattr("marsad.train.export.export", export_shipped)
    assert publish(run, "--repo", "org/tiny", "--license", "mit", "--dry-run", tmp_path / "out")[0] == 0
    folder = tmp_path / "out/model"
    assert [path.name for path in (folder / "onnx").iterdir()] == ["model_int8.onnx"]
    assert "onnx/model_int8.onnx" in (folder / "README.md").read_text(encoding="utf-8")
    assert not (run / "onnx").exists()


def export_shipped(checkpoint, texts, window):
    """Stand in for the real exporter, which takes its time: any graph with as many tags will do."""
    assert Card.load(checkpoint).window == window
    (checkpoint / "onnx").mkdir()
    names = {EngineName.onnx: "model.onnx", EngineName.onnx_int8: "model_int8.onnx"}
    files = {engine: checkpoint / "onnx" / name for engine, name in names.items()}
    for file in files.values():
        shutil.copyfile(SHIPPED / "onnx/model_int8.onnx", file)
    return files


def test_the_requirements_of_a_space_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    known = {*project["dependencies"], *extras["web"], *extras["view"]}
    lines = (ROOT / "train/publishing/templates/requirements.txt").read_text(encoding="utf-8").splitlines()
    assert {line for line in lines if not line.startswith("{%")} <= known


# The whole road over HTTP, in processes of their own

READ = """
import json, sys
from marsad import Extractor
from transformers import pipeline
texts = json.loads(sys.argv[1])
plain = pipeline("token-classification", model="org/conflict", aggregation_strategy="simple")
found = {"pipeline": [[[m["start"], m["end"], m["entity_group"]] for m in plain(text)] for text in texts]}
for name in ("org/conflict", "org/conflict@v1.0"):
    extractor = Extractor.from_pretrained(name)
    found[name] = [[[m.start, m.end, m.label] for m in extractor(text)] for text in texts]
print(json.dumps([type(extractor.engine).__name__, found]))
"""

UNNEEDED = ("torch", "transformers", "accelerate", "datasets", "sklearn", "scipy", "seqeval", "safetensors", "onnx")
"""What a Space for a model with a graph does not install."""


@pytest.fixture
def environment(hub, tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "GRADIO_"))}
    settings = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "home")}
    return {**kept, **settings, "HF_HUB_DISABLE_XET": "1", "PYTHONIOENCODING": "utf-8"}


@pytest.mark.slow
def test_what_is_published_is_found_by_a_pipeline_an_extractor_and_a_space(hub, environment, tmp_path):
    pytest.importorskip("gradio", reason="a Space needs marsad[web]")
    command = [sys.executable, "-m", "marsad", "publish", "embedded", "--repo", "org/conflict", "--space"]
    done = subprocess.run(
        [*command, "--tag", "v1.0"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [f"{hub.url}/org/conflict", f"{hub.url}/spaces/org/conflict"]
    files = hub.model("org/conflict").files
    assert files["onnx/model_int8.onnx"] == (SHIPPED / "onnx/model_int8.onnx").read_bytes()
    assert ModelCard(files["README.md"].decode()).data.base_model == "intfloat/multilingual-e5-small"
    assert hub.space("org/conflict").sdk == "gradio"
    reader = subprocess.Popen(
        [sys.executable, "-c", READ, json.dumps(SENTENCES)], env=environment, cwd=tmp_path, stdout=subprocess.PIPE
    )
    with running_space(hub.space("org/conflict"), environment, tmp_path) as address:
        article = post(f"{address}/extract", {"text": SENTENCES[0]})
        on_page = read_on_page(address, SENTENCES[0])
    engine, found = json.loads(reader.communicate(timeout=240)[0])
    assert engine == "OnnxEngine"
    assert found["pipeline"] == found["org/conflict"] == found["org/conflict@v1.0"]
    assert [[m["start"], m["end"], m["label"]] for m in article["mentions"]] == found["pipeline"][0]
    assert all(mention["text"] in on_page for mention in article["mentions"])
    assert not hub.leaks


@contextmanager
def running_space(repo, environment, tmp_path):
    """Start a Space as the hub would: its files, and no library that its requirements don't ask for."""
    folder, walls = tmp_path / "space", tmp_path / "walls"
    for name, content in repo.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    card = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    walls.mkdir()
    walled = f"import sys\nsys.modules.update(dict.fromkeys({UNNEEDED!r}))\n"
    (walls / "sitecustomize.py").write_text(walled, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"GRADIO_SERVER_PORT": str(port), "PYTHONPATH": str(walls)}
    log = tmp_path / "space.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, card["app_file"]], cwd=folder, env={**environment, **settings}, stdout=out, stderr=out
        )
    try:
        until_it_answers(f"http://127.0.0.1:{port}/", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def until_it_answers(address, process, log):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            assert b"Marsad" in urllib.request.urlopen(address, timeout=10).read()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(log.read_text(encoding="utf-8", errors="replace")[-2000:])


def post(address, content):
    request = urllib.request.Request(address, json.dumps(content).encode(), {"Content-Type": "application/json"})
    return json.loads(urllib.request.urlopen(request, timeout=60).read())


def read_on_page(address, text):
    """Press the page's Extract button as a browser does, and return what comes back."""
    config = json.loads(urllib.request.urlopen(f"{address}/config", timeout=60).read())
    buttons = [item for item in config["dependencies"] if "click" in [event for _, event in item["targets"]]]
    first = next(item["id"] for item in buttons if len(item["inputs"]) == 3)
    post(f"{address}/gradio_api/queue/join", {"fn_index": first, "data": [None, text, None], "session_hash": "s"})
    with urllib.request.urlopen(f"{address}/gradio_api/queue/data?session_hash=s", timeout=60) as events:
        for line in events:
            event = json.loads(line.decode().removeprefix("data: ")) if line.strip() else {}
            if event.get("msg") == "process_completed":
                assert event["success"], event
                return json.dumps(event["output"], ensure_ascii=False)
    return ""
