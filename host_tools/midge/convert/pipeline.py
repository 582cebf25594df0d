# SPDX-License-Identifier: MIT
"""From a trained model to a .midge file: every stage in its order, in one place.

    a file → importers → graph → GRAPH_PASSES → lower → program → PROGRAM_PASSES → pack, arena → emit → a file
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.binding import check_file
from ..errors import UserError
from ..graph import NONSENSE, Graph, GraphError, verify
from ..importers import Frozen, Shapes, Source, open_source, read_model
from ..lowering import Program, lower
from ..passes.dead_channels import drop_channels
from ..passes.decompose import decompose
from ..passes.fold import fold_constants, fold_padding
from ..passes.fuse_activations import fuse_activations
from ..passes.fuse_affine import fold_affine, fold_clamps
from ..passes.fuse_qdq import fuse_quantized
from ..passes.prune import drop_identities, drop_unused, share_equal
from ..passes.uint8_to_int8 import uint8_to_int8
from ..passes.variables import resolve_variables
from ..program.arena import Plan, plan_arena
from ..program.elide_copies import elide_part_copies
from ..program.elide_state_copies import elide_state_copies
from ..program.emit import emit
from ..program.fuse_steps import fuse_steps
from ..program.packing import packed
from ..program.row_slices import fit

# Graph to graph, verified after each.
GRAPH_PASSES: tuple[Callable[[Graph], Graph], ...] = (
    resolve_variables,
    uint8_to_int8,
    fuse_activations,
    fold_clamps,
    fuse_quantized,
    fold_constants,
    drop_identities,
    fold_affine,
    decompose,
    fold_padding,
    drop_unused,
    share_equal,
    drop_channels,
)

# On a lowered program, in place.
PROGRAM_PASSES: tuple[Callable[[Program], None], ...] = (
    elide_state_copies,
    fuse_steps,
    elide_part_copies,
)


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
    model: str | Path | bytes | Source, labels: Sequence[str] = (), name: str | None = None, target: str | None = None,
    arena_limit: int | None = None, shapes: Shapes = None, frozen: Frozen = None,
) -> Conversion:  # fmt: skip
    """Convert a trained model.

    model: a path, the bytes of a .tflite or .keras file, or a file that has been read.
    labels: class names in the order of the output's scores.
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
    source = open_source(model, name)
    graph = read_model(source, name, shapes, frozen)
    return convert_graph(graph, labels, source.title, len(source.data), target, arena_limit)


def convert_graph(
    graph: Graph, labels: Sequence[str], title: str, source_size: int, target: str | None = None,
    arena_limit: int | None = None,
) -> Conversion:  # fmt: skip
    """Convert an imported graph, which stays as it is."""
    graph = graph.copy()
    graph.labels = list(labels)
    check_labels(graph, labels, title)
    try:
        graph = run_passes(graph)
    except (GraphError, *NONSENSE) as error:
        raise UserError(f"{title}: damaged graph: {error}; export it again") from error
    program = lower(graph, title)
    for function in PROGRAM_PASSES:
        function(program)
    program, plan = place(program, title, target, arena_limit)
    return Conversion(encode(program, plan, title), program, plan, source_size)


def run_passes(graph: Graph, leave_out: Sequence[Callable[[Graph], Graph]] = ()) -> Graph:
    """Run all passes over a graph but those left out, verifying it after each. Raises GraphError."""
    for function in GRAPH_PASSES:
        if function not in leave_out:
            graph = verify(function(graph))
    return graph


def place(program: Program, title: str, target: str | None, arena_limit: int | None) -> tuple[Program, Plan]:
    """Pack the weights for a target and plan the arena, in slices of rows where it is to be small. Raises UserError."""
    if arena_limit is None:
        program = packed(program, target)
        return program, plan_arena(program)
    fitted = fit(program, arena_limit, lambda program: packed(program, target))
    program.graph.notes += fitted.notes
    if fitted.plan.arena_size > arena_limit:
        raise UserError(f"{title}: no arena of {arena_limit} B was found, the smallest takes "
                        f"{fitted.plan.arena_size} B; give it more, or a model with smaller images or fewer channels "
                        "at its start")
    return fitted.program, fitted.plan


def encode(program: Program, plan: Plan, title: str) -> bytes:
    """Write the file's bytes and let the core check them. Raises UserError."""
    try:
        blob = emit(program, plan)
    except (OverflowError, KeyError, struct.error) as error:
        raise UserError(f"{title}: a value that no .midge file can hold: {error}") from error
    try:
        check_file(blob, title)  # shapes that contradict one another show here
    except UserError as error:
        advice = "the model contradicts itself: export it again, or report it if it runs elsewhere"
        raise UserError(f"{error}; {advice}") from error
    return blob


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
