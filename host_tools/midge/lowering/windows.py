# SPDX-License-Identifier: MIT
"""Parameters of ops that move a window over an image, in the kernels' names."""

from __future__ import annotations

from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import dilations_of, pads_before, pool_window, strides_of

LONGEST_AXIS = 65535


def nhwc(tensor: Tensor) -> tuple[int, int, int, int]:
    """Return the shape of an image [N, H, W, C]. Raises Unsupported where it is none, or too large."""
    if len(tensor.shape) != 4 or 0 in tensor.shape:
        raise Unsupported(f"'{tensor.name}' of shape {list(tensor.shape)}; wanted [N, H, W, C]")
    if max(tensor.shape) > LONGEST_AXIS:
        raise Unsupported(
            f"'{tensor.name}' of shape {list(tensor.shape)}; at most {LONGEST_AXIS} along an axis can run"
        )
    n, h, w, c = tensor.shape
    return n, h, w, c


def image_params(source: Tensor, out: Tensor) -> dict[str, int]:
    """Return the sizes of a layer's images. Raises Unsupported."""
    n, in_h, in_w, in_c = nhwc(source)
    _, out_h, out_w, out_c = nhwc(out)
    return {"batches": n, "in_h": in_h, "in_w": in_w, "in_c": in_c, "out_h": out_h, "out_w": out_w, "out_c": out_c}


def window_params(node: Node, source: Tensor, out: Tensor, kernel: tuple[int, int]) -> dict[str, int]:
    """Return the sizes of a layer's images and its window's size, strides and padding. Raises Unsupported."""
    images = image_params(source, out)
    strides, dilations = strides_of(node), dilations_of(node)
    top, left = pads_before(node, (images["in_h"], images["in_w"]), kernel)
    return {
        **images, "kernel_h": kernel[0], "kernel_w": kernel[1], "stride_h": strides[0], "stride_w": strides[1],
        "dilation_h": dilations[0], "dilation_w": dilations[1], "pad_top": top, "pad_left": left,
    }


def pool_params(node: Node, source: Tensor, out: Tensor) -> dict[str, int]:
    """Return the parameters of a pool: window_params without dilations. Raises Unsupported."""
    params = window_params(node, source, out, pool_window(node))
    leave_out = ("in_c", "out_c", "dilation_h", "dilation_w")
    return {"channels": params["in_c"], **{k: v for k, v in params.items() if k not in leave_out}}


def dense_params(rows: int, in_c: int, out_c: int) -> dict[str, int]:
    """Return the parameters of a product of rows and a matrix, a convolution of 1x1 over a column of pixels."""
    if max(rows, in_c, out_c) > LONGEST_AXIS:
        raise Unsupported(f"{in_c} inputs and {out_c} outputs; at most {LONGEST_AXIS} can run")
    return {
        "batches": 1, "in_h": rows, "in_w": 1, "in_c": in_c, "out_h": rows, "out_w": 1, "out_c": out_c, "kernel_h": 1,
        "kernel_w": 1, "stride_h": 1, "stride_w": 1, "dilation_h": 1, "dilation_w": 1,
    }
