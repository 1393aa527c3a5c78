"""Several seeds, their average, and cross-validation: resumable, and no article measured by a model that saw it."""

import json
import os
import signal
import statistics
import threading
import time

import pytest
from marsad import Extractor
from marsad.annotations.schema import Article, Span
from marsad.annotations.scoring import Score, Scores, interval
from marsad.annotations.store import read_articles, write_articles
from marsad.cli import app
from marsad.errors import InputError
from marsad.train import run
from marsad.train.base import load_base
from marsad.train.config import load_recipe, make_recipe
from marsad.train.data import make_dataset
from marsad.train.evaluation import evaluate
from marsad.train.folds import divide, leave_out
from marsad.train.repeat import as_table, cross_validate, over_folds, over_seeds, train_seeds
from marsad.train.run import Interrupted
from rich.console import Console
from safetensors.torch import load_file
from typer.testing import CliRunner


@pytest.fixture
def recipe(data_file, unigram_base, tmp_path):
    def make(**changes):
        values = {"base": str(unigram_base), "train": data_file, "dev": data_file, "output": tmp_path / "runs"}
        schedule = {"epochs": 6, "patience": 0, "learning_rate": 1e-2, "head_factor": 2, "batch_size": 2}
        return make_recipe({**values, **schedule, "window": 64, "overlap": 16, **changes}, "test")

    return make


def test_seeds_are_summed_up_averaged_and_resumed(recipe, articles, tmp_path):
    settings = recipe()
    figures = train_seeds(settings, 2, average=True)
    folders = [settings.output / name for name in ("seed-13", "seed-14")]
    alone = [json.loads((folder / "metrics.json").read_text())["exact"] for folder in folders]
    micro = [exact["micro"]["f1"] for exact in alone]
    assert figures["micro"]["runs"] == micro
    assert figures["macro"]["runs"] == [exact["macro"]["f1"] for exact in alone]
    assert figures["labels"]["PLACE"]["runs"] == [exact["labels"]["PLACE"]["f1"] for exact in alone]
    assert figures["micro"]["mean"] == pytest.approx(statistics.mean(micro))
    assert figures["micro"]["sd"] == pytest.approx(statistics.stdev(micro))
    assert figures["micro"]["low"] <= figures["micro"]["mean"] <= figures["micro"]["high"]
    assert max(micro) > 0
    assert figures["best"] == folders[micro.index(max(micro))].name
    assert json.loads((settings.output / "summary.json").read_text()) == figures

    one, other, mean = (load_file(f / "model.safetensors") for f in (*folders, settings.output / "average"))
    assert all(((one[name] + other[name]) / 2 - mean[name]).abs().max() < 1e-6 for name in mean)
    averaged = Extractor.from_pretrained(settings.output / "average", engine="torch")
    assert figures["average"]["micro"] == evaluate(averaged, articles).f1
    assert load_recipe(folders[1] / "recipe.yaml").init_seed == 13

    for folder in folders:
        measured = json.loads((folder / "metrics.json").read_text())
        measured["history"]["emissions"] = 0.25
        (folder / "metrics.json").write_text(json.dumps(measured))
    train_seeds(settings.model_copy(update={"resume": True}), 2, average=True)
    history = json.loads((settings.output / "average/metrics.json").read_text())["history"]
    assert history["emissions"] == 0.5

    written = [(f / "model.safetensors").stat().st_mtime_ns for f in folders]
    (folders[0] / "onnx").mkdir()  # a graph of one run is not that of the average
    longer = train_seeds(settings.model_copy(update={"resume": True}), 3, average=True)
    assert not (settings.output / "average/onnx").exists()
    assert [(f / "model.safetensors").stat().st_mtime_ns for f in folders] == written
    assert longer["micro"]["runs"][:2] == micro
    assert longer["runs"] == ["seed-13", "seed-14", "seed-15"]

    with pytest.raises(InputError, match="not empty"):
        train_seeds(settings, 2)
    with pytest.raises(InputError, match=r"learning_rate differ.*seed-13"):
        train_seeds(settings.model_copy(update={"resume": True, "learning_rate": 1e-5, "init_seed": 13}), 2)
    with pytest.raises(InputError, match=r"init_seed differ.*--average gives all seeds one init_seed"):
        train_seeds(settings.model_copy(update={"resume": True}), 2)
    with pytest.raises(InputError, match="none of seed-13, seed-14 to resume"):
        train_seeds(recipe(output=tmp_path / "nowhere", resume=True), 2)


def test_a_stopped_series_goes_on_where_it_was(recipe, tmp_path):
    whole = train_seeds(recipe(output=tmp_path / "whole", epochs=2), 2)
    stopped = recipe(output=tmp_path / "stopped", epochs=2)
    killer = threading.Thread(target=interrupt_second_seed, args=(stopped.output / "seed-14",))
    killer.start()
    with pytest.raises(Interrupted, match="resume=true"):
        train_seeds(stopped, 2)
    killer.join()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert train_seeds(stopped.model_copy(update={"resume": True}), 2) == whole


def interrupt_second_seed(output):
    while not list(output.glob("checkpoints/checkpoint-*/trainer_state.json")):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


def test_new_weights_have_a_seed_of_their_own(recipe):
    heads = [load_base(recipe(**seeds), ("O", "B-A", "I-A")).model.classifier.weight for seeds in (
        {"seed": 1, "init_seed": 5}, {"seed": 2, "init_seed": 5}, {"seed": 1}, {"seed": 2},
    )]  # fmt: skip
    assert heads[0].equal(heads[1])
    assert not heads[2].equal(heads[3])


def test_the_interval_over_seeds_is_that_of_one_seed_if_all_are_alike():
    scores = [Scores({"A": Score(i, 1, 2)}) for i in range(8)]
    figures = over_seeds([scores, scores, scores])["micro"]
    assert (figures["low"], figures["high"]) == pytest.approx(interval(scores, lambda total: total.micro.f1))
    assert figures["sd"] == pytest.approx(0)


def test_folds_are_pooled_over_articles():
    first, *second = [Scores({"A": Score(*counts)}) for counts in ((1, 0, 0), (0, 1, 1), (1, 0, 1))]
    figures = over_folds([[first], second])
    assert figures["pooled"]["micro"]["f1"] == pytest.approx(4 / 7)
    assert figures["micro"]["runs"] == pytest.approx([1.0, 0.4])
    assert figures["micro"]["mean"] == pytest.approx(0.7)


NAMES = ["أحمد", "بشار", "جابر", "داود", "رامي", "زياد", "سامر", "طارق", "فادي", "كريم", "ماهر", "نادر"]


@pytest.fixture
def family_file(tmp_path):
    """Twelve articles, each with a name of its own; two are copies, three are passages of one article."""
    texts = [f"قال {name} إن القوات انسحبت من البلدة رقم {i} بعد ظهر اليوم" for i, name in enumerate(NAMES)]
    texts[1] = texts[0] + " فجأة"
    metas = [{"article": "long"} if i in (2, 3, 4) else {} for i in range(12)]
    articles = [
        Article(f"n{i}", t, (Span(4, 8, "ACTOR"),), m) for i, (t, m) in enumerate(zip(texts, metas, strict=True))
    ]
    path = tmp_path / "family.jsonl"
    write_articles(articles, path)
    return path


def test_what_belongs_together_is_in_one_fold(family_file):
    folds = {article.id: name for name, part in divide([family_file], 4).items() for article in part}
    assert len(folds) == 12
    assert folds["n0"] == folds["n1"]
    assert folds["n2"] == folds["n3"] == folds["n4"]
    assert {a.id for a in leave_out([family_file], (2, 4))} == {id for id, name in folds.items() if name != "fold-2"}


def test_no_model_is_measured_on_what_it_has_seen(recipe, family_file, monkeypatch):
    seen = []

    def spy(articles, *rest):
        seen.append(articles)
        return make_dataset(articles, *rest)

    monkeypatch.setattr(run, "make_dataset", spy)
    settings = recipe(train=family_file, epochs=1)
    figures = cross_validate(settings, 3)
    found = read_articles(settings.output / "folds.jsonl")
    assert sorted(a.id for a in found) == sorted(f"n{i}" for i in range(12))
    for number, trained_on in enumerate(seen, start=1):
        held_out = [a for a in found if a.meta["fold"] == f"fold-{number}"]
        assert held_out
        assert not {a.id for a in held_out} & {a.id for a in trained_on}
        assert len(held_out) + len(trained_on) == 12
        learned = json.loads((settings.output / f"fold-{number}/marsad.json").read_text())["names"]
        assert not any(a.text.split()[1] in learned for a in held_out if a.id != "n1")
    counts = figures["pooled"]["micro"]
    assert counts["tp"] + counts["fn"] == 12
    console = Console(width=200, record=True)
    console.print(as_table(figures))
    assert "pooled" in console.export_text()
    again = cross_validate(settings.model_copy(update={"resume": True}), 3)
    assert (len(seen), again) == (3, figures)


def test_too_many_folds_is_one_line(recipe, family_file):
    with pytest.raises(InputError, match="would be empty: 12 articles make 9 groups"):
        cross_validate(recipe(train=family_file), 10)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--seeds", "2", "--folds", "2"], "one of them at a time"), (["--average"], "only with --seeds")],
)
def test_options_that_do_not_go_together(arguments, said):
    result = CliRunner().invoke(app, ["train", "recipe.yaml", *arguments])
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)
