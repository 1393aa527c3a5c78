"""The example articles that come with the package; all of them are invented."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).with_name("examples")


def examples() -> list[str]:
    """Return the texts of the shipped articles, in the order of their files' names."""
    return [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.txt"))]
