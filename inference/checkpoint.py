"""What a checkpoint folder holds besides weights and tokenizer, and where checkpoints are found."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..annotations.schema import define_labels
from ..errors import InputError, first_line
from .tags import label_of, tags_of

SHIPPED = Path(__file__).with_name("model")
"""The checkpoint inside the package; it is used when no model is named."""

CARD_FILE = "marsad.json"

FETCHED = ["*.json", "*.safetensors", "*.txt", "*.model", "onnx/model_int8.onnx"]
"""Patterns of the files that are fetched from a repository; many an encoder's has graphs of every kind beside these."""


@dataclass(frozen=True, slots=True)
class Card:
    """What marsad notes in a checkpoint, in ``marsad.json``.

    Attributes:
        labels: label name to definition.
        tags: IOB2 tags in the order of the model's outputs.
        window: tokens that the model sees at once, special tokens included.
        overlap: tokens that neighbouring windows share at least.
        boundary_rules: whether edges are moved to where the project's guideline puts them: proclitics outside, whole
            words otherwise; off for tasks that mark words with their particles.
        names: first words of the mentions seen in training, with their counts; evidence for boundaries.
        temperature: divides the logits where they become scores, so that a score is the share of such mentions that
            are right; tags and mentions do not depend on it, and other tools, which don't know it, give raw scores.
    """

    labels: Mapping[str, str]
    tags: Sequence[str]
    window: int = 128
    overlap: int = 32
    boundary_rules: bool = True
    names: Mapping[str, int] = field(default_factory=dict)
    temperature: float = 1.0

    def save(self, folder: Path) -> None:
        """Write the card into a checkpoint folder."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")

    def check(self, reach: float) -> None:
        """Refuse what people may have written into the file.

        Args:
            reach: the longest window that the model has positions for, in tokens.

        Raises:
            ValueError: if a value can't be.
            TypeError: if one is of another type.
        """
        if not 0 < self.temperature < float("inf"):
            raise ValueError(f"temperature {self.temperature} is not a positive number")
        if not 0 <= self.overlap < self.window - 2:
            raise ValueError(f"the overlap ({self.overlap}) must be smaller than the window ({self.window}) less 2")
        if not isinstance(self.boundary_rules, bool):
            raise TypeError(f"boundary_rules {self.boundary_rules!r} is neither true nor false")
        if self.window > reach:
            raise ValueError(f"the window ({self.window}) is longer than the model's reach of {reach} tokens")
        if sorted(self.tags) != sorted(tags_of(dict(self.labels))):
            raise ValueError("its tags are not those of its labels")

    @classmethod
    def load(cls, folder: Path) -> Card:
        """Read the card of a checkpoint, or make one from ``config.json`` where another tool wrote the checkpoint.

        Raises:
            InputError: if the folder is no token classifier with IOB2 tags.
        """
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            if (folder / CARD_FILE).exists():
                card = cls(**json.loads((folder / CARD_FILE).read_text(encoding="utf-8")))
                card.check(config.get("max_position_embeddings") or math.inf)
                return card
            id2label = config.get("id2label", {})
            tags = [id2label[key] for key in sorted(id2label, key=int)]
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise InputError(f"{folder}: {CARD_FILE} or config.json is broken: {first_line(error)}") from None
        labels = list(dict.fromkeys(label for tag in tags if (label := label_of(tag))))
        if sorted(tags) != sorted(tags_of(labels)):
            raise InputError(
                f"{folder}: not a token classifier with IOB2 tags (its tags: {', '.join(tags[:8]) or 'none'})"
            )
        return cls(define_labels(labels), tags)


def resolve(path_or_repo: str | Path | None) -> Path:
    """Return the local folder of a checkpoint: the shipped one, a folder, or a repository fetched from the hub.

    Args:
        path_or_repo: a folder, owner/name on the hub, or owner/name@revision for a branch, tag or commit; None or
            'embedded' for the shipped one.

    Raises:
        InputError: if there is no such folder and the hub has no such repository or can't be reached.
    """
    if path_or_repo is None or path_or_repo == "embedded":
        return SHIPPED
    folder = Path(path_or_repo)
    if folder.is_dir():
        if not (folder / "config.json").exists():
            raise InputError(f"{folder}: no config.json in this folder; is it a checkpoint?")
        return folder
    if folder.exists():
        raise InputError(f"{folder}: a file; a checkpoint is a folder")
    return _fetch(str(path_or_repo))


def _fetch(repo: str) -> Path:
    """Download a repository's checkpoint files from the hub, or find them in its cache."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from huggingface_hub.utils import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    name, _, revision = repo.partition("@")
    try:
        folder = Path(snapshot_download(name, revision=revision or None, allow_patterns=FETCHED))
        if not any(folder.glob("*.safetensors")):  # older repositories have only PyTorch's own form
            snapshot_download(name, revision=revision or None, allow_patterns=["pytorch_model*.bin"])
        return folder
    except HFValidationError:
        raise InputError(f"{repo}: no such folder, and not the name of a hub repository (owner/name)") from None
    except GatedRepoError:
        why = "the hub gives it only to those whom its owner lets in (ask on its page, then hf auth login)"
    except RepositoryNotFoundError:
        why = "the hub has no such repository, or it is private (hf auth login)"
    except RevisionNotFoundError:
        why = f"the hub has no branch, tag or commit {revision!r} of it"
    except LocalEntryNotFoundError:
        why = "the hub can't be reached and its cache does not have it"
    except (HfHubHTTPError, OSError) as error:
        why = f"the hub did not give it ({first_line(error)})"
    raise InputError(
        f"{repo}: no such folder here, and {why}; name a local checkpoint folder, or 'embedded' for the shipped model"
    )
