# SPDX-License-Identifier: MIT
"""Draw ONNX graphs of many ops, and compare what Midge answers with onnxruntime; say in one line what came of it.

    python -m tests.fuzz.graphs [--each 300] [--seed 0] [--first 1]

A graph has to answer as onnxruntime does without its optimisations, or be refused with an UnsupportedModel. What does
neither is kept as build/fuzz/graph-<seed>-<number>.onnx; --first draws the graph of a number again.
"""

from __future__ import annotations

import argparse
import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from midge import api
from midge.errors import UnsupportedModel

FOUND = Path("build/fuzz")
OPSET, MOST_NODES, SAMPLES = 20, 9, 3
RELATIVE, ABSOLUTE = 1e-3, 1e-4
NEARLY, MAGNIFIED = np.float32(1 + 1e-6), 30  # roundings may do so many times what so small a change does
SHAPES = [(1, 3, 8, 6), (1, 4, 5, 5), (1, 2, 9), (1, 6, 4), (1, 7), (1, 12)]
UNARY = ["Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Softplus", "Softsign", "Elu", "Selu", "LeakyRelu", "HardSwish",
         "Erf", "HardSigmoid", "Celu", "Mish", "Gelu", "Floor", "Ceil", "Round", "Sign", "Sin", "Cos", "Exp",
         "Identity", "Atan"]
BINARY = ["Add", "Sub", "Mul", "Max", "Min", "Div"]
REDUCED = ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare"]


class Drawn:
    """A graph as it is drawn: its nodes, constants, and the values with their shapes."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.numbers = rng, np.random.default_rng(rng.randrange(2**32))
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.values = {"x": rng.choice(SHAPES)}
        for _ in range(rng.randint(2, MOST_NODES)):
            name = rng.choice([*self.values][-3:])
            rng.choice(STEPS)(self, name, self.values[name])
        if not self.nodes:
            self.add("Relu", "x")

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
        graph = helper.make_graph(self.nodes if nodes is None else nodes, "drawn", ends[:1], ends[1:], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


# Steps: each adds a node that takes a value.


def unary(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    d.add(d.rng.choice(UNARY), name)


def binary(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    op, alike = d.rng.choice(BINARY), [n for n, s in d.values.items() if len(s) == len(shape)]
    other = d.rng.choice(alike) if d.rng.random() < 0.5 and op != "Div" else d.weights(
        *(s if d.rng.random() < 0.6 else 1 for s in shape[d.rng.randrange(len(shape)):]))
    d.add(op, *((name, other) if d.rng.random() < 0.7 or op == "Div" else (other, name)))


def reduction(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    axes = d.rng.sample(range(1, len(shape)), d.rng.randint(1, len(shape) - 1))
    d.add(d.rng.choice(REDUCED), name, d.whole(*(a - len(shape) if d.rng.random() < 0.5 else a for a in axes)),
          keepdims=1 if len(shape) - len(axes) < 2 else d.rng.randint(0, 1))


def softmax(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    d.add(d.rng.choice(["Softmax", "LogSoftmax"]), name, axis=d.rng.randint(1, len(shape) - 1))


def convolution(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    axes, channels = len(shape) - 2, shape[1]
    if axes not in (1, 2):
        return
    groups = d.rng.choice([1, 1, channels])
    kernel = [d.rng.randint(1, 3) for _ in range(axes)]
    d.add("Conv", name, d.weights(groups * d.rng.randint(1, 3), channels // groups, *kernel), group=groups,
          strides=[d.rng.randint(1, 2) for _ in kernel], pads=[d.rng.randint(0, k - 1) for k in kernel] * 2)


def pool(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    if len(shape) in (3, 4):
        d.add(d.rng.choice(["MaxPool", "AveragePool"]), name, kernel_shape=[2] * (len(shape) - 2),
              strides=[d.rng.randint(1, 2)] * (len(shape) - 2), ceil_mode=0)


def product(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    d.add("MatMul", name, d.weights(shape[-1], d.rng.randint(1, 6)))


def transpose(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    d.add("Transpose", name, perm=[0, *d.rng.sample(range(1, len(shape)), len(shape) - 1)])


def reshape(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    size = int(np.prod(shape))
    first = d.rng.choice([n for n in range(1, size + 1) if size % n == 0])
    d.add("Reshape", name, d.whole(*d.rng.choice([(1, size), (1, first, size // first), (1, first, 1, size // first)])))


def cut(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    axis = d.rng.randrange(1, len(shape))
    start, step = d.rng.randrange(shape[axis]), d.rng.choice([1, 1, 2, -1])
    end = shape[axis] if step > 0 else -shape[axis] - 1
    d.add("Slice", name, d.whole(start), d.whole(end), d.whole(axis), d.whole(step))


def joined(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    axis = d.rng.randrange(1, len(shape))
    fits = [n for n, s in d.values.items() if len(s) == len(shape)
            and all(i == axis or a == b for i, (a, b) in enumerate(zip(s, shape, strict=True)))]
    d.add("Concat", *d.rng.sample([name, d.rng.choice(fits)], 2), axis=axis)


def padded(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    before, after = ([0, *(d.rng.randint(0, 1) for _ in shape[1:])] for _ in range(2))
    d.add("Pad", name, d.whole(*before, *after), mode=d.rng.choice(["constant", "edge", "reflect"]))


def normalized(d: Drawn, name: str, shape: tuple[int, ...]) -> None:
    if d.rng.random() < 0.5:
        d.add("LayerNormalization", name, d.weights(shape[-1]), d.weights(shape[-1]), axis=-1)
    elif np.prod(shape[2:]) > 1:  # of a single value onnxruntime keeps a rounding
        d.add("InstanceNormalization", name, d.weights(shape[1]), d.weights(shape[1]))


STEPS: list[Callable[[Drawn, str, tuple[int, ...]], None]] = [
    unary, unary, binary, binary, reduction, softmax, convolution, convolution, pool, product, transpose, reshape, cut,
    joined, padded, normalized]


def try_one(model: onnx.ModelProto, feeds: np.ndarray) -> str:
    """Return what is wrong with the answers, "" for nothing, "refused" with the op's name. feeds: [samples, *shape]."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        expected, near = (np.stack([session.run(None, {"x": x})[0].reshape(-1) for x in (feeds, feeds * NEARLY)[i]])
                          for i in (0, 1))
    except InvalidArgument:  # a reflection beyond the edge, a window larger than the image
        return "refused by onnxruntime"
    try:
        made = api.convert(model)
    except UnsupportedModel as refusal:
        return f"refused {refusal.items[0][0]}: {refusal.items[0][2]}"
    got = made.engine.run([np.stack([turned(made, x) for x in feeds])])[0]
    layout = made.conversion.program.graph.layouts.get(made.engine.outputs[0].name)
    if layout is not None:  # channels last
        got = got.reshape(len(got), *made.engine.outputs[0].shape).transpose(0, *(1 + i for i in np.argsort(layout)))
    fine = np.isfinite(expected) & np.isfinite(near)
    off = abs(got.reshape(expected.shape) - expected)[fine]
    bound = RELATIVE * abs(expected) + ABSOLUTE * max(1, abs(expected[fine]).max(initial=0)) + MAGNIFIED * abs(
        near - expected)
    return "" if (off <= bound[fine]).all() else f"up to {off.max():.3g} off"


def turned(made: api.ConvertedModel, x: np.ndarray) -> np.ndarray:
    """Return a sample in the order of the model's axes."""
    layout = made.conversion.program.graph.layouts.get(made.engine.inputs[0].name)
    return (x if layout is None else x.transpose(layout)).reshape(made.engine.inputs[0].shape)


def main() -> None:
    """Run it; the exit code is 1 where it found something."""
    parser = argparse.ArgumentParser(description="Compare drawn ONNX graphs with onnxruntime.")
    parser.add_argument("--each", type=int, default=300, help="graphs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=1, help="the number of the first graph")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    refused, found = Counter[str](), list[str]()
    for number in range(options.first, options.first + options.each):
        drawn = Drawn(random.Random(f"{options.seed} {number}"))
        model = drawn.model()
        feeds = drawn.numbers.normal(size=(SAMPLES, *drawn.values["x"])).astype(np.float32)
        try:
            problem = try_one(model, feeds)
        except Exception as error:  # none may come
            problem = f"{type(error).__name__}: {str(error)[:100]}"
        if problem.startswith("refused "):
            refused[problem[8:100]] += 1
        elif problem:
            FOUND.mkdir(parents=True, exist_ok=True)
            kept = FOUND / f"graph-{options.seed}-{number}.onnx"
            kept.write_bytes(model.SerializeToString())
            found.append(f"{kept}: {problem}: {' '.join(node.op_type for node in drawn.nodes)}")
    print("\n".join(found[:20]))
    print("\n".join(f"refused {count} times: {why}" for why, count in refused.most_common(5)))
    print(f"{options.each} graphs, {sum(refused.values())} refused: {len(found) or 'nothing'} found")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
