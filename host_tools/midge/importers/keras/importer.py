# SPDX-License-Identifier: MIT
"""Read a .keras file with Keras's own loader and walk its layers into the converter's graph.

The file is looked through first, without Keras: whether it is whole, of a bearable size, and made of Keras's own
layers. Then a function of keras_layers/ turns each layer, or each function of keras.ops that a model uses, into nodes.
Each result is compared with the shape that Keras says it has. A layer that cannot run leaves an output of that shape
behind, so that one look names all of them. Source: the documentation and the sources of Keras 3.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UserError
from ...graph import NONSENSE, Graph, Tensor, Unsupported
from ...graph.builder import Builder
from ...graph.shapes import Shapes, fix_inputs
from ...optional import need
from ..source import KERAS_SUFFIXES, Source

_HDF5 = b"\x89HDF"
_PARTS = ("config.json", "model.weights.h5")
_MOST_BYTES = 1 << 30  # unpacked
_NESTED = ("Functional", "Sequential", "Model", "Function")
_DTYPES = {"float16": "float32", "bfloat16": "float32", "float64": "float32", "int64": "int32", "uint32": "int32"}


@dataclass
class Call:
    """A layer or a function, as often as the model calls it, and what it is called with."""

    op: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.op.name)

    @property
    def x(self) -> Tensor:
        """The first argument, which must come from the graph."""
        first = self.args[0] if self.args else next(iter(self.kwargs.values()), None)
        while isinstance(first, (list, tuple)) and len(first) == 1:
            first = first[0]
        if not isinstance(first, Tensor):
            raise Unsupported("inputs that do not come from the model's inputs; compute it before training")
        return first

    @property
    def operands(self) -> list[Any]:
        """All arguments: tensors, and constants among them."""
        found: list[Any] = []
        for value in (*self.args, *self.kwargs.values()):
            found += value if isinstance(value, (list, tuple)) else [value]
        return found


Result = Tensor | Sequence[Tensor]
LayerFunction = Callable[["Importer", Call], Result]
LAYERS: dict[str, LayerFunction] = {}
FUNCTIONS: dict[str, LayerFunction] = {}


def layer(*names: str) -> Callable[[LayerFunction], LayerFunction]:
    """Register what imports these layers of keras.layers."""

    def register(function: LayerFunction) -> LayerFunction:
        LAYERS.update(dict.fromkeys(names, function))
        return function

    return register


def function(*names: str) -> Callable[[LayerFunction], LayerFunction]:
    """Register what imports these functions of keras.ops, by the names of their classes."""

    def register(imports: LayerFunction) -> LayerFunction:
        FUNCTIONS.update(dict.fromkeys(names, imports))
        return imports

    return register


def find(op: Any) -> LayerFunction | None:
    """What imports an operation of Keras's own; None where nothing does."""
    package, *rest = type(op).__module__.split(".")
    table = LAYERS if "layers" in rest else FUNCTIONS
    return table.get(type(op).__name__) if package == "keras" else None


@dataclass
class Importer:
    """The state of an import."""

    keras: Any
    title: str
    build: Builder = field(init=False)
    refused: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.build = Builder(Path(self.title).stem)

    def weights(self, variable: Any) -> np.ndarray:
        """A variable of Keras's, or a tensor, as float32."""
        values = np.asarray(self.keras.ops.convert_to_numpy(variable), np.float32)
        if not np.all(np.isfinite(values)):
            raise Unsupported("weights that hold NaN or infinity; train it again, with a lower learning rate")
        return values

    def operand(self, value: Any) -> Tensor:
        """A tensor as it is, and anything else that Keras takes for one as a constant."""
        return value if isinstance(value, Tensor) else self.build.constant(self.weights(value))

    def call(self, op: Any, args: Sequence[Any], kwargs: dict[str, Any] | None = None) -> Result:
        """What a layer makes of tensors. Raises Unsupported."""
        kwargs = {k: v for k, v in (kwargs or {}).items() if k not in ("training", "mask") and v is not None}
        if type(op).__name__ in _NESTED and hasattr(op, "layers"):
            return self.walk(_function_of(op, self.title), self.keras.tree.flatten((list(args), kwargs)))
        imports = find(op)
        if imports is None:
            raise Unsupported(f"Midge has no such {'layer' if hasattr(op, 'get_weights') else 'function'}; "
                              "build it from those that the documents list")  # fmt: skip
        if getattr(op, "quantization_mode", None):
            raise Unsupported("quantised by Keras; give the model as it was before model.quantize()")
        if getattr(op, "data_format", None) != "channels_first":
            return imports(self, Call(op, tuple(args), kwargs))
        x = Call(op, tuple(args), kwargs).x
        found = imports(self, Call(op, (self.build.transpose(x, _last(x)), *args[1:]), kwargs))
        assert isinstance(found, Tensor)
        rank = len(found.shape)
        return self.build.transpose(found, (0, rank - 1, *range(1, rank - 1))) if rank > 2 else found

    def walk(self, function: Any, inputs: Sequence[Any]) -> list[Tensor]:
        """A graph of layers from its inputs to its outputs."""
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
        """A node's outputs; where it cannot run, tensors that look like them, and a line in `refused`."""
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
                                 f"({type(error).__name__}: {error}); please report it"))  # fmt: skip
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


def _last(x: Tensor) -> tuple[int, ...]:
    """The order of axes that takes channels from place 1 to the end."""
    return (0, *range(2, len(x.shape)), 1)


def _function_of(model: Any, title: str) -> Any:
    """The graph of a Functional or Sequential model."""
    function = getattr(model, "_functional", model)
    if getattr(function, "_nodes_by_depth", None) is None:
        if type(model).__name__ == "Sequential":
            raise UserError(f"{title}: the Sequential model '{model.name}' does not know its input's shape; put "
                            "keras.Input(shape) in front, or call it once, and save it again")  # fmt: skip
        raise UserError(f"{title}: the model '{model.name}' is a subclass, which hides how its layers are connected; "
                        "build it as keras.Model(inputs, outputs)")  # fmt: skip
    return function


def is_keras(source: Source) -> bool:
    """Whether a file is one of Keras's, by its name or, without one, by its first bytes."""
    return source.suffix in KERAS_SUFFIXES or (source.suffix == "" and source.data[:4] in (b"PK\x03\x04", _HDF5))


def read_keras(data: bytes, title: str, shapes: Shapes = None) -> Graph:
    """The graph of the bytes of a .keras file. Inputs have a batch of one.

    title: what stands in error messages, its stem is the graph's name. shapes: of inputs with open shapes.
    Raises UserError where the file is damaged or no .keras file, UnsupportedModel where it uses what cannot run.
    """
    config = _look_through(data, title)
    strangers = list(_strangers(config))
    if strangers:
        _refuse(title, strangers)
    keras = _load_keras()
    from . import layers as keras_layers  # noqa: F401  (fills LAYERS and FUNCTIONS)

    model = _function_of(_load(keras, data, title), title)
    imp = Importer(keras, title)
    inputs = [_input(imp, symbol) for symbol in model.inputs]
    fix_inputs(inputs, shapes, title)
    outputs = imp.walk(model, inputs)
    if imp.refused:
        _refuse(title, imp.refused)
    for i, tensor in enumerate(outputs):
        if prod(tensor.shape) == 0:
            raise UserError(f"{title}: output {i} of shape {list(tensor.shape)} is empty")
        if imp.build.producer(tensor) is None or any(t is tensor for t in outputs[:i]):  # an input, or twice the same
            outputs[i] = imp.build.add("RESHAPE", [tensor, imp.build.axes(tensor.shape)], tensor.shape,
                                       tensor.name, tensor.dtype)  # fmt: skip
    return _whole_numbers(imp.build.graph(inputs, outputs))


def _whole_numbers(graph: Graph) -> Graph:
    """Let inputs that are read as whole numbers only, as class numbers are, be int32, and not float32 that is cast."""
    for end in graph.inputs:
        readers = graph.consumers(end)
        if end.dtype == "float32" and readers and not graph.is_output(end) and all(
            node.op == "CAST" and node.outputs[0].dtype == "int32" for node in readers
        ):  # fmt: skip
            end.dtype = "int32"
            for node in readers:
                graph.replace(node.outputs[0], end)
            graph.nodes = [node for node in graph.nodes if not any(node is r for r in readers)]
    return graph


def _refuse(title: str, refused: list[tuple[str, str, str]]) -> None:
    from ...errors import UnsupportedModel

    raise UnsupportedModel(title, refused)


def _input(imp: Importer, symbol: Any) -> Tensor:
    signature = tuple(-1 if d is None else int(d) for d in symbol.shape)
    dtype = _DTYPES.get(symbol.dtype, symbol.dtype)
    name = symbol._keras_history.operation.name
    if dtype not in ("float32", "int32", "int8", "int16", "uint8", "bool"):
        raise UserError(f"{imp.title}: input '{name}' is of type {dtype}; float32 and int32 can run")
    return Tensor(imp.build.unique(name), signature, dtype, signature=signature)


def _look_through(data: bytes, title: str) -> Any:
    """The description of the model in the file. Raises UserError where the file is not whole."""
    if data[:4] == _HDF5:
        raise UserError(f"{title}: an HDF5 file, as Keras 2 wrote them; open it with keras.saving.load_model(path) and "
                        "save it as .keras: model.save('net.keras')")  # fmt: skip
    again = "save it again with model.save('net.keras')"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            missing = [part for part in _PARTS if part not in names]
            if missing:
                raise UserError(f"{title}: no .keras file of Keras 3, for it holds no {missing[0]}; {again}")
            size = sum(info.file_size for info in archive.infolist())
            if size > _MOST_BYTES:
                raise UserError(f"{title}: {size:,} B unpacked; a network for a board is smaller")
            broken = archive.testzip()
            if broken is not None:
                raise UserError(f"{title}: damaged .keras file: {broken} does not match its checksum; {again}")
            return json.loads(archive.read("config.json"))
    except UserError:
        raise
    except Exception as error:  # zipfile and zlib fail in many ways
        raise UserError(f"{title}: not a .keras file, or damaged ({error}); {again}") from error


def _strangers(config: Any, name: str = "the model") -> Iterator[tuple[str, str, str]]:
    """Everything in a model's description that is not Keras's own: type, layer, and what to do about it."""
    if isinstance(config, list):
        for item in config:
            yield from _strangers(item, name)
    if not isinstance(config, dict):
        return
    kind, module = config.get("class_name"), config.get("module", "keras")
    inner = config.get("config")
    if isinstance(inner, dict) and isinstance(inner.get("name"), str) and kind != "DTypePolicy":
        name = inner["name"]
    if kind == "Lambda":
        yield "Lambda", name, "Python code of its own, which is not run; use layers, or functions of keras.ops"
        return
    if isinstance(kind, str) and kind == "function" and module == "builtins":
        yield "function", name, f"the Python function {inner}; use layers, or functions of keras.ops"
    elif isinstance(kind, str) and not kind.startswith("__") and str(module).split(".")[0] != "keras":
        yield kind, name, ("a class of its own, whose code is not in the file; build the model as keras.Model(inputs, "
                           "outputs) of Keras's own layers")  # fmt: skip
        return
    for key, value in config.items():
        if key not in ("compile_config", "build_config"):
            yield from _strangers(value, name)


def _load_keras() -> Any:
    """Keras, on JAX and without a GPU where nobody has chosen otherwise by importing it."""
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "jax"
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
        need("jax", "keras", "reading .keras files")
    return need("keras", "keras", "reading .keras files")


def _load(keras: Any, data: bytes, title: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(data)
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # Keras has no family of errors for this
            said = " ".join(str(error).split())
            raise UserError(f"{title}: Keras {keras.__version__} cannot load it ({said[:200]}); save it again with "
                            "model.save('net.keras')") from error  # fmt: skip
