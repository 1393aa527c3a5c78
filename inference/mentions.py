"""What extraction returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention in an article.

    Attributes:
        start, end: half-open character offsets into the text that was given: ``text[start:end]`` is the mention.
        label: name of the label.
        text: the mention as written.
        score: mean probability, 0 to 1, that the model gives the label on the mention's tokens.
    """

    start: int
    end: int
    label: str
    text: str
    score: float

    def to_dict(self) -> dict[str, Any]:
        """Return the mention as plain JSON values."""
        return {**asdict(self), "score": round(self.score, 4)}
