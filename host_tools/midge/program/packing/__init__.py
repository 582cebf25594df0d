# SPDX-License-Identifier: MIT
"""Pack weights for a core: the layouts of native_module/core/kernels/, chosen by the target's SIMD.

A file for no target holds canonical weights, which every core runs. Packed ones are fast on the cores that they are
made for; so does the host run them, and any build with every layout. Firmware for one core may leave others' out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...errors import UserError
from ...lowering.program import Program, Step
from ...targets.boards import load_boards
from .dsp_conv import pack_depthwise_of_one, pack_pairs
from .dsp_depthwise import choose_strips
from .int4 import pack_nibbles
from .mve import pack_lanes, pack_rows
from .swar_channels import choose_planes, pack_twins
from .swar_pixels import choose_words, pack_words, use_room

Choose = Callable[[Step], bool]  # gives a step its layout, or leaves it alone and returns False

_WORDS: dict[str, tuple[Choose, ...]] = {"CONV_2D": (pack_words,), "DEPTHWISE_CONV_2D": (choose_words,)}

# By instruction set and op: the layouts to try, the best one first. A layout is a file of this folder.
LAYOUTS: dict[str, dict[str, tuple[Choose, ...]]] = {
    "scalar": _WORDS,
    "armv6m": _WORDS,
    "armv7m": _WORDS,
    "armv7em": {"CONV_2D": (pack_pairs,), "DEPTHWISE_CONV_2D": (pack_depthwise_of_one, choose_strips)},
    "rv32": {"CONV_2D": (pack_twins,), "DEPTHWISE_CONV_2D": (choose_planes,)},
    "helium": {"CONV_2D": (pack_rows,), "DEPTHWISE_CONV_2D": (pack_lanes,)},
}

# What any core can have, where its own layouts do not apply.
ANY: dict[str, tuple[Choose, ...]] = {"CONV_2D": (pack_nibbles,), "DEPTHWISE_CONV_2D": (pack_nibbles,)}

# The instruction set that a core's kernels use: the headers of native_module/core/simd/.
CORES = {
    "cortex-m0": "armv6m",
    "cortex-m0plus": "armv6m",
    "cortex-m3": "armv7m",
    "cortex-m4": "armv7em",
    "cortex-m7": "armv7em",
    "cortex-m33": "armv7em",
    "cortex-m55": "helium",
    "cortex-m85": "helium",
    "rv32": "rv32",
    "xtensa": "scalar",
}


def simd_of(target: str) -> str:
    """The SIMD of a core or board by name. Raises UserError for an unknown one."""
    if target in CORES:
        return CORES[target]
    boards = {board.name.lower(): board for board in load_boards()}
    if target.lower() in boards:
        return boards[target.lower()].simd
    raise UserError(f"no target '{target}'; cores: {', '.join(CORES)}; boards: {', '.join(sorted(boards))}")


def packed(program: Program, target: str | None) -> Program:
    """Return a copy in which every layer has its layout: the fastest exact one for a target, for none the smallest.

    Raises UserError for an unknown target.
    """
    steps = [replace(s, params=dict(s.params), constants=dict(s.constants)) for s in program.steps]
    program = replace(program, steps=steps)
    choices = LAYOUTS[simd_of(target)] if target is not None else {}
    for step in program.steps:
        for choose in (*choices.get(step.op.name, ()), *ANY.get(step.op.name, ())):
            if choose(step):
                break
    use_room(program)
    return program
