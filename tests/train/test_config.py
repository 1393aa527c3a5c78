"""Recipes: typed, with overrides, and errors that name the key."""

from pathlib import Path

import pytest
from marsad.errors import InputError
from marsad.train.config import load_recipe, save_recipe

ROOT = Path(__file__).parents[2]
NEEDED = ["train=t.jsonl", "dev=d.jsonl", "output=runs/x"]


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("epochs: 2\nlearning_rate: 3e-4\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_recipes_are_sound(path):
    assert load_recipe(path).epochs > 0


def test_overrides_win_and_are_typed(recipe_file):
    recipe = load_recipe(recipe_file, [*NEEDED, "epochs=5", "labels=[PER, LOC]", "learning_rate=1e-5"])
    assert (recipe.epochs, recipe.labels, recipe.learning_rate) == (5, ["PER", "LOC"], 1e-5)


def test_a_folder_as_base_is_not_taken_for_a_repository(recipe_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "first").mkdir(parents=True)
    assert load_recipe(recipe_file, [*NEEDED, "base=runs/first"]).base == "./runs/first"
    assert load_recipe(recipe_file, [*NEEDED, "base=org/first"]).base == "org/first"


def test_a_saved_recipe_repeats_the_run(recipe_file, tmp_path):
    recipe = load_recipe(recipe_file, [*NEEDED, "labels=auto"])
    save_recipe(recipe, tmp_path / "saved.yaml")
    assert load_recipe(tmp_path / "saved.yaml") == recipe


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("epoch=3", "unknown key 'epoch'; did you mean 'epochs'?"),
        ("lerning_rate=1", "did you mean 'learning_rate'?"),
        ("epochs=many", "epochs='many'"),
        ("batch_size=0", "batch_size=0: Input should be greater than 0"),
        ("overlap=300", "overlap=300 must be smaller than window=128"),
        ("epochs", "overrides are key=value"),
        ("output=null", "output=None"),
    ],
)
def test_a_bad_value_is_one_clear_line(recipe_file, override, said):
    with pytest.raises(InputError) as error:
        load_recipe(recipe_file, [*NEEDED, override])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_key_says_what_it_is_for(recipe_file):
    with pytest.raises(InputError, match="no 'train': labelled articles to learn from"):
        load_recipe(recipe_file)


@pytest.mark.parametrize("content", ["- a list", "a: [", ""])
def test_a_recipe_that_is_no_mapping_is_refused(tmp_path, content):
    path = tmp_path / "bad.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.yaml: not"):
        load_recipe(path)
