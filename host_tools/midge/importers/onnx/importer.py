# SPDX-License-Identifier: MIT
"""Walk the nodes of an .onnx file and build the converter's graph. The function of each op is in a file of ops/.

Source: the ONNX operator documentation, versions 1 to 25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UnsupportedModel, UserError
from ...graph import Graph, Quantization, Tensor, Unsupported
from ...graph.builder import Builder
from . import ops  # noqa: F401  (fills IMPORTS)
from .attributes import Attributes, check_all_read
from .constants import evaluate, transposed_steps
from .integers import IntegerBounds
from .ops.classic import NAMING
from .reader import DAMAGED, OnnxFile, dims_of, dims_text
from .registry import IMPORTS, ImportOp
from .values import OnnxContext, OnnxNode, Value, channels_last, identity

_DOMAINS = ("", "ai.onnx", "com.microsoft", "ai.onnx.ml")
_MAX_RANK = 6

# Ops that take axes in any order, and those that want channels last.
_ANY_ORDER = frozenset((
    "Relu", "LeakyRelu", "Elu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Clip", "Add", "Sub", "Mul", "Div",
    "PRelu", "Cast", "Identity", "Dropout", "Pad", "QuantizeLinear", "DequantizeLinear", "Concat", "Gelu", "Slice",
    "Split", "QLinearAdd", "QLinearMul", "QLinearConcat", "Sqrt", "Pow", "Neg", "Abs", "Max", "Min",
))
_IMAGES = frozenset((
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization",
    "InstanceNormalization", "Resize", "Upsample", "QLinearConv", "DepthToSpace", "SpaceToDepth",
    "QLinearAveragePool", "QLinearGlobalAveragePool",
))

# Of dynamic quantisation, which has no fixed scales for boards.
_DYNAMIC = ("DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat")

ShapesByName = Mapping[str, Sequence[int]]


def read_onnx(
    data: bytes, title: str, shapes: ShapesByName | None = None, frozen: Mapping[str, np.ndarray] | None = None,
    folder: Path | None = None,
) -> Graph:
    """Return the graph of the bytes of an .onnx file, in NHWC.

    title: what error messages call the file; its stem is the graph's name. shapes: those of inputs whose dimensions the
    file leaves open, by name ("" for any). frozen: inputs that are to be constants, by name.
    folder: where files of weights are that the model names. Raises UserError where the file is damaged or incomplete,
    UnsupportedModel where it uses what cannot run.
    """
    file = OnnxFile(data, title, folder)
    try:
        return OnnxImporter(file, shapes or {}, frozen or {}).run()
    except (*DAMAGED, RuntimeError) as error:
        raise file.damaged(error) from error


class OnnxImporter(OnnxContext):
    """The state of an import: the values of the file's graph by their names."""

    def __init__(self, file: OnnxFile, shapes: ShapesByName, frozen: Mapping[str, np.ndarray]) -> None:
        super().__init__(Builder(Path(file.title).stem))
        self.file, self.title, self.shapes, self.frozen = file, file.title, shapes, frozen
        self.values: dict[str, Value] = {}
        self.refused: list[tuple[str, str, str]] = []
        self.integers = IntegerBounds()

    def run(self) -> Graph:
        """Return the whole graph. Raises UserError, UnsupportedModel."""
        graph = self.file.model.graph
        for tensor in graph.initializer:
            self.values[tensor.name] = (self.label(tensor.name) if self.file.is_text(tensor) else
                                        self.constant(self.file.array(tensor), tensor.name))
        self._freeze()
        inputs = [self._input(i) for i in self._open_inputs()]
        if not inputs or not graph.output:
            raise UserError(f"{self.title}: the graph has no {'outputs' if inputs else 'inputs'}; export it again")
        for node in graph.node:
            self._node(node)
        if self.refused:
            raise UnsupportedModel(self.title, self.refused)
        outputs: list[Tensor] = []
        shown = [o for o in graph.output if o.name not in self.values or not self.values[o.name].is_label]
        if not shown:
            raise UserError(f"{self.title}: gives the name of a class and no scores; export it with both")
        for info in shown:
            outputs.append(self._output(info.name, inputs, outputs))
        result = self.build.graph(inputs, outputs)
        if outputs[0].shape[-1:] == (len(self.labels),):
            result.labels = self.labels
        for info in (*graph.input, *shown):
            value = self.values[info.name]
            if value.tensor is not None and value.order != identity(len(value.shape)):
                result.layouts[info.name] = value.order
        if result.layouts:
            result.notes.append(", ".join(f"'{n}'" for n in result.layouts) + " with channels last, as on boards")
        return result

    # Inputs

    def _freeze(self) -> None:
        known = {i.name: i for i in self.file.model.graph.input}
        for name, data in self.frozen.items():
            if name not in known:
                raise UserError(f"{self.title}: no input '{name}' to freeze; the inputs are {', '.join(known)}")
            dims, dtype = dims_of(known[name]), self.file.dtype(known[name])
            if len(dims) != data.ndim or any(d > 0 and d != n for d, n in zip(dims, data.shape, strict=True)):
                raise UserError(f"{self.title}: input '{name}' is {dims_text(dims)}, the values for it are of shape "
                                f"{list(data.shape)}; give --freeze an array of that shape")
            self.values[name] = self.constant(data.astype(dtype), name)

    def _open_inputs(self) -> list[Any]:
        """Return the inputs that are not constants. The shapes that the user gave must be of inputs."""
        found = [i for i in self.file.model.graph.input if i.name not in self.values]
        names = [i.name for i in found]
        for name in self.shapes:
            if name not in names and name not in self.frozen and (name or len(names) != 1):
                what = f"no input '{name}'" if name else "a shape without a name"
                raise UserError(f"{self.title}: {what}; the inputs are {', '.join(names)}: --shape {names[0]}=...")
        return found

    def _input(self, info: Any) -> Tensor:
        dims = self._fixed_dims(info)
        dtype = self.file.dtype(info).name
        dtype = {"int64": "int32", "float64": "float32", "float16": "float32"}.get(dtype, dtype)
        order = channels_last(len(dims)) if len(dims) > 2 and self._feeds_images(info.name) else identity(len(dims))
        tensor = Tensor(self.build.unique(info.name), tuple(dims[i] for i in order), dtype)
        self.values[info.name] = Value(info.name, tuple(dims), tensor, order)
        if self.file.dtype(info) == np.int64:
            self.integers.anything(info.name)
        return tensor

    def _fixed_dims(self, info: Any) -> list[int]:
        """Return an input's dimensions, open ones as the user gave them and an open batch as 1. Raises UserError."""
        dims = dims_of(info)
        given = self.shapes.get(info.name, self.shapes.get(""))
        if given is not None:
            declared = info.type.tensor_type.HasField("shape")
            fits = len(given) == len(dims) and all(a in (b, -1) for a, b in zip(dims, given, strict=True))
            if (declared and not fits) or min(given, default=1) < 1 or prod(given) >= 2**31:
                raise UserError(f"{self.title}: input '{info.name}' is {dims_text(dims)}, where N stands for any "
                                f"number; {list(given)} does not fit")
            dims = list(given)
        if dims and dims[0] == -1 and -1 not in dims[1:]:
            dims[0] = 1  # a batch
        if not info.type.HasField("tensor_type") or len(dims) > _MAX_RANK:
            raise UserError(f"{self.title}: input '{info.name}' is no tensor of at most {_MAX_RANK} axes; "
                            "export the model with plain tensors as inputs")
        if -1 in dims:
            example = ",".join("N" if d < 0 else str(d) for d in (max(dims[0], 1), *dims[1:]))
            raise UserError(f"{self.title}: input '{info.name}' has the dynamic shape {dims_text(dims)}; give one: "
                            f"midge convert --shape {info.name}={example}")
        return dims

    def _feeds_images(self, name: str) -> bool:
        """Tell whether an input reaches a convolution, pool or the like before anything that depends on its order."""
        reached = {name}
        for node in self.file.model.graph.node:
            if not reached.isdisjoint(node.input):
                if node.op_type in _IMAGES:
                    return True
                if node.op_type in _ANY_ORDER:
                    reached.update(node.output)
        return False

    # Nodes

    def _node(self, raw: Any) -> None:
        """Import a node, or note why it cannot run."""
        layer = raw.name or next(iter(raw.output), raw.op_type)
        inputs = [self.values.get(n) if n else None for n in raw.input]
        missing = [n for n in raw.input if n and n not in self.values]
        try:
            if missing and self.refused:  # by a node that was refused; this one may not run either
                _function_of(raw)
                return
            if missing:
                raise Unsupported(f"reads '{missing[0]}', which nothing has written; export the model again")
            attrs = Attributes({a.name: self.file.attribute(a) for a in raw.attribute})
            results = self._import(raw, OnnxNode(raw.op_type, layer, inputs, list(raw.output), attrs, self.file.opset))
        except Unsupported as error:
            self.refused.append((raw.op_type, layer, str(error)))
            return
        except DAMAGED as error:
            reason = f"parameters that make no sense ({type(error).__name__}: {error}); export the model again"
            self.refused.append((raw.op_type, layer, reason))
            return
        for name, value in zip(raw.output, results, strict=False):
            self.values[name] = value
            made = (value.flat or value).tensor
            if name and made is not None and all(v is None or (v.flat or v).tensor is not made for v in inputs):
                made.name = name  # what a user knows the layer by

    def _import(self, raw: Any, node: OnnxNode) -> list[Value]:
        if any(v is not None and v.is_label for v in node.inputs):
            if node.op not in NAMING:
                raise Unsupported("works with text, of which a board has none; export the scores alone")
            return [self.label(name) for name in raw.output]
        known = all(v is None or v.is_constant for v in node.inputs)
        if known and node.op not in ("Scan", "Loop", "If", "DequantizeLinear"):
            found = [self.constant(v, n) for n, v in zip(raw.output, evaluate(self.file, raw, node), strict=False)]
            if found:
                found[0].steps = transposed_steps(node, len(found[0].shape))
            return found
        if node.op in ("Mul", "Div"):
            readers = [n for n in self.file.model.graph.node if raw.output[0] in n.input]
            found_ratio = self.integers.ratio(self, raw, node, readers)
            if found_ratio is not None:
                return [found_ratio]
        result = _function_of(raw)(self, node)
        check_all_read(node.op, node.opset, raw.domain, node.attrs)
        given = result if isinstance(result, list) else [result]
        results = [self.value(r) if isinstance(r, Tensor) else r for r in given]
        self.integers.check(raw, node, results)
        return results

    # Outputs

    def _output(self, name: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Tensor:
        """Return the tensor of an output, under its name: channels last where it is stored so, else as ONNX has it."""
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
                                 out.quantization)
        out.name, value.tensor = name, out
        self.values[name] = value
        return out


def _function_of(raw: Any) -> ImportOp:
    """Return what imports a node. Raises Unsupported."""
    if raw.op_type in _DYNAMIC:
        raise Unsupported("a scale that is measured anew in each run; convert the float model instead, with "
                          "--calibrate samples.npy, which quantises it for boards")
    function = IMPORTS.get(raw.op_type)
    if function is None or raw.domain not in _DOMAINS:
        raise Unsupported(f"Midge has no such op of {raw.domain or 'ONNX'}; the README lists what it has")
    return function
