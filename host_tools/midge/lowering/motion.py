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
        "frame": frame, "hop": hop, "bands": count, "hold": attribute(node, "hold", 0, 2),
    }, {"weights_at": weights}, macs=columns["axes"] * frames * count * frame)


@rule("TREES")
def trees(program: Program, node: Node) -> None:
    x, out = required(node, 0), node.outputs[0]
    if (x.dtype, out.dtype) != ("int16", "int32") or x.is_constant:
        raise Unsupported(f"a forest from {x.dtype} to {out.dtype}; int16 to int32 can run")
    halfwords = constant(node, 1, "trees").size
    rows = constant(node, 3, "rows").shape[0] if node.input(3) is not None else 0
    program.add(node, "TREES", [x], {
        "halfwords": halfwords, "trees": attribute(node, "trees", 0, 32767),
        "features": within(x.elements, "features", 1, 0x4000), "outputs": within(out.elements, "outputs", 1, 65535),
        "rows": within(rows, "rows", 0, 65535), "leaves": attribute(node, "leaves", 0, 2),
    }, {
        "trees_at": table_of(node, 1, "trees", halfwords, "uint16"),
        "start_at": table_of(node, 2, "starts", out.elements, "int32"),
        "rows_at": table_of(node, 3, "rows", rows * out.elements, "uint16") if rows else b"",
    })


@rule("LAGGED")
def lagged(program: Program, node: Node) -> None:
    x, columns = columns_of(node, 16)
    within(columns["samples"], "samples", 1, 4096)
    lags = constant(node, 1, "lags").reshape(-1)
    if lags.size and not 0 <= lags.min() <= lags.max() < columns["samples"]:
        raise Unsupported(f"a lag of {lags.max()} among {columns['samples']} samples")
    program.add(node, "LAGGED", [x], columns | {
        "lags": within(lags.size, "lags", 1, 65535), "floor": attribute(node, "floor", 0, 2**22 - 1),
    }, {"lags_at": table_of(node, 1, "lags", lags.size, "uint16")},
        macs=int((columns["samples"] - lags.astype(int)).sum()) * columns["axes"] ** 2)


@rule("STANDARDIZE")
def standardize(program: Program, node: Node) -> None:
    x, out = required(node, 0), node.outputs[0]
    if x.dtype != "int16" or out.dtype not in ("int8", "int16") or x.is_constant:
        raise Unsupported(f"features of {x.dtype} to {out.dtype}; int16 to int8 or int16 can run")
    dtypes = enumerate(("int32", "int16", "uint8"), 1)
    tables = [table_of(node, i, "numbers", x.elements, dtype) for i, dtype in dtypes]
    program.add(node, "STANDARDIZE", [x], {"count": x.elements}, {"table_at": b"".join(tables)}, macs=x.elements)


@rule("CENTROIDS")
def centroids(program: Program, node: Node) -> None:
    x, out, n = required(node, 0), node.outputs[0], required(node, 0).elements
    if (x.dtype, out.dtype) != ("int16", "int32") or x.is_constant:
        raise Unsupported(f"distances from {x.dtype} to {out.dtype}; int16 to int32 can run")
    k = within(out.elements, "centres", 1, 65535)
    table = table_of(node, 1, "offsets", k, "int32") + table_of(node, 2, "centres", k * n)
    scaled, rows = node.input(3) is not None, 0
    if scaled:
        rows = k if constant(node, 3, "factors").ndim == 2 else 1
        table += table_of(node, 3, "factors", rows * n, "uint16") + table_of(node, 4, "shifts", rows * n, "uint8")
    program.add(node, "CENTROIDS", [x], {
        "features": within(n, "features", 1, 65535), "centres": k, "root": attribute(node, "root", 0, 1),
        "scaled": int(scaled), "own": int(rows == k > 1),
    }, {"table_at": table}, macs=2 * k * n)


@rule("RANDOM_CONV")
def random_conv(program: Program, node: Node) -> None:
    x, samples, columns = samples_of(node)
    size, count = constant(node, 1, "patterns").size, attribute(node, "count", 1, 65535)
    program.add(node, "RANDOM_CONV", [x], {
        "table_size": size, "samples": within(samples, "samples", 1, 4096),
        "columns": within(columns, "columns", 1, 16), "patterns": count,
        "most_dilation": attribute(node, "most_dilation", 1, 32767),
    }, {"table_at": table_of(node, 1, "patterns", size, "uint8")}, macs=4 * count * samples)
