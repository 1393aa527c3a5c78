"""Experiment trackers by name, through the Trainer's own integrations."""

from __future__ import annotations

import difflib
from importlib.util import find_spec

from transformers import Trainer
from transformers.integrations.integration_utils import TensorBoardCallback

from ..errors import InputError
from .config import Recipe

PACKAGES = {
    "tensorboard": "'marsad[tensorboard]'",
    "wandb": "wandb",
    "mlflow": "mlflow",
    "trackio": "trackio",
}
"""The module of each tracker, which is also its name, and what pip installs it from."""

TENSORBOARD = "tensorboard"
"""Subfolder of a run's output for TensorBoard's event files."""


def check_trackers(recipe: Recipe) -> None:
    """Refuse trackers that don't exist or are not installed, before any work is done.

    Raises:
        InputError: naming the nearest tracker, or the command that installs it.
    """
    for name in recipe.report_to:
        if name not in PACKAGES:
            near = difflib.get_close_matches(name, PACKAGES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(PACKAGES)}"
            raise InputError(f"report_to: unknown tracker {name!r}; {hint}")
        if find_spec(name) is None:
            raise InputError(f"report_to: {name} is not installed; pip install {PACKAGES[name]}")


def name_run(trainer: Trainer, recipe: Recipe) -> None:
    """Let trackers call the run by its output folder, and TensorBoard write into it: checkpoints are deleted."""
    trainer.args.run_name = recipe.output.name
    trainer.args.project = "marsad"
    for callback in trainer.callback_handler.callbacks:
        if isinstance(callback, TensorBoardCallback):
            callback.logging_dir = str(recipe.output / TENSORBOARD)
