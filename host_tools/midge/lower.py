# SPDX-License-Identifier: MIT
"""Lower TFLite-level nodes to device ops: one rule a TFLite op, found by its name.

A rule turns a node into steps of a Program or raises Unsupported with the reason. All arithmetic
that does not depend on the input is done here: zero points folded into biases, multipliers worked
out, functions of one byte turned into tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import fixedpoint as fp
from .ir import DTYPE_SIZES, NONSENSE, Graph, Node, Tensor
from .opset import Op, ops


class Unsupported(Exception):
    """A node that no device op can run; the text says why and what would help."""


@dataclass
class Step:
    """One device op with everything but the addresses."""

    op: Op
    name: str
    source: str  # the op of the model that it comes from
    inputs: list[Tensor]
    outputs: list[Tensor]
    params: dict[str, Any]
    constants: dict[str, bytes] = field(default_factory=dict)  # by the name of the *_at field
    scratch: int = 0
    macs: int = 0


@dataclass
class Program:
    """Steps in order of execution, and which tensors are only other names for bytes of another."""

    graph: Graph
    steps: list[Step] = field(default_factory=list)
    aliases: dict[int, tuple[Tensor, int]] = field(default_factory=dict)

    def place(self, tensor: Tensor) -> tuple[Tensor, int]:
        """The tensor whose bytes this one shares, and at which byte of it this one starts."""
        at = 0
        while id(tensor) in self.aliases:
            tensor, offset = self.aliases[id(tensor)]
            at += offset
        return tensor, at

    def root(self, tensor: Tensor) -> Tensor:
        """The tensor whose bytes this one shares."""
        return self.place(tensor)[0]

    def alias(self, tensor: Tensor, of: Tensor, at: int = 0) -> None:
        """Let a tensor be another name for the bytes of one, or for some of them from `at` on."""
        self.aliases[id(tensor)] = (of, at)

    def add(
        self,
        node: Node,
        op: str,
        inputs: list[Tensor],
        params: dict[str, Any],
        constants: dict[str, bytes] | None = None,
        scratch: int = 0,
        macs: int = 0,
    ) -> None:
        row = ops()[op]
        defaults: dict[str, Any] = {f.name: [0] * f.count if f.count else 0 for f in row.fields}
        self.steps.append(
            Step(row, node.name, node.op, inputs, list(node.outputs), defaults | params, constants or {}, scratch, macs)
        )


Rule = Callable[[Program, Node], None]
RULES: dict[str, Rule] = {}


def rule(*names: str, dtype: str = "") -> Callable[[Rule], Rule]:
    """Register the lowering of the TFLite ops of these names, for any dtype or for one of output or first input."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[f"{name} {dtype}".rstrip()] = function
        return function

    return register


def rule_of(node: Node) -> Rule | None:
    """The rule for the node's output dtype, else for its input's, else for all."""
    ends = [*node.outputs[:1], *(t for t in node.inputs[:1] if t is not None)]
    found = [RULES.get(f"{node.op} {t.dtype}") for t in ends]
    return next(filter(None, [*found, RULES.get(node.op)]), None)


def dtypes_of(op: str) -> list[str]:
    """The dtypes for which an op has rules of their own."""
    return [key.split()[1] for key in RULES if key.startswith(op + " ")]


def lower(graph: Graph, simplified: bool = True) -> tuple[Program, list[tuple[Node, str]]]:
    """Lower every node. Returns the program and each node that has no lowering, with the reason.

    simplified: leave out steps and copies that can be; without, every tensor of the graph is there to be looked at.
    """
    from . import lowerings  # noqa: F401  (fills RULES)
    from .peephole import simplify
    from .state import elide_state_copies
    from .views import elide_part_copies

    program = Program(graph)
    refused: list[tuple[Node, str]] = []
    for node in graph.nodes:
        function = rule_of(node)
        try:
            if function is None and node.outputs and dtypes_of(node.op):
                raise Unsupported(f"{node.outputs[0].dtype} tensors; {' and '.join(dtypes_of(node.op))} can run")
            if function is None:
                raise Unsupported("Midge has no such op; build the layer from those it has, or end the model before it")
            function(program, node)
        except Unsupported as reason:
            refused.append((node, str(reason)))
        except NONSENSE as error:  # an axis beyond the rank, a stride of zero, ...: only damaged files have them
            refused.append((node, f"parameters that make no sense ({type(error).__name__}: {error}); "
                                  "the file is damaged, or you have found a bug: please report it"))  # fmt: skip
    for i, output in enumerate(graph.outputs):
        if program.root(output).is_constant and not refused:  # a constant answer still has to lie in the arena
            graph.outputs[i] = copy_constant(program, output)
    if not refused:
        elide_state_copies(program)
        if simplified:
            simplify(program)
            elide_part_copies(program)
    return program, refused


def copy_constant(program: Program, constant: Tensor) -> Tensor:
    out = Tensor(constant.name + "_copy", constant.shape, constant.dtype, constant.quantization)
    strided_copy(program, Node("CONSTANT", [constant], [out]), constant, constant.shape, row_major(constant.shape),
                 0, row_major(constant.shape), 0)
    return out


# What rules share

# The dtypes that a tensor on the board may have.
ON_BOARD = frozenset(("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool", "float32"))


def want_dtype(node: Node, *dtypes: str) -> None:
    """Refuse a node unless its first input and output are of one of these dtypes."""
    runnable = list(dict.fromkeys([*dtypes, *dtypes_of(node.op)]))
    for tensor in [node.inputs[0] if node.inputs else None, *node.outputs[:1]]:
        if tensor is not None and tensor.dtype not in dtypes:
            raise Unsupported(f"{tensor.dtype} tensors; {' and '.join(runnable)} can run. "
                              + ("Quantise the model to int8 when you export it" if tensor.dtype == "float32" else
                                 "Export the model with int8 tensors"))


def want_quantized(*tensors: Tensor | None) -> None:
    for tensor in tensors:
        if tensor is not None and tensor.quantization is None:
            raise Unsupported(f"'{tensor.name}' carries no scale; export the model fully quantised")
        if tensor is not None and (tensor.scale <= 0 or not math.isfinite(tensor.scale)):
            raise Unsupported(f"'{tensor.name}' has the scale {tensor.scale}; export the model again")


def required(node: Node, i: int) -> Tensor:
    """Input i of a node that must have it."""
    tensor = node.input(i)
    if tensor is None:
        raise Unsupported(f"input {i} is missing")
    return tensor


def constant(node: Node, i: int, what: str) -> np.ndarray:
    """The value of input i, which must be known when converting."""
    tensor = required(node, i)
    if tensor.data is None:
        raise Unsupported(f"{what} that are worked out while running; only constant ones can run")
    return tensor.data


ACTIVATIONS = {0: "none", 1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6", 4: "TANH", 5: "SIGN_BIT"}
_RANGES = {"none": (None, None), "RELU": (0.0, None), "RELU_N1_TO_1": (-1.0, 1.0), "RELU6": (0.0, 6.0)}


def quantize(tensor: Tensor, real: float) -> int:
    """A real in the tensor's units, unclamped; the division is in float32 as in TFLM."""
    want_quantized(tensor)
    return tensor.zero_point + fp.round_half_away(float(np.float32(real) / np.float32(tensor.scale)))


def activation_range(node: Node) -> dict[str, int]:
    """act_min and act_max of a node with a fused activation, in units of its int8 or int16 output."""
    name = ACTIVATIONS.get(node.attrs.get("fused_activation_function", 0), "an unknown activation")
    if name not in _RANGES:
        raise Unsupported(f"a fused {name}; RELU, RELU6 and RELU_N1_TO_1 can be fused")
    low, high = _RANGES[name]
    out = node.outputs[0]
    least, most = (-32768, 32767) if out.dtype == "int16" else (-128, 127)
    return {
        "act_min": least if low is None else fp.clamp(quantize(out, low), least, most),
        "act_max": most if high is None else fp.clamp(quantize(out, high), least, most),
    }


def multiplier_to(out: Tensor, scale: float) -> tuple[int, int]:
    """Multiplier and shift that take integers of `scale` to those of `out`."""
    multiplier, shift = fp.quantize_multiplier(scale / out.scale)
    if shift > 30:
        raise Unsupported(f"output scale {out.scale} is far too small for its input; export the model again")
    return multiplier, shift


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a contiguous tensor, in elements."""
    strides, step = [], 1
    for d in reversed(shape):
        strides.append(step)
        step *= d
    return tuple(reversed(strides))


def merge_dims(shape: tuple[int, ...], *strides: tuple[int, ...]) -> tuple[list[int], list[list[int]]]:
    """Drop dimensions of one element and merge neighbours that are contiguous in all strides."""
    dims: list[int] = []
    merged: list[list[int]] = [[] for _ in strides]
    for i, d in enumerate(shape):
        if d == 1:
            continue
        if dims and all(m[-1] == s[i] * d for m, s in zip(merged, strides, strict=True)):
            dims[-1] *= d
            for m, s in zip(merged, strides, strict=True):
                m[-1] = s[i]
        else:
            dims.append(d)
            for m, s in zip(merged, strides, strict=True):
                m.append(s[i])
    return dims, merged


def pad_left(values: list[int], length: int, fill: int) -> list[int]:
    return [fill] * (length - len(values)) + values


def reduce_groups(shape: tuple[int, ...], axes: set[int]) -> dict[str, list[int]]:
    """keep_dims, keep_stride, reduce_dims and reduce_stride of a walk over some axes."""
    strides = row_major(shape)
    groups: dict[str, list[int]] = {}
    for name, wanted in (("keep", False), ("reduce", True)):
        chosen = [i for i in range(len(shape)) if (i in axes) == wanted]
        dims, (steps,) = merge_dims(tuple(shape[i] for i in chosen), tuple(strides[i] for i in chosen))
        if len(dims) > 3:
            raise Unsupported(f"a walk over the axes {sorted(axes)}; these do not merge to three groups")
        groups |= {f"{name}_dims": pad_left(dims, 3, 1), f"{name}_stride": pad_left(steps, 3, 0)}
    return groups


def strided_copy(
    program: Program,
    node: Node,
    source: Tensor,
    shape: tuple[int, ...],
    in_stride: tuple[int, ...],
    in_start: int,
    out_stride: tuple[int, ...],
    out_start: int,
    fill_value: int | None = None,
) -> None:
    """Add a COPY of `shape` elements from `source` to the node's output. Strides in elements."""
    rank = next(f.count for f in ops()["COPY"].fields if f.name == "dims")
    dims, (ins, outs) = merge_dims(shape, in_stride, out_stride)
    if len(dims) > rank:
        raise Unsupported(f"a copy of {len(dims)} dimensions that do not merge; at most {rank} can run")
    size = DTYPE_SIZES.get(source.dtype)
    if size is None or source.dtype not in ON_BOARD:
        raise Unsupported(f"{source.dtype} tensors")
    program.add(node, "COPY", [source], {
        "dims": pad_left(dims, rank, 1),
        "in_stride": pad_left(ins, rank, 0),
        "out_stride": pad_left(outs, rank, 0),
        "in_start": in_start,
        "out_start": out_start,
        "element_size": size,
        "fill": int(fill_value is not None),
        "fill_value": fill_value or 0,
    })


def add_table(program: Program, node: Node, function: Callable[[int], int]) -> None:
    """Add a LUT whose entries are function(quantised input), clamped to the output's dtype."""
    source, out = required(node, 0), node.outputs[0]
    low, high = (0, 255) if out.dtype == "uint8" else (-128, 127)
    signed = source.dtype == "int8"
    table = bytes(
        fp.clamp(function(byte - 256 if signed and byte > 127 else byte), low, high) & 0xFF for byte in range(256)
    )
    program.add(node, "LUT", [source], {"count": source.elements}, {"table_at": table})
