"""Where tag scores come from: one interface, and PyTorch or ONNX Runtime behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import InputError, first_line

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from transformers import PreTrainedModel

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class EngineName(StrEnum):
    """The engines by the names that users give them."""

    torch = "torch"
    onnx = "onnx"
    onnx_int8 = "onnx-int8"


ONNX_FILES = {EngineName.onnx: "onnx/model.onnx", EngineName.onnx_int8: "onnx/model_int8.onnx"}
"""Where a checkpoint keeps its exported graphs; the hub's own convention."""


class Engine(Protocol):
    """Anything that scores tags for a batch of token sequences.

    Attributes:
        workers: how many batches it takes at the same time, each from a thread of its own.
        batch_tokens: tokens, padding included, of the batches that suit it best.
        outputs: number of tags it scores; None where only a run would tell.
    """

    workers: int
    batch_tokens: int
    outputs: int | None

    def __call__(self, sequences: Sequence[Ints]) -> list[Floats]:
        """Return logits of shape (tokens, tags) for each sequence of ids, special tokens included in both."""
        ...


def load_engine(folder: Path, name: str | None = None, device: str | None = None, threads: int | None = None) -> Engine:
    """Load a checkpoint's engine.

    Args:
        folder: the checkpoint.
        name: an :class:`EngineName`; by default PyTorch on a GPU, and on a CPU the fastest that the checkpoint has.
        device: a torch device; by default a GPU where there is one.
        threads: CPU threads; by default all that this process may use.

    Raises:
        InputError: if there is no such engine or device, or the checkpoint doesn't have it or can't be read.
    """
    if name not in (None, *EngineName):
        raise InputError(f"engine {name}: no such engine; choose one of {', '.join(EngineName)}")
    name = EngineName(name) if name else _fastest(folder, device)
    if name == EngineName.torch:
        return TorchEngine.load(folder, device, threads)
    if device not in (None, "cpu"):
        raise InputError(f"engine {name} runs on the CPU; device {device} needs engine torch")
    return OnnxEngine.load(folder / ONNX_FILES[name], threads)


def _fastest(folder: Path, device: str | None) -> EngineName:
    """Choose PyTorch for GPUs, else int8 before float ONNX before PyTorch, as far as the checkpoint has them."""
    if device not in (None, "cpu") or (device is None and _has_gpu()):
        return EngineName.torch
    exported = (name for name in (EngineName.onnx_int8, EngineName.onnx) if (folder / ONNX_FILES[name]).exists())
    return next(exported, EngineName.torch)


def _has_gpu() -> bool:
    """Tell whether torch can use a GPU; asking it costs seconds of import, which are spared where no driver is."""
    if not which("nvidia-smi"):
        return False
    import torch

    return torch.cuda.is_available()


def pad(sequences: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Return ids and attention mask of shape (sequences, longest); what is masked is 0 in both."""
    ids = np.zeros((len(sequences), max(map(len, sequences))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return ids, mask


def unpad(logits: Floats, sequences: Sequence[Ints]) -> list[Floats]:
    """Undo :func:`pad` on logits of shape (sequences, longest, tags)."""
    return [logits[row, : len(sequence)] for row, sequence in enumerate(sequences)]


class TorchEngine:
    """A PyTorch token classifier, on whatever device its weights are."""

    workers = 1

    def __init__(self, model: PreTrainedModel) -> None:
        """Wrap a model; it is switched to evaluation at each call, so that a model in training can be measured."""
        self.model = model
        self.outputs: int | None = model.config.num_labels
        # A GPU wants all it can get at once; on a few CPU cores larger batches only leave the cache.
        self.batch_tokens = 1024 if model.device.type == "cpu" else 32_768

    @classmethod
    def load(cls, folder: Path, device: str | None = None, threads: int | None = None) -> TorchEngine:
        """Load a checkpoint's weights: float32 on a CPU, bfloat16 on a GPU that has it.

        Args:
            folder: the checkpoint.
            device: a torch device; by default a GPU where there is one.
            threads: CPU threads; by default torch's own choice.

        Raises:
            InputError: if the weights can't be read or there is no such device.
        """
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForTokenClassification

        if threads is not None:
            torch.set_num_threads(threads)
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        half = device.startswith("cuda") and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
        try:
            with quiet_transformers():
                model = AutoModelForTokenClassification.from_pretrained(
                    folder, dtype=torch.bfloat16 if half else torch.float32
                )
        except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, SafetensorError) as error:
            raise InputError(f"{folder}: not a usable checkpoint: {first_line(error)}") from None
        try:
            model.to(device)
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            raise InputError(f"device {device}: {first_line(error)}") from None
        return cls(model)

    def __call__(self, sequences: Sequence[Ints]) -> list[Floats]:
        """Score one padded batch."""
        import torch

        ids, mask = pad(sequences)
        was_training = self.model.training
        self.model.eval()
        device = self.model.device
        with torch.inference_mode():
            output = self.model(
                input_ids=torch.from_numpy(ids).to(device), attention_mask=torch.from_numpy(mask).to(device)
            )
        self.model.train(was_training)
        return unpad(output.logits.float().cpu().numpy(), sequences)


class OnnxEngine:
    """A graph that ``marsad export`` wrote, run by ONNX Runtime on the CPU without torch.

    Each batch is run by one thread and several batches at once: cores that work on one small batch together would
    spend their time waiting for each other.
    """

    batch_tokens = 512

    def __init__(self, session: InferenceSession, workers: int) -> None:
        """Wrap a session of one thread that ``workers`` threads may call."""
        self.session = session
        self.workers = workers
        tags = session.get_outputs()[0].shape[-1]
        self.outputs: int | None = tags if isinstance(tags, int) else None

    @classmethod
    def load(cls, file: Path, threads: int | None = None) -> OnnxEngine:
        """Open a graph.

        Args:
            file: the ``.onnx`` file.
            threads: how many batches to run at once; by default one for each CPU this process may use.

        Raises:
            InputError: if it is missing or broken.
        """
        import onnxruntime

        if not file.exists():
            raise InputError(f"{file}: no such file; marsad export writes it")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library's exceptions share no narrower base
            raise InputError(f"{file}: not a usable ONNX model: {first_line(error)}") from None
        return cls(session, threads or available_cpus())

    def __call__(self, sequences: Sequence[Ints]) -> list[Floats]:
        """Score one padded batch."""
        ids, mask = pad(sequences)
        (logits,) = self.session.run(None, {"input_ids": ids, "attention_mask": mask})
        return unpad(np.asarray(logits, dtype=np.float32), sequences)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep the library's progress bars and notices off the screen for a while; ours say what a user needs."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def available_cpus() -> int:
    """Return how many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
