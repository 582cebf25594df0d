# SPDX-License-Identifier: MIT
"""midge inspect: what a model holds, what it costs, how its memory is used, and how two differ."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import click

from ..convert.models import load_any
from ..errors import UserError
from ..fileformat.memory_map import Anatomy, Change, NodeCost, Span, compare, cost, dissect
from ..fileformat.read import FileTensor, decode
from ..fileformat.spec import MAJOR, MINOR
from ..plots import save
from ..plots.arena import arena_figure
from ..plots.network import network_figure
from .output import console, layer_text, number, print_facts, print_json, print_next, print_table, shape_text


def end_facts(t: FileTensor) -> dict[str, Any]:
    return {"name": t.name, "dtype": t.dtype, "shape": list(t.shape), "scale": t.scale, "zero_point": t.zero_point}


def facts_of(path: Path, model: Anatomy) -> dict[str, Any]:
    """All there is to know about a model, for --json."""
    file = model.file
    return {
        "file": str(path), "name": file.name, "format": f"{MAJOR}.{MINOR}",
        "flash_bytes": file.size, "data_bytes": file.data_size, "arena_bytes": file.arena_size,
        "peak_bytes": model.nodes[model.peak].live, "peak_node": model.peak,
        "macs": model.macs, "labels": file.labels, "metadata": file.metadata,
        "inputs": [end_facts(file.tensors[i]) for i in file.inputs],
        "outputs": [end_facts(file.tensors[i]) for i in file.outputs],
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
    }  # fmt: skip


_CELLS = {
    "written": ("█", "green"), "read": ("▓", "cyan"), "kept": ("▒", "blue"), "scratch": ("~", "yellow"),
    "state": ("=", "magenta"),
}  # fmt: skip


def timeline(model: Anatomy, width: int) -> list[str]:
    """The arena as a row of `width` cells a node (see _CELLS)."""
    size = max(model.file.arena_size, 1)
    rows = []
    for i, n in enumerate(model.nodes):
        cells = ["·"] * width
        roles = [(_role(s, n), s) for s in model.spans if s.first <= i <= s.last]
        for role, s in sorted(roles, key=lambda pair: -list(_CELLS).index(pair[0])):  # what is written is on top
            first, last = s.offset * width // size, -(-s.end * width // size)
            cells[first:last] = [_CELLS[role][0]] * (last - first)
        rows.append("".join(cells))
    return rows


def _role(span: Span, n: NodeCost) -> str:
    """What a node does with a stretch of the arena that is alive while it runs."""
    if any(span is w for w in n.writes):
        return "written"
    if any(span is r for r in n.reads):
        return "read"
    return "kept" if span.kind == "tensor" else span.kind


def _print_timeline(model: Anatomy) -> None:
    width = max(20, min(64, console.width - 46))
    console.print(f"\n[bold]arena over time[/], {number(model.file.arena_size)} B across")
    console.print("  " + "  ".join(f"[{colour}]{cell}[/] {name}" for name, (cell, colour) in _CELLS.items()))
    for i, (n, row) in enumerate(zip(model.nodes, timeline(model, width), strict=True)):
        peak = "  [bold red]← peak[/]" if i == model.peak else ""
        console.print(f"{i:>3} {n.node.op.name[:19]:19} {number(n.live):>9} B [dim]|[/]{_coloured(row)}[dim]|[/]{peak}")


def _coloured(row: str) -> str:
    """Rich markup for a row of cells, one tag a run."""
    colours = {cell: colour for cell, colour in _CELLS.values()}
    runs = ((colours.get(cell, "dim"), "".join(run)) for cell, run in groupby(row))
    return "".join(f"[{colour}]{run}[/]" for colour, run in runs)


def _end_text(t: FileTensor) -> str:
    quantised = f"  scale {t.scale:.6g}, zero_point {t.zero_point}" if t.scale else ""
    return f"{t.name} {shape_text(t.dtype, t.shape)}{quantised}"


def _summary(model: Anatomy) -> list[tuple[str, str]]:
    file = model.file
    return [
        ("flash", f"{number(file.size)} B, {number(file.data_size)} B of them constants"),
        ("arena", f"{number(file.arena_size)} B of RAM; {number(model.nodes[model.peak].live)} B of it in use at "
                  f"node {model.peak}, {model.nodes[model.peak].node.op.name}"),
        ("MACs", f"{number(model.macs)} an inference"),
        *((f"input {i}", _end_text(file.tensors[t])) for i, t in enumerate(file.inputs)),
        *((f"output {i}", _end_text(file.tensors[t])) for i, t in enumerate(file.outputs)),
        ("labels", ", ".join(file.labels) or "none"),
    ]  # fmt: skip


def _shapes(tensors: list[FileTensor]) -> str:
    return " ".join("x".join(map(str, t.shape)) or "scalar" for t in tensors)


def _print_model(path: Path, model: Anatomy) -> None:
    console.print(f"[bold]{path}[/]: {model.file.name}, format {MAJOR}.{MINOR}")
    print_facts(_summary(model))
    console.print()
    print_table(
        ["#", "op", "output", "MACs", "flash B", "scratch", "live B", "layer"],
        [(str(i), n.node.op.name, f"{n.outputs[0].dtype} {_shapes(n.outputs)}", number(n.node.macs), number(n.flash),
          number(n.node.scratch_size), number(n.live), layer_text(n.node.name))
         for i, n in enumerate(model.nodes)],
        right=(0, 3, 4, 5, 6), whole=(1, 2),
    )  # fmt: skip
    _print_timeline(model)


_MARKS = {"changed": "[yellow]~[/]", "removed": "[red]-[/]", "added": "[green]+[/]"}


def diff_facts(before: Anatomy, after: Anatomy, changes: list[Change]) -> dict[str, Any]:
    """Totals side by side, and the nodes that are not the same."""
    totals = {
        name: [value(before), value(after)]
        for name, value in (
            ("flash_bytes", lambda m: m.file.size), ("data_bytes", lambda m: m.file.data_size),
            ("arena_bytes", lambda m: m.file.arena_size), ("macs", lambda m: m.macs),
            ("nodes", lambda m: len(m.nodes)), ("labels", lambda m: m.file.labels),
            ("inputs", lambda m: [end_facts(m.file.tensors[i]) for i in m.file.inputs]),
            ("outputs", lambda m: [end_facts(m.file.tensors[i]) for i in m.file.outputs]),
        )
    }  # fmt: skip
    return {
        "totals": totals,
        "changes": [
            {"kind": c.kind, "before": c.before and cost(c.before), "after": c.after and cost(c.after)}
            for c in changes
            if c.kind != "same"
        ],
    }


def _print_diff(paths: tuple[Path, ...], before: Anatomy, after: Anatomy) -> None:
    changes = compare(before, after)
    facts = diff_facts(before, after, changes)
    console.print(f"[bold]{paths[0]}[/] against [bold]{paths[1]}[/]\n")
    names = {"flash_bytes": "flash B", "data_bytes": "constants B", "arena_bytes": "arena B", "macs": "MACs"}
    rows = []
    for key, (a, b) in facts["totals"].items():
        if isinstance(a, int):
            change = "" if a == b else f"{b - a:+,}" + (f" ({(b - a) / a:+.1%})" if a else "")
            rows.append((names.get(key, key), number(a), number(b), change))
    print_table(["", "before", "after", "change"], rows, right=(1, 2, 3))
    for key in ("labels", "inputs", "outputs"):
        a, b = facts["totals"][key]
        if a != b:
            console.print(f"\n{key} differ\n  [red]-[/] {_plain(a)}\n  [green]+[/] {_plain(b)}")
    if not facts["changes"]:
        console.print("\nevery node is the same")
        return
    console.print(f"\n{len(facts['changes'])} of {len(changes)} nodes differ")
    for c in changes:
        if c.kind != "same":
            n = c.after or c.before
            assert n is not None
            console.print(f"  {_MARKS[c.kind]} {n.node.op.name} {_shapes(n.outputs)} '{n.node.name}'{_what(c)}")


def _plain(value: Any) -> str:
    return ", ".join(
        f"{v['name']} {shape_text(v['dtype'], v['shape'])} scale {v['scale']:.6g} zero_point {v['zero_point']}"
        if isinstance(v, dict) else str(v) for v in value
    ) or "none"  # fmt: skip


def _what(c: Change) -> str:
    """Which of a changed node's facts differ."""
    if c.before is None or c.after is None:
        return ""
    a, b = cost(c.before), cost(c.after)
    a, b = a | a.pop("params"), b | b.pop("params")
    pairs = [f"{key} {a.get(key)} → {b.get(key)}" for key in dict.fromkeys([*a, *b]) if a.get(key) != b.get(key)]
    return ": " + "; ".join(pairs[:6]) + (f"; {len(pairs) - 6} more" if len(pairs) > 6 else "")


@click.command()
@click.argument("models", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="MODEL [MODEL]")
@click.option("--json", "as_json", is_flag=True, help="Print all facts as JSON.")
@click.option("--png", type=click.Path(path_type=Path), help="Draw the arena over time (.png, .svg or .pdf).")
@click.option("--graph", type=click.Path(path_type=Path), help="Draw the network (.png, .svg or .pdf).")
@click.option("--diff", is_flag=True, help="Compare two models: totals, and the nodes that differ.")
def inspect(models: tuple[Path, ...], as_json: bool, png: Path | None, graph: Path | None, diff: bool) -> None:
    """Show the ops, shapes, MACs and memory of a .midge or .tflite MODEL.

    A .tflite file is converted first, so that what is shown is what a board would run.
    """
    if len(models) != 1 + diff:
        raise UserError(f"{len(models)} models given; name one, or two with --diff")
    if diff and (png or graph):
        raise UserError("--diff draws no pictures; leave --png and --graph out, or inspect one model at a time")
    loaded = [dissect(decode(load_any(path))) for path in models]
    model = loaded[0]
    if diff:
        if as_json:
            print_json(diff_facts(model, loaded[1], compare(model, loaded[1])))
        else:
            _print_diff(models, model, loaded[1])
        return
    for path, draw in ((png, arena_figure), (graph, network_figure)):
        if path is not None:
            save(draw(model), path)
    if as_json:
        print_json(facts_of(models[0], model))
        return
    if png or graph:
        console.print("wrote " + " and ".join(str(p) for p in (png, graph) if p))
        return
    _print_model(models[0], model)
    if models[0].suffix != ".midge":
        print_next(f"midge convert {models[0]}", f"midge inspect {models[0]} --png arena.png --graph network.png")
    else:
        print_next(f"midge run {models[0]} samples.npy", f"midge upload {models[0]}")
