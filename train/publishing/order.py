"""What a user asks to be published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Say = Callable[[str], object]
"""Takes a line that tells the user something."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to publish, and as what.

    Attributes:
        run: the checkpoint folder.
        repo: the repository's name on the hub, owner/name.
        license: identifier of the licence; None takes what the card on the hub, the checkpoint's or the base's states.
        onnx: whether an int8 graph goes with it.
        space: whether a page to try the model on is published too.
        private: whether repositories that are not there yet are made private.
        revision: the branch.
        tag: name for this version.
        message: of the commit.
    """

    run: Path
    repo: str
    license: str | None = None
    onnx: bool = True
    space: bool = False
    private: bool = False
    revision: str = "main"
    tag: str | None = None
    message: str = "Publish with marsad"
