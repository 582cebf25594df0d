# SPDX-License-Identifier: MIT
"""Draw ONNX graphs of many ops, to compare what Midge answers with onnxruntime without its optimisations.

    python -m tests.fuzz.graphs [--each 3000] [--seed 0] [--first 1]
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from midge import api
from tests.fuzz import drawing
from tests.fuzz.drawing import NEARLY, REFUSED

OPSET = 20
SHAPES = [(1, 3, 8, 6), (1, 4, 5, 5), (1, 2, 9), (1, 6, 4), (1, 7), (1, 12)]
UNARY = ["Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Softplus", "Softsign", "Elu", "Selu", "LeakyRelu", "HardSwish",
         "Erf", "HardSigmoid", "Celu", "Mish", "Gelu", "Floor", "Ceil", "Round", "Sign", "Sin", "Cos", "Exp",
         "Identity", "Atan"]
BINARY = ["Add", "Sub", "Mul", "Max", "Min", "Div"]
REDUCED = ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare"]


class Graph(drawing.Drawn):
    """Its nodes, constants, and the values with their shapes."""

    kind, suffix = "graph", "onnx"

    def begin(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.values = {"x": self.rng.choice(SHAPES)}

    def step(self) -> None:
        name = self.rng.choice([*self.values][-3:])
        self.rng.choice(STEPS)(self, name, self.values[name])

    def __str__(self) -> str:
        return " ".join(node.op_type for node in self.nodes)

    def keep(self, path: Path) -> None:
        path.write_bytes(self.model().SerializeToString())

    def constant(self, array: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weights(self, *shape: int) -> str:
        return self.constant(self.numbers.normal(0, 0.5, shape).astype(np.float32))

    def whole(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def add(self, op: str, *inputs: str, **attrs: object) -> None:
        """Add a node, if onnx can tell the shape of what it gives."""
        name = f"v{len(self.nodes)}"
        node = helper.make_node(op, list(inputs), [name], **attrs)
        try:
            made = onnx.shape_inference.infer_shapes(self.model([*self.nodes, node], name), strict_mode=True)
        except onnx.shape_inference.InferenceError:
            return
        shape = tuple(d.dim_value for d in made.graph.output[0].type.tensor_type.shape.dim)
        if min(shape, default=0) > 0 and np.prod(shape) <= 4096:
            self.nodes.append(node)
            self.values[name] = shape

    def model(self, nodes: list[onnx.NodeProto] | None = None, last: str = "") -> onnx.ModelProto:
        """Return the graph, up to the value `last`, as a model."""
        last = last or next(reversed(self.values))
        ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.values["x"]),
                helper.make_tensor_value_info(last, TensorProto.FLOAT, None)]
        nodes = self.nodes if nodes is None else nodes
        if not nodes:  # every step was left out
            nodes, last = [helper.make_node("Relu", ["x"], ["y"])], "y"
            ends[1] = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        graph = helper.make_graph(nodes, "drawn", ends[:1], ends[1:], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)

    def compare(self) -> str:
        return compared(self.model(), drawing.feeds(self.numbers, *self.values["x"]))


# Steps: each adds a node that takes a value.


def unary(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    d.add(d.rng.choice(UNARY), name)


def binary(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    op, alike = d.rng.choice(BINARY), [n for n, s in d.values.items() if len(s) == len(shape)]
    other = d.rng.choice(alike) if d.rng.random() < 0.5 and op != "Div" else d.weights(
        *(s if d.rng.random() < 0.6 else 1 for s in shape[d.rng.randrange(len(shape)):]))
    d.add(op, *((name, other) if d.rng.random() < 0.7 or op == "Div" else (other, name)))


def reduction(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    axes = d.rng.sample(range(1, len(shape)), d.rng.randint(1, len(shape) - 1))
    d.add(d.rng.choice(REDUCED), name, d.whole(*(a - len(shape) if d.rng.random() < 0.5 else a for a in axes)),
          keepdims=1 if len(shape) - len(axes) < 2 else d.rng.randint(0, 1))


def softmax(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    d.add(d.rng.choice(["Softmax", "LogSoftmax"]), name, axis=d.rng.randint(1, len(shape) - 1))


def convolution(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    axes, channels = len(shape) - 2, shape[1]
    if axes not in (1, 2):
        return
    groups = d.rng.choice([1, 1, channels])
    kernel = [d.rng.randint(1, 3) for _ in range(axes)]
    d.add("Conv", name, d.weights(groups * d.rng.randint(1, 3), channels // groups, *kernel), group=groups,
          strides=[d.rng.randint(1, 2) for _ in kernel], pads=[d.rng.randint(0, k - 1) for k in kernel] * 2)


def pool(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    if len(shape) in (3, 4):
        d.add(d.rng.choice(["MaxPool", "AveragePool"]), name, kernel_shape=[2] * (len(shape) - 2),
              strides=[d.rng.randint(1, 2)] * (len(shape) - 2), ceil_mode=0)


def product(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    d.add("MatMul", name, d.weights(shape[-1], d.rng.randint(1, 6)))


def transpose(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    d.add("Transpose", name, perm=[0, *d.rng.sample(range(1, len(shape)), len(shape) - 1)])


def reshape(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    size = int(np.prod(shape))
    first = d.rng.choice([n for n in range(1, size + 1) if size % n == 0])
    d.add("Reshape", name, d.whole(*d.rng.choice([(1, size), (1, first, size // first), (1, first, 1, size // first)])))


def cut(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    axis = d.rng.randrange(1, len(shape))
    start, step = d.rng.randrange(shape[axis]), d.rng.choice([1, 1, 2, -1])
    end = shape[axis] if step > 0 else -shape[axis] - 1
    d.add("Slice", name, d.whole(start), d.whole(end), d.whole(axis), d.whole(step))


def joined(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    axis = d.rng.randrange(1, len(shape))
    fits = [n for n, s in d.values.items() if len(s) == len(shape)
            and all(i == axis or a == b for i, (a, b) in enumerate(zip(s, shape, strict=True)))]
    d.add("Concat", *d.rng.sample([name, d.rng.choice(fits)], 2), axis=axis)


def padded(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    before, after = ([0, *(d.rng.randint(0, 1) for _ in shape[1:])] for _ in range(2))
    d.add("Pad", name, d.whole(*before, *after), mode=d.rng.choice(["constant", "edge", "reflect"]))


def normalized(d: Graph, name: str, shape: tuple[int, ...]) -> None:
    if d.rng.random() < 0.5:
        d.add("LayerNormalization", name, d.weights(shape[-1]), d.weights(shape[-1]), axis=-1)
    elif np.prod(shape[2:]) > 1:  # of a single value onnxruntime keeps a rounding
        d.add("InstanceNormalization", name, d.weights(shape[1]), d.weights(shape[1]))


STEPS: list[Callable[[Graph, str, tuple[int, ...]], None]] = [
    unary, unary, binary, binary, reduction, softmax, convolution, convolution, pool, product, transpose, reshape, cut,
    joined, padded, normalized]


def compared(model: onnx.ModelProto, feeds: np.ndarray) -> str:
    """Return what is wrong with Midge's answers, as Drawn.compare does. feeds: [samples, *shape] of the one input."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        wanted, near = (np.stack([session.run(None, {"x": x})[0].reshape(-1) for x in (feeds, feeds * NEARLY)[i]])
                        for i in (0, 1))
    except InvalidArgument:  # a reflection beyond the edge, a window larger than the image
        return f"{REFUSED}by onnxruntime"
    return drawing.difference(drawing.onnx_answers(api.convert(model), feeds), wanted, near)


if __name__ == "__main__":
    drawing.main(Graph, 3000)
