# SPDX-License-Identifier: MIT
"""Read an .onnx file (a protobuf) into the converter's graph: NCHW becomes NHWC, without transposes where it can.

A value is a tensor of the graph with the order in which its axes lie. Convolutions and pools want them as N, H, W, C;
ops on single elements take them as they come; a transpose only changes the order that is noted. A tensor is turned only
where an op depends on the order, such as a reshape; a matrix behind a flattened image is turned instead of the image.

The ops are in files of onnx_ops/. Source: the ONNX operator documentation, versions 1 to 25.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UserError
from ...graph import Graph, Quantization, Tensor
from ...graph.builder import Builder
from ...optional import need

_DOMAINS = ("", "ai.onnx", "com.microsoft")
_OLDEST = 6  # opset
_MAX_RANK = 6
_MAX_ELEMENTS = 2**28  # of a constant that is worked out

# What the data of a damaged node makes code raise that takes it for sound.
_NONSENSE = (ArithmeticError, LookupError, ValueError, TypeError, AttributeError, AssertionError, MemoryError)


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
    steps: Quantization | None = None  # of a constant that was dequantised: multiples of these, along ONNX's axis

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

    def steps(self, i: int, axis: int) -> np.ndarray | None:
        """What constant input i holds multiples of, one number or one along this axis; None where not known."""
        found = self.input(i).steps
        return found.scale if found is not None and (not found.per_channel or found.axis == axis) else None

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
    "PRelu", "Cast", "Identity", "Dropout", "Pad", "QuantizeLinear", "DequantizeLinear", "Concat", "Gelu", "Slice",
    "Split", "QLinearAdd", "QLinearMul", "QLinearConcat", "Sqrt", "Pow", "Neg", "Abs", "Max", "Min",
))  # fmt: skip
_IMAGES = frozenset((
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization",
    "InstanceNormalization", "Resize", "Upsample", "QLinearConv", "DepthToSpace", "SpaceToDepth",
    "QLinearAveragePool", "QLinearGlobalAveragePool",
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
        self._freeze()
        inputs = [self._input(i) for i in self._open_inputs()]
        if not inputs or not graph.output:
            raise UserError(f"{self.title}: the graph has no {'outputs' if inputs else 'inputs'}; export it again")
        refused: list[tuple[str, str, str]] = []
        for node in graph.node:
            self._node(node, refused)
        if refused:
            from ...errors import UnsupportedModel

            raise UnsupportedModel(self.title, refused)
        outputs: list[Tensor] = []
        for end in graph.output:
            outputs.append(self._output(end.name, inputs, outputs))
        result = self.build.graph(inputs, outputs)
        for end in (*graph.input, *graph.output):
            value = self.values[end.name]
            if value.tensor is not None and value.order != identity(len(value.shape)):
                result.layouts[end.name] = value.order
        if result.layouts:
            result.notes.append(", ".join(f"'{n}'" for n in result.layouts) + " with channels last, as on boards")
        return result

    def _array(self, tensor: Any) -> np.ndarray:
        if tensor.data_location == self.onnx.TensorProto.EXTERNAL:
            raise UserError(f"{self.title}: the weights '{tensor.name}' lie in a file of their own; save the model in "
                            "one file: onnx.save(onnx.load(path), 'whole.onnx')")  # fmt: skip
        data = np.asarray(self.onnx.numpy_helper.to_array(tensor))
        if data.dtype.kind in "OSU":
            raise UserError(f"{self.title}: the constant '{tensor.name}' holds text; export the model without")
        return data if data.dtype.kind in "fiub" else data.astype(np.float32)  # bfloat16 and its like

    def _freeze(self) -> None:
        known = {i.name: i for i in self.model.graph.input}
        for name, data in self.frozen.items():
            if name not in known:
                raise UserError(f"{self.title}: no input '{name}' to freeze; the inputs are {', '.join(known)}")
            dims, dtype = _dims(known[name]), self._dtype(known[name])
            if len(dims) != data.ndim or any(d > 0 and d != n for d, n in zip(dims, data.shape, strict=True)):
                raise UserError(f"{self.title}: input '{name}' is {_text(dims)}, the values for it are of shape "
                                f"{list(data.shape)}; give --freeze an array of that shape")  # fmt: skip
            self.values[name] = self.constant(data.astype(dtype), name)

    def _dtype(self, info: Any) -> np.dtype[Any]:
        dtype: np.dtype[Any] = np.dtype(self.onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type))
        return dtype

    def _open_inputs(self) -> list[Any]:
        """Inputs that are not constants. The shapes that the user gave must be of inputs."""
        found = [i for i in self.model.graph.input if i.name not in self.values]
        names = [i.name for i in found]
        for name in self.shapes:
            if name not in names and name not in self.frozen and (name or len(names) != 1):
                what = f"no input '{name}'" if name else "a shape without a name"
                raise UserError(f"{self.title}: {what}; the inputs are {', '.join(names)}: --shape {names[0]}=...")
        return found

    def _input(self, info: Any) -> Tensor:
        dims = _dims(info)
        given = self.shapes.get(info.name, self.shapes.get(""))
        if given is not None:
            declared = info.type.tensor_type.HasField("shape")
            fits = len(given) == len(dims) and all(a in (b, -1) for a, b in zip(dims, given, strict=True))
            if (declared and not fits) or min(given, default=1) < 1 or prod(given) >= 2**31:
                raise UserError(f"{self.title}: input '{info.name}' is {_text(dims)}, where N stands for any number; "
                                f"{list(given)} does not fit")  # fmt: skip
            dims = list(given)
        if dims and dims[0] == -1 and -1 not in dims[1:]:
            dims[0] = 1  # a batch
        if not info.type.HasField("tensor_type") or len(dims) > _MAX_RANK:
            raise UserError(f"{self.title}: input '{info.name}' is no tensor of at most {_MAX_RANK} axes; "
                            "export the model with plain tensors as inputs")  # fmt: skip
        if -1 in dims:
            example = ",".join("N" if d < 0 else str(d) for d in (max(dims[0], 1), *dims[1:]))
            raise UserError(f"{self.title}: input '{info.name}' has the dynamic shape {_text(dims)}; give one: "
                            f"midge convert --shape {info.name}={example}")  # fmt: skip
        dtype = self._dtype(info).name
        dtype = {"int64": "int32", "float64": "float32", "float16": "float32"}.get(dtype, dtype)
        order = channels_last(len(dims)) if len(dims) > 2 and self._feeds_images(info.name) else identity(len(dims))
        tensor = Tensor(self.build.unique(info.name), tuple(dims[i] for i in order), dtype)
        self.values[info.name] = Value(info.name, tuple(dims), tensor, order)
        return tensor

    def _feeds_images(self, name: str) -> bool:
        """Whether an input comes to a convolution, pool or the like before anything that depends on its order."""
        reached = {name}
        for node in self.model.graph.node:
            if not reached.isdisjoint(node.input):
                if node.op_type in _IMAGES:
                    return True
                if node.op_type in _ANY_ORDER:
                    reached.update(node.output)
        return False

    def _node(self, node: Any, refused: list[tuple[str, str, str]]) -> None:
        layer = node.name or next(iter(node.output), node.op_type)
        inputs = [self.values.get(n) if n else None for n in node.input]
        missing = [n for n in node.input if n and n not in self.values]
        try:
            if missing and refused:  # by a node that was refused; this one may not run either
                self._function(node)
                return
            if missing:
                raise CannotImport(f"reads '{missing[0]}', which nothing has written; export the model again")
            attrs = {a.name: self._attribute(a) for a in node.attribute}
            results = self._import(node, OnnxNode(node.op_type, layer, inputs, list(node.output), attrs, self.opset))
        except CannotImport as reason:
            refused.append((node.op_type, layer, str(reason)))
            return
        except _NONSENSE as error:
            refused.append((node.op_type, layer, f"parameters that make no sense ({type(error).__name__}: {error}); "
                                                 "export the model again"))  # fmt: skip
            return
        for name, value in zip(node.output, results, strict=False):
            self.values[name] = value
            made = (value.flat or value).tensor
            if name and made is not None and all(v is None or (v.flat or v).tensor is not made for v in inputs):
                made.name = name  # what a user knows the layer by

    def _function(self, node: Any) -> Import:
        """What imports a node. Raises CannotImport."""
        function = IMPORTS.get(node.op_type)
        if function is None or node.domain not in _DOMAINS:
            raise CannotImport(f"Midge has no such op of {node.domain or 'ONNX'}; the README lists what it has")
        return function

    def _import(self, node: Any, found: OnnxNode) -> list[Value]:
        known = all(v is None or v.is_constant for v in found.inputs)
        if known and node.op_type not in ("Scan", "Loop", "If", "DequantizeLinear"):
            return self._evaluate(node, found)
        result = self._function(node)(self, found)
        results = result if isinstance(result, list) else [result]
        return [self.value(r) if isinstance(r, Tensor) else r for r in results]

    def _evaluate(self, node: Any, found: OnnxNode) -> list[Value]:
        """Constants of constants, by ONNX's own reference."""
        from onnx.reference import ReferenceEvaluator

        if node.op_type in ("ConstantOfShape", "Expand", "Tile", "Range", "Pad", "Resize", "OneHot"):
            _check_size(node.op_type, found)
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
        results = [self.constant(np.asarray(v), n) for n, v in zip(node.output, values, strict=False)]
        steps = found.inputs[0].steps if found.inputs and found.inputs[0] is not None else None
        if steps is not None and node.op_type == "Transpose":
            order = found.ints("perm") or list(range(len(results[0].shape)))[::-1]
            results[0].steps = replace(steps, axis=order.index(steps.axis))
        elif steps is not None and node.op_type == "Identity":
            results[0].steps = steps
        return results

    def _attribute(self, attribute: Any) -> Any:
        value = self.onnx.helper.get_attribute_value(attribute)
        if isinstance(value, self.onnx.TensorProto):
            return self._array(value)
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        return value

    def _output(self, name: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Tensor:
        """The tensor of an output, under its name: channels last where it lies so, else as ONNX has it."""
        if name not in self.values:
            raise UserError(f"{self.title}: output '{name}' is never written; export the model again")
        unsigned, value = self.values[name].unsigned, replace(self.values[name])
        if value.is_constant or value.flat is not None or value.order != channels_last(len(value.shape)):
            value = self.value(self.plain(value))
        out = value.tensor
        assert out is not None
        if prod(out.shape) == 0:
            raise UserError(f"{self.title}: output '{name}' of shape {list(out.shape)} is empty")
        if unsigned and out.quantization is not None:
            q = Quantization(out.quantization.scale, out.quantization.zero_point + 128)
            out = self.build.add("QUANTIZE", [out], out.shape, name, "uint8", q)
        elif any(t is out for t in (*inputs, *outputs)):  # under another name as well
            out = self.build.add("RESHAPE", [out, self.build.axes(out.shape)], out.shape, name, out.dtype,
                                 out.quantization)  # fmt: skip
        out.name, value.tensor = name, out
        self.values[name] = value
        return out


def _dims(info: Any) -> list[int]:
    """The dimensions of an input, -1 for one that is open: those that have a name, or none, or 0 or -1."""
    return [d.dim_value if d.dim_value > 0 else -1 for d in info.type.tensor_type.shape.dim]


def _text(dims: Sequence[int]) -> str:
    return f"[{', '.join('N' if d < 0 else str(d) for d in dims)}]"


def _check_size(op: str, node: OnnxNode) -> None:
    """Refuse constants that would take gigabytes."""
    data = [v.data for v in node.inputs if v is not None and v.data is not None]
    numbers = data[0] if op == "ConstantOfShape" else data[1] if len(data) > 1 else np.zeros(0)
    if op == "Range":
        size = abs(float(data[1]) - float(data[0])) / abs(float(data[2]))
    elif op in ("Pad", "OneHot", "Resize"):
        size = float(max(data[0].size, 1)) * float(np.abs(np.concatenate([d.reshape(-1) for d in data[1:]])).max())
    else:
        size = float(np.prod(numbers.astype(np.float64))) * (data[0].size if op == "Tile" else 1)
    if not size <= _MAX_ELEMENTS:
        raise CannotImport(f"a constant of {size:.3g} elements")


def _check_versions(onnx: Any, model: Any, title: str) -> None:
    newest = onnx.defs.onnx_opset_version()
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx") and not _OLDEST <= opset.version <= newest:
            raise UserError(f"{title}: of opset {opset.version}; {_OLDEST} to {newest} can be read: export the model "
                            "with opset_version=18, or pip install -U onnx")  # fmt: skip
    if model.ir_version > onnx.IR_VERSION:
        raise UserError(f"{title}: of IR version {model.ir_version}, the package onnx reads {onnx.IR_VERSION} at most; "
                        "pip install -U onnx")  # fmt: skip


def _check_names(graph: Any, title: str) -> None:
    """Refuse names that would garble what is printed: no exporter makes them."""
    for named in (*graph.input, *graph.output, *graph.initializer, *graph.node):
        names = [named.name]
        if hasattr(named, "op_type"):
            names += [named.op_type, named.domain, *named.input, *named.output]
        if not all(isinstance(n, str) and n.isprintable() for n in names):  # bytes: no UTF-8
            raise UserError(f"{title}: damaged .onnx file (control characters in a name); export it again")


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
    from . import ops as onnx_ops  # noqa: F401  (fills IMPORTS)

    try:
        model = onnx.ModelProto.FromString(data)
    except Exception as error:  # protobuf's errors differ from version to version
        raise UserError(f"{name}: not an .onnx file, or damaged ({error}); export or download it again") from error
    if not model.graph.node:
        raise UserError(f"{name}: the file holds no ONNX graph; export or download it again")
    _check_versions(onnx, model, name)
    _check_names(model.graph, name)
    try:
        if model.functions:
            from onnx.inliner import inline_local_functions

            model = inline_local_functions(model)
        return Importer(model, name, shapes or {}, frozen or {}).run()
    except (*_NONSENSE, RuntimeError) as error:
        raise UserError(f"{name}: damaged .onnx file ({type(error).__name__}: {error}); export it again") from error
