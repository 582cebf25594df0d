# SPDX-License-Identifier: MIT
"""Describe a model: as a dict, and as one screen of text."""

import gc
from collections import namedtuple

from . import _midge

# dtype: "int8" and so on; real = scale * (quantised - zero_point), scale 0 for plain numbers
Tensor = namedtuple("Tensor", ("name", "dtype", "shape", "scale", "zero_point"))

_MOST_LABELS = 10  # more would not fit on a screen


def info():
    """Return what this Midge is as a dict: version, format, simd, ops.

    format is the version of the .midge files that it reads, simd the instruction set that its kernels are written
    for, and ops the families of ops that are built in, such as ("int8", "f32").
    """
    version, format, simd, *ops = _midge.about.split(" ")
    return {"version": version, "format": int(format), "simd": simd, "ops": tuple(ops)}


def facts(model):
    """Return the dict of Model.info()."""
    name, file_bytes, arena_bytes, _, _, _, ops, address = model._core.info()
    return {
        "name": name,
        "file_bytes": file_bytes,
        "arena_bytes": arena_bytes,
        "ops": ops,
        "weights": model._where or _place(address),
        "metadata": model._core.metadata(),
    }


def tensors(describe, count):
    """Return the Tensors that `describe`, the core's input or output, tells of by number."""
    return [Tensor(*describe(i)) for i in range(count)]


def _place(address):
    """Return "ram" or "flash" for an address: what is far from every object on the heap is not on the heap."""
    if not hasattr(gc, "mem_free"):
        return "ram"
    heap = gc.mem_alloc() + gc.mem_free()
    return "ram" if abs(address - id([])) <= heap + heap // 16 else "flash"


def text(model):
    """Return the text that a model prints as."""
    told = facts(model)
    lines = ["Model '%s'" % told["name"] if told["name"] else "Model"]
    tensors = [("input", t) for t in model.inputs] + [("output", t) for t in model.outputs]
    name_width = max([len(t.name) for _, t in tensors])
    type_width = max([len(_type(t)) for _, t in tensors])
    for kind, t in tensors:
        line = "  %-8s %-*s  %-*s" % (kind, name_width, t.name, type_width, _type(t))
        if t.scale:
            line += "  scale %.6g, zero_point %d" % (t.scale, t.zero_point)
        lines.append(line.rstrip())
    labels = [model.label(i) for i in range(min(model._n_labels, _MOST_LABELS))]
    if labels:
        more = model._n_labels - len(labels)
        lines.append("  labels   " + ", ".join(labels) + (" and %d more" % more if more else ""))
    place = "flash, used in place" if told["weights"] == "flash" else "RAM"
    lines.append("  file     %d B in %s" % (told["file_bytes"], place))
    lines.append("  arena    %d B" % told["arena_bytes"])
    lines.append("  ops      %d" % told["ops"])
    return "\n".join(lines)


def _type(tensor):
    return "%s %s" % (tensor.dtype, list(tensor.shape))
