# SPDX-License-Identifier: MIT
"""From a trained model to a .midge file: every stage in its order, in one place.

    read_model      a file to a graph, in TensorFlow Lite's ops         importers/
    GRAPH_PASSES    a graph to an equivalent one, checked after each    passes/
    lower           a graph to a program: steps of device ops           lowering/
    PROGRAM_PASSES  a program to a cheaper one                          program/
    packed          weights in the layouts of a target                  program/packing/
    join_sums       rows of layers in slices, where they cost nothing   program/row_slices.py
    fit_arena       or as it takes to keep to an arena
    plan_arena      a place in the arena for every tensor               program/arena.py
    emit            the bytes of the file, which the core then checks   program/emit.py, core/
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.binding import check_file
from ..errors import UnsupportedModel, UserError
from ..files import write_whole
from ..graph import NONSENSE, Graph, GraphError, Unsupported, verify
from ..importers import Frozen, Shapes, Source, open_source, read_model
from ..limits import Exceeded, check_activation, check_operators
from ..lowering import Program, lower
from ..passes.dead_channels import drop_dead_channels
from ..passes.decompose import decompose
from ..passes.fold import fold_constants, fold_padding
from ..passes.fuse_activations import fuse_activations
from ..passes.fuse_affine import fuse_affine, fuse_clamps
from ..passes.fuse_qdq import fuse_qdq
from ..passes.join_steps import join_steps
from ..passes.prune import drop_identities, drop_unused, share_equal
from ..passes.read_parts import read_parts
from ..passes.spell_out import spell_out
from ..passes.uint8_to_int8 import uint8_to_int8
from ..passes.variables import resolve_variables
from ..program.arena import ArenaPlan
from ..program.elide_copies import elide_copies
from ..program.elide_state_copies import elide_state_copies
from ..program.emit import emit
from ..program.fuse_logarithm import fuse_logarithm
from ..program.fuse_steps import fuse_steps
from ..program.packing import packed
from ..program.row_slices import fit_arena, join_sums
from .camera import BOXES

# Each takes a graph and returns it; it is verified after each.
GRAPH_PASSES: tuple[Callable[[Graph], Graph], ...] = (
    resolve_variables,  # handles of variables become state tensors
    uint8_to_int8,  # models of the older quantisation
    fuse_activations,  # GELU and hard swish, written out by exporters
    fuse_clamps,  # relu into the layer before it
    fuse_qdq,  # float ops between conversions become int8 ones
    spell_out,  # LSTMs with extras, blocks at places that are worked out
    fold_constants,
    drop_identities,
    join_steps,  # of LSTMs and lists that are written out
    read_parts,  # of concatenations
    fuse_affine,  # factors and shifts of channels into weights and biases
    decompose,  # grouped and transposed convolutions
    fold_padding,  # into the convolution after it
    drop_unused,
    share_equal,
    drop_dead_channels,
)

# Each changes a lowered program in place.
PROGRAM_PASSES: tuple[Callable[[Program], None], ...] = (
    elide_state_copies,  # values read from and assigned to states
    fuse_steps,  # tables of tables, clamps after layers, windows of zeros
    fuse_logarithm,  # the quantiser after an audio front end
    elide_copies,  # slices, and parts of concatenations
)


@dataclass
class Conversion:
    """A converted model: the file's bytes and the facts that a user wants to know about them."""

    blob: bytes
    program: Program
    plan: ArenaPlan
    source_size: int

    @property
    def macs(self) -> int:
        """Return the multiplications of one inference."""
        return sum(step.macs for step in self.program.steps)

    def cost(self) -> dict[str, int]:
        """Return what it costs a board, for JSON: bytes of flash and RAM, and multiplications of an inference."""
        return {"flash_bytes": len(self.blob), "arena_bytes": self.plan.arena_size, "macs": self.macs}

    @property
    def peak(self) -> tuple[int, str]:
        """Return the most bytes alive at one time, and the layer at which that happens."""
        steps = self.program.steps
        if not steps:
            return self.plan.arena_size, ""
        i = max(range(len(steps)), key=self.plan.live_bytes)
        return self.plan.live_bytes(i), f"{steps[i].source} '{steps[i].name}'"


def convert_model(
    model: str | Path | bytes | Source, labels: Sequence[str] = (), name: str | None = None, target: str | None = None,
    arena_limit: int | None = None, shapes: Shapes = None, frozen: Frozen = None,
) -> Conversion:
    """Convert a trained model.

    model: a path, the bytes of a .tflite or .keras file, or a file that has been read.
    labels: class names in the order of the output's scores.
    name: what the device calls the model; the file's stem by default.
    target: a core or board to pack the weights for; firmware for other cores may refuse the file.
    arena_limit: bytes of RAM that the arena may take; layers run on slices of rows until it fits.
    shapes: of inputs whose shapes the model leaves open: (1, 96, 96, 3) for the only one, or by name.
    frozen: inputs of an ONNX model that are to be constants, arrays by name.
    Raises UserError for a file that is missing or damaged, UnsupportedModel (a UserError) that names
    every operator in the way.

    >>> convert_model("wand_int8.tflite", labels=["idle", "circle"]).blob[:4]
    b'MIDG'
    """
    source = open_source(model, name)
    graph = read_model(source, name, shapes, frozen)
    return convert_graph(graph, labels, source.title, len(source.data), target, arena_limit)


def convert_graph(
    graph: Graph, labels: Sequence[str], title: str, source_size: int, target: str | None = None,
    arena_limit: int | None = None,
) -> Conversion:
    """Convert an imported graph, which stays as it is; see convert_model."""
    check_labels(graph, labels, title)
    graph = graph.copy()
    graph.labels = list(labels)
    try:
        check_limits(graph)
        graph = run_passes(graph)
        check_limits(graph)
        program = lower(graph, title)
        for change in PROGRAM_PASSES:
            change(program)
        program, plan = pack_and_plan(program, title, target, arena_limit)
        return Conversion(emit_checked(program, plan, title), program, plan, source_size)
    except Exceeded as error:
        raise UserError(f"{title}: {error}") from error
    except Unsupported as reason:  # of several nodes together
        raise UnsupportedModel(title, [("the graph", graph.name, str(reason))]) from reason
    except (GraphError, AssertionError, MemoryError, *NONSENSE) as error:
        said = str(error) or type(error).__name__
        raise UserError(f"{title}: damaged graph: {said}; export it again, or report it if it runs elsewhere"
                        ) from error


def check_limits(graph: Graph) -> None:
    """Raise Exceeded for a graph that no board can hold."""
    check_operators(len(graph.nodes))
    for tensor in graph.tensors():
        check_activation(tensor.name, tensor.size)


def run_passes(graph: Graph, leave_out: Sequence[Callable[[Graph], Graph]] = ()) -> Graph:
    """Run all passes over a graph but those left out, verifying it after each. Raises GraphError."""
    for change in GRAPH_PASSES:
        if change not in leave_out:
            graph = verify(change(graph))
    return graph


def pack_and_plan(
    program: Program, title: str, target: str | None, arena_limit: int | None
) -> tuple[Program, ArenaPlan]:
    """Pack the weights for a target and plan the arena, slicing layers where it has a limit. Raises UserError."""

    def pack(program: Program, room: int) -> Program:
        return packed(program, target, room)

    fitted = join_sums(program, pack) if arena_limit is None else fit_arena(program, arena_limit, pack)
    program.graph.notes += fitted.notes
    if arena_limit is not None and fitted.plan.arena_size > arena_limit:
        raise UserError(f"{title}: no arena of {arena_limit} B was found, the smallest takes "
                        f"{fitted.plan.arena_size} B; give it more, or a model with smaller images or fewer channels "
                        "at its start")
    return fitted.program, fitted.plan


def emit_checked(program: Program, plan: ArenaPlan, title: str) -> bytes:
    """Return the file's bytes, which the core has checked. Raises UserError."""
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
    """Check that there is a label for each score, if any. Raises UserError."""
    classes = graph.outputs[0].shape[-1] if graph.outputs[0].shape else 1
    if BOXES in graph.metadata:
        classes = int(graph.metadata[BOXES])
        if labels and len(labels) != classes:
            raise UserError(f"{title}: {len(labels)} labels for {classes} kinds of things; give each one a label")
    if labels and len(labels) != classes:
        raise UserError(f"{title}: {len(labels)} labels for an output of {classes} scores; give one label per score")


def write_model(result: Conversion, path: Path) -> None:
    """Write the file whole or not at all. Raises UserError."""
    write_whole(path, lambda aside: aside.write_bytes(result.blob))
