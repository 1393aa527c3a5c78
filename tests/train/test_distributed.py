"""Training in several processes, as accelerate starts them."""

import json
import subprocess
import sys

import pytest
import yaml
from marsad.train.config import make_recipe
from marsad.train.run import train

OPTIONS = ["--multi_gpu", "--num_processes", "2", "--main_process_port", "0"]
"""What accelerate starts two processes of one machine by; without GPUs they compute on its CPU."""


@pytest.fixture
def values(data_file, unigram_base, tmp_path):
    schedule = {"epochs": 6, "patience": 0, "learning_rate": 3e-3, "dropout": 0.0, "batch_size": 1}
    files = {"base": unigram_base, "train": data_file, "dev": data_file, "output": tmp_path / "one"}
    return {key: str(value) for key, value in files.items()} | schedule | {"window": 32, "overlap": 8}


def launch(command, values, folder):
    recipe = folder / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(values), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "accelerate.commands.launch", *OPTIONS, "-m", "marsad", *command, str(recipe)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_processes_learn_what_one_does_with_twice_the_accumulation(values, tmp_path):
    alone = train(make_recipe({**values, "accumulation": 2}, "test"))
    done = launch(["train"], {**values, "output": str(tmp_path / "two")}, tmp_path)
    assert done.returncode == 0, done.stderr
    together = json.loads((tmp_path / "two/metrics.json").read_text(encoding="utf-8"))
    assert [point["step"] for point in together["history"]["loss"]] == [p["step"] for p in alone["history"]["loss"]]
    losses = [[point["loss"] for point in run["history"]["loss"]] for run in (alone, together)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    assert together["history"]["dev_f1"] == alone["history"]["dev_f1"]
    assert done.stdout.count("micro") == 1, "both processes printed the table"
    assert done.stderr.count("epoch 1.0") == 1


@pytest.mark.parametrize("command", [["train", "--seeds", "2"], ["learning-curve"]])
def test_several_runs_are_refused_in_several_processes(values, tmp_path, command):
    done = launch(command, values, tmp_path)
    assert done.returncode != 0
    assert "not under accelerate launch" in done.stderr
    assert not (tmp_path / "one").exists()
