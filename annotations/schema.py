"""What a labelled article is: spans over a text, in character offsets, and the label set they draw from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError

LabelSet = Mapping[str, str]
"""The labels of a task in their fixed order, each with its one-line definition."""

DEFAULT_LABELS_FILE = Path(__file__).with_name("labels.yaml")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A labelled stretch of text: ``text[start:end]`` is the mention.

    Attributes:
        start: offset of the first character, counted in Unicode code points.
        end: offset after the last character (half-open).
        label: name of the label.
        optional: undecidable by the guideline; neither trained on nor scored.
    """

    start: int
    end: int
    label: str
    optional: bool = field(default=False, compare=False)

    def overlaps(self, other: Span) -> bool:
        """Tell whether the two spans share at least one character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Article:
    """A text with its spans; whatever else the record held (source, date, title …) is in ``meta``."""

    id: str
    text: str
    spans: tuple[Span, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)


def load_labels(path: Path) -> LabelSet:
    """Read a label set: a YAML mapping of label name to definition, or a list of names.

    Raises:
        InputError: if the file can't be read or holds anything else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise InputError(f"{path}: not a YAML file of labels") from None
    if isinstance(content, list) and all(isinstance(name, str) for name in content):
        return define_labels(content)
    if not isinstance(content, dict) or not content or not all(isinstance(name, str) for name in content):
        raise InputError(f"{path}: not a mapping of label: definition, nor a list of labels")
    return {name: str(definition or "") for name, definition in content.items()}


@cache
def default_labels() -> LabelSet:
    """Return the label set of the project's annotation guideline."""
    return yaml.safe_load(DEFAULT_LABELS_FILE.read_text(encoding="utf-8"))


def define_labels(names: Iterable[str]) -> LabelSet:
    """Make a label set from bare names, with the definitions of those that the default set knows."""
    return {name: default_labels().get(name, "") for name in names}


def labels_of(articles: Iterable[Article]) -> LabelSet:
    """Collect the labels that occur in the articles, in alphabetical order."""
    return define_labels(sorted({span.label for article in articles for span in article.spans}))
