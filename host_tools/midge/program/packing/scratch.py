# SPDX-License-Identifier: MIT
"""How much scratch each step has: what its kernel takes, as the core says, and more where that makes it faster."""

from __future__ import annotations

import struct

from ...core.binding import Scratch, ask_scratch
from ...fileformat.opset import layout_number
from ...fileformat.spec import ARENA, DATA, DTYPES
from ...lowering.program import Program, Step
from ..arena import ALIGNMENT, plan_arena

# What a layout is given although it adds to the arena, in bytes, and of tiles of pixels (CONV_2D) how many at most;
# two at least.
ADDS = {layout_number("CONV_2D", "swar_pixels"): (1280, 16), layout_number("CONV_2D", "swar_channels"): (1792, 8),
        layout_number("CONV_2D", "mac16"): (4096, 32)}
MANY = 32  # tiles that fit into what the arena has anyway: more gain next to nothing

_known: dict[tuple[int, bytes, tuple[tuple[int, int, int], ...]], Scratch] = {}


def take_scratch(program: Program) -> None:
    """Give every step the scratch that its kernel takes, or somewhat more where that makes it faster, in place."""
    for step in program.steps:
        scratch = wanted(program, step)
        step.scratch = _within(step, scratch, *ADDS[step.params["layout"]]) if scratch.step else scratch.least


def use_room(program: Program, least: int = 0) -> None:
    """Let tiles and planes have the memory that is idle while their layer runs, which saves instructions, in place.

    least: of an arena that is smaller than so many bytes, all up to that is idle.
    """
    asked = {i: wanted(program, step) for i, step in enumerate(program.steps)}
    growing = {i: program.steps[i].scratch for i, scratch in asked.items() if scratch.most > scratch.least}
    if not growing:
        return
    plan = plan_arena(program)
    size = max(plan.arena_size, least)
    for share in (1, 2, 4):
        for i, before in growing.items():
            room = (size - plan.live_bytes(i)) // share // ALIGNMENT * ALIGNMENT
            step = program.steps[i]
            step.scratch = max(before, _within(step, asked[i], before + room, MANY))
        if plan_arena(program).arena_size <= size:
            return
    for i, before in growing.items():
        program.steps[i].scratch = before


def wanted(program: Program, step: Step) -> Scratch:
    """Return the scratch that the core asks for a step.

    It is none for a step that no file can hold, or that the core refuses, as it will the file.
    """
    places, size = {}, 0
    for name, constant in step.constants.items():
        places[name] = size
        size += len(constant) + -len(constant) % 4
    try:
        packed = step.op.pack(step.params | places)
        tensors = tuple((DTYPES[t.dtype], DATA if program.root(t).is_constant else ARENA, t.size)
                        for t in [*step.inputs, *step.outputs])
    except (OverflowError, KeyError, struct.error):
        return Scratch(0, 0, 0)
    key = step.op.number, packed, tensors
    if key not in _known:
        data = b"".join(constant + bytes(-len(constant) % 4) for constant in step.constants.values())
        scratch, accepted = ask_scratch(step.op.number, packed, tensors, len(step.inputs), data)
        if not accepted:
            return scratch
        _known[key] = scratch
    return _known[key]


def _within(step: Step, scratch: Scratch, most: int, tiles: int) -> int:
    """Return as much as makes a kernel faster and fits into so many bytes; of tiles of pixels two at least."""
    if step.op.name == "CONV_2D" and step.params["batches"] * step.params["out_h"] * step.params["out_w"] > 1:
        two, limit = scratch.least + scratch.step, min(most, scratch.least + (tiles - 1) * scratch.step)
        return min(scratch.most, max(two, _fitting(scratch, limit)))
    return _fitting(scratch, most)


def _fitting(scratch: Scratch, most: int) -> int:
    if scratch.most <= most:
        return scratch.most
    return scratch.least + max(0, (most - scratch.least) // scratch.step * scratch.step)
