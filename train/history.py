"""What happened in a training run, as ``metrics.json`` keeps it under ``history``."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ..annotations.schema import Article
from ..annotations.store import read_articles
from .config import Recipe

PACKAGES = ("marsad", "torch", "transformers", "tokenizers")


class Clock(TrainerCallback):
    """Notes the time in the Trainer's log, which its checkpoints keep, so that a resumed run goes on counting."""

    def __init__(self) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Return the time since the start, that of earlier sittings included."""
        return time.monotonic() - self.started

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:  # noqa: ANN401
        """Add what a resumed run had taken before."""
        self.started -= max((entry.get("wall_time", 0.0) for entry in state.log_history), default=0.0)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:  # noqa: ANN401
        """Note the time of the newest entry."""
        state.log_history[-1]["wall_time"] = round(self.seconds, 3)


def describe_run(
    recipe: Recipe, model: PreTrainedModel, log: Sequence[dict[str, Any]], emissions: dict[str, Any], seconds: float
) -> dict[str, Any]:
    """Return what is needed to judge a run and to repeat it, as plain JSON values.

    Args:
        recipe: the run's configuration.
        model: what was trained.
        log: the Trainer's log.
        emissions: what :func:`measuring_emissions` measured.
        seconds: how long the run took.

    Returns:
        ``dev_f1``: ``{epoch, f1}`` for each evaluation. ``loss``: ``{step, loss}``, the mean since the step before.
        ``wall_time``: seconds, of all sittings of a resumed run, loading and measuring included. ``parameters``: how
        many numbers the model has. ``precision``: of the arithmetic. ``hardware``: ``{machine, cpu, cores, memory_gb,
        gpu, gpus, gpu_memory_gb}``, cores and memory as this process may use them, ``gpu`` null without one. ``data``:
        ``{role, name, sha256, articles, spans}`` for each file; ``spans`` without optional ones. ``versions``: of
        Python and the packages that matter. Only where codecarbon is installed, for the last sitting:
        ``emissions``, kg of CO2 equivalent, ``energy_kwh``, and ``emissions_country``, whose mix of power was taken.
    """
    return {
        "dev_f1": [{"epoch": entry["epoch"], "f1": entry["eval_f1"]} for entry in log if "eval_f1" in entry],
        "loss": [{"step": entry["step"], "loss": entry["loss"]} for entry in log if "loss" in entry],
        "wall_time": round(seconds, 1),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "precision": recipe.precision,
        "hardware": describe_hardware(),
        "data": [describe_file(role, file) for role in ("train", "dev") for file in getattr(recipe, role)],
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        **emissions,
    }


def describe_hardware() -> dict[str, Any]:
    """Return what this process may use of the machine."""
    gpus = torch.cuda.device_count()
    properties = torch.cuda.get_device_properties(0) if gpus else None
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "gpu": properties.name if properties else None,
        "gpus": gpus,
        "gpu_memory_gb": round(properties.total_memory / 1e9, 1) if properties else None,
    }


def _cpu_name() -> str:
    """Return the processor's name; Linux keeps it where Python does not look."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def describe_file(role: str, file: Path) -> dict[str, Any]:
    """Return what identifies a data file, without its text and its place."""
    articles: Sequence[Article] = read_articles(file)
    return {
        "role": role,
        "name": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "articles": len(articles),
        "spans": sum(not span.optional for article in articles for span in article.spans),
    }


@contextmanager
def measuring_emissions() -> Iterator[dict[str, Any]]:
    """Measure what a block emits, where codecarbon is installed; the dict given is filled at the end of the block.

    codecarbon asks the network which country it is in, and without an answer takes its own default; its configuration
    (``.codecarbon.config``, ``CODECARBON_…``) can name one.
    """
    measured: dict[str, Any] = {}
    if find_spec("codecarbon") is None:
        yield measured
        return
    from codecarbon import EmissionsTracker  # type: ignore[import-not-found]

    tracker = EmissionsTracker(save_to_file=False, log_level="critical", allow_multiple_runs=True)
    tracker.start()
    try:
        yield measured
    finally:
        measured["emissions"] = tracker.stop()
        measured["energy_kwh"] = tracker.final_emissions_data.energy_consumed
        measured["emissions_country"] = tracker.final_emissions_data.country_name
