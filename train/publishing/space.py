"""A page to try a published model on: a Space, which is the code of ``marsad demo`` on the hub's machines."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ...errors import InputError
from .facts import TEMPLATES
from .files import INT8_FILE

PACKAGE = "marsad"

SOURCE = Path(__file__).parents[2]
"""The package that runs this very code; no package index needs to have it."""

FLOORS = {"annotations": "data", "inference": "model"}
"""The floors of the package that reading needs, each with the folder that stays away: the corpus, the shipped model."""

LOOSE = ("__init__.py", "errors.py", "LICENSE")

TEMPLATED = {"README.md": "space.md", "app.py": "app.py.jinja", "requirements.txt": "requirements.txt"}
"""The other files, each with its template."""


def write_space(repo: str, model: Path, folder: Path) -> None:
    """Write the files of a Space for a published model.

    Args:
        repo: the model's repository.
        model: its staged files.
        folder: where the Space's files go.

    Raises:
        InputError: if the web libraries, whose versions the Space names, are not installed.
    """
    from jinja2 import Template

    try:
        sdk_version = version("gradio")
    except PackageNotFoundError:
        raise InputError("--space needs: pip install 'marsad[web]'") from None
    graph = (model / INT8_FILE).exists()
    facts = {"repo": repo, "title": repo.partition("/")[2], "sdk_version": sdk_version, "graph": graph}
    for name, template in TEMPLATED.items():
        text = Template((TEMPLATES / template).read_text(encoding="utf-8"), keep_trailing_newline=True).render(facts)
        (folder / name).write_text(text, encoding="utf-8")
    _copy_package(folder / PACKAGE)


def _copy_package(folder: Path) -> None:
    """Copy what reading needs of the package; the model comes from its repository."""
    folder.mkdir()
    for name in LOOSE:
        if (SOURCE / name).exists():  # the licence stands elsewhere in an installed package
            shutil.copyfile(SOURCE / name, folder / name)
    for floor, left_out in FLOORS.items():
        shutil.copytree(SOURCE / floor, folder / floor, ignore=shutil.ignore_patterns("__pycache__", left_out))
