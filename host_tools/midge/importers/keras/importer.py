# SPDX-License-Identifier: MIT
"""Walk the layers of a Keras model and build the converter's graph.

A function of layers/ turns each layer, or each function of keras.ops that a model uses, into nodes. Each result is
compared with the shape that Keras says it has. A layer that cannot run leaves an output of that shape, so that one look
names all of them. Source: the documentation and the sources of Keras 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UnsupportedModel, UserError
from ...graph import NONSENSE, Graph, Tensor, Unsupported
from ...graph.builder import Builder
from ...graph.shapes import Shapes, fix_inputs
from . import layers  # noqa: F401  (fills LAYERS and FUNCTIONS)
from .reader import load_keras, load_model, read_config, strangers
from .registry import Call, Result, find

_NESTED = ("Functional", "Sequential", "Model", "Function")
_DTYPES = {"float16": "float32", "bfloat16": "float32", "float64": "float32", "int64": "int32", "uint32": "int32"}


def read_keras(data: bytes, title: str, shapes: Shapes = None) -> Graph:
    """Return the graph of the bytes of a .keras file. Inputs have a batch of one.

    title: what error messages call the file; its stem is the graph's name. shapes: of inputs with open shapes.
    Raises UserError where the file is damaged or no .keras file, UnsupportedModel where it uses what cannot run.
    """
    unknown = list(strangers(read_config(data, title)))
    if unknown:
        raise UnsupportedModel(title, unknown)
    keras = load_keras()
    model = _function_of(load_model(keras, data, title), title)
    imp = KerasImporter(keras, title)
    inputs = [_input(imp, symbol) for symbol in model.inputs]
    fix_inputs(inputs, shapes, title)
    outputs = imp.walk(model, inputs)
    if imp.refused:
        raise UnsupportedModel(title, imp.refused)
    for i, tensor in enumerate(outputs):
        if prod(tensor.shape) == 0:
            raise UserError(f"{title}: output {i} of shape {list(tensor.shape)} is empty")
        if imp.build.producer(tensor) is None or any(t is tensor for t in outputs[:i]):  # an input, or twice the same
            outputs[i] = imp.build.add("RESHAPE", [tensor, imp.build.axes(tensor.shape)], tensor.shape,
                                       tensor.name, tensor.dtype)
    return _whole_numbers(imp.build.graph(inputs, outputs))


class KerasImporter:
    """The state of an import; what KerasContext promises to the functions of layers."""

    def __init__(self, keras: Any, title: str) -> None:
        self.keras, self.title = keras, title
        self.build = Builder(Path(title).stem)
        self.refused: list[tuple[str, str, str]] = []

    def weights(self, variable: Any) -> np.ndarray:
        """Return a variable of Keras's, or a tensor, as float32. Raises Unsupported for NaN and infinity."""
        values = np.asarray(self.keras.ops.convert_to_numpy(variable), np.float32)
        if not np.all(np.isfinite(values)):
            raise Unsupported("weights that hold NaN or infinity; train it again, with a lower learning rate")
        return values

    def operand(self, value: Any) -> Tensor:
        """Return a tensor as it is, and anything else that Keras takes for one as a constant."""
        return value if isinstance(value, Tensor) else self.build.constant(self.weights(value))

    def call(self, op: Any, args: Sequence[Any], kwargs: dict[str, Any] | None = None) -> Result:
        """Return what a layer makes of tensors. Raises Unsupported."""
        kwargs = {k: v for k, v in (kwargs or {}).items() if k not in ("training", "mask") and v is not None}
        if type(op).__name__ in _NESTED and hasattr(op, "layers"):
            return self.walk(_function_of(op, self.title), self.keras.tree.flatten((list(args), kwargs)))
        imports = find(op)
        if imports is None:
            raise Unsupported(f"Midge has no such {'layer' if hasattr(op, 'get_weights') else 'function'}; "
                              "build it from those that the documents list")
        if getattr(op, "quantization_mode", None):
            raise Unsupported("quantised by Keras; give the model as it was before model.quantize()")
        wanted = getattr(getattr(op, "input_spec", None), "ndim", None)  # TimeDistributed does not ask for it
        if wanted is not None and args and isinstance(args[0], Tensor) and len(args[0].shape) != wanted:
            raise Unsupported(f"an input of shape {list(args[0].shape)}, which is not of the {wanted} dimensions of a "
                              f"{type(op).__name__}")
        if getattr(op, "data_format", None) != "channels_first":
            return imports(self, Call(op, tuple(args), kwargs))
        x = Call(op, tuple(args), kwargs).x
        found = imports(self, Call(op, (self.build.transpose(x, _channels_last(x)), *args[1:]), kwargs))
        assert isinstance(found, Tensor)
        rank = len(found.shape)
        return self.build.transpose(found, (0, rank - 1, *range(1, rank - 1))) if rank > 2 else found

    def walk(self, function: Any, inputs: Sequence[Any]) -> list[Tensor]:
        """Import a graph of layers, from its inputs to its outputs, which are returned."""
        nodes = [n for depth in sorted(function._nodes_by_depth, reverse=True) for n in function._nodes_by_depth[depth]]
        values = {id(symbol): tensor for symbol, tensor in zip(function.inputs, inputs, strict=True)}

        def value_of(symbol: Any) -> Any:
            return values[id(symbol)] if isinstance(symbol, self.keras.KerasTensor) else symbol

        for node in nodes:
            if node.is_input:
                continue
            args, kwargs = node.arguments.convert(value_of)
            for symbol, tensor in zip(node.outputs, self._results(node, args, kwargs), strict=True):
                values[id(symbol)] = tensor
        return [values[id(t)] for t in function.outputs]

    def _results(self, node: Any, args: Any, kwargs: Any) -> list[Tensor]:
        """Return a node's outputs; where it cannot run, tensors that look like them, with a line in `refused`."""
        op, start = node.operation, len(self.build.nodes)
        try:
            found = self.call(op, args, kwargs)
            results = [found] if isinstance(found, Tensor) else list(found)
            self._name(op.name, results[0], start)
            for symbol, tensor in zip(node.outputs, results, strict=True):
                self._compare(symbol, tensor)
            return results
        except Unsupported as reason:
            self.refused.append((type(op).__name__, op.name, str(reason)))
        except (*NONSENSE, AttributeError, AssertionError) as error:
            self.refused.append((type(op).__name__, op.name, f"parameters that Midge does not understand "
                                 f"({type(error).__name__}: {error}); please report it"))
        return [self.build.add("REFUSED", [], [d or 1 for d in symbol.shape], op.name) for symbol in node.outputs]

    def _name(self, name: str, result: Tensor, start: int) -> None:
        """Let the result of the nodes from `start` on have the layer's name, and not what came on the way to it."""
        made = [node.outputs[0] for node in self.build.nodes[start:]]
        if any(t is result for t in made):
            for tensor in made:
                if tensor.name == name:
                    tensor.name = result.name
            result.name = name

    def _compare(self, symbol: Any, tensor: Tensor) -> None:
        wanted = list(symbol.shape)
        pairs = zip(wanted[1:], tensor.shape[1:], strict=False)
        if len(wanted) != len(tensor.shape) or any(a not in (b, None) for a, b in pairs):
            raise Unsupported(f"a result of shape {list(tensor.shape)}, Keras has {wanted}; please report it")


def _channels_last(x: Tensor) -> tuple[int, ...]:
    """Return the order of axes that takes channels from place 1 to the end."""
    return (0, *range(2, len(x.shape)), 1)


def _function_of(model: Any, title: str) -> Any:
    """Return the graph of a Functional or Sequential model. Raises UserError for other models."""
    function = getattr(model, "_functional", model)
    if getattr(function, "_nodes_by_depth", None) is None:
        if type(model).__name__ == "Sequential":
            raise UserError(f"{title}: the Sequential model '{model.name}' does not know its input's shape; put "
                            "keras.Input(shape) in front, or call it once, and save it again")
        raise UserError(f"{title}: the model '{model.name}' is a subclass, which hides how its layers are connected; "
                        "build it as keras.Model(inputs, outputs)")
    return function


def _whole_numbers(graph: Graph) -> Graph:
    """Let inputs that are read as whole numbers only, as class numbers are, be int32, and not float32 that is cast."""
    for x in graph.inputs:
        readers = graph.consumers(x)
        if x.dtype == "float32" and readers and not graph.is_output(x) and all(
            node.op == "CAST" and node.outputs[0].dtype == "int32" for node in readers
        ):
            x.dtype = "int32"
            for node in readers:
                graph.replace(node.outputs[0], x)
            graph.nodes = [node for node in graph.nodes if not any(node is r for r in readers)]
    return graph


def _input(imp: KerasImporter, symbol: Any) -> Tensor:
    signature = tuple(-1 if d is None else int(d) for d in symbol.shape)
    dtype = _DTYPES.get(symbol.dtype, symbol.dtype)
    name = symbol._keras_history.operation.name
    if dtype not in ("float32", "int32", "int8", "int16", "uint8", "bool"):
        raise UserError(f"{imp.title}: input '{name}' is of type {dtype}; float32 and int32 can run")
    return Tensor(imp.build.unique(name), signature, dtype, signature=signature)
