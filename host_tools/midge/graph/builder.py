# SPDX-License-Identifier: MIT
"""Build the converter's graph node by node: what importers of other formats than TFLite share. NHWC, float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .graph import Graph, Node, Quantization, Tensor
from .tflite_ops import CLAMPS, VALID


class Builder:
    """A graph that grows; every function adds a node and returns its output."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[Node] = []
        self._names: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """Return the name itself, or with a number where it is taken."""
        seen = self._names.get(name, 0)
        self._names[name] = seen + 1
        return f"{name}_{seen}" if seen else name

    def constant(self, data: np.ndarray, name: str = "constant") -> Tensor:
        """Return a constant: float64 and float16 become float32, int64 int32."""
        kinds = {np.dtype(np.float64): np.float32, np.dtype(np.float16): np.float32, np.dtype(np.int64): np.int32}
        if data.dtype == np.int64:
            data = np.clip(data, -(2**31), 2**31 - 1)
        data = np.ascontiguousarray(data, kinds.get(data.dtype, data.dtype)).reshape(np.shape(data))
        return Tensor(self.unique(name), tuple(data.shape), data.dtype.name, None, data)

    def weights(self, data: np.ndarray, steps: np.ndarray | None = None, axis: int = 0) -> Tensor:
        """Return a layer's weights. steps: of what they are multiples, one or one per output channel (that axis)."""
        tensor = self.constant(data, "weights")
        if steps is not None:
            tensor.quantization = Quantization(steps, np.zeros(len(steps), np.int64), axis)
        return tensor

    def axes(self, values: Sequence[int]) -> Tensor:
        """Return whole numbers, such as axes or a shape, as an int32 constant."""
        return self.constant(np.array(values, np.int32), "axes")

    def add(
        self, op: str, inputs: Sequence[Tensor | None], shape: Sequence[int], name: str = "",
        dtype: str = "float32", quantization: Quantization | None = None, **attrs: Any,
    ) -> Tensor:
        """Add any node with one output. Raises ValueError where that would hold nothing."""
        if min(shape, default=1) < 1:
            raise ValueError(f"the output would have the shape {[int(d) for d in shape]}; try another --shape")
        out = Tensor(self.unique(name or op.lower()), tuple(int(d) for d in shape), dtype, quantization)
        self.nodes.append(Node(op, list(inputs), [out], attrs))
        return out

    def producer(self, tensor: Tensor) -> Node | None:
        """Return the node added here whose first output this is; None where there is none."""
        return next((n for n in reversed(self.nodes) if n.outputs[0] is tensor), None)

    def like(self, op: str, x: Tensor, name: str = "", **attrs: Any) -> Tensor:
        """Add a function of single elements."""
        return self.add(op, [x], x.shape, name, x.dtype, **attrs)

    def binary(self, op: str, a: Tensor, b: Tensor, name: str = "", dtype: str = "") -> Tensor:
        """Add an op on pairs of elements, broadcast as NumPy does."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        return self.add(op, [a, b], shape, name, dtype or a.dtype)

    def scalar(self, value: float) -> Tensor:
        """Return a float32 constant without axes."""
        return self.constant(np.array(value, np.float32))

    def reshape(self, x: Tensor, shape: Sequence[int], name: str = "") -> Tensor:
        """Add a reshape; x itself where it has that shape already."""
        shape = tuple(int(d) for d in shape)
        if shape == x.shape:
            return x
        return self.add("RESHAPE", [x, self.axes(shape)], shape, name or x.name, x.dtype, x.quantization)

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        """Make axis order[i] of x axis i, by a reshape where only axes of one element move."""
        shape = tuple(x.shape[i] for i in order)
        if [i for i in order if x.shape[i] != 1] == [i for i in range(len(order)) if x.shape[i] != 1]:
            return self.reshape(x, shape)
        return self.add("TRANSPOSE", [x, self.axes(order)], shape, x.name, x.dtype, x.quantization)

    def pad(self, x: Tensor, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
        """Put elements of a value around x; pads: (before, after) each axis."""
        if not any(b or a for b, a in pads):
            return x
        shape = [d + before + after for d, (before, after) in zip(x.shape, pads, strict=True)]
        inputs = [x, self.constant(np.array(pads, np.int32), "paddings")]
        if value:
            return self.add("PADV2", [*inputs, self.scalar(value)], shape, x.name, x.dtype)
        return self.add("PAD", inputs, shape, x.name, x.dtype)

    def slice(self, x: Tensor, starts: Sequence[int], ends: Sequence[int], steps: Sequence[int]) -> Tensor:
        """Take x[start:end:step] along every axis, with starts and ends inside it."""
        shape = [len(range(a, b, s)) for a, b, s in zip(starts, ends, steps, strict=True)]
        if tuple(shape) == x.shape and all(s > 0 for s in steps):
            return x
        inputs = [x, *(self.constant(np.array(v, np.int32), "slice") for v in (starts, ends, steps))]
        # An end before the first element, for a walk backwards, can only be said by a mask.
        mask = sum(1 << i for i, end in enumerate(ends) if end < 0)
        return self.add("STRIDED_SLICE", inputs, shape, x.name, x.dtype, x.quantization, begin_mask=0, end_mask=mask,
                        ellipsis_mask=0, new_axis_mask=0, shrink_axis_mask=0)

    def along(self, x: Tensor, axis: int, start: int, end: int) -> Tensor:
        """Take x[..., start:end, ...] along one axis."""
        starts, ends = [0] * len(x.shape), list(x.shape)
        starts[axis], ends[axis] = start, end
        return self.slice(x, starts, ends, [1] * len(x.shape))

    def reverse(self, x: Tensor, axis: int) -> Tensor:
        """Take the entries of one axis from the last to the first."""
        starts, ends, steps = [0] * len(x.shape), list(x.shape), [1] * len(x.shape)
        starts[axis], ends[axis], steps[axis] = x.shape[axis] - 1, -1, -1
        return self.slice(x, starts, ends, steps) if x.shape[axis] > 1 else x

    def concatenate(self, parts: Sequence[Tensor], axis: int, name: str = "") -> Tensor:
        """Add a concatenation along one axis, given from the front, of parts of one quantisation."""
        shape = list(parts[0].shape)
        shape[axis] = sum(p.shape[axis] for p in parts)
        return self.add("CONCATENATION", parts, shape, name, parts[0].dtype, parts[0].quantization, axis=axis)

    def latest(self, new: Tensor, past: int, axis: int, name: str = "") -> Tensor:
        """Add a state of the last `past` rows along an axis; return them as they were, with the new ones after them.

        Before the first rows there were real zeros.
        """
        if not past:
            return new
        shape = (*new.shape[:axis], past, *new.shape[axis + 1:])
        name = name or f"past {new.name}"
        state = Tensor(self.unique(name), shape, new.dtype, new.quantization, is_state=True)
        before = self.add("READ_VARIABLE", [state], shape, f"{name} before", new.dtype, new.quantization)
        whole = self.concatenate([before, new], axis, name)
        whole.quantization = new.quantization
        after = self.along(whole, axis, new.shape[axis], new.shape[axis] + past)
        self.nodes.append(Node("ASSIGN_VARIABLE", [after], [state]))
        return whole

    def reduce(self, op: str, x: Tensor, axes: Sequence[int], keep: bool, name: str = "") -> Tensor:
        """Add a reduction over `axes`, given from the front. keep: leave them in the shape, with one element."""
        shape = [1 if i in axes else d for i, d in enumerate(x.shape) if keep or i not in axes]
        return self.add(op, [x, self.axes(sorted(axes))], shape, name, x.dtype, keep_dims=keep)

    def conv(
        self, x: Tensor, weights: np.ndarray, bias: np.ndarray | None, strides: Sequence[int],
        pads: Sequence[tuple[int, int]], dilations: Sequence[int] = (1, 1), groups: int = 1, name: str = "",
        steps: np.ndarray | None = None,
    ) -> Tensor:
        """Add a convolution. x [N, H, W, C], weights [M, KH, KW, C / groups], pads (before, after) of H and W.

        steps: see weights.
        """
        out_c, *kernel, _ = weights.shape
        if x.shape[3] != weights.shape[3] * groups or out_c % groups:
            raise ValueError(f"{x.shape[3]} channels into weights {weights.shape} in {groups} groups")
        x = self.pad(x, [(0, 0), *pads, (0, 0)])
        size = [(x.shape[i + 1] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1 for i in range(2)]
        bias = np.zeros(out_c, np.float32) if bias is None else bias
        attrs: dict[str, Any] = {
            "padding": VALID, "stride_h": strides[0], "stride_w": strides[1], "dilation_h_factor": dilations[0],
            "dilation_w_factor": dilations[1],
        }
        shape = (x.shape[0], *size, out_c)
        if 1 < groups == x.shape[3]:
            turned = np.ascontiguousarray(weights.transpose(3, 1, 2, 0))
            inputs = [x, self.weights(turned, steps, 3), self.constant(bias, "bias")]
            return self.add("DEPTHWISE_CONV_2D", inputs, shape, name, depth_multiplier=out_c // groups, **attrs)
        if groups > 1:
            each_in, each_out = x.shape[3] // groups, out_c // groups
            parts = []
            for g in range(groups):
                rows = slice(g * each_out, (g + 1) * each_out)
                own = steps if steps is None or len(steps) == 1 else steps[rows]
                inputs = [self.along(x, 3, g * each_in, (g + 1) * each_in), self.weights(weights[rows], own),
                          self.constant(bias[rows], "bias")]
                parts.append(self.add("CONV_2D", inputs, (*shape[:3], each_out), name, **attrs))
            return self.concatenate(parts, 3, name)
        inputs = [x, self.weights(weights, steps), self.constant(bias, "bias")]
        return self.add("CONV_2D", inputs, shape, name, **attrs)

    def pool(
        self, op: str, x: Tensor, kernel: Sequence[int], strides: Sequence[int], pads: Sequence[int],
        size: Sequence[int], name: str = "",
    ) -> Tensor:
        """Add a pool. x [N, H, W, C]; windows start `pads` before the image, and ignore what is outside it."""
        return self.add(
            op, [x], (x.shape[0], *size, x.shape[3]), name, x.dtype, x.quantization, padding=VALID,
            explicit_padding=tuple(pads), filter_height=kernel[0], filter_width=kernel[1], stride_h=strides[0],
            stride_w=strides[1],
        )

    def dense(
        self, x: Tensor, weights: np.ndarray, bias: np.ndarray | None = None, name: str = "",
        steps: np.ndarray | None = None,
    ) -> Tensor:
        """Add x [..., K] times weights [N, K] plus a bias."""
        if x.shape[-1:] != weights.shape[1:]:
            raise ValueError(f"{x.shape} times weights {weights.shape}")
        inputs = [x, self.weights(weights, steps), None if bias is None else self.constant(bias, "bias")]
        shape = (*x.shape[:-1], weights.shape[0])
        return self.add("FULLY_CONNECTED", inputs, shape, name, keep_num_dims=True)

    def affine(self, x: Tensor, scale: np.ndarray, shift: np.ndarray, name: str = "") -> Tensor:
        """Add scale * x + shift along the last axis; a pass puts it into the layer before (passes/fuse_affine.py)."""
        if np.any(scale != 1):
            x = self.binary("MUL", x, self.constant(scale), name)
        return self.binary("ADD", x, self.constant(shift), name) if np.any(shift) else x

    def normalize(self, x: Tensor, axes: Sequence[int], epsilon: float, name: str = "") -> Tensor:
        """Add (x - mean) / sqrt(variance + epsilon) over axes."""
        centred = self.binary("SUB", x, self.reduce("MEAN", x, axes, True, name), name)
        variance = self.reduce("MEAN", self.binary("MUL", centred, centred, name), axes, True, name)
        scale = self.like("RSQRT", self.binary("ADD", variance, self.scalar(epsilon), name), name)
        return self.binary("MUL", centred, scale, name)

    def clip(self, x: Tensor, low: float, high: float, name: str = "") -> Tensor:
        """Keep x in [low, high]; -inf and inf for no limit."""
        for op, limits in CLAMPS.items():
            if limits == (low, high):
                return self.like(op, x, name)
        if low > -np.inf:
            x = self.binary("MAXIMUM", x, self.scalar(low), name)
        return self.binary("MINIMUM", x, self.scalar(high), name) if high < np.inf else x

    def graph(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Graph:
        """Return a graph of all nodes added so far."""
        return Graph(self.name, list(inputs), list(outputs), self.nodes)
