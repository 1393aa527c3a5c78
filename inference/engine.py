"""Where tag scores come from: one interface, an engine behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import InputError, first_line

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class Engine(Protocol):
    """Anything that scores tags for a batch of token sequences."""

    def __call__(self, sequences: Sequence[Ints]) -> list[Floats]:
        """Return logits of shape (tokens, tags) for each sequence of ids, special tokens included in both."""
        ...


class TorchEngine:
    """A PyTorch token classifier, on whatever device its weights are."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Wrap a model; it is switched to evaluation at each call, so that a model in training can be measured."""
        self.model = model

    @classmethod
    def load(cls, folder: Path, device: str | None = None) -> TorchEngine:
        """Load a checkpoint's weights as float32.

        Args:
            folder: the checkpoint.
            device: a torch device; by default a GPU where there is one.

        Raises:
            InputError: if the weights can't be read or there is no such device.
        """
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForTokenClassification

        try:
            model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32)
        except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, SafetensorError) as error:
            raise InputError(f"{folder}: not a usable checkpoint: {first_line(error)}") from None
        try:
            model.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            raise InputError(f"device {device}: {first_line(error)}") from None
        return cls(model)

    def __call__(self, sequences: Sequence[Ints]) -> list[Floats]:
        """Score one padded batch."""
        import torch

        longest = max(len(ids) for ids in sequences)
        ids = np.zeros((len(sequences), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        was_training = self.model.training
        self.model.eval()
        device = self.model.device
        with torch.inference_mode():
            output = self.model(
                input_ids=torch.from_numpy(ids).to(device), attention_mask=torch.from_numpy(mask).to(device)
            )
        self.model.train(was_training)
        logits = output.logits.float().cpu().numpy()
        return [logits[row, : len(sequence)] for row, sequence in enumerate(sequences)]
