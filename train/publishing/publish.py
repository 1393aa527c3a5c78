"""Publishing, from a checkpoint folder to the hub."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from ...errors import InputError
from .card import write_card
from .files import COPIED, INT8_FILE, check_complete, stage
from .hub import Before, Repository, check_names, log_in
from .order import Order, Say
from .space import PACKAGE, write_space

MODEL, SPACE = "model", "space"
"""The two kinds of repository, and the folders of a dry run."""

REPLACED = {
    MODEL: [*COPIED, INT8_FILE, "recipe.yaml", "metrics.json", "alignment.json"],
    SPACE: [f"{PACKAGE}/*"],
}
"""Files of an earlier version that must not outlive it, by kind of repository."""


def write(order: Order, folder: Path, say: Say) -> list[Path]:
    """Write what would be uploaded into a new or empty folder; asks nothing of the hub.

    Returns:
        The folders: the model's and, if asked for, the Space's.

    Raises:
        InputError: if the checkpoint is incomplete, a name is impossible, or the folder is not empty.
    """
    check_names(order.repo, order.tag)
    check_complete(order.run)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: not empty; name a new folder")
    try:
        return [*_write(order, folder, "", say).values()]
    except BaseException:
        for kind in (MODEL, SPACE):  # the same command is to work when what was wrong is mended
            shutil.rmtree(folder / kind, ignore_errors=True)
        raise


def publish(order: Order, say: Say) -> list[str]:
    """Upload a checkpoint with its card, and a Space if asked for; nothing is uploaded before all is checked.

    Returns:
        The addresses of what was published.

    Raises:
        InputError: if the checkpoint is incomplete, or the hub can't be reached or refuses.
    """
    check_names(order.repo, order.tag)
    check_complete(order.run)
    api = log_in()
    repositories = {MODEL: Repository(api, order.repo, MODEL, order.revision)}
    if order.space:
        repositories[SPACE] = Repository(api, order.repo, SPACE, "main")
    before = {kind: repository.look() for kind, repository in repositories.items()}
    for kind, state in before.items():
        _check(order, kind, state)
    with TemporaryDirectory(prefix="marsad-") as scratch:
        folders = _write(order, Path(scratch), before[MODEL].card, say)
        for repository in repositories.values():
            repository.create(order.private)
        commits = {
            kind: repository.upload(folders[kind], order.message, REPLACED[kind], before[kind].head, say)
            for kind, repository in repositories.items()
        }
    if order.tag is not None:
        repositories[MODEL].tag(order.tag, commits[MODEL])
    if order.space and order.private:
        say(f"the Space needs a secret HF_TOKEN that may read {order.repo}; set it in the Space's settings")
    if commits[MODEL] == before[MODEL].head:
        say(f"{order.repo}: nothing has changed since it was published last")
    return [repository.address for repository in repositories.values()]


def _check(order: Order, kind: str, before: Before) -> None:
    """Refuse what would fail, or surprise, only after an upload."""
    if kind == MODEL and order.tag in before.tags:
        raise InputError(f"--tag {order.tag}: {order.repo} has a version of this name already; choose another")
    if order.private and before.private is False:
        raise InputError(
            f"--private: the {kind} {order.repo} is there already and public; change that on the hub, or leave it out"
        )


def _write(order: Order, folder: Path, card_before: str, say: Say) -> dict[str, Path]:
    """Write what is uploaded, a folder for each kind of repository."""
    folders = {MODEL: folder / MODEL}
    try:
        folders[MODEL].mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror or error}") from None
    stage(order, folders[MODEL], say)
    write_card(order, folders[MODEL], card_before, say)
    if order.space:
        folders[SPACE] = folder / SPACE
        folders[SPACE].mkdir()
        write_space(order.repo, folders[MODEL], folders[SPACE])
    return folders
