# SPDX-License-Identifier: MIT
"""Pack weights for a core: the layouts of native_module/core/kernels/, chosen by the target's SIMD.

A file for no target holds canonical weights, which every core runs. Packed ones run on every core
too, and fast on those that they are made for.
"""

from __future__ import annotations

from collections.abc import Callable

from ..boards import load_boards
from ..errors import UserError
from ..lower import Program, Step
from .pairs import pack_depthwise_of_one, pack_pairs
from .strips import choose_strips

Choose = Callable[[Step], bool]  # gives a step its layout, or leaves it alone and returns False

# By instruction set and op: the layouts to try, the best one first. A layout is a file of this folder.
LAYOUTS: dict[str, dict[str, tuple[Choose, ...]]] = {
    "scalar": {},
    "armv7em": {"CONV_2D": (pack_pairs,), "DEPTHWISE_CONV_2D": (pack_depthwise_of_one, choose_strips)},
}

# The instruction set that a core's kernels use: the headers of native_module/core/simd/.
CORES = {
    "cortex-m0": "scalar",
    "cortex-m0plus": "scalar",
    "cortex-m3": "scalar",
    "cortex-m4": "armv7em",
    "cortex-m7": "armv7em",
    "cortex-m33": "armv7em",
    "rv32": "scalar",
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


def pack(program: Program, target: str) -> None:
    """Choose the fastest exact layout of every layer for a target, in place."""
    choices = LAYOUTS[simd_of(target)]
    for step in program.steps:
        for choose in choices.get(step.op.name, ()):
            if choose(step):
                break
