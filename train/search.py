"""Search for the best values of a recipe's keys, with Optuna; what has been tried is kept in the output folder."""

from __future__ import annotations

import gc
import json
import math
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.table import Table

from ..errors import InputError, first_line
from .config import Recipe, check_values, make_recipe, read_mapping, save_recipe
from .run import METRICS_FILE, OnDev, is_finished, require_one_process, train, write_json
from .trainer import last_checkpoint

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, TrialState

DEFAULT_SPACE = Path(__file__).parent.parent / "configs/search/default.yaml"
STUDY_FILE = "study.log"
TRIALS_FILE = "trials.json"
BEST_FILE = "best.yaml"

FIXED = ("train", "dev", "output", "resume", "report_to", "fold")
"""Keys that say what is done, not how well."""

CONTINUES = "continues"
"""Attribute of a trial that takes an interrupted one's place: the number of that one."""

FOLDER = "folder"
"""Attribute of such a trial: the folder that holds the checkpoints to go on from."""

Space = Mapping[str, "BaseDistribution"]


class Range(BaseModel):
    """Numbers from ``low`` to ``high``, both included; whole numbers where both are."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None


def search(recipe: Recipe, trials: int, space_file: Path | None = None) -> dict[str, Any]:
    """Try values from a search space, the promising ones more densely (TPE, Bergstra et al. 2011).

    A trial that is behind the median of the others after the same epoch is ended (Golovin et al. 2017, "Vizier"). A
    trial's models are deleted when it is over: training with ``best.yaml`` gives the best one again.

    Args:
        recipe: the values of all other keys; with ``resume`` the search in its output folder goes on.
        trials: how many trials there are to be, those of earlier sittings included.
        space_file: YAML of key: ``{low, high, log, step}`` or a list of values.

    Returns:
        What ``trials.json`` holds: ``best``, the number of the best trial, and for each of ``trials`` its ``number``,
        ``state``, ``f1`` (best micro F1 on the dev articles), ``dev_f1`` by epoch, and ``values``.

    Raises:
        InputError: if Optuna is missing, the space or the output folder doesn't fit, or no trial came to its end.
        Interrupted: if a signal stopped a trial; with ``resume=true`` all goes on from there.
    """
    if find_spec("optuna") is None:
        raise InputError("tune needs Optuna: pip install 'marsad[tune]'")
    require_one_process("tune")
    space = load_space(space_file or DEFAULT_SPACE, recipe)
    with _only_here(recipe):
        study = _open_study(recipe, space)
        _take_up_unfinished(study)
        while len(_settled(study)) < trials:
            _try_next(study, space, recipe)
            _write_results(study, recipe)
        figures = _write_results(study, recipe)
    if figures["best"] is None:
        raise InputError(f"output={recipe.output}: no trial came to its end; {TRIALS_FILE} says what was tried")
    return figures


def load_space(path: Path, recipe: Recipe) -> Space:
    """Read a search space.

    Raises:
        InputError: naming the key that a recipe does not have, or whose range or values don't fit.
    """
    entries = read_mapping(path)
    if not entries:
        raise InputError(f"{path}: no key to search")
    return {key: _distribution(path, key, entry, recipe) for key, entry in entries.items()}


def _distribution(path: Path, key: str, entry: Any, recipe: Recipe) -> BaseDistribution:  # noqa: ANN401
    """Make Optuna's form of one entry, its ends checked against the recipe's types."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if key in FIXED:
        raise InputError(f"{path}: {key}: not a key to search")
    if isinstance(entry, list):
        if not entry or not all(value is None or isinstance(value, bool | int | float | str) for value in entry):
            raise InputError(f"{path}: {key}: a list of single values, such as [4, 8, 16]")
        _check_ends(path, key, entry, recipe)
        return CategoricalDistribution(entry)
    try:
        span = Range.model_validate(entry)
    except ValidationError as error:
        what = error.errors()[0]
        where = ".".join(map(str, (key, *what["loc"][:1])))
        form = "a list of values, or {low: 1, high: 10} with log: true or step: …"
        raise InputError(f"{path}: {where}: {what['msg']}; give {form}") from None
    _check_ends(path, key, [span.low, span.high], recipe)
    whole = all(isinstance(value, int) for value in (span.low, span.high, span.step or 1))
    try:
        if whole:
            return IntDistribution(int(span.low), int(span.high), span.log, int(span.step or 1))
        return FloatDistribution(span.low, span.high, span.log, span.step)
    except ValueError as error:
        raise InputError(f"{path}: {key}: {first_line(error)}") from None


def _check_ends(path: Path, key: str, values: Sequence[Any], recipe: Recipe) -> None:
    """Check values against the recipe's types."""
    for value in values:
        check_values({**recipe.model_dump(), key: value}, str(path))


@contextmanager
def _only_here(recipe: Recipe) -> Iterator[None]:
    """Keep a second process from the same search, which would take this one's trial for an interrupted one."""
    try:
        recipe.output.mkdir(parents=True, exist_ok=True)
        strangers = sorted(path.name for path in recipe.output.iterdir())
    except OSError as error:
        raise InputError(f"output={recipe.output}: {error.strerror or error}") from None
    if STUDY_FILE not in strangers and any(name != ".lock" for name in strangers):
        raise InputError(f"output={recipe.output}: holds other files ({strangers[0]} …); name a new or empty folder")
    try:
        with FileLock(recipe.output / ".lock", blocking=False):
            yield
    except Timeout:
        raise InputError(f"output={recipe.output}: another process is searching here") from None


def _open_study(recipe: Recipe, space: Space) -> Study:
    """Begin a study in the output folder, or go on with the one there.

    Raises:
        InputError: if there is one and the recipe doesn't say ``resume``, or it is another recipe's or space's.
    """
    import optuna
    from optuna.distributions import distribution_to_json
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = recipe.output / STUDY_FILE
    if file.exists() and not recipe.resume:
        raise InputError(f"output={recipe.output}: holds a search; add resume=true, or name another folder")
    if recipe.resume and not file.exists():
        raise InputError(f"output={recipe.output}: no search to resume")
    storage = JournalStorage(JournalFileBackend(str(file)))
    study = optuna.create_study(
        study_name="marsad", storage=storage, load_if_exists=True, direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
    )  # fmt: skip
    # A sampler's state is not kept: with the same seed, a resumed search would begin with the same values again.
    study.sampler = optuna.samplers.TPESampler(seed=recipe.seed + len(study.trials))
    asked = {
        "recipe": recipe.model_dump(mode="json", exclude={"resume"}),
        "space": {key: distribution_to_json(values) for key, values in space.items()},
    }
    for name, value in asked.items():
        known = study.user_attrs.get(name, value)
        if changed := sorted(key for key in {*known, *value} if known.get(key) != value.get(key)):
            raise InputError(f"resume: {', '.join(changed)} of the {name} differ; give the same, or a new output")
        study.set_user_attr(name, value)
    return study


def _settled(study: Study) -> list[FrozenTrial]:
    """Return the trials that are over, those apart that another one has taken the place of."""
    replaced = {trial.user_attrs[CONTINUES] for trial in study.trials if CONTINUES in trial.user_attrs}
    return [trial for trial in study.trials if trial.state.is_finished() and trial.number not in replaced]


def _take_up_unfinished(study: Study) -> None:
    """Put the trials that a stop left behind first in the queue, with their values and checkpoints."""
    from optuna.trial import TrialState

    for trial in study.get_trials(states=[TrialState.RUNNING]):
        folder = trial.user_attrs.get(FOLDER, _folder_name(trial))
        study.enqueue_trial(trial.params, user_attrs={CONTINUES: trial.number, FOLDER: folder})
        study.tell(trial.number, state=TrialState.FAIL)


def _try_next(study: Study, space: Space, recipe: Recipe) -> None:
    """Train with the next values and tell the study how good they are.

    Raises:
        InputError: if training can't begin for a reason that the values have no part in.
        Interrupted: if a signal stopped it; the trial stays open.
    """
    from optuna import TrialPruned
    from optuna.trial import TrialState

    trial = study.ask(dict(space))
    replaced = trial.user_attrs.get(CONTINUES)
    known = {} if replaced is None else study.trials[replaced].intermediate_values
    for epoch, f1 in known.items():
        trial.report(f1, epoch)
    folder = recipe.output / trial.user_attrs.get(FOLDER, _folder_name(trial))
    values = {**recipe.model_dump(), **trial.params, "output": folder, "resume": last_checkpoint(folder) is not None}
    try:
        run = make_recipe(values, f"trial {trial.number}")
    except InputError as error:  # values that don't go together, such as a short window and a long overlap
        _end(study, trial, TrialState.FAIL, str(error))
        return
    try:
        figures = _read_json(folder / METRICS_FILE) if is_finished(folder) else train(run, _reporter(trial, known))
    except TrialPruned:
        _end(study, trial, TrialState.PRUNED, "behind the median of the others, ended")
    except torch.OutOfMemoryError:
        _end(study, trial, TrialState.FAIL, "out of memory")
    else:
        f1 = figures["exact"]["micro"]["f1"]
        _end(study, trial, TrialState.COMPLETE, f"dev F1 {f1:.4f}", f1)
    shutil.rmtree(folder)
    gc.collect()  # a Trainer and its model refer to each other, and the next trial needs their memory


def _folder_name(trial: Trial | FrozenTrial) -> str:
    """Return where a trial's run is kept while it goes on."""
    return f"trial-{trial.number}"


def _reporter(trial: Trial, known: Mapping[int, float]) -> OnDev:
    """Return what tells Optuna of each evaluation it does not know, and ends the run if it thinks it hopeless."""
    from optuna import TrialPruned

    def report(epoch: float, f1: float) -> None:
        if math.ceil(epoch) not in known:
            trial.report(f1, math.ceil(epoch))
        if trial.should_prune():
            raise TrialPruned

    return report


def _end(study: Study, trial: Trial, state: TrialState, what: str, f1: float | None = None) -> None:
    """Tell the study and the user how a trial ended."""
    study.tell(trial, f1, state)
    sys.stderr.write(f"trial {trial.number}: {what} ({_describe_values(trial.params)})\n")


def _write_results(study: Study, recipe: Recipe) -> dict[str, Any]:
    """Write what has been tried, and the best recipe so far."""
    trials = [_describe(trial) for trial in _settled(study)]
    complete = [trial for trial in trials if trial["state"] == "complete"]
    best = max(complete, key=lambda trial: trial["f1"], default=None)
    figures = {"best": best and best["number"], "trials": trials}
    write_json(recipe.output / TRIALS_FILE, figures)
    if best is not None:
        values = {**recipe.model_dump(), **best["values"], "output": recipe.output / "best", "resume": False}
        save_recipe(make_recipe(values, BEST_FILE), recipe.output / BEST_FILE)
    return figures


def _describe(trial: FrozenTrial) -> dict[str, Any]:
    """Return a trial as plain JSON values."""
    by_epoch = [{"epoch": epoch, "f1": f1} for epoch, f1 in sorted(trial.intermediate_values.items())]
    f1 = max((point["f1"] for point in by_epoch), default=None)
    return {
        "number": trial.number,
        "state": {"fail": "failed"}.get(trial.state.name.lower(), trial.state.name.lower()),
        "f1": f1,
        "dev_f1": by_epoch,
        "values": trial.params,
    }


def _read_json(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def as_table(figures: dict[str, Any]) -> Table:
    """Lay the trials out as a table, the best ones first."""
    table = Table("trial", title=f"{len(figures['trials'])} trials · best micro F1 on dev", title_justify="left")
    for name in ("F1", "epochs", "state", "values"):
        table.add_column(name, justify="left" if name in ("state", "values") else "right")
    for trial in sorted(figures["trials"], key=_rank):
        f1 = "" if trial["f1"] is None else f"{trial['f1']:.4f}"
        state = "best" if trial["number"] == figures["best"] else trial["state"]
        table.add_row(str(trial["number"]), f1, str(len(trial["dev_f1"])), state, _describe_values(trial["values"]))
    return table


def _rank(trial: dict[str, Any]) -> tuple[bool, float]:
    """Order trials: those that came to their end by F1, then the others by theirs."""
    return trial["state"] != "complete", -(trial["f1"] or 0.0)


def _describe_values(values: Mapping[str, Any]) -> str:
    """Return values with as many digits as matter."""
    return ", ".join(
        f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}" for key, value in values.items()
    )
