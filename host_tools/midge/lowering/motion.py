# SPDX-License-Identifier: MIT
"""Features of movements, and classifiers of features. Formulas: native_module/core/kernels/motion/."""

from __future__ import annotations

from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import constant, required
from .program import Program
from .rules import rule


def samples_of(node: Node) -> tuple[Tensor, int, int]:
    """Return the first input, how many samples it has, and of how many columns. Raises Unsupported."""
    x = required(node, 0)
    if x.dtype != "int16" or len(x.shape) != 2 or x.is_constant:
        raise Unsupported(f"'{x.name}', {x.dtype} of shape {list(x.shape)}; int16 [samples, columns] can run")
    return x, *x.shape


def attribute(node: Node, name: str, low: int, high: int) -> int:
    """Return a whole number among a node's attributes, 0 where it is absent. Raises Unsupported."""
    return within(int(node.attrs.get(name, 0)), name, low, high)


def within(value: int, name: str, low: int, high: int) -> int:
    """Return a value that a kernel can take. Raises Unsupported."""
    if not low <= value <= high:
        raise Unsupported(f"{name} = {value}; {low} to {high} can run")
    return value


def columns_of(node: Node, most_axes: int) -> tuple[Tensor, dict[str, int]]:
    """Return the samples and the parameters that say which columns of them are meant. Raises Unsupported."""
    x, samples, columns = samples_of(node)
    first = attribute(node, "first", 0, columns - 1)
    axes = attribute(node, "axes", 1, min(most_axes, columns - first))
    return x, {"samples": samples, "columns": columns, "first": first, "axes": axes}


def table_of(node: Node, i: int, what: str, elements: int, dtype: str = "int16") -> bytes:
    """Return the bytes of a constant with so many elements. Raises Unsupported."""
    values = constant(node, i, what)
    if values.dtype != dtype or values.size != elements:
        raise Unsupported(f"{values.size} {what} of {values.dtype}; wanted {elements} of {dtype}")
    return values.astype(values.dtype.newbyteorder("<")).tobytes()


@rule("MOMENTS")
def moments(program: Program, node: Node) -> None:
    x, columns = columns_of(node, 16)
    within(columns["samples"], "samples", 2, 4096)
    program.add(node, "MOMENTS", [x], columns | {
        "magnitude": attribute(node, "magnitude", 0, 1), "fraction": attribute(node, "fraction", 0, 5),
        "dead_band": attribute(node, "dead_band", 0, 65535),
    })


@rule("BANDS")
def bands(program: Program, node: Node) -> None:
    x, columns = columns_of(node, 65535)
    out, frame = node.outputs[0], attribute(node, "frame", 4, 256)
    if frame % 4 or not frame <= columns["samples"] <= 65535 or len(out.shape) != 2:
        raise Unsupported(f"frames of {frame} among {columns['samples']} samples; a multiple of 4 that fits can run")
    count = within(out.shape[1], "bands", 1, 128)
    hop = attribute(node, "hop", 1, 65535)
    weights = table_of(node, 1, "weights", -(-count // 2) * 2 * frame)
    frames = (columns["samples"] - frame) // hop + 1
    program.add(node, "BANDS", [x], columns | {
        "frame": frame, "hop": hop, "bands": count, "mean": attribute(node, "mean", 0, 1),
    }, {"weights_at": weights}, macs=columns["axes"] * frames * count * frame)
