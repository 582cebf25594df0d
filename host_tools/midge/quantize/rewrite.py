# SPDX-License-Identifier: MIT
"""The float graph with integers in it: each node that has a kernel of the wanted dtype gets it, the others stay float.

A value is a tensor in one dtype. Where a node wants a value in another dtype than its producer makes, a QUANTIZE or
DEQUANTIZE goes between. Values that an op demands to share one scale form a group, whose range is that of all its
members that are calculated, not merely moved.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..graph import Graph, Node, Quantization, Tensor, verify
from ..graph.tflite_ops import WEIGHTED, Weighted
from . import scheme
from .observe import Observation
from .prepare import Known
from .ranges import Statistics

_MANY = ("CONCATENATION", "PACK", "MAXIMUM", "MINIMUM", "SELECT", "SELECT_V2")  # data inputs of equal rank


@dataclass
class Recipe:
    """How to quantise: the dtype of every node by its identity, the method for ranges, and refinements."""

    dtypes: dict[int, str]
    method: str = "mse"
    bias_correction: bool = True
    float_io: bool = False
    known: Known = field(default_factory=dict)


@dataclass
class Rewritten:
    """The quantised graph, and for each float tensor the one that stands for it."""

    graph: Graph
    twins: list[tuple[Tensor, Tensor]]


class _Groups:
    """Values that share a scale (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[object, object] = {}
        self.fixed: dict[object, tuple[float, int]] = {}

    def root(self, key: object) -> object:
        self._parent.setdefault(key, key)
        while self._parent[key] != key:
            self._parent[key] = self._parent[self._parent[key]]
            key = self._parent[key]
        return key

    def join(self, a: object, b: object) -> None:
        a, b = self.root(a), self.root(b)
        if a != b:
            self._parent[b] = a
            if b in self.fixed:
                self.fixed.setdefault(a, self.fixed.pop(b))

    def fix(self, key: object, value: tuple[float, int]) -> None:
        self.fixed[self.root(key)] = value

    def fixed_of(self, key: object) -> tuple[float, int] | None:
        return self.fixed.get(self.root(key))


_Key = tuple[int, str, int]  # tensor, dtype, and the node that wants a copy of its own, or 0


class _Rewriter:
    def __init__(self, graph: Graph, seen: Observation, recipe: Recipe) -> None:
        self.graph, self.seen, self.recipe = graph, seen, recipe
        self.groups = _Groups()
        self.tensors = {id(t): t for t in graph.tensors()}
        self.made: dict[int, str] = {id(t): t.dtype for t in graph.tensors()}  # the dtype that its producer gives
        self.wanted: dict[tuple[int, int], _Key] = {}  # (node, input) -> the value that it reads
        self.counted: dict[object, list[Tensor]] = {}
        self.built: dict[_Key, Tensor] = {}
        self.nodes: list[Node] = []

    # Which values there are and which share a scale

    def group_values(self) -> None:
        for x in self.graph.inputs:
            if x.dtype == "float32" and not self.recipe.float_io and self._input_dtype(x):
                self.made[id(x)] = self._input_dtype(x)
        moved: set[int] = set()
        ignored: set[int] = set()
        for node in self.graph.nodes:
            dtype = self.recipe.dtypes.get(id(node), "float32")
            if dtype == "float32":
                continue
            same = node.op in scheme.SAME_SCALE
            for out in node.outputs:
                self.made[id(out)] = dtype
                if node.op in scheme.FIXED[dtype]:
                    self.groups.fix((id(out), dtype, 0), scheme.FIXED[dtype][node.op])
            first: _Key | None = (id(node.outputs[0]), dtype, 0) if same else None
            for i in scheme.data_inputs(node):
                tensor = node.inputs[i]
                assert tensor is not None
                key: _Key = (id(tensor), dtype, 0)
                if tensor.is_constant or (node.op in _MANY and self.groups.fixed_of(key) is not None):
                    key = (id(tensor), dtype, id(node))
                self.wanted[id(node), i] = key
                if first is not None:
                    self.groups.join(key, first)
                if node.op == "RELU6":
                    ignored.add(id(tensor))
            if first is not None:
                for out in node.outputs[1:]:
                    self.groups.join(first, (id(out), dtype, 0))
                if node.op != "RELU6":
                    moved.update(id(out) for out in node.outputs)
        for key in [*self.wanted.values(), *((i, d, 0) for i, d in self.made.items() if d in scheme.LIMITS)]:
            if key[0] not in moved and key[0] not in ignored:
                members = self.counted.setdefault(self.groups.root(key), [])
                if not any(t is self.tensors[key[0]] for t in members):
                    members.append(self.tensors[key[0]])

    def _input_dtype(self, tensor: Tensor) -> str:
        """Return int8 or int16 where every reader of a model's input wants that, "" where one stays float."""
        dtypes = {self.recipe.dtypes.get(id(n), "float32") for n in self.graph.consumers(tensor)}
        return "int8" if dtypes == {"int8"} or dtypes == {"int8", "int16"} else \
            "int16" if dtypes == {"int16"} else ""

    def parameters(self, key: _Key) -> Quantization:
        root = self.groups.root(key)
        fixed = self.groups.fixed_of(key)
        if fixed is not None:
            return scheme.per_tensor(*fixed)
        low, high = 0.0, 0.0
        members = self.counted.get(root) or [self.tensors[key[0]]]
        for tensor in members:
            if tensor.data is not None:
                found = float(tensor.data.min()), float(tensor.data.max())
            else:
                found = self._range(self.seen.of(tensor), key[1])
            low, high = min(low, found[0]), max(high, found[1])
        return scheme.parameters(low, high, key[1])

    def _range(self, statistics: Statistics | None, dtype: str) -> tuple[float, float]:
        if statistics is None or statistics.samples == 0:
            return 0.0, 0.0
        return statistics.range_by("minmax" if dtype == "int16" else self.recipe.method)

    # The new graph

    def value(self, key: _Key) -> Tensor:
        """Return the tensor of a value; made, and its conversion put into the graph, when first asked for."""
        if key in self.built:
            return self.built[key]
        source = self.tensors[key[0]]
        made = self.made[key[0]]
        own: _Key = (key[0], made, 0)
        if source.dtype != "float32" or (key[1] == "float32" and made == "float32"):
            self.built[key] = source
            return source
        q = self.parameters(key) if key[1] != "float32" else None
        tensor = Tensor(source.name, source.shape, key[1], q)
        if source.data is not None and q is not None:
            tensor.data = scheme.quantize_array(source.data, q, key[1])
        elif key != own:
            op = "DEQUANTIZE" if key[1] == "float32" else "QUANTIZE"
            self.nodes.append(Node(op, [self.value(own)], [tensor]))
        self.built[key] = tensor
        return tensor

    def rewrite(self) -> Rewritten:
        self.group_values()
        inputs = [self.value((id(t), self.made[id(t)], 0)) for t in self.graph.inputs]
        for node in self.graph.nodes:
            self.add(node, self.recipe.dtypes.get(id(node), "float32"))
        outputs = [self._output(t) for t in self.graph.outputs]
        graph = Graph(self.graph.name, inputs, outputs, self.nodes, self.graph.labels, self.graph.metadata,
                      list(self.graph.notes))
        twins = [(self.tensors[key[0]], t) for key, t in self.built.items()
                 if key[2] == 0 and key[1] == self.made[key[0]] and not t.is_constant]
        return Rewritten(verify(graph), twins)

    def _output(self, tensor: Tensor) -> Tensor:
        return self.value((id(tensor), "float32" if self.recipe.float_io else self.made[id(tensor)], 0))

    def add(self, node: Node, dtype: str) -> None:
        if dtype == "float32":
            inputs = [t if t is None or t.is_state else self.value((id(t), "float32", 0)) for t in node.inputs]
            outputs = [self.value((id(t), self.made[id(t)], 0)) for t in node.outputs]
            self.nodes.append(Node(node.op, inputs, outputs, dict(node.attrs)))
            return
        inputs = list(node.inputs)
        for i in scheme.data_inputs(node):
            inputs[i] = self.value(self.wanted[id(node), i])
        outputs = [self.value((id(t), dtype, 0)) for t in node.outputs]
        new = Node(node.op, inputs, outputs, dict(node.attrs))
        place = WEIGHTED.get(node.op)
        if place is not None:
            weights = node.inputs[place.weights]
            if weights is not None and weights.data is not None:
                self.add_weights(new, node, place, dtype)
        if node.op == scheme.LSTM:
            self.add_gates(new)
        if node.op in ("ADD", "SUB") and dtype == "int16":
            new.attrs["pot_scale_int16"] = False
        self.nodes.append(new)

    def add_weights(self, new: Node, node: Node, place: Weighted, dtype: str) -> None:
        source, weights, out = new.inputs[place.data], node.inputs[place.weights], new.outputs[0]
        bias = node.input(place.bias)
        assert source is not None and weights is not None and weights.data is not None
        reals = np.zeros(weights.shape[place.axis]) if bias is None or bias.data is None else bias.data.astype(float)
        known = self.recipe.known.get(id(weights))
        wide = dtype == "int16"
        data, q = scheme.quantize_weights(weights.data, place.axis, reals, source.scale, out.scale, wide,
                                          None if known is None else known.scale)
        if self.recipe.bias_correction:
            reals = reals.reshape(-1) - self._shift(node, place, weights.data, data, q)
        scales = q.scale.astype(np.float64) * source.scale
        bias_dtype = "int64" if wide else "int32"
        new.inputs[place.weights] = Tensor(weights.name, weights.shape, "int8", q, data)
        name = bias.name if bias is not None else f"{weights.name}_bias"
        biases = scheme.bias_tensor(name, scheme.quantize_bias(reals, scales, bias_dtype), scales)
        new.inputs += [None] * (place.bias + 1 - len(new.inputs))
        new.inputs[place.bias] = biases

    def add_gates(self, new: Node) -> None:
        """Give an LSTM weights of one scale a gate, and biases at the scale input * weights."""
        source = new.inputs[0]
        assert source is not None
        for i, weights in enumerate(new.inputs[1:9], 1):
            assert weights is not None and weights.data is not None
            q = scheme.per_tensor(max(float(np.abs(weights.data).max()), 1e-9) / 127, 0)
            data = scheme.quantize_array(weights.data, q, "int8")
            new.inputs[i] = Tensor(weights.name, weights.shape, "int8", q, data)
        for i, weights in zip(range(12, 16), new.inputs[1:5], strict=True):
            bias = new.inputs[i]
            assert bias is not None and bias.data is not None and weights is not None
            scales = np.array([source.scale * weights.scale])
            new.inputs[i] = scheme.bias_tensor(bias.name, scheme.quantize_bias(bias.data, scales, "int32"), scales)

    def _shift(self, node: Node, place: Weighted, real: np.ndarray, data: np.ndarray,
               q: Quantization) -> np.ndarray:
        """Return what rounding the weights adds to each output on average: sum((quantised - real) * mean input).

        Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, section 4.2,
        with means that were measured.
        """
        source = node.inputs[place.data]
        assert source is not None
        channels = real.shape[place.axis]
        statistics = self.seen.of(source)
        shape = [1] * real.ndim
        shape[place.axis] = channels
        error = data * q.scale.astype(np.float64).reshape(shape) - real
        depth = source.shape[-1] if node.op == "DEPTHWISE_CONV_2D" else real.shape[-1]
        if statistics is None or statistics.total is None or node.op == "TRANSPOSE_CONV":
            return np.zeros(channels)
        mean = statistics.mean(depth)
        if node.op == "DEPTHWISE_CONV_2D":
            return np.asarray(error.reshape(-1, channels).sum(axis=0) * np.repeat(mean, channels // depth))
        groups = source.shape[-1] // depth if node.op == "CONV_2D" else 1
        if groups > 1:
            return np.zeros(channels)
        return np.asarray((error.reshape(channels, -1, depth).sum(axis=1) * mean).sum(axis=1))


def rewrite(graph: Graph, seen: Observation, recipe: Recipe) -> Rewritten:
    """Return the quantised graph. The float graph stays as it is; constants that did not change are shared."""
    return _Rewriter(graph, seen, recipe).rewrite()


def choose_dtypes(graph: Graph, wide: frozenset[int] = frozenset(), everything: str = "int8") -> dict[int, str]:
    """Return a dtype for each node: `everything` where a kernel exists, int16 for the nodes in `wide`.

    Ops that only move or choose values take the dtype of what they move, so that no conversion comes between.
    """
    dtypes: dict[int, str] = {}
    made: dict[int, str] = {}
    for node in graph.nodes:
        wanted = "int16" if id(node) in wide else everything
        if node.op in scheme.SAME_SCALE:
            before = [made[id(t)] for t in node.inputs if t is not None and id(t) in made]
            if before:
                wanted = "int16" if "int16" in before else before[0]
        if wanted != "float32" and not scheme.can_run(node, wanted):
            wanted = "int8" if scheme.can_run(node, "int8") else "float32"
        dtypes[id(node)] = wanted
        made.update((id(t), wanted) for t in node.outputs)
    return dtypes
