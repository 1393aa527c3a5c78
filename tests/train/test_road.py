"""The whole road on tiny models: train, evaluate, reload, extract; stop and resume; publishable as it is."""

import hashlib
import json
import os
import re
import signal
import threading
import time

import pytest
import torch
import yaml
from marsad import Extractor
from marsad.errors import InputError
from marsad.inference.checkpoint import SHIPPED, Card
from marsad.train import run, trackers
from marsad.train.config import make_recipe
from marsad.train.history import Clock
from marsad.train.run import Interrupted, train
from marsad.train.trainer import halves
from safetensors.torch import load_file
from transformers import TrainerState, pipeline


@pytest.fixture
def recipe(data_file, tmp_path):
    def make(base, **changes):
        values = {"base": str(base), "train": data_file, "dev": data_file, "output": tmp_path / "run"}
        schedule = {"epochs": 40, "patience": 0, "learning_rate": 3e-3, "head_factor": 2, "batch_size": 2}
        return make_recipe({**values, **schedule, "dropout": 0.0, "window": 64, "overlap": 16, **changes}, "test")

    return make


@pytest.mark.parametrize("base", ["unigram_base", "wordpiece_base"])
def test_a_model_learns_is_saved_and_finds_the_same_when_loaded(recipe, articles, base, request):
    settings = recipe(request.getfixturevalue(base))
    figures = train(settings)
    assert figures["exact"]["micro"]["f1"] > 0.9
    assert figures["exact"]["micro"]["f1"] == max(point["f1"] for point in figures["history"]["dev_f1"])
    loaded = Extractor.from_pretrained(settings.output)
    for article, mentions in zip(articles, loaded.stream(a.text for a in articles), strict=True):
        assert all(article.text[m.start : m.end] == m.text for m in mentions)
    assert yaml.safe_load((settings.output / "recipe.yaml").read_text())["epochs"] == 40
    assert json.loads((settings.output / "metrics.json").read_text())["exact"] == figures["exact"]
    assert not (settings.output / "checkpoints").exists()


def test_a_plain_pipeline_reads_the_checkpoint_too(shipped):
    """The folder works without marsad; what a pipeline can't do is move edges and keep words whole."""
    plain = pipeline("token-classification", model=str(SHIPPED), aggregation_strategy="simple")
    texts = [
        "قصف الجيش السوري مواقع تنظيم داعش في ريف حلب الشمالي وقتل 12 عنصراً",
        "أعلنت وزارة الدفاع الروسية تدمير 34 طائرة مسيرة قرب مدينة خيرسون",
        "قال المتحدث باسم الأمم المتحدة إن مئات العائلات نزحت من الخرطوم",
        "انفجرت سيارة مفخخة في مقديشو وتبنت حركة الشباب الهجوم",
    ]
    for text in texts:
        assert [(m["start"], m["end"], m["entity_group"]) for m in plain(text)] == [
            (m.start, m.end, m.label) for m in shipped(text)
        ]


def test_labels_can_come_from_the_data(recipe, wordpiece_base, tmp_path):
    rows = [
        {"id": str(i), "text": "سافر سمير إلى باريس", "spans": [{"start": 5, "end": 9, "label": "PER"}]} for i in (0, 1)
    ]
    for name, row in zip(("train", "dev"), rows, strict=True):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row), encoding="utf-8")
    files = {"train": tmp_path / "train.jsonl", "dev": tmp_path / "dev.jsonl"}
    with pytest.raises(InputError, match="label 'PER' is not among the model's"):
        train(recipe(wordpiece_base, epochs=1, **files))
    train(recipe(wordpiece_base, epochs=1, labels="auto", **files))
    assert Card.load(tmp_path / "run").tags == ["O", "B-PER", "I-PER"]
    # A base's names are evidence for the boundaries of its own labels only.
    train(recipe(tmp_path / "run", epochs=1, output=tmp_path / "four"))
    assert "سمير" in Card.load(tmp_path / "run").names
    assert "سمير" not in Card.load(tmp_path / "four").names


def test_a_task_that_marks_whole_words_keeps_its_word_in_the_checkpoint(recipe, unigram_base, tmp_path):
    train(recipe(unigram_base, epochs=1, boundary_rules=False))
    assert not Extractor.from_pretrained(tmp_path / "run").boundary_rules


def test_a_stopped_run_resumes_to_the_same_model(recipe, unigram_base, tmp_path):
    whole = train(recipe(unigram_base, epochs=12, output=tmp_path / "whole"))
    stopped = recipe(unigram_base, epochs=12, output=tmp_path / "stopped")
    killer = threading.Thread(target=interrupt_after_first_checkpoint, args=(stopped.output,))
    killer.start()
    with pytest.raises(Interrupted, match="resume=true"):
        train(stopped)
    killer.join()
    with pytest.raises(InputError, match="unfinished run; add resume=true"):
        train(stopped)
    with pytest.raises(InputError, match="resume: learning_rate differ"):
        train(stopped.model_copy(update={"resume": True, "learning_rate": 1e-5}))
    resumed = train(stopped.model_copy(update={"resume": True}))
    assert resumed["history"]["dev_f1"] == whole["history"]["dev_f1"]
    assert (tmp_path / "stopped/model.safetensors").read_bytes() == (tmp_path / "whole/model.safetensors").read_bytes()


def interrupt_after_first_checkpoint(output):
    while not list(output.glob("checkpoints/checkpoint-*/trainer_state.json")):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


def test_a_second_run_does_not_overwrite_the_first(recipe, unigram_base):
    train(recipe(unigram_base, epochs=1))
    with pytest.raises(InputError, match="already holds a trained model"):
        train(recipe(unigram_base, epochs=1))


def test_files_in_the_output_folder_are_not_overwritten(recipe, unigram_base, tmp_path):
    with pytest.raises(InputError, match="holds other files"):
        train(recipe(unigram_base, output=tmp_path))


def test_training_on_from_a_trained_model_keeps_its_head(recipe, unigram_base, tmp_path):
    first = train(recipe(unigram_base))
    again = train(recipe(tmp_path / "run", epochs=1, learning_rate=1e-6, output=tmp_path / "again"))
    assert again["exact"]["micro"]["f1"] == first["exact"]["micro"]["f1"]


@pytest.mark.parametrize(
    "options",
    [
        {"class_weights": "balanced"},
        {"class_weights": {"O": 0.5, "WEAPON": 2.0}},
        {"label_smoothing": 0.1, "layer_decay": 0.8},
        {"focal_gamma": 2.0, "class_weights": "balanced"},
        {"precision": "bfloat16"},
        {"freeze_embeddings": True, "accumulation": 2},
        {"freeze_layers": 1, "layer_decay": 0.9},
        {"save_precision": "float16"},
        {"normalize": False, "clitic_pieces": False},
    ],
    ids=lambda options: "+".join(options),
)
def test_every_option_trains(recipe, unigram_base, options):
    figures = train(recipe(unigram_base, epochs=2, **options))
    assert len(figures["history"]["dev_f1"]) == 2


def test_a_run_that_dies_while_it_saves_is_finished_by_resuming(recipe, unigram_base, tmp_path, monkeypatch):
    whole = train(recipe(unigram_base, epochs=2, output=tmp_path / "whole"))
    settings = recipe(unigram_base, epochs=2)
    with monkeypatch.context() as patched:
        patched.setattr(run, "write_json", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(settings)
    with pytest.raises(InputError, match="unfinished run; add resume=true"):
        train(settings)
    figures = train(settings.model_copy(update={"resume": True}))
    assert figures["exact"] == whole["exact"]
    assert (settings.output / "model.safetensors").read_bytes() == (tmp_path / "whole/model.safetensors").read_bytes()
    assert not (settings.output / "checkpoints").exists()


def test_the_history_says_what_repeating_needs(recipe, unigram_base, data_file, tmp_path, monkeypatch):
    """codecarbon is pretended: a module of that name that knows what it would have measured."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/codecarbon.py").write_text(PRETENDED_CODECARBON)
    monkeypatch.syspath_prepend(tmp_path / "modules")
    settings = recipe(unigram_base, epochs=1)
    train(settings)
    history = json.loads((settings.output / "metrics.json").read_text())["history"]
    digest = hashlib.sha256(data_file.read_bytes()).hexdigest()
    for place, role in enumerate(("train", "dev")):
        expected = {"role": role, "name": data_file.name, "sha256": digest, "articles": 6, "spans": 25}
        assert history["data"][place] == expected
    weights = load_file(settings.output / "model.safetensors")
    assert history["parameters"] == sum(weight.numel() for weight in weights.values())
    assert history["precision"] == "float32"
    assert history["wall_time"] > 0
    assert history["hardware"]["cpu"]
    assert history["hardware"]["cores"] >= 1
    assert history["hardware"]["memory_gb"] > 0
    assert set(history["versions"]) == {"python", "marsad", "torch", "transformers", "tokenizers"}
    assert (history["emissions"], history["energy_kwh"], history["emissions_country"]) == (0.25, 1.5, "Iraq")


PRETENDED_CODECARBON = """
class EmissionsTracker:
    def __init__(self, **options):
        self.final_emissions_data = self
        self.energy_consumed, self.country_name = 1.5, "Iraq"

    def start(self):
        pass

    def stop(self):
        return 0.25
"""


def test_the_clock_goes_on_after_a_stop():
    state = TrainerState(log_history=[{"loss": 1.0, "wall_time": 100.0}, {"loss": 0.5}])
    clock = Clock()
    clock.on_train_begin(None, state, None)
    clock.on_log(None, state, None)
    assert 100 <= state.log_history[-1]["wall_time"] < 101


def test_dev_f1_of_every_epoch_reaches_tensorboard(recipe, unigram_base):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard")
    settings = recipe(unigram_base, epochs=3, report_to=["tensorboard"])
    figures = train(settings)
    written = events.EventAccumulator(str(settings.output / "tensorboard"))
    written.Reload()
    points = [event.value for event in written.Scalars("eval/f1")]
    assert points == pytest.approx([point["f1"] for point in figures["history"]["dev_f1"]])


@pytest.mark.parametrize(
    ("tracker", "said"),
    [
        ("tensorbord", "unknown tracker 'tensorbord'; did you mean 'tensorboard'?"),
        ("notebook", "unknown tracker 'notebook'; choose from tensorboard, wandb, mlflow, trackio"),
        ("wandb", "wandb is not installed; pip install wandb"),
    ],
)
def test_a_tracker_that_is_not_to_be_had_is_one_clear_line(recipe, unigram_base, monkeypatch, tracker, said):
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=re.escape(said)):
        train(recipe(unigram_base, report_to=[tracker]))


@pytest.mark.skipif(torch.accelerator.is_available(), reason="there is a GPU")
def test_float16_without_a_gpu_is_one_clear_line(recipe, unigram_base):
    with pytest.raises(InputError, match="precision=float16: needs a GPU; on a CPU train in bfloat16 or float32"):
        train(recipe(unigram_base, precision="float16"))


def test_early_stopping_ends_a_run_that_no_longer_improves(recipe, unigram_base):
    figures = train(recipe(unigram_base, epochs=30, learning_rate=1e-9, patience=2))
    assert len(figures["history"]["dev_f1"]) == 3


def test_a_base_that_is_not_there_is_one_clear_line(recipe, tmp_path):
    (tmp_path / "empty").mkdir()
    for base, said in [
        (tmp_path / "empty", "no config.json"),
        ("nobody/nothing", "name a local checkpoint folder"),
        ("not a name", "not the name of a hub repository"),
    ]:
        with pytest.raises(InputError, match=said) as error:
            train(recipe(base))
        assert "\n" not in str(error.value)


def test_halves_of_a_batch_at_once_learn_what_the_whole_does(recipe, unigram_base, tmp_path, monkeypatch):
    cut = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr("marsad.train.trainer.halves", lambda inputs: cut.append(len(inputs)) or halves(inputs))
    at_once = train(recipe(unigram_base, epochs=12, output=tmp_path / "at-once"))
    assert cut
    monkeypatch.setattr("marsad.train.trainer.two_workers", lambda: None)
    whole = train(recipe(unigram_base, epochs=12, output=tmp_path / "whole"))
    losses = [[point["loss"] for point in run["history"]["loss"]] for run in (at_once, whole)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_frozen_layers_and_what_is_below_them_stay_as_they_were(recipe, unigram_base, tmp_path):
    train(recipe(unigram_base, epochs=1, freeze_layers=1))
    before, after = (load_file(folder / "model.safetensors") for folder in (unigram_base, tmp_path / "run"))
    changed = {name for name, weight in after.items() if (old := before.get(name.removeprefix("bert."))) is not None
               and old.shape == weight.shape and not torch.equal(old, weight)}  # fmt: skip
    assert any("layer.1." in name for name in changed)
    assert not any("layer.0." in name or "embeddings.LayerNorm" in name for name in changed)
    with pytest.raises(InputError, match=r"freeze_layers=12: .* has only 2 layers"):
        train(recipe(unigram_base, freeze_layers=12, output=tmp_path / "too-many"))
