"""A checkpoint as ONNX graphs: one in float32, and one in int8 that is a quarter of the size and faster on a CPU."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import InputError, first_line
from ..inference.engine import ONNX_FILES, EngineName, TorchEngine
from ..inference.tokenization import TextTokenizer
from ..inference.windows import make_windows

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Range = tuple[Floats, Floats]
"""Least and greatest value of each channel, each of shape (channels,)."""

OPSET = 18

ORDINARY = 0.98
"""Share of a matrix's input channels whose largest value counts as ordinary; the others are scaled down to it."""

WORTH_SCALING = 2.0
"""How far the largest channel must stand out before scaling pays for the multiplication it costs."""


def export(checkpoint: Path, texts: Sequence[str], window: int) -> dict[EngineName, Path]:
    """Write ``onnx/model.onnx`` and ``onnx/model_int8.onnx`` into a checkpoint folder.

    Args:
        checkpoint: the folder.
        texts: articles of the kind the model will read; they show what range its activations have.
        window: tokens that the model sees at once, special tokens included.

    Returns:
        The two files.

    Raises:
        InputError: if the checkpoint can't be read or its architecture can't be exported.
    """
    files = {name: checkpoint / file for name, file in ONNX_FILES.items()}
    files[EngineName.onnx].parent.mkdir(exist_ok=True)
    sequences = _sequences(TextTokenizer.load(checkpoint), texts, window)
    with _quiet(), TemporaryDirectory() as folder:
        _export_float(TorchEngine.load(checkpoint, "cpu"), Path(folder) / "raw.onnx", files[EngineName.onnx])
        _quantize(files[EngineName.onnx], sequences, Path(folder) / "scaled.onnx", files[EngineName.onnx_int8])
    return files


def _sequences(tokenizer: TextTokenizer, texts: Sequence[str], window: int) -> list[Ints]:
    """Return the windows of the texts as the model sees them."""
    size = window - len(tokenizer.prefix) - len(tokenizer.suffix)
    return [
        tokenizer.frame(tokens.ids[part.start : part.end])
        for tokens in tokenizer(texts)
        for part in make_windows(len(tokens), size, 0)
    ]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' notices about their own insides off the screen."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _export_float(engine: TorchEngine, raw: Path, out: Path) -> None:
    """Trace a model for batches of any shape, and fuse what ONNX Runtime has one kernel for."""
    import torch
    from onnxruntime.transformers.optimizer import optimize_model

    model = engine.model
    # The fused attention of PyTorch is a black box to the exporter; plain matrix products are what it knows.
    model.set_attn_implementation("eager")

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    shape = {0: torch.export.Dim("batch", min=1, max=4096), 1: torch.export.Dim("tokens", min=2, max=512)}
    ids = torch.full((2, 16), 5)
    mask = torch.ones_like(ids)
    mask[1, 10:] = 0
    try:
        program = torch.onnx.export(
            Logits().eval(), (ids, mask), dynamo=True, opset_version=OPSET, verbose=False,
            input_names=["input_ids", "attention_mask"], output_names=["logits"], dynamic_shapes=(shape, shape),
        )  # fmt: skip
    except Exception as error:  # the exporter's errors share no base
        raise InputError(
            f"{model.config.model_type}: this architecture can't be exported: {first_line(error)}"
        ) from None
    if program is None:
        raise InputError(f"{model.config.model_type}: the exporter returned nothing")
    program.save(raw)
    config = model.config
    fused = optimize_model(
        str(raw), "bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size, opt_level=0
    )
    fused.save_model_to_file(str(out))


def _quantize(graph: Path, sequences: Sequence[Ints], scaled: Path, out: Path) -> None:
    """Write the int8 graph: weights in steps of their output channel, activations in steps of the range seen here.

    A few channels of a transformer carry values tens of times larger than all others and would leave the others no
    resolution. They are divided by a factor that the weights take up, which changes nothing in exact arithmetic
    (Xiao et al. 2023, SmoothQuant, https://arxiv.org/abs/2211.10438).
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(graph)
    ranges = _scale_outliers(model, _channel_ranges(model, sequences))
    onnx.save(model, scaled)
    quantize_dynamic(
        scaled, out, weight_type=QuantType.QInt8, per_channel=True, extra_options={"MatMulConstBOnly": True}
    )
    quantized = onnx.load(out)
    _fix_ranges(quantized.graph, ranges)
    onnx.save(quantized, out)


def _weighted_matmuls(graph: GraphProto) -> dict[str, list[NodeProto]]:
    """Return the products with a weight matrix by the name of what they multiply."""
    weights = {tensor.name for tensor in graph.initializer}
    found: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            found.setdefault(node.input[0], []).append(node)
    return found


def _channel_ranges(model: ModelProto, sequences: Sequence[Ints]) -> dict[str, Range]:
    """Run the graph and return the least and the greatest value of each channel of each input of a weight matrix."""
    import onnx
    import onnxruntime

    inputs = list(_weighted_matmuls(model.graph))
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in inputs)
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    ranges: dict[str, Range] = {}
    for ids in sequences:
        values = session.run(inputs, {"input_ids": ids[None], "attention_mask": np.ones_like(ids[None])})
        for name, value in zip(inputs, values, strict=True):
            activations = np.asarray(value, dtype=np.float32)
            rows = tuple(range(activations.ndim - 1))
            low, high = activations.min(axis=rows), activations.max(axis=rows)
            before = ranges.get(name, (low, high))
            ranges[name] = np.minimum(before[0], low), np.maximum(before[1], high)
    return ranges


def _scale_outliers(model: ModelProto, ranges: Mapping[str, Range]) -> dict[str, Range]:
    """Divide channels that stand out before they meet a weight matrix, and multiply its rows instead, in place.

    Returns:
        The ranges of what now meets the weight matrices.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    scaled: dict[str, Range] = {}
    for name, users in _weighted_matmuls(graph).items():
        low, high = ranges[name]
        largest = np.maximum(-low, high)
        factors = np.maximum(1, largest / np.quantile(largest, ORDINARY, method="lower")).astype(np.float32)
        if factors.max() < WORTH_SCALING:
            scaled[name] = low, high
            continue
        scaled[f"{name}_scaled"] = low / factors, high / factors
        graph.initializer.append(numpy_helper.from_array(1 / factors, f"{name}_factors"))
        scale = helper.make_node("Mul", [name, f"{name}_factors"], [f"{name}_scaled"], name=f"{name}_scale")
        graph.node.insert(list(graph.node).index(users[0]), scale)
        for user in users:
            weight = tensors[user.input[1]]
            weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * factors[:, None], weight.name))
            user.input[0] = f"{name}_scaled"
    return scaled


def _fix_ranges(graph: GraphProto, ranges: Mapping[str, Range]) -> None:
    """Quantize activations by these ranges instead of those of each batch, in place.

    Ranges found at run time would make an article's mentions depend on what else is in its batch.
    """
    from onnx import helper, numpy_helper

    for place, node in enumerate(graph.node):
        if node.op_type != "DynamicQuantizeLinear":
            continue
        low, high = ranges[node.input[0]]
        least, greatest = min(float(low.min()), 0.0), max(float(high.max()), 0.0)
        step = (greatest - least) / 255 or 1.0
        quantized, scale, zero = node.output
        graph.initializer.append(numpy_helper.from_array(np.array(step, dtype=np.float32), scale))
        graph.initializer.append(numpy_helper.from_array(np.array(round(-least / step), dtype=np.uint8), zero))
        fixed = helper.make_node("QuantizeLinear", [node.input[0], scale, zero], [quantized], name=node.name)
        graph.node[place].CopyFrom(fixed)
