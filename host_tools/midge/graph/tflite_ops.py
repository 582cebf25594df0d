# SPDX-License-Identifier: MIT
"""Read what a node of TFLite says: its inputs, its attributes and their enumerations."""

from __future__ import annotations

import numpy as np

from .graph import Node, Tensor, Unsupported

ACTIVATIONS = {0: "none", 1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6", 4: "TANH", 5: "SIGN_BIT"}

SAME, VALID = 0, 1


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


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> int:
    """What SAME padding puts in front; the rest goes behind."""
    out = -(-size // stride)
    return max((out - 1) * stride + (kernel - 1) * dilation + 1 - size, 0) // 2


def window_padding(node: Node, size: tuple[int, int], kernel: tuple[int, int]) -> dict[str, int]:
    """pad_top and pad_left: explicit ones that a pass has put there, or those of SAME and VALID."""
    if "explicit_padding" in node.attrs:
        top, left = node.attrs["explicit_padding"]
    elif node.attrs["padding"] == SAME:
        a = node.attrs
        top = same_padding(size[0], kernel[0], a["stride_h"], a.get("dilation_h_factor", 1))
        left = same_padding(size[1], kernel[1], a["stride_w"], a.get("dilation_w_factor", 1))
    else:
        top = left = 0
    return {"pad_top": top, "pad_left": left}


def slice_of(node: Node, shape: tuple[int, ...]) -> list[slice | int]:
    """The Python slices that a STRIDED_SLICE stands for, one an input axis; an int drops the axis."""
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
