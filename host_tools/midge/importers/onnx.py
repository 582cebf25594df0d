# SPDX-License-Identifier: MIT
"""Read an .onnx file (a protobuf) into the converter's graph: NCHW becomes NHWC, without transposes where it can.

A value is a tensor of the graph with the order in which its axes lie. Convolutions and pools want them as N, H, W, C;
ops on single elements take them as they come; a transpose only changes the order that is noted. A tensor is turned only
where an op depends on the order, such as a reshape; a matrix behind a flattened image is turned instead of the image.

The ops are in files of onnx_ops/. Source: the ONNX operator documentation, versions 1 to 25.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..extras import need
from ..ir import Graph, Quantization, Tensor
from .build import Builder

_DOMAINS = ("", "ai.onnx", "com.microsoft")
_MAX_RANK = 6


class CannotImport(Exception):
    """An ONNX node that has no counterpart; the text says why and what would help."""


@dataclass
class Value:
    """A tensor in ONNX's shape. Its axes lie in another order: axis i in memory is axis order[i] of ONNX's."""

    name: str
    shape: tuple[int, ...]
    tensor: Tensor | None = None
    order: tuple[int, ...] = ()
    data: np.ndarray | None = None  # of a constant, as ONNX has it
    flat: Value | None = None  # an image that this is a reshape of, not yet turned
    unsigned: bool = False  # int8 that stands for uint8, all values less 128
    uses: int = 0

    @property
    def is_constant(self) -> bool:
        return self.data is not None


@dataclass
class OnnxNode:
    """A node as the importing functions see it."""

    op: str
    name: str
    inputs: list[Value | None]
    outputs: list[str]
    attrs: dict[str, Any]
    opset: int

    def input(self, i: int) -> Value:
        """Input i, which must be there."""
        value = self.inputs[i] if i < len(self.inputs) else None
        if value is None:
            raise CannotImport(f"input {i} is missing")
        return value

    def has(self, i: int) -> bool:
        return i < len(self.inputs) and self.inputs[i] is not None

    def known(self, i: int, what: str) -> np.ndarray:
        """The data of input i, which must be a constant."""
        value = self.input(i)
        if value.data is None:
            raise CannotImport(f"{what} '{value.name}' that come from outside or are worked out while running; "
                               f"make it a constant: --freeze {value.name}=values.npy")  # fmt: skip
        return value.data

    def ints(self, key: str, i: int = -1) -> list[int] | None:
        """Integers from an attribute or, as in later versions, from input i; None where there are none."""
        if key in self.attrs:
            return [int(v) for v in np.reshape(self.attrs[key], -1)]
        if i >= 0 and self.has(i):
            return [int(v) for v in self.known(i, key).reshape(-1)]
        return None


Import = Callable[["Importer", OnnxNode], "Value | Tensor | list[Value]"]
IMPORTS: dict[str, Import] = {}


def onnx_op(*names: str) -> Callable[[Import], Import]:
    """Register the importing function of ONNX ops."""

    def register(function: Import) -> Import:
        IMPORTS.update(dict.fromkeys(names, function))
        return function

    return register


def identity(rank: int) -> tuple[int, ...]:
    return tuple(range(rank))


def channels_last(rank: int) -> tuple[int, ...]:
    """N, spatial axes, C."""
    return (0, *range(2, rank), 1)


# Ops that take axes in any order, and those that want channels last.
_ANY_ORDER = frozenset((
    "Relu", "LeakyRelu", "Elu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Clip", "Add", "Sub", "Mul", "Div",
    "PRelu", "Cast", "Identity", "Dropout", "Pad", "QuantizeLinear", "DequantizeLinear", "Concat", "Gelu",
))  # fmt: skip
_IMAGES = frozenset((
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization",
    "InstanceNormalization", "Resize", "Upsample", "QLinearConv", "DepthToSpace", "SpaceToDepth",
))  # fmt: skip


@dataclass
class Importer:
    """The state of an import."""

    model: Any
    title: str
    shapes: Mapping[str, Sequence[int]]
    frozen: Mapping[str, np.ndarray]
    build: Builder = field(init=False)
    values: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.build = Builder(Path(self.title).stem)
        self.onnx = need("onnx", "onnx", "reading .onnx files")
        self.opset = max((o.version for o in self.model.opset_import if o.domain in ("", "ai.onnx")), default=1)

    # Values

    def constant(self, data: np.ndarray, name: str = "constant") -> Value:
        return Value(name, tuple(np.shape(data)), data=np.asarray(data))

    def value(self, tensor: Tensor, order: Sequence[int] = ()) -> Value:
        """A tensor whose axes lie in this order, by default ONNX's own."""
        order = tuple(order) or identity(len(tensor.shape))
        shape = [0] * len(order)
        for i, axis in enumerate(order):
            shape[axis] = tensor.shape[i]
        return Value(tensor.name, tuple(shape), tensor, order)

    def arranged(self, value: Value, order: Sequence[int]) -> Tensor:
        """The tensor with its axes in this order; turned where they are not."""
        order = tuple(order)
        if value.data is not None:
            return self.build.constant(np.ascontiguousarray(value.data.transpose(order)), value.name)
        if value.flat is not None:
            value.tensor = self.build.reshape(self.plain(value.flat), value.shape)
            value.order, value.flat = identity(len(value.shape)), None
        assert value.tensor is not None
        if value.order == order:
            return value.tensor
        return self.build.transpose(value.tensor, [value.order.index(axis) for axis in order])

    def plain(self, value: Value) -> Tensor:
        """The tensor as ONNX has it."""
        return self.arranged(value, identity(len(value.shape)))

    def image(self, value: Value) -> Tensor:
        """The tensor with channels last."""
        return self.arranged(value, channels_last(len(value.shape)))

    def common_order(self, values: Sequence[Value]) -> tuple[int, ...]:
        """The order that most of the tensors of the highest rank lie in."""
        rank = max(len(v.shape) for v in values)
        orders = [v.order for v in values if v.tensor is not None and v.flat is None and len(v.shape) == rank]
        return max(orders, key=orders.count) if orders else identity(rank)

    def broadcast(self, value: Value, order: tuple[int, ...]) -> Tensor:
        """The tensor with as many axes as `order`, new ones of one element in front, in that order."""
        missing = len(order) - len(value.shape)
        if missing == 0:
            return self.arranged(value, order)
        shape = (1,) * missing + value.shape
        if value.data is not None:
            return self.build.constant(np.ascontiguousarray(value.data.reshape(shape).transpose(order)), value.name)
        return self.arranged(self.value(self.build.reshape(self.plain(value), shape)), order)

    # The graph

    def run(self) -> Graph:
        graph = self.model.graph
        for tensor in graph.initializer:
            self.values[tensor.name] = self.constant(self._array(tensor), tensor.name)
        for name, data in self.frozen.items():
            self.values[name] = self.constant(data, name)
        inputs = [self._input(i) for i in graph.input if i.name not in self.values]
        if not inputs:
            raise UserError(f"{self.title}: the graph has no inputs; export it again")
        counts: dict[str, int] = {}
        for name in [*(n for node in graph.node for n in node.input), *(o.name for o in graph.output)]:
            counts[name] = counts.get(name, 0) + 1
        self.counts = counts
        refused: list[tuple[str, str, str]] = []
        for node in graph.node:
            self._node(node, refused)
        if refused:
            from ..convert import UnsupportedModel

            raise UnsupportedModel(self.title, refused)
        result = self.build.graph(inputs, [self._output(o.name) for o in graph.output])
        for end in (*graph.input, *graph.output):
            value = self.values[end.name]
            if value.tensor is not None and any(t is value.tensor for t in [*result.inputs, *result.outputs]):
                value.tensor.name = end.name
                if value.order != identity(len(value.shape)):
                    result.layouts[end.name] = value.order
        if result.layouts:
            result.notes.append(", ".join(f"'{n}'" for n in result.layouts) + " with channels last, as on boards")
        return result

    def _array(self, tensor: Any) -> np.ndarray:
        if tensor.data_location == self.onnx.TensorProto.EXTERNAL:
            raise UserError(f"{self.title}: the weights '{tensor.name}' lie in a file of their own; save the model in "
                            "one file: onnx.save(onnx.load(path), 'whole.onnx')")  # fmt: skip
        return np.asarray(self.onnx.numpy_helper.to_array(tensor))

    def _input(self, info: Any) -> Tensor:
        kind = info.type.tensor_type
        dims = [d.dim_value if d.HasField("dim_value") else -1 for d in kind.shape.dim]
        dims = list(self.shapes.get(info.name, self.shapes.get("", dims)))
        if dims and dims[0] <= 0:
            dims[0] = 1  # a batch
        if len(dims) > _MAX_RANK or any(d <= 0 for d in dims) or not info.type.HasField("tensor_type"):
            text = ",".join(str(max(d, 0)) if d > 0 else "?" for d in dims)
            raise UserError(f"{self.title}: input '{info.name}' has the shape [{text}]; give it one: "
                            f"--shape {info.name}={text.replace('?', 'N')}")  # fmt: skip
        dtype = np.dtype(self.onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name
        dtype = {"int64": "int32", "float64": "float32", "float16": "float32"}.get(dtype, dtype)
        order = channels_last(len(dims)) if len(dims) > 2 and self._feeds_images(info.name) else identity(len(dims))
        tensor = Tensor(self.build.unique(info.name), tuple(dims[i] for i in order), dtype)
        self.values[info.name] = Value(info.name, tuple(dims), tensor, order)
        return tensor

    def _feeds_images(self, name: str) -> bool:
        """Whether an input comes to a convolution, pool or the like before anything that depends on its order."""
        reached, seen = {name}, set(self.values)
        for node in self.model.graph.node:
            if not any(i in reached and i not in seen for i in node.input[:1] if i) and node.op_type not in ("Concat",):
                continue
            if not any(i in reached for i in node.input):
                continue
            if node.op_type in _IMAGES:
                return True
            if node.op_type in _ANY_ORDER:
                reached.update(node.output)
        return False

    def _node(self, node: Any, refused: list[tuple[str, str, str]]) -> None:
        attrs = {a.name: self._attribute(a) for a in node.attribute}
        layer = node.name or (node.output[0] if node.output else node.op_type)
        missing = [n for n in node.input if n and n not in self.values]
        if missing:
            if not refused:  # else its producer is among those
                reason = f"reads '{missing[0]}', which nothing has written; export the model again"
                refused.append((node.op_type, layer, reason))
            return
        inputs = [self.values[n] if n else None for n in node.input]
        found = OnnxNode(node.op_type, layer, inputs, list(node.output), attrs, self.opset)
        try:
            results = self._import(node, found)
        except CannotImport as reason:
            refused.append((node.op_type, layer, str(reason)))
            return
        except (ArithmeticError, LookupError, ValueError, TypeError, AttributeError) as error:
            refused.append((node.op_type, layer, f"parameters that make no sense ({type(error).__name__}: {error}); "
                                                 "export the model again"))  # fmt: skip
            return
        for name, value in zip(node.output, results, strict=False):
            if name:
                if value.tensor is not None and self.build.producer(value.tensor) is not None:
                    value.tensor.name = value.tensor.name if value.name == name else name
                self.values[name] = value
                value.uses = self.counts.get(name, 0)

    def _import(self, node: Any, found: OnnxNode) -> list[Value]:
        known = all(v is None or v.is_constant for v in found.inputs)
        if known and node.op_type not in ("Scan", "Loop", "If", "DequantizeLinear"):
            return self._evaluate(node, found)
        function = IMPORTS.get(found.op)
        if function is None or node.domain not in _DOMAINS:
            raise CannotImport(f"Midge has no such op of {node.domain or 'ONNX'}")
        result = function(self, found)
        results = result if isinstance(result, list) else [result]
        return [self.value(r) if isinstance(r, Tensor) else r for r in results]

    def _evaluate(self, node: Any, found: OnnxNode) -> list[Value]:
        """Constants of constants, by ONNX's own reference."""
        from onnx.reference import ReferenceEvaluator

        feeds = {n: self.values[n].data for n in node.input if n}
        infos = [self.onnx.helper.make_tensor_value_info(n, self.onnx.helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
                 for n, v in feeds.items() if v is not None]  # fmt: skip
        outs = [self.onnx.helper.make_tensor_value_info(n, 0, None) for n in node.output if n]
        graph = self.onnx.helper.make_graph([node], "constants", infos, outs)
        model = self.onnx.helper.make_model(graph, opset_imports=self.model.opset_import)
        try:
            values = ReferenceEvaluator(model).run(None, feeds)
        except Exception as error:
            raise CannotImport(f"a constant that cannot be worked out ({error})") from error
        return [self.constant(np.asarray(v), n) for n, v in zip(node.output, values, strict=False)]

    def _attribute(self, attribute: Any) -> Any:
        value = self.onnx.helper.get_attribute_value(attribute)
        if isinstance(value, self.onnx.TensorProto):
            return self._array(value)
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        return value

    def _output(self, name: str) -> Tensor:
        if name not in self.values:
            raise UserError(f"{self.title}: output '{name}' is never written; export the model again")
        value = self.values[name]
        if value.order not in (identity(len(value.shape)), channels_last(len(value.shape))) or value.flat is not None:
            value.tensor, value.order = self.plain(value), identity(len(value.shape))
        if value.tensor is None or value.is_constant:
            value.tensor, value.order = self.plain(value), identity(len(value.shape))
        out = value.tensor
        if value.unsigned and out.quantization is not None:
            q = Quantization(out.quantization.scale, out.quantization.zero_point + 128)
            out = value.tensor = self.build.add("QUANTIZE", [out], out.shape, name, "uint8", q)
        if prod(out.shape) == 0:
            raise UserError(f"{self.title}: output '{name}' of shape {list(out.shape)} is empty")
        return out


def read_onnx(
    data: bytes, name: str, shapes: Mapping[str, Sequence[int]] | None = None,
    frozen: Mapping[str, np.ndarray] | None = None,
) -> Graph:  # fmt: skip
    """Parse the bytes of an .onnx file.

    name: the model's name, and what stands in error messages. shapes: those of inputs whose dimensions the file
    leaves open, by name ("" for any). frozen: inputs that are to be constants, by name.
    Raises UserError where the file is damaged or incomplete, UnsupportedModel where it uses what cannot run.
    """
    onnx = need("onnx", "onnx", "reading .onnx files")
    from . import onnx_ops  # noqa: F401  (fills IMPORTS)

    try:
        model = onnx.ModelProto.FromString(data)
    except Exception as error:  # protobuf's errors differ from version to version
        raise UserError(f"{name}: not an .onnx file, or damaged ({error}); export or download it again") from error
    if not model.graph.node:
        raise UserError(f"{name}: the file holds no ONNX graph; export or download it again")
    try:
        return Importer(model, name, shapes or {}, frozen or {}).run()
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
        raise UserError(f"{name}: damaged .onnx file ({type(error).__name__}: {error}); export it again") from error
