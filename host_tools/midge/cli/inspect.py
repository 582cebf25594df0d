# SPDX-License-Identifier: MIT
"""midge inspect: what a model holds, what it costs, how its memory is used, and how two differ."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import click

from .. import api
from ..errors import UserError
from ..fileformat.facts import difference_facts, model_facts
from ..fileformat.memory_map import Anatomy, Change, NodeCost, Span, compare, cost
from ..fileformat.read import FileTensor
from ..fileformat.spec import MAJOR, MINOR
from ..graph.sight import UNITS
from ..plots import save
from ..plots.arena import arena_figure
from ..plots.network import network_figure
from .options import Command, OutputPath, json_option
from .output import (
    Styled,
    layer_text,
    number,
    print_facts,
    print_json,
    print_next,
    print_table,
    say,
    shape_text,
    style,
)
from .terminal import terminal

_CELLS = {
    "written": ("█", "green"), "read": ("▓", "cyan"), "kept": ("▒", "blue"), "scratch": ("~", "yellow"),
    "state": ("=", "magenta"),
}


def timeline(model: Anatomy, width: int) -> list[str]:
    """Return the arena as a row of `width` cells per node (see _CELLS)."""
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
    """Return what a node does with a stretch of the arena that is alive while it runs."""
    if any(span is w for w in n.writes):
        return "written"
    if any(span is r for r in n.reads):
        return "read"
    return "kept" if span.kind == "tensor" else span.kind


def _print_timeline(model: Anatomy) -> None:
    width = max(20, min(64, terminal.width - 46))
    say("\n[bold]arena over time[/], {} B across", number(model.file.arena_size))
    say("  {}", Styled("  ".join(f"{style(cell, colour)} {name}" for name, (cell, colour) in _CELLS.items())))
    for i, (n, row) in enumerate(zip(model.nodes, timeline(model, width), strict=True)):
        peak = style("  ← peak", "bold red") if i == model.peak else ""
        say("{:>3} {:19} {:>9} B [dim]|[/]{}[dim]|[/]{}", i, n.node.op.name[:19], number(n.live), _coloured(row), peak)


def _coloured(row: str) -> Styled:
    """Return a row of cells in colour, one style per run of equal ones."""
    colours = dict(_CELLS.values())
    runs = ((colours.get(cell, "dim"), "".join(run)) for cell, run in groupby(row))
    return Styled("".join(style(run, colour) for colour, run in runs))


def _tensor_text(t: FileTensor) -> str:
    quantised = f"  scale {t.scale:.6g}, zero_point {t.zero_point}" if t.scale else ""
    return f"{t.name} {shape_text(t.dtype, t.shape)}{quantised}"


def _summary(model: Anatomy) -> list[tuple[str, str]]:
    file = model.file
    return [
        ("flash", f"{number(file.size)} B, {number(file.data_size)} B of them constants"),
        ("arena", f"{number(file.arena_size)} B of RAM; {number(model.nodes[model.peak].live)} B of it in use at "
                  f"node {model.peak}, {model.nodes[model.peak].node.op.name}"),
        ("MACs", f"{number(model.macs)} per inference"),
        *((f"input {i}", _tensor_text(file.tensors[t])) for i, t in enumerate(file.inputs)),
        *((f"output {i}", _tensor_text(file.tensors[t])) for i, t in enumerate(file.outputs)),
        ("labels", ", ".join(file.labels) or "none"),
        *([("pictures", f"as {file.metadata[UNITS]}")] if UNITS in file.metadata else []),
    ]


def _shapes(tensors: list[FileTensor]) -> str:
    return " ".join("x".join(map(str, t.shape)) or "scalar" for t in tensors)


def _print_model(path: Path, model: Anatomy) -> None:
    say("[bold]{}[/]: {}, format {}.{}", path, model.file.name, MAJOR, MINOR)
    print_facts(_summary(model))
    say()
    print_table(
        ["#", "op", "output", "MACs", "flash B", "scratch", "live B", "layer"],
        [(str(i), n.node.op.name, f"{n.outputs[0].dtype} {_shapes(n.outputs)}", number(n.node.macs), number(n.flash),
          number(n.node.scratch_size), number(n.live), layer_text(n.node.name))
         for i, n in enumerate(model.nodes)],
        right=(0, 3, 4, 5, 6), whole=(1, 2),
    )
    _print_timeline(model)


_MARKS = {"changed": style("~", "yellow"), "removed": style("-", "red"), "added": style("+", "green")}


def _print_diff(paths: tuple[Path, ...], before: Anatomy, after: Anatomy) -> None:
    changes = compare(before, after)
    facts = difference_facts(before, after, changes)
    say("[bold]{}[/] against [bold]{}[/]\n", *paths)
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
            say("\n{} differ\n  [red]-[/] {}\n  [green]+[/] {}", key, _listed(a), _listed(b))
    if not facts["changes"]:
        say("\nevery node is the same")
        return
    say("\n{} of {} nodes differ", len(facts["changes"]), len(changes))
    for c in changes:
        if c.kind != "same":
            n = c.after or c.before
            assert n is not None
            say("  {} {} {} '{}'{}", _MARKS[c.kind], n.node.op.name, _shapes(n.outputs), n.node.name, _what(c))


def _listed(value: Any) -> str:
    return ", ".join(
        f"{v['name']} {shape_text(v['dtype'], v['shape'])} scale {v['scale']:.6g} zero_point {v['zero_point']}"
        if isinstance(v, dict) else str(v) for v in value
    ) or "none"


def _what(c: Change) -> str:
    """Return which of a changed node's facts differ."""
    if c.before is None or c.after is None:
        return ""
    a, b = cost(c.before), cost(c.after)
    a, b = a | a.pop("params"), b | b.pop("params")
    pairs = [f"{key} {a.get(key)} → {b.get(key)}" for key in dict.fromkeys([*a, *b]) if a.get(key) != b.get(key)]
    return ": " + "; ".join(pairs[:6]) + (f"; {len(pairs) - 6} more" if len(pairs) > 6 else "")


@click.command(cls=Command)
@click.argument("models", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="MODEL [MODEL]")
@click.option("--png", type=OutputPath(), help="Draw the arena over time (.png, .svg or .pdf).")
@click.option("--graph", type=OutputPath(), help="Draw the network (.png, .svg or .pdf).")
@json_option
@click.option("--diff", is_flag=True, help="Compare two models: totals, and the nodes that differ.")
def inspect(models: tuple[Path, ...], as_json: bool, png: Path | None, graph: Path | None, diff: bool) -> None:
    """Show the ops, shapes, MACs and memory of a MODEL: .midge, .tflite, .onnx or .keras.

    A trained model is converted first, so that what is shown is what a board would run.
    """
    if len(models) != 1 + diff:
        raise UserError(f"{len(models)} models given; name one, or two with --diff")
    if diff and (png or graph):
        raise UserError("--diff draws no pictures; leave --png and --graph out, or inspect one model at a time")
    loaded = [api.inspect(path) for path in models]
    model = loaded[0]
    if diff:
        if as_json:
            print_json(difference_facts(model, loaded[1], compare(model, loaded[1])))
        else:
            _print_diff(models, model, loaded[1])
        return
    for path, draw in ((png, arena_figure), (graph, network_figure)):
        if path is not None:
            save(draw(model), path)
    if as_json:
        print_json({"file": str(models[0]), **model_facts(model)})
        return
    if png or graph:
        say("wrote {}", " and ".join(str(p) for p in (png, graph) if p))
        return
    _print_model(models[0], model)
    if models[0].suffix != ".midge":
        print_next(f"midge convert {models[0]}", f"midge inspect {models[0]} --png arena.png --graph network.png")
    else:
        print_next(f"midge run {models[0]} samples.npy", f"midge upload {models[0]}")
