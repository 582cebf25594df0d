# SPDX-License-Identifier: MIT
"""From a trained model to a .midge file: import, passes, lowering, arena plan, bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import format as midge_format
from .errors import UserError
from .importers import Frozen, read_model
from .ir import NONSENSE, Graph, GraphError
from .layouts import pack
from .lower import Program, lower
from .passes import run_passes
from .plan import Plan, plan_arena
from .shapes import Shapes
from .strips import fit


class UnsupportedModel(UserError):
    """A sound model that uses ops or dtypes which no device op can run. `items` lists every one."""

    def __init__(self, name: str, items: list[tuple[str, str, str]]):
        self.items = items
        reasons: dict[tuple[str, str], list[str]] = {}
        for op, layer, reason in items:
            reasons.setdefault((op, reason), []).append(layer)
        lines = [
            f"  {op} ({len(layers)}x, first '{layers[0]}'): {reason}" for (op, reason), layers in reasons.items()
        ]
        super().__init__(f"{name}: {len(items)} of its operators cannot run\n" + "\n".join(lines))


@dataclass
class Conversion:
    """A converted model: the file's bytes and the facts that a user wants to know about them."""

    blob: bytes
    program: Program
    plan: Plan
    source_size: int

    @property
    def macs(self) -> int:
        """Multiplications of one inference."""
        return sum(step.macs for step in self.program.steps)

    @property
    def peak(self) -> tuple[int, str]:
        """The most bytes alive at one time and the layer at which that happens."""
        steps = self.program.steps
        if not steps:
            return self.plan.arena_size, ""
        i = max(range(len(steps)), key=self.plan.live_bytes)
        return self.plan.live_bytes(i), f"{steps[i].source} '{steps[i].name}'"


def convert(
    model: str | Path | bytes, labels: Sequence[str] = (), name: str | None = None, target: str | None = None,
    arena_limit: int | None = None, shapes: Shapes = None, frozen: Frozen = None,
) -> Conversion:  # fmt: skip
    """Convert a .tflite or .onnx model.

    model: a path, or the file's bytes. labels: class names in the order of the output's scores.
    name: what the device calls the model; the file's stem by default.
    target: a core or board to pack the weights for; firmware for other cores may refuse the file.
    arena_limit: bytes of RAM that the arena may take; layers are run in strips of rows until it fits.
    shapes: of inputs whose shapes the model leaves open: (1, 96, 96, 3) for the only one, or by name.
    frozen: inputs of an ONNX model that are to be constants, arrays by name.
    Raises UserError for a file that is missing or damaged, UnsupportedModel (a UserError) that names
    every operator in the way.

    >>> convert("wand_int8.tflite", labels=["idle", "circle"]).blob[:4]
    b'MIDG'
    """
    graph, size = read_model(model, name, shapes, frozen)
    title = name or ("model" if isinstance(model, bytes) else str(model))
    return convert_graph(graph, labels, title, size, target, arena_limit)


def convert_graph(
    graph: Graph, labels: Sequence[str], title: str, source_size: int, target: str | None = None,
    arena_limit: int | None = None,
) -> Conversion:  # fmt: skip
    """Convert an imported graph."""
    graph.labels = list(labels)
    check_labels(graph, labels, title)
    try:
        graph = run_passes(graph)
    except (GraphError, *NONSENSE) as error:
        raise UserError(f"{title}: damaged graph: {error}; export it again") from error
    program, refused = lower(graph)
    if refused:
        raise UnsupportedModel(title, [(node.op, node.name, reason) for node, reason in refused])

    def packed(program: Program) -> Program:
        steps = [replace(s, params=dict(s.params), constants=dict(s.constants)) for s in program.steps]
        copy = replace(program, steps=steps)
        pack(copy, target)
        return copy

    if arena_limit is None:
        program = packed(program)
        plan = plan_arena(program)
    else:
        fitted = fit(program, arena_limit, packed)
        program, plan = fitted.program, fitted.plan
        graph.notes += fitted.notes
        if plan.arena_size > arena_limit:
            raise UserError(f"{title}: no arena of {arena_limit} B was found, the smallest takes {plan.arena_size} B; "
                            "give it more, or a model with smaller images or fewer channels at its start")  # fmt: skip
    try:
        blob = midge_format.write(program, plan)
    except (OverflowError, KeyError, struct.error) as error:
        raise UserError(f"{title}: a value that no .midge file can hold: {error}") from error
    try:
        midge_format.check(blob, title)  # shapes that contradict one another show here
    except UserError as error:
        advice = "the model contradicts itself: export it again, or report it if it runs elsewhere"
        raise UserError(f"{error}; {advice}") from error
    return Conversion(blob, program, plan, source_size)


def check_labels(graph: Graph, labels: Sequence[str], title: str) -> None:
    """Refuse labels that are not one for each score."""
    classes = graph.outputs[0].shape[-1] if graph.outputs[0].shape else 1
    if labels and len(labels) != classes:
        raise UserError(f"{title}: {len(labels)} labels for an output of {classes} scores; give one label a score")


def write_model(result: Conversion, path: Path) -> None:
    """Write the file whole or not at all. Raises UserError."""
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_bytes(result.blob)
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; choose another place with -o") from error
