# SPDX-License-Identifier: MIT
"""What the ops of a graph look like, all in one table: inputs, outputs, attributes and their enumerations.

The ops are those of TensorFlow Lite's schema, by its names, and a few that passes make. After each importer and each
pass `verify` compares every node with its row here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from numbers import Integral, Real
from typing import Any

import numpy as np

from .graph import Node, Tensor, Unsupported


class Padding(IntEnum):
    """How a window goes over an image: so that there are ceil(size / stride) outputs, or only inside of it."""

    SAME = 0
    VALID = 1


class Activation(IntEnum):
    """A function that a layer applies to its result."""

    NONE = 0
    RELU = 1
    RELU_N1_TO_1 = 2
    RELU6 = 3
    TANH = 4
    SIGN_BIT = 5


class MirrorMode(IntEnum):
    """What MIRROR_PAD repeats: all but the edge itself, or the edge as well."""

    REFLECT = 0
    SYMMETRIC = 1


SAME, VALID = Padding.SAME, Padding.VALID

# The ops that clamp, and their limits in real numbers.
CLAMPS = {
    "RELU": (0.0, math.inf),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
}
NO_CLAMP = (-math.inf, math.inf)

# What the values of attributes must be: an enumeration's, numbers, lists of numbers, or anything.
_KINDS: dict[type, str] = {
    Padding: "padding",
    Activation: "fused_activation_function",
    MirrorMode: "mode",
    Integral: """
        axis batch_dim batch_dims begin_mask block_size body_subgraph_index cond_subgraph_index depth_multiplier
        dilation_d_factor dilation_h_factor dilation_w_factor ellipsis_mask else_subgraph_index end_mask filter_height
        filter_width in_data_type init_subgraph_index kernel_type new_axis_mask num num_splits out_data_type out_type
        output_type quantized_bias_type rank seq_dim shrink_axis_mask stride_d stride_h stride_w then_subgraph_index
        values_count weights_format first axes fraction dead_band frame hop hold trees leaves floor count
        most_dilation""",
    bool: """
        adj_x adj_y align_corners approximate asymmetric_quantize_inputs diagonal_recurrent_tensors exclusive from_zeros
        half_pixel_centers keep_dims keep_num_dims legacy_uint8 magnitude
        offset pot_scale_int16 reverse root time_major""",
    Real: "alpha beta cell_clip proj_clip",
    tuple: "explicit_padding new_shape places squeeze_dims strides",
    object: "container graph shared_name",
}
ATTRIBUTES: dict[str, type] = {name: kind for kind, names in _KINDS.items() for name in names.split()}

_DTYPES = {
    "int": ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    "bool": ("bool",),
    "float": ("float32",),
}

# One row per op, or per family of ops: `inputs -> outputs | attributes`. An input `x?` may be absent, `x*` stands for
# any number. `:int`, `:bool` and `:float` tell its dtypes, where the op demands them. `weights@0` have a scale for each
# entry of axis 0. An attribute `a!` must be there; `...` stands for any.
_WINDOW = "padding! stride_h! stride_w! fused_activation_function"
_CONV = f"{_WINDOW} dilation_h_factor dilation_w_factor explicit_padding"
_POOL = f"{_WINDOW} filter_height! filter_width! explicit_padding"
_LSTM = "asymmetric_quantize_inputs cell_clip fused_activation_function proj_clip"
_ROWS = {
    "x -> y": """
        ABS CEIL COS DEQUANTIZE ELU ERF EXP FLOOR HARD_SWISH LOG LOGISTIC LOG_SOFTMAX NEG QUANTIZE RANK
        RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 ROUND RSQRT SIGN SIN SQRT SQUARE TANH ZEROS_LIKE
        DROPOUT STOP_GRADIENT IDENTITY""",
    "x:bool -> y:bool": "LOGICAL_NOT",
    "x -> y | in_data_type out_data_type": "CAST",
    "x -> y | alpha!": "LEAKY_RELU",
    "x -> y | approximate": "GELU",
    "x -> y | beta": "SOFTMAX",
    "x -> y | fused_activation_function": "L2_NORMALIZATION",
    "a b -> y": "ATAN2 BROADCAST_ARGS MAXIMUM MINIMUM FLOOR_DIV FLOOR_MOD POW PRELU SQUARED_DIFFERENCE",
    "a b -> y | fused_activation_function": "MUL DIV",
    "a b -> y | fused_activation_function pot_scale_int16": "ADD SUB",
    "a b -> y:bool": "EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL",
    "a:bool b:bool -> y:bool": "LOGICAL_AND LOGICAL_OR",
    "condition:bool a b -> y": "SELECT SELECT_V2",
    "a b -> y | adj_x adj_y asymmetric_quantize_inputs": "BATCH_MATMUL",
    f"x weights@0 bias? -> y | {_CONV} quantized_bias_type": "CONV_2D",
    f"x weights@3 bias? -> y | {_CONV} depth_multiplier": "DEPTHWISE_CONV_2D",
    f"x filters bias? -> y | {_CONV} stride_d! dilation_d_factor": "CONV_3D",
    f"shape:int weights@0 x bias? -> y | {_WINDOW} quantized_bias_type": "TRANSPOSE_CONV",
    "x weights@0 bias? -> y | fused_activation_function weights_format keep_num_dims asymmetric_quantize_inputs "
    "quantized_bias_type": "FULLY_CONNECTED",
    f"x -> y | {_POOL}": "MAX_POOL_2D AVERAGE_POOL_2D L2_POOL_2D",
    "x axes:int -> y | keep_dims": "MEAN SUM REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD",
    "x axis:int -> y:int | output_type": "ARG_MAX ARG_MIN",
    "x axis:int -> y | exclusive reverse": "CUMSUM",
    "x k:int -> values places:int": "TOPK_V2",
    "x shape:int? -> y | new_shape": "RESHAPE",
    "x -> y | squeeze_dims": "SQUEEZE",
    "x axis:int -> y": "EXPAND_DIMS",
    "x order:int -> y": "TRANSPOSE",
    "x axes:int -> y": "REVERSE_V2",
    "x multiples:int -> y": "TILE",
    "x shape:int -> y": "BROADCAST_TO",
    "x paddings:int -> y": "PAD",
    "x paddings:int value? -> y": "PADV2",
    "x paddings:int -> y | mode": "MIRROR_PAD",
    "x begin:int size:int -> y": "SLICE",
    "x begin:int end:int step:int -> y | begin_mask! end_mask! ellipsis_mask! new_axis_mask! shrink_axis_mask! offset":
        "STRIDED_SLICE",
    "axis:int x -> parts* | num_splits": "SPLIT",
    "x sizes:int axis:int -> parts* | num_splits": "SPLIT_V",
    "x -> parts* | axis! num": "UNPACK",
    "parts* -> y | axis! values_count": "PACK",
    "parts* -> y | axis! fused_activation_function": "CONCATENATION",
    "x places:int -> y | axis batch_dims": "GATHER",
    "x places:int -> y": "GATHER_ND",
    "places:int x -> y": "EMBEDDING_LOOKUP",
    "x part start:int -> y": "DYNAMIC_UPDATE_SLICE",
    "x lengths:int -> y | seq_dim batch_dim": "REVERSE_SEQUENCE",
    "x -> y | block_size!": "SPACE_TO_DEPTH DEPTH_TO_SPACE",
    "x blocks:int paddings:int -> y": "SPACE_TO_BATCH_ND",
    "x blocks:int crops:int -> y": "BATCH_TO_SPACE_ND",
    "x size:int -> y | align_corners half_pixel_centers": "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR",
    "x -> y:int | out_type": "SHAPE",
    "start end step -> y": "RANGE",
    "shape:int value -> y": "FILL",
    "x features time bias? state -> y | rank! fused_activation_function asymmetric_quantize_inputs": "SVDF",
    f"x weights?* -> y* | {_LSTM} kernel_type": "LSTM",
    f"x weights?* -> y* | {_LSTM} diagonal_recurrent_tensors time_major from_zeros": "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "-> variable | container shared_name": "VAR_HANDLE",
    "variable -> value": "READ_VARIABLE",
    "variable value? -> state?": "ASSIGN_VARIABLE",
    "-> | init_subgraph_index graph": "CALL_ONCE",
    "values* -> results* | cond_subgraph_index body_subgraph_index": "WHILE",
    "condition values* -> results* | then_subgraph_index else_subgraph_index": "IF",
    "parts* -> y | places! strides!": "INTERLEAVE",
    "samples:int -> features:int | first! axes! magnitude fraction dead_band": "MOMENTS",
    "samples:int weights:int -> features:int | first! axes! frame! hop! hold": "BANDS",
    "samples:int lags:int -> features:int | first! axes! floor": "LAGGED",
    "features:int offsets:int centres:int factors:int? shifts:int? -> distances:int | root": "CENTROIDS",
    "features:int offsets:int factors:int shifts:int -> z:int": "STANDARDIZE",
    "samples:int patterns:int -> features:int | count! most_dilation!": "RANDOM_CONV",
    "features:int forest:int start:int rows:int? -> sums:int | trees! leaves!": "TREES",
    "picture:int levels:float -> y sums:int | ...": "IMAGE",
    "scores -> found:float classes:float scores:float count:float | ...": "BLOBS",
    "signal -> y | ...": "CUSTOM:SignalRfft CUSTOM:SignalEnergy CUSTOM:SignalFilterBankLog",
    "signal -> y scale | ...": "CUSTOM:SignalFftAutoScale",
    "signal window -> y | ...": "CUSTOM:SignalWindow",
    "signal weights unweights starts offsets widths -> y | ...": "CUSTOM:SignalFilterBank",
    "signal scale -> y | ...": "CUSTOM:SignalFilterBankSquareRoot",
    "signal -> y noise | ...": "CUSTOM:SignalFilterBankSpectralSubtraction",
    "signal noise gains -> y | ...": "CUSTOM:SignalPCAN",
    "boxes scores anchors -> found:float classes:float scores:float count:float | ...":
        "CUSTOM:TFLite_Detection_PostProcess",
}


@dataclass(frozen=True)
class Port:
    """An input or output of an op. dtypes: those that it may have, () for any."""

    name: str
    dtypes: tuple[str, ...]
    optional: bool
    repeated: bool
    axis: int | None  # along which weights have a scale each


@dataclass(frozen=True)
class Schema:
    """A row of the table. attributes: their names, True for those that must be there; None for any."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    attributes: dict[str, bool] | None


@dataclass(frozen=True)
class Weighted:
    """Where an op keeps its data, weights and biases, and along which axis the weights have a scale each."""

    data: int
    weights: int
    bias: int
    axis: int


def _ports(text: str) -> tuple[Port, ...]:
    found = []
    for token in text.split():
        bare = token.rstrip("?*")
        name, _, dtype = bare.partition(":")
        name, _, axis = name.partition("@")
        found.append(Port(name, _DTYPES.get(dtype, ()), "?" in token, "*" in token, int(axis) if axis else None))
    return tuple(found)


def _schema(row: str) -> Schema:
    ports, _, attributes = row.partition("|")
    inputs, _, outputs = ports.partition("->")
    names = f"{attributes} legacy_uint8".split()
    known = None if "..." in names else {name.rstrip("!"): name.endswith("!") for name in names}
    return Schema(_ports(inputs), _ports(outputs), known)


SCHEMAS: dict[str, Schema] = {op: _schema(row) for row, names in _ROWS.items() for op in names.split()}


def _weighted(schema: Schema) -> Weighted | None:
    names = [port.name for port in schema.inputs]
    axis = next((port.axis for port in schema.inputs if port.axis is not None), None)
    return None if axis is None else Weighted(names.index("x"), names.index("weights"), names.index("bias"), axis)


WEIGHTED: dict[str, Weighted] = {op: place for op, schema in SCHEMAS.items() if (place := _weighted(schema))}


def problem_of(node: Node) -> str | None:
    """Return what is wrong with a node by its op's row; None for a sound one, and for an op that has no row."""
    schema = SCHEMAS.get(node.op)
    if schema is None:
        return None
    return (
        _ports_problem(schema.inputs, node.inputs, "input")
        or _ports_problem(schema.outputs, node.outputs, "output")
        or _attributes_problem(schema.attributes, node.attrs)
    )


def _ports_problem(ports: tuple[Port, ...], tensors: list[Tensor | None] | list[Tensor], what: str) -> str | None:
    least = max((i + 1 for i, p in enumerate(ports) if not (p.optional or p.repeated)), default=0)
    many = bool(ports) and ports[-1].repeated
    if len(tensors) < least or (len(tensors) > len(ports) and not many):
        wanted = f"{least} or more" if many else str(least) if least == len(ports) else f"{least} to {len(ports)}"
        names = ", ".join(p.name for p in ports) or "none"
        return f"has {len(tensors)} {what}{'s' * (len(tensors) != 1)}, wanted {wanted} ({names})"
    for i, tensor in enumerate(tensors):
        port = ports[min(i, len(ports) - 1)]
        if tensor is None and not port.optional:
            return f"lacks its {what} {i}, {port.name}"
        if tensor is not None and port.dtypes and tensor.dtype not in port.dtypes:
            return f"has {what} {i}, {port.name}, of {tensor.dtype}; wanted {' or '.join(port.dtypes)}"
    return None


def _attributes_problem(known: dict[str, bool] | None, attrs: dict[str, Any]) -> str | None:
    if known is None:
        return None
    for name, value in attrs.items():
        if name not in known:
            return f"has the attribute {name}, which its op does not know"
        if not _is_of_kind(value, ATTRIBUTES[name]):
            kind = ATTRIBUTES[name]
            return f"has {name} = {value!r}; wanted {' or '.join(getattr(kind, '__members__', (kind.__name__,)))}"
    missing = [name for name, needed in known.items() if needed and name not in attrs]
    return f"lacks the attribute {missing[0]}" if missing else None


def _is_of_kind(value: Any, kind: type) -> bool:
    if issubclass(kind, IntEnum):
        return isinstance(value, Integral) and value in kind.__members__.values()
    if kind is bool:
        return isinstance(value, (Integral, np.bool_)) and value in (0, 1)
    return isinstance(value, (list, tuple) if kind is tuple else kind)


# Reading nodes


def required(node: Node, i: int) -> Tensor:
    """Return input i of a node. Raises Unsupported where it is absent."""
    tensor = node.input(i)
    if tensor is None:
        raise Unsupported(f"input {i} is missing")
    return tensor


def constant(node: Node, i: int, what: str) -> np.ndarray:
    """Return the value of input i. Raises Unsupported where it is not known while converting."""
    tensor = required(node, i)
    if tensor.data is None:
        raise Unsupported(f"{what} that are worked out while running; only constant ones can run")
    return tensor.data


def activation_of(node: Node, default: Activation = Activation.NONE) -> Activation:
    """Return the function that a node applies to its result."""
    return Activation(node.attrs.get("fused_activation_function", default))


def clamp_of(node: Node) -> tuple[float, float]:
    """Return the limits of a node's fused activation, in reals. Raises Unsupported for one that is no clamp."""
    activation = activation_of(node)
    if activation == Activation.NONE:
        return NO_CLAMP
    if activation.name not in CLAMPS:
        raise Unsupported(f"a fused {activation.name}; RELU, RELU6 and RELU_N1_TO_1 can be fused")
    return CLAMPS[activation.name]


# Windows. Every pair is (height, width), or (before, after) for what goes around an axis.


def strides_of(node: Node) -> tuple[int, int]:
    """Return how far a window moves from one output to the next."""
    return node.attrs["stride_h"], node.attrs["stride_w"]


def dilations_of(node: Node) -> tuple[int, int]:
    """Return the distance between neighbouring taps of a window."""
    return node.attrs.get("dilation_h_factor", 1), node.attrs.get("dilation_w_factor", 1)


def pool_window(node: Node) -> tuple[int, int]:
    """Return the size of a pool's window."""
    return node.attrs["filter_height"], node.attrs["filter_width"]


def same_pads(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return the padding before and after an axis for ceil(size / stride) outputs."""
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def pads_before(node: Node, size: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, int]:
    """Return the padding above and left of an image [size]: what a pass has set, or that of SAME and VALID."""
    if "explicit_padding" in node.attrs:
        top, left = node.attrs["explicit_padding"]
        return top, left
    if node.attrs["padding"] != SAME:
        return 0, 0
    windows = zip(size, kernel, strides_of(node), dilations_of(node), strict=True)
    top, left = (same_pads(*window)[0] for window in windows)
    return top, left


def slice_of(node: Node, shape: tuple[int, ...]) -> list[slice | int]:
    """Return the Python slices that a STRIDED_SLICE stands for, one per input axis; an int drops the axis."""
    begin, end, step = (constant(node, i, "slices").reshape(-1) for i in (1, 2, 3))
    a = node.attrs
    if a["ellipsis_mask"] or a["new_axis_mask"]:
        raise Unsupported("a slice with an ellipsis or a new axis")
    slices: list[slice | int] = []
    for i in range(len(shape)):
        if i >= len(begin):
            slices.append(slice(None))
        elif a["shrink_axis_mask"] >> i & 1:
            at = 0 if a["begin_mask"] >> i & 1 else int(begin[i])
            at = max(at + shape[i], 0) if at < 0 else at  # as TFLM does
            if at >= shape[i] or step[i] < 1:
                raise Unsupported(f"element {at} of axis {i}, which has {shape[i]}, taken with the step {step[i]}")
            slices.append(at)
        else:
            stop = int(begin[i] + end[i]) if a.get("offset") else int(end[i])
            slices.append(slice(None if a["begin_mask"] >> i & 1 else int(begin[i]),
                                None if a["end_mask"] >> i & 1 else stop, int(step[i])))
    return slices
