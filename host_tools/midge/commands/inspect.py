# SPDX-License-Identifier: MIT
"""midge inspect: what a .midge or .tflite file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .. import format as midge_format
from ..convert import convert
from .output import console, number, print_facts, print_json, print_next, print_table, shape_text


def describe(path: Path) -> dict[str, Any]:
    """The facts of a .midge file, or of what a .tflite file converts to. Raises UserError."""
    blob = midge_format.load_file(path)
    if path.suffix == ".tflite" or blob[4:8] == b"TFL3":
        blob = convert(path).blob
    midge_format.check(blob, str(path))
    file = midge_format.read(blob)

    def end(index: int) -> dict[str, Any]:
        t = file.tensors[index]
        return {"name": t.name, "dtype": t.dtype, "shape": list(t.shape), "scale": t.scale, "zero_point": t.zero_point}

    nodes = []
    for node in file.nodes:
        out = file.tensors[node.outputs[0]]
        nodes.append({"op": node.op.name, "layer": node.name, "dtype": out.dtype, "shape": list(out.shape),
                      "macs": node.macs, "scratch_bytes": node.scratch_size})  # fmt: skip
    return {
        "file": str(path), "name": file.name, "format": f"{midge_format.MAJOR}.{midge_format.MINOR}",
        "flash_bytes": file.size, "data_bytes": file.data_size, "arena_bytes": file.arena_size,
        "macs": sum(n["macs"] for n in nodes), "labels": file.labels, "metadata": file.metadata,
        "inputs": [end(i) for i in file.inputs], "outputs": [end(i) for i in file.outputs], "nodes": nodes,
    }  # fmt: skip


def _end_text(end: dict[str, Any]) -> str:
    quantised = f"  scale {end['scale']:.6g}, zero_point {end['zero_point']}" if end["scale"] else ""
    return f"{end['name']} {shape_text(end['dtype'], end['shape'])}{quantised}"


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def inspect(model: Path, as_json: bool) -> None:
    """Show the ops, shapes, MACs and memory of a .midge or .tflite MODEL."""
    facts = describe(model)
    if as_json:
        print_json(facts)
        return
    console.print(f"[bold]{model}[/]: {facts['name']}, format {facts['format']}")
    print_facts([
        ("flash", f"{number(facts['flash_bytes'])} B, {number(facts['data_bytes'])} B of them constants"),
        ("arena", f"{number(facts['arena_bytes'])} B of RAM"),
        ("MACs", f"{number(facts['macs'])} an inference"),
        *((f"input {i}", _end_text(e)) for i, e in enumerate(facts["inputs"])),
        *((f"output {i}", _end_text(e)) for i, e in enumerate(facts["outputs"])),
        ("labels", ", ".join(facts["labels"]) or "none"),
    ])
    console.print()
    print_table(
        ["#", "op", "output", "MACs", "scratch B", "layer"],
        [(str(i), n["op"], shape_text(n["dtype"], n["shape"]), number(n["macs"]), number(n["scratch_bytes"]),
          n["layer"]) for i, n in enumerate(facts["nodes"])],
        right=(0, 3, 4),
    )  # fmt: skip
    if model.suffix == ".tflite":
        print_next(f"midge convert {model}")
    else:
        print_next(f"midge run {model} samples.npy", f"midge upload {model}")
