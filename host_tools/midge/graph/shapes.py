# SPDX-License-Identifier: MIT
"""Fix the shapes that a model leaves open: the user gives those of its inputs, the others follow.

A rule gives the shapes of a node's outputs. Most ask numpy, with operands that take no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from ..errors import UserError
from .evaluate import fold_node
from .graph import NONSENSE, Graph, Node, Tensor, Unsupported
from .tflite_ops import SAME, constant, dilations_of, pool_window, required, slice_of, strides_of

Shape = tuple[int, ...]
Shapes = Mapping[str, Sequence[int]] | Sequence[int] | None
MOST = 2**31 - 1
_SLICES = ("SLICE", "STRIDED_SLICE")


def fix_shapes(graph: Graph, shapes: Shapes, title: str) -> None:
    """Give every tensor a fixed shape, in place.

    shapes: by the inputs' names, or a single one for the only input. Open batch dimensions (the first of a
    shape) are 1 unless the shape says otherwise. Raises UserError where a shape is missing or does not
    fit, and Exceeded.
    """
    given = _by_name(graph.inputs, shapes, title)
    guessed = not given and all(d >= 0 for t in graph.tensors() for d in t.signature[1:])
    guessed &= any(d < 0 for t in graph.inputs for d in (*t.signature, *t.shape)) or not graph.inputs
    if guessed:  # open batches only, for which the file's own shapes hold 1
        if any(d < 0 for t in graph.tensors() for d in t.shape):
            for t in graph.tensors():
                t.shape = tuple(max(d, 1) for d in t.shape)
        return
    fix_inputs(graph.inputs, shapes, title)
    kept, room = [], graph.room()
    for node in graph.nodes:
        unsaid = node.op in RULES and not all(t.shape for t in node.outputs)  # a shape may lack its dimensions
        if _is_open(node) or unsaid:
            _infer(node, title)
        _leave_out_nothing(node)
        if not (node.outputs and all(t.is_constant for t in node.outputs)) and not fold_node(node, room):
            kept.append(node)
    graph.nodes = kept


def close_known(node: Node, title: str) -> None:
    """Fix the open shapes of a node whose inputs are all known, in place. Raises UserError."""
    if _is_open(node) and node.op in RULES and all(t is None or t.is_constant for t in node.inputs):
        _infer(node, title)


def _is_open(node: Node) -> bool:
    return any(d < 0 for t in node.outputs for d in (*t.signature, *t.shape))


def fix_inputs(inputs: Sequence[Tensor], shapes: Shapes, title: str) -> None:
    """Give the inputs fixed shapes, in place: fix_shapes where nothing has been made of the inputs yet."""
    given = _by_name(inputs, shapes, title)
    for t in inputs:
        wanted = t.signature or t.shape
        if t.name in given:
            pairs = zip(wanted, given[t.name], strict=False)
            fits = len(given[t.name]) == len(wanted) and all(a in (b, -1) for a, b in pairs)
            if not fits and wanted:
                raise UserError(f"{title}: input '{t.name}' is {list(wanted)}, where -1 stands for any number; "
                                f"{list(given[t.name])} does not fit")
            t.shape = given[t.name]
        elif any(d < 0 for d in wanted[1:]):
            example = ",".join(str(d) if d > 0 else "N" for d in (max(wanted[0], 1), *wanted[1:]))
            name = "" if len(inputs) == 1 else f"{t.name}="
            raise UserError(f"{title}: input '{t.name}' has the dynamic shape {list(wanted)}; "
                            f"give one: midge convert --shape {name}{example}")
        elif wanted:
            t.shape = (1 if wanted[0] < 0 else wanted[0], *wanted[1:])


def _by_name(inputs: Sequence[Tensor], shapes: Shapes, title: str) -> dict[str, Shape]:
    names = [t.name for t in inputs]
    if shapes is None:
        return {}
    if not isinstance(shapes, Mapping):
        shapes = {"": shapes}
    found = {}
    for name, dims in shapes.items():
        if name == "" and len(names) == 1:
            name = names[0]
        if name not in names:
            raise UserError(f"{title}: {f'no input {name!r}' if name else 'a shape without a name'}; "
                            f"the inputs are {', '.join(names)}: --shape {names[0]}=...")
        if min(dims, default=1) < 1 or prod(dims) > MOST:
            raise UserError(f"{title}: input '{name}' cannot have the shape {list(dims)}; dimensions are 1 or more")
        found[name] = tuple(int(d) for d in dims)
    return found


def _infer(node: Node, title: str) -> None:
    rule = RULES.get(node.op)
    try:
        if rule is None:
            raise Unsupported("Midge has no rule for this op's shape; export the model with fixed shapes")
        shapes = rule(node)
    except Unsupported as reason:
        raise UserError(f"{title}: {node.op} '{node.name}': its shape cannot be worked out: {reason}") from reason
    except (*NONSENSE, np.exceptions.AxisError) as reason:
        raise UserError(f"{title}: {node.op} '{node.name}' cannot take {_shapes_text(node)}: {reason}; "
                        "try another --shape") from reason
    for tensor, shape in zip(node.outputs, shapes, strict=False):
        tensor.shape = tuple(int(d) for d in shape)
        least = 0 if node.op in _SLICES else 1
        if min(tensor.shape, default=1) < least or prod(tensor.shape) > MOST:
            raise UserError(f"{title}: {node.op} '{node.name}' would have the shape {list(tensor.shape)}; "
                            "try another --shape")


def _leave_out_nothing(node: Node) -> None:
    """Make a slice of no elements a constant, and leave such out of a concatenation.

    Loops write row i of a list as the rows before it, the row, and the rows after it: none at both ends.
    """
    if node.op in _SLICES and node.outputs and not node.outputs[0].elements:
        node.outputs[0].data = np.zeros(node.outputs[0].shape, node.outputs[0].dtype)
    if node.op == "CONCATENATION":
        node.inputs = [t for t in node.inputs if t is None or t.elements] or node.inputs[:1]


def _shapes_text(node: Node) -> str:
    return " and ".join(str(list(t.shape)) for t in node.inputs if t is not None)


def _like(tensor: Tensor | None) -> np.ndarray:
    """Return an array of the tensor's shape that takes no memory."""
    assert tensor is not None
    return np.broadcast_to(np.int8(0), tensor.shape)


def _of(function: Callable[[np.ndarray, Node], np.ndarray]) -> Callable[[Node], list[Shape]]:
    return lambda node: [function(_like(required(node, 0)), node).shape]


def _ints(node: Node, i: int, what: str) -> list[int]:
    return [int(v) for v in constant(node, i, what).reshape(-1)]


def _axes(node: Node, rank: int) -> tuple[int, ...]:
    return tuple({a % rank for a in _ints(node, 1, "axes")})


def _window(node: Node, kernel: Sequence[int], channels: int) -> list[Shape]:
    n, *size = required(node, 0).shape[:3]
    outs = []
    for d, k, stride, dilation in zip(size, kernel, strides_of(node), dilations_of(node), strict=True):
        reach = 0 if node.attrs["padding"] == SAME else (k - 1) * dilation
        outs.append(-(-(d - reach) // stride))
    return [(n, *outs, channels)]


def _convolution(node: Node) -> list[Shape]:
    weights = required(node, 1).shape
    return _window(node, weights[1:3], weights[3 if node.op.startswith("DEPTHWISE") else 0])


def _pool(node: Node) -> list[Shape]:
    return _window(node, pool_window(node), required(node, 0).shape[3])


def _fully_connected(node: Node) -> list[Shape]:
    source, weights = required(node, 0), required(node, 1).shape
    lead = source.shape[:-1] if node.attrs.get("keep_num_dims") else (source.elements // weights[1],)
    if prod(lead) * weights[1] != source.elements:
        raise ValueError(f"weights for rows of {weights[1]}")
    return [(*lead, weights[0])]


def _reshape(node: Node) -> list[Shape]:
    wanted = _ints(node, 1, "shapes") if node.input(1) is not None else list(node.attrs["new_shape"])
    return [_like(required(node, 0)).reshape(wanted).shape]


def _reduce(node: Node) -> list[Shape]:
    source = _like(required(node, 0))
    kept = bool(node.attrs.get("keep_dims"))
    return [np.any(source, axis=_axes(node, source.ndim), keepdims=kept).shape] if source.ndim else [()]


def _arg(node: Node) -> list[Shape]:
    shape = list(required(node, 0).shape)
    del shape[_ints(node, 1, "axes")[0]]
    return [tuple(shape)]


def _pad(node: Node) -> list[Shape]:
    around = np.array(_ints(node, 1, "paddings")).reshape(-1, 2).sum(axis=1)
    return [tuple(d + int(p) for d, p in zip(required(node, 0).shape, around, strict=True))]


def _slice(node: Node) -> list[Shape]:
    begins, sizes = _ints(node, 1, "begins"), _ints(node, 2, "sizes")
    dims = required(node, 0).shape
    return [tuple(d - b if s < 0 else s for d, b, s in zip(dims, begins, sizes, strict=True))]


def _gather(node: Node) -> list[Shape]:
    dims, axis = required(node, 0).shape, node.attrs.get("axis", 0)
    axis %= len(dims)
    batch = node.attrs.get("batch_dims", 0)
    return [(*dims[:axis], *required(node, 1).shape[batch:], *dims[axis + 1 :])]


def _split(node: Node) -> list[Shape]:
    axis, dims = _ints(node, 0, "axes")[0], list(required(node, 1).shape)
    if dims[axis] % len(node.outputs):
        raise ValueError(f"{len(node.outputs)} equal parts")
    dims[axis] //= len(node.outputs)
    return [tuple(dims)] * len(node.outputs)


def _matmul(node: Node) -> list[Shape]:
    a, b = _like(required(node, 0)), _like(required(node, 1))
    a = a.swapaxes(-1, -2) if node.attrs.get("adj_x") else a
    b = b.swapaxes(-1, -2) if node.attrs.get("adj_y") else b
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"{a.shape[-1]} columns times {b.shape[-2]} rows")
    return [(*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])]


def _resize(node: Node) -> list[Shape]:
    n, _, _, c = required(node, 0).shape
    return [(n, *_ints(node, 1, "sizes"), c)]


def _of_all(function: Callable[..., Any], **named: str) -> Callable[[Node], list[Shape]]:
    def rule(node: Node) -> list[Shape]:
        options = {mine: node.attrs[theirs] for mine, theirs in named.items()}
        return [function([_like(t) for t in node.inputs], **options).shape]

    return rule


def _first(node: Node) -> list[Shape]:
    return [required(node, 0).shape] * len(node.outputs)


def _broadcast(node: Node) -> list[Shape]:
    return [np.broadcast_shapes(*(t.shape for t in node.inputs if t is not None))]


_FIRST = """
    ABS CAST CEIL COS CUMSUM DEQUANTIZE ELU EXP FLOOR GELU HARD_SWISH L2_NORMALIZATION LEAKY_RELU LOG
    LOGICAL_NOT LOGISTIC LOG_SOFTMAX NEG PRELU QUANTIZE RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 REVERSE_V2 ROUND RSQRT SIGN
    SIN SOFTMAX SQRT SQUARE TANH ZEROS_LIKE"""
_BROADCAST = """
    ADD ATAN2 DIV EQUAL FLOOR_DIV FLOOR_MOD GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR MAXIMUM
    MINIMUM MUL NOT_EQUAL POW SELECT SELECT_V2 SQUARED_DIFFERENCE SUB"""
_REDUCE = "MEAN SUM REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD"

RULES: dict[str, Callable[[Node], list[Shape]]] = {
    **dict.fromkeys(_FIRST.split(), _first),
    **dict.fromkeys(_BROADCAST.split(), _broadcast),
    **dict.fromkeys(_REDUCE.split(), _reduce),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), _convolution),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"), _pool),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN"), _arg),
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), _pad),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resize),
    "BATCH_MATMUL": _matmul,
    "BROADCAST_TO": lambda node: [tuple(_ints(node, 1, "shapes"))],
    "CONCATENATION": _of_all(np.concatenate, axis="axis"),
    "FILL": lambda node: [tuple(_ints(node, 0, "shapes"))],
    "EXPAND_DIMS": _of(lambda x, node: np.expand_dims(x, _ints(node, 1, "axes")[0])),
    "FULLY_CONNECTED": _fully_connected,
    "GATHER": _gather,
    "PACK": _of_all(np.stack, axis="axis"),
    "RESHAPE": _reshape,
    "SHAPE": lambda node: [(len(required(node, 0).shape),)],
    "SLICE": _slice,
    "SPLIT": _split,
    "SQUEEZE": _of(lambda x, node: np.squeeze(x, tuple(node.attrs.get("squeeze_dims") or ()) or None)),
    "STRIDED_SLICE": _of(lambda x, node: x[tuple(slice_of(node, x.shape))]),
    "TILE": lambda node: [tuple(np.multiply(required(node, 0).shape, _ints(node, 1, "multiples")))],
    "TRANSPOSE": _of(lambda x, node: np.transpose(x, _ints(node, 1, "orders"))),
    "TRANSPOSE_CONV": lambda node: [tuple(_ints(node, 0, "shapes"))],
    "UNPACK": lambda node: [np.moveaxis(_like(node.inputs[0]), node.attrs["axis"], 0).shape[1:]] * len(node.outputs),
}
