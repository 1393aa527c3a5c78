"""Marsad (مرصد) reads Arabic conflict news: who, where, with what and how many, exact to the character."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .inference.extractor import Extractor
    from .inference.mentions import Mention

__all__ = ["Extractor", "Mention"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the public names on first use, so that ``import marsad`` costs nothing."""
    if name == "Extractor":
        from .inference.extractor import Extractor

        return Extractor
    if name == "Mention":
        from .inference.mentions import Mention

        return Mention
    raise AttributeError(f"module 'marsad' has no attribute {name!r}")
