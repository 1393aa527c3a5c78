"""What extraction returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .actors import Actor
from .places import Place


@dataclass(frozen=True, slots=True)
class Count:
    """How many of what.

    Attributes:
        value: the number stated; None where only bounds are known (عشرات).
        low: the least it can be; None if open.
        high: the most it can be; None if open.
        exact: whether the number is stated without hedge, range or vagueness.
        role: what befell or is the counted: killed, wounded, detained, missing, displaced, weapons, vehicles,
            strikes, other; None where the words don't say.
        of: the counted noun as written, or None.
        of_span: its (start, end) character offsets.
        of_mention: place, in the article's list of mentions, of the weapon or actor that the noun is part of.
    """

    value: float | None
    low: float | None
    high: float | None
    exact: bool
    role: str | None
    of: str | None
    of_span: tuple[int, int] | None
    of_mention: int | None


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention in an article.

    Attributes:
        start: offset of the first character in the text that was given.
        end: offset after the last character: ``text[start:end]`` is the mention.
        label: name of the label.
        text: the mention as written.
        score: probability, 0 to 1, that just this is a mention of this label; as good as the model is calibrated
            (``marsad evaluate --fit-temperature``).
        name: the normalised name (التحالف for للتحالف); None where values were not asked for.
        actor: the entry of the register of actors, where one fits for sure.
        place: the entry of the gazetteer, where one fits for sure.
        count: the quantity of a COUNT, or of a WEAPON in the dual.
    """

    start: int
    end: int
    label: str
    text: str
    score: float
    name: str | None = None
    actor: Actor | None = None
    place: Place | None = None
    count: Count | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the mention as plain JSON values; a value that its label can't have is left out."""
        record: dict[str, Any] = {"start": self.start, "end": self.end, "label": self.label, "text": self.text}
        record["score"] = round(self.score, 4)
        if self.name is None:
            return record
        record["name"] = self.name
        if self.label == "ACTOR":
            record["actor"] = self.actor and {key: getattr(self.actor, key) for key in ACTOR_KEYS}
        if self.label == "PLACE":
            record["place"] = self.place and asdict(self.place)
        if self.label == "COUNT" or self.count is not None:
            record["count"] = self.count and asdict(self.count)
        return record


ACTOR_KEYS = ("id", "ar", "en", "kind", "country", "wikidata")
"""What a record repeats of a register entry; its aliases are in the register."""
