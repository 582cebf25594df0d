# SPDX-License-Identifier: MIT
"""All there is to know about a .midge file, or about the difference between two, as values for JSON."""

from __future__ import annotations

from typing import Any

from .memory_map import Anatomy, Change, cost
from .read import FileTensor
from .spec import MAJOR, MINOR


def model_facts(model: Anatomy) -> dict[str, Any]:
    """Return totals, inputs and outputs, nodes, and the stretches of the arena."""
    file = model.file
    return {
        "name": file.name, "format": f"{MAJOR}.{MINOR}",
        "flash_bytes": file.size, "data_bytes": file.data_size, "arena_bytes": file.arena_size,
        "peak_bytes": model.nodes[model.peak].live, "peak_node": model.peak,
        "macs": model.macs, "labels": file.labels, "metadata": file.metadata,
        "inputs": [tensor_facts(file.tensors[i]) for i in file.inputs],
        "outputs": [tensor_facts(file.tensors[i]) for i in file.outputs],
        "nodes": [
            {"op": n.node.op.name, "layer": n.node.name, "dtype": n.outputs[0].dtype,
             "inputs": [list(t.shape) for t in n.inputs], "shape": list(n.outputs[0].shape), "macs": n.node.macs,
             "flash_bytes": n.flash, "scratch_bytes": n.node.scratch_size, "live_bytes": n.live,
             "after": model.parents(i)}
            for i, n in enumerate(model.nodes)
        ],
        "arena": [
            {"kind": s.kind, "name": s.label, "offset": s.offset, "size": s.size, "first": s.first, "last": s.last}
            for s in model.spans
        ],
    }


def tensor_facts(t: FileTensor) -> dict[str, Any]:
    """Return what describes an input or output."""
    return {"name": t.name, "dtype": t.dtype, "shape": list(t.shape), "scale": t.scale, "zero_point": t.zero_point}


def difference_facts(before: Anatomy, after: Anatomy, changes: list[Change]) -> dict[str, Any]:
    """Return totals side by side, and the nodes that are not the same."""
    old, new = model_facts(before), model_facts(after)
    old["nodes"], new["nodes"] = len(before.nodes), len(after.nodes)
    names = ("flash_bytes", "data_bytes", "arena_bytes", "macs", "nodes", "labels", "inputs", "outputs")
    return {
        "totals": {name: [old[name], new[name]] for name in names},
        "changes": [
            {"kind": c.kind, "before": c.before and cost(c.before), "after": c.after and cost(c.after)}
            for c in changes
            if c.kind != "same"
        ],
    }
