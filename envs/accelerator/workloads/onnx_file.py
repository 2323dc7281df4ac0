"""Networks out of ONNX files: the convolutions and matrix products of a graph, by its shapes; nothing is run.

Read are Conv (two-dimensional, or one-dimensional as a single row), Gemm, MatMul and their quantised forms; what else a graph
computes is left out where it multiplies nothing worth counting, and refused where it does (transposed convolutions, Einsum,
recurrent layers, operators of other domains, any of these inside If, Loop or Scan). Shapes are those of onnx's own shape
inference and have to be fixed: export with a batch size, not with dynamic axes. Weights are not needed, so their values are
dropped as soon as the file is parsed, and values kept in other files are refused, not fetched.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from archgym.envs.accelerator.layer import Layer, Network
from archgym.errors import BadInput, need

from .tables import MAX_NAME, Part, check_file, check_size, network_of, read_bytes, shown, stem

try:
    import onnx
    from onnx import shape_inference
except ImportError:
    raise need("onnx", "onnx") from None

MAX_BYTES = 512 << 20
SMALL = 1 << 16  # bytes: shapes that shape inference has to know the values of are far below
CONVOLUTIONS = {"Conv": (0, 1), "ConvInteger": (0, 1), "QLinearConv": (0, 3)}  # positions of input and weights
PRODUCTS = {"Gemm": (0, 1), "MatMul": (0, 1), "MatMulInteger": (0, 1), "QLinearMatMul": (0, 3)}
READ = {**CONVOLUTIONS, **PRODUCTS}
REFUSED = ("ConvTranspose", "DeformConv", "Einsum", "RNN", "GRU", "LSTM", "Attention", "LinearAttention", "DFT", "STFT")
_DOMAINS = ("", "ai.onnx")


def read_onnx(path: str | os.PathLike[str]) -> Network:
    """A network from an ONNX file, named after the file; layers are named after their nodes.

    A matrix product with one set of weights has all other axes as rows; one of two activations (attention) has its leading
    axes as groups. Where those broadcast in part, each group counts its own copy.

    Raises:
        BadInput: the file is no ONNX model, is above 512 MiB, refers to other files, has no fixed shapes, or computes what
            is refused above, dilated filters, 3-D convolutions or strides that differ between the axes.
    """
    file = shown(path)
    model = _parse(path, file)
    for node in model.graph.node:
        _check_operator(_place(file, node), node)
    model = _infer(file, model)
    return network_of(file, stem(path), _layers(file, model.graph))


def _parse(path: str | os.PathLike[str], file: str) -> onnx.ModelProto:
    check_file(path, file, MAX_BYTES)
    raw = read_bytes(path, file)
    try:
        model = onnx.load_model_from_string(raw)
    except Exception:  # protobuf's DecodeError, and whatever else strange bytes raise in it
        raise BadInput(f"{file}: damaged, or no ONNX model") from None
    if not model.HasField("graph") or not model.opset_import:
        raise BadInput(f"{file}: damaged, or no ONNX model")
    if model.functions:
        raise BadInput(f"{file}: holds local functions; inline them first (onnx.inliner)")
    _drop_weights(file, model.graph)
    return model


def _drop_weights(file: str, graph: onnx.GraphProto) -> None:
    """Empty large constants: only their shapes are wanted."""
    for tensor in _tensors(graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise BadInput(f"{file}: tensor '{_clean(tensor.name)}' is kept in another file; save the model as one file")
        if tensor.ByteSize() > SMALL:
            for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
                tensor.ClearField(field)


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """All constants, at any depth."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for attribute in (attribute for node in graph.node for attribute in node.attribute):
        yield from (attribute.t, *attribute.tensors)
        for inner in (attribute.g, *attribute.graphs):
            yield from _tensors(inner)


def _infer(file: str, model: onnx.ModelProto) -> onnx.ModelProto:
    try:
        return shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:  # C++ errors of several kinds, none of which says more than its text
        text = " ".join(str(error).split())
        raise BadInput(f"{file}: shape inference failed: {text[:200]}") from None


def _layers(file: str, graph: onnx.GraphProto) -> Iterator[Part]:
    shapes = _shapes(graph)
    for node in graph.node:
        if node.op_type in READ:
            reader = _Node(_place(file, node), node, shapes)
            bounds = _convolution(reader) if node.op_type in CONVOLUTIONS else _product(reader)
            try:
                layer = Layer(_label(node), **bounds)
            except BadInput as error:
                raise BadInput(f"{file}: {error}") from None
            yield check_size(reader.place, layer), 1


def _label(node: onnx.NodeProto) -> str:
    return _clean(node.name or next(iter(node.output), "") or node.op_type)


def _place(file: str, node: onnx.NodeProto) -> str:
    return f"{file}: {_label(node)} ({_clean(node.op_type)})"


def _check_operator(place: str, node: onnx.NodeProto) -> None:
    if node.domain not in _DOMAINS:
        raise BadInput(f"{place}: operators of domain '{_clean(node.domain)}' are not supported")
    if node.op_type in REFUSED:
        raise BadInput(f"{place}: {node.op_type} is not supported; {', '.join(READ)} are")
    for graph in (graph for a in node.attribute for graph in (a.g, *a.graphs)):
        for inner in graph.node:
            _check_operator(place, inner)
            if inner.op_type in READ:
                raise BadInput(f"{place}: {inner.op_type} inside {node.op_type} is not supported")


def _shapes(graph: onnx.GraphProto) -> dict[str, list[int | str] | None]:
    """Axes of each tensor: a length, or the name of what is not fixed; None where not even their number is known."""
    shapes: dict[str, list[int | str] | None] = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor = value.type.tensor_type
        axes = [axis.dim_value or axis.dim_param or "?" for axis in tensor.shape.dim]
        shapes[value.name] = axes if tensor.HasField("shape") else None
    shapes.update({tensor.name: list(tensor.dims) for tensor in graph.initializer})
    return shapes


class _Node:
    """One node's operands and attributes, checked."""

    def __init__(self, place: str, node: onnx.NodeProto, shapes: dict[str, list[int | str] | None]) -> None:
        self.place = place
        self._node, self._shapes = node, shapes
        self._attributes = {a.name: a for a in node.attribute}

    @property
    def operands(self) -> tuple[list[int], list[int]]:
        """Shapes of input and weights."""
        first, second = READ[self._node.op_type]
        return self._shape(self._node.input, first), self._shape(self._node.input, second)

    @property
    def output(self) -> list[int]:
        return self._shape(self._node.output, 0)

    def ints(self, name: str, default: list[int]) -> list[int]:
        """An attribute of whole numbers, as long as its default."""
        if name not in self._attributes:
            return default
        values = list(self._attributes[name].ints)
        if len(values) != len(default) or min(values) < 1:
            raise BadInput(f"{self.place}: attribute '{name}' must be {len(default)} positive whole numbers")
        return values

    def number(self, name: str, default: int) -> int:
        return self._attributes[name].i if name in self._attributes else default

    def misfit(self, *shapes: list[int]) -> BadInput:
        return BadInput(f"{self.place}: shapes {' and '.join(map(str, shapes))} do not fit")

    def _shape(self, names: Any, position: int) -> list[int]:
        name = names[position] if position < len(names) else ""
        axes = self._shapes.get(name)
        if axes is None:
            raise BadInput(f"{self.place}: the shape of '{_clean(name)}' is not known")
        fixed = [axis for axis in axes if isinstance(axis, int) and axis > 0]
        if len(fixed) < len(axes):
            i, axis = next((i, a) for i, a in enumerate(axes) if not isinstance(a, int) or a < 1)
            raise BadInput(f"{self.place}: axis {i} of '{_clean(name)}' is not fixed ('{_clean(str(axis))}')")
        return fixed


def _convolution(node: _Node) -> dict[str, int]:
    x, w = node.operands
    y, groups, axes = node.output, node.number("group", 1), len(x) - 2
    if axes not in (1, 2):
        raise BadInput(f"{node.place}: convolutions over {axes} axes are not supported; 1 and 2 are")
    if len(w) != len(x) or len(y) != len(x) or groups < 1 or x[1] != w[1] * groups or w[0] % groups:
        raise node.misfit(x, w, y)
    strides, dilations = node.ints("strides", [1] * axes), node.ints("dilations", [1] * axes)
    if any(step > 1 and size > 1 for step, size in zip(dilations, w[2:], strict=True)):
        raise BadInput(f"{node.place}: dilated filters ({'x'.join(map(str, dilations))}) are not supported")
    (r, s), (p, q) = [1, *w[2:]][-2:], [1, *y[2:]][-2:]
    bounds = {"G": groups, "C": w[1], "M": w[0] // groups, "R": r, "S": s, "N": x[0], "P": p, "Q": q}
    return {**bounds, "stride": _stride(node, strides, y[2:])}


def _stride(node: _Node, strides: list[int], outputs: list[int]) -> int:
    """The one stride of a layer; along an axis with a single output it does not matter."""
    mattering = {stride for stride, size in zip(strides, outputs, strict=True) if size > 1}
    if len(mattering) > 1:
        raise BadInput(f"{node.place}: strides that differ between the axes ({'x'.join(map(str, strides))}) are not supported")
    return mattering.pop() if mattering else 1


def _product(node: _Node) -> dict[str, int]:
    """(rows x K) (K x columns), transposed as Gemm's attributes say, with numpy's rules for further axes."""
    a, b = node.operands
    if not a or not b:
        raise node.misfit(a, b)
    a, b = ([1, *a] if len(a) == 1 else a), ([*b, 1] if len(b) == 1 else b)
    if node.number("transA", 0):
        a = [*a[:-2], a[-1], a[-2]]
    if node.number("transB", 0):
        b = [*b[:-2], b[-1], b[-2]]
    if a[-1] != b[-2]:
        raise node.misfit(a, b)
    return _batched(node, a, b)


def _batched(node: _Node, a: list[int], b: list[int]) -> dict[str, int]:
    """What is the same for all of the other's matrices is the layer's weights, and the others' rows are stacked."""
    rows, inner, columns = a[-2], a[-1], b[-1]
    batch_a, batch_b = math.prod(a[:-2]), math.prod(b[:-2])
    if batch_b == 1:
        return {"P": rows * batch_a, "C": inner, "M": columns}
    if batch_a == 1:
        return {"P": columns * batch_b, "C": inner, "M": rows}
    pairs = list(zip_longest(reversed(a[:-2]), reversed(b[:-2]), fillvalue=1))
    if any(i != j and 1 not in (i, j) for i, j in pairs):
        raise node.misfit(a, b)
    return {"G": math.prod(max(pair) for pair in pairs), "P": rows, "C": inner, "M": columns}


def _clean(name: str | bytes) -> str:
    """A name out of the file on one short line; protobuf gives bytes where it is no UTF-8."""
    text = name if isinstance(name, str) else name.decode("utf-8", "replace")
    return (text if text.isprintable() else ascii(text))[:MAX_NAME]
