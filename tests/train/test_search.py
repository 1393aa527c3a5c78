"""The search over recipes: its space is checked, it can be stopped and resumed, and the best recipe trains."""

import json

import pytest
from filelock import FileLock
from marsad.errors import InputError
from marsad.train import search as module
from marsad.train.config import load_recipe, make_recipe
from marsad.train.run import Interrupted, train
from marsad.train.search import as_table, load_space, search
from rich.console import Console

pytest.importorskip("optuna", reason="needs marsad[tune]")


@pytest.fixture
def recipe(data_file, unigram_base, tmp_path):
    values = {"base": str(unigram_base), "train": data_file, "dev": data_file, "output": tmp_path / "tuned"}
    return make_recipe({**values, "epochs": 2, "batch_size": 2, "window": 64, "overlap": 16}, "test")


@pytest.fixture
def space_file(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("learning_rate: {low: 1e-4, high: 1e-2, log: true}\nbatch_size: [2, 3]\n", encoding="utf-8")
    return path


def pretend(recipe, on_dev=None):
    """Stand for training: F1 grows by epoch, and is the better the nearer the rate is to 1e-3."""
    recipe.output.mkdir(parents=True, exist_ok=True)
    for epoch in range(1, 5):
        f1 = epoch / 4 / (1 + abs(recipe.learning_rate - 1e-3) * 1000)
        on_dev(float(epoch), f1)
    return {"exact": {"micro": {"f1": f1}}}


def resumed(recipe):
    return recipe.model_copy(update={"resume": True})


def test_the_best_recipe_of_a_search_trains_to_its_f1(recipe, space_file):
    figures = search(recipe, 2, space_file)
    best = load_recipe(recipe.output / "best.yaml")
    (trial,) = (trial for trial in figures["trials"] if trial["number"] == figures["best"])
    assert (best.learning_rate, best.batch_size) == (trial["values"]["learning_rate"], trial["values"]["batch_size"])
    assert train(best)["exact"]["micro"]["f1"] == trial["f1"] == max(t["f1"] for t in figures["trials"])
    assert {p.name for p in recipe.output.iterdir()} == {".lock", "study.log", "trials.json", "best.yaml", "best"}


def test_hopeless_trials_are_ended_early_and_a_search_grows(recipe, space_file, monkeypatch):
    monkeypatch.setattr(module, "train", pretend)
    search(recipe, 4, space_file)
    figures = search(resumed(recipe), 12, space_file)
    assert len(figures["trials"]) == 12
    assert len({trial["values"]["learning_rate"] for trial in figures["trials"]}) == 12
    pruned = [trial for trial in figures["trials"] if trial["state"] == "pruned"]
    assert pruned
    assert all(len(trial["dev_f1"]) < 4 for trial in pruned)
    assert all(trial["number"] != figures["best"] for trial in pruned)
    assert json.loads((recipe.output / "trials.json").read_text()) == figures
    console = Console(width=120, record=True)
    console.print(as_table(figures))
    assert "learning_rate=" in console.export_text()


@pytest.mark.parametrize("stop", [Interrupted, KeyboardInterrupt])
def test_an_interrupted_trial_is_taken_up_with_its_values_and_checkpoints(recipe, space_file, monkeypatch, stop):
    runs = []

    def stopped_at_first(recipe, on_dev):
        runs.append(recipe)
        if len(runs) == 1:
            on_dev(1.0, 0.1)
            checkpoint = recipe.output / "checkpoints/checkpoint-3"
            checkpoint.mkdir(parents=True)
            (checkpoint / "trainer_state.json").touch()
            raise stop
        return pretend(recipe, on_dev)

    monkeypatch.setattr(module, "train", stopped_at_first)
    with pytest.raises(stop):
        search(recipe, 2, space_file)
    figures = search(resumed(recipe), 2, space_file)
    assert runs[1] == runs[0].model_copy(update={"resume": True})
    assert len(figures["trials"]) == 2
    assert figures["trials"][0]["dev_f1"][0] == {"epoch": 1, "f1": 0.1}


def test_values_that_do_not_go_together_cost_only_their_trial(recipe, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "train", pretend)
    path = tmp_path / "space.yaml"
    path.write_text("window: [16, 64]\nlearning_rate: {low: 1e-4, high: 1e-2}", encoding="utf-8")
    figures = search(recipe, 8, path)
    assert {trial["state"] for trial in figures["trials"] if trial["values"]["window"] == 16} == {"failed"}
    assert "overlap=16 must be smaller than window=16" in capsys.readouterr().err


def test_another_search_does_not_mix_with_the_first(recipe, space_file, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "train", pretend)
    with pytest.raises(InputError, match="no search to resume"):
        search(resumed(recipe), 1, space_file)
    search(recipe, 1, space_file)
    for other, said in [
        (recipe, "add resume=true"),
        (resumed(recipe).model_copy(update={"epochs": 3}), "epochs of the recipe differ"),
    ]:
        with pytest.raises(InputError, match=said):
            search(other, 2, space_file)
    with pytest.raises(InputError, match="of the space differ"):
        search(resumed(recipe), 2)
    with FileLock(recipe.output / ".lock"), pytest.raises(InputError, match="another process"):
        search(resumed(recipe), 2, space_file)
    with pytest.raises(InputError, match="holds other files"):
        search(recipe.model_copy(update={"output": tmp_path}), 1, space_file)


def test_the_shipped_space_is_sound(recipe):
    assert "learning_rate" in load_space(module.DEFAULT_SPACE, recipe)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("lerning_rate: {low: 1, high: 2}", "unknown key 'lerning_rate'; did you mean 'learning_rate'?"),
        ("learning_rate: {low: 1}", "learning_rate.high: Field required"),
        ("learning_rate: {low: 2, high: 1}", "learning_rate: `low <= high` must hold"),
        ("learning_rate: {low: 0, high: 1}", "learning_rate=0: Input should be greater than 0"),
        ("epochs: 3", "epochs: Input should be"),
        ("batch_size: [many]", "batch_size='many'"),
        ("batch_size: []", "batch_size: a list of single values"),
        ("output: [a, b]", "output: not a key to search"),
        ("{}", "no key to search"),
        ("- epochs", "not a mapping"),
    ],
)
def test_a_bad_space_is_one_clear_line(recipe, tmp_path, content, said):
    path = tmp_path / "space.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_space(path, recipe)
    assert str(error.value).startswith(str(path))
    assert said in str(error.value)
    assert "\n" not in str(error.value)
