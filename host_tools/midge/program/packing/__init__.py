# SPDX-License-Identifier: MIT
"""Pack weights for a core: the layouts of native_module/core/kernels/, chosen by the target's SIMD.

A file for no target holds plain weights, which every core runs. Packed ones are fast on the cores that they are
made for; so does the host run them, and any build with every layout. Firmware for one core may leave others' out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...fileformat.opset import layouts
from ...lowering.program import Program, Step
from ...targets.boards import find_core
from .dsp_conv import pack_depthwise_of_one, pack_dsp
from .dsp_depthwise import choose_dsp
from .int4 import pack_int4
from .mac16 import choose_mac16, pack_mac16
from .mve import pack_conv_mve, pack_depthwise_mve
from .scratch import take_scratch, use_room
from .swar_channels import choose_swar_channels, pack_swar_channels
from .swar_pixels import choose_swar_pixels, pack_swar_pixels

Choose = Callable[[Step], bool]  # gives a step its layout, or leaves it alone and returns False

# By op and layout of ops.def, which says for which cores it is: what gives a step the layout, tried in this order.
PACKERS: dict[tuple[str, str], tuple[Choose, ...]] = {
    ("CONV_2D", "dsp"): (pack_dsp,),
    ("DEPTHWISE_CONV_2D", "dsp"): (pack_depthwise_of_one, choose_dsp),
    ("CONV_2D", "swar_pixels"): (pack_swar_pixels,),
    ("DEPTHWISE_CONV_2D", "swar_pixels"): (choose_swar_pixels,),
    ("CONV_2D", "swar_channels"): (pack_swar_channels,),
    ("DEPTHWISE_CONV_2D", "swar_channels"): (choose_swar_channels,),
    ("CONV_2D", "mac16"): (pack_mac16,),
    ("DEPTHWISE_CONV_2D", "mac16"): (choose_mac16,),
    ("CONV_2D", "mve"): (pack_conv_mve,),
    ("DEPTHWISE_CONV_2D", "mve"): (pack_depthwise_mve,),
    ("CONV_2D", "int4"): (pack_int4,),  # after those of a core, where they do not apply
    ("DEPTHWISE_CONV_2D", "int4"): (pack_int4,),
}


def packed(program: Program, target: str | None, room: int = 0) -> Program:
    """Return a copy in which every layer has its layout, the fastest exact one for a target, for none the smallest, and
    every step its scratch.

    room: an arena of so many bytes may be filled by what makes layers faster, should they need less.
    Raises UserError for an unknown target.
    """
    steps = [replace(s, params=dict(s.params), constants=dict(s.constants)) for s in program.steps]
    program = replace(program, steps=steps)
    simd = find_core(target).simd if target is not None else None
    wanted = {(layout.op, layout.name) for layout in layouts() if layout.is_for(simd)}
    for step in program.steps:
        packers = [PACKERS[op, name] for op, name in PACKERS if op == step.op.name and (op, name) in wanted]
        any(choose(step) for choices in packers for choose in choices)  # until one has
    take_scratch(program)
    use_room(program, room)
    return program
