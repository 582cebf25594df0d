# SPDX-License-Identifier: MIT
"""Two pixels in a word, as conv_swar_pixels.c and depthwise_swar_pixels.c describe them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...fileformat.opset import layout_number
from ...lowering.program import Program, Step
from ..arena import ALIGNMENT, plan_arena
from .channels import short_requantisation_is_exact, shorten_channels
from .swar_channels import channels_tile, plane_rows

CHUNK = 72  # taps that are expanded at a time
LARGEST_PAIR = 255  # of the absolute weights of two neighbours
FEW, SMALL = 16, 1280  # pairs and bytes of a tile that adds to the arena; two pairs at least
MANY = 32  # pairs of a tile that fits into what the arena has anyway: more gains next to nothing


def pack_swar_pixels(step: Step) -> bool:
    """Give a CONV_2D this layout where it can have it; its weights, channel table and scratch."""
    p = step.params
    taps = p["kernel_h"] * p["kernel_w"] * p["in_c"]
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(p["out_c"], taps)
    if not short_requantisation_is_exact(step) or weights.min(initial=0) == -128:
        return False
    group = 4 if _pixels(step) == 1 else 2
    padded = np.pad(weights, ((0, -p["out_c"] % group), (0, -taps % 4)))
    if _largest_pair(padded) > LARGEST_PAIR:
        return False
    if group == 4:
        packed = padded.reshape(-1, 4, padded.shape[1])[:, [0, 2, 1, 3]].transpose(0, 2, 1) ^ np.int8(-128)
    else:
        packed = padded.reshape(-1, 2, padded.shape[1] // 2, 2).transpose(0, 2, 1, 3)
    step.scratch = _tile(step, SMALL, FEW)
    step.constants["weights_at"] = np.ascontiguousarray(packed).tobytes()
    p["layout"] = layout_number(step.op.name, "swar_pixels")
    shorten_channels(step)
    return True


def choose_swar_pixels(step: Step) -> bool:
    """Give a DEPTHWISE_CONV_2D this layout where it can have it."""
    p = step.params
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(p["kernel_h"], p["kernel_w"], p["out_c"])
    along_b = np.moveaxis(weights, 0 if _axes(p)[1] == "h" else 1, 2)
    along_b = np.pad(along_b, ((0, 0), (0, 0), (0, along_b.shape[2] % 2)))
    if not short_requantisation_is_exact(step) or _largest_pair(along_b) > LARGEST_PAIR:
        return False
    p["layout"] = layout_number(step.op.name, "swar_pixels")
    step.scratch = _plane(step, SMALL)
    shorten_channels(step)
    return True


def use_room(program: Program) -> None:
    """Let tiles and planes have the memory that lies idle while their layer runs, which saves instructions."""
    plan = plan_arena(program)
    growing = {
        i: step.scratch
        for i, step in enumerate(program.steps)
        if (step.op.name, step.params.get("layout")) in GROWS
        and (step.params["layout"] == layout_number("CONV_2D", "swar_pixels") or _pixels(step) > 1)
    }
    for share in (1, 2, 4) if growing else ():
        for i, scratch in growing.items():
            room = (plan.arena_size - plan.live_bytes(i)) // share // ALIGNMENT * ALIGNMENT
            step = program.steps[i]
            step.scratch = max(scratch, GROWS[step.op.name, step.params["layout"]](step, scratch + room))
        if plan_arena(program).arena_size <= plan.arena_size:
            return
    for i, scratch in growing.items():
        program.steps[i].scratch = scratch


def _pixels(step: Step) -> int:
    return int(step.params["batches"] * step.params["out_h"] * step.params["out_w"])


def _tile(step: Step, most: int, pairs: int = MANY) -> int:
    """The scratch of a tile of at most so many pairs and bytes, but of two pairs at least."""
    p = step.params
    taps = p["kernel_h"] * p["kernel_w"] * p["in_c"]
    padded = taps + -taps % 4
    if _pixels(step) == 1:
        return _blocks(step, padded, most)
    patches = 0 if p["kernel_h"] * p["kernel_w"] == 1 else 2 * taps
    fixed, pair = max(8 * min(padded, CHUNK), patches + -patches % 4), 4 * padded + (16 if taps > CHUNK else 0)
    return int(fixed + pair * min(-(-_pixels(step) // 2), max(2, min(pairs, (most - fixed) // pair))))


def _blocks(step: Step, padded: int, most: int) -> int:
    """The scratch of a single pixel's values: all of them, or chunks and the sums between those."""
    p = step.params
    patch = 0 if p["kernel_h"] * p["kernel_w"] == 1 else padded
    sums, whole = 16 * -(-p["out_c"] // 4), 6 * padded
    chunks = sums + max(6 * CHUNK, (most - patch - sums) // 24 * 24)
    return int(patch + (whole if patch + whole <= most else min(whole, chunks)))


def _axes(p: dict[str, Any]) -> tuple[str, str]:
    """The axis along which outputs are folded, and the other one."""
    upright = -(-p["out_w"] // 2) * p["out_h"] < -(-p["out_h"] // 2) * p["out_w"]
    return ("w", "h") if upright else ("h", "w")


def _plane(step: Step, most: int) -> int:
    """The scratch of as many rows of a plane as fit into so many bytes, but of those of one output at least."""
    p = step.params
    a, b = _axes(p)
    fixed, width = 4 * p["kernel_h"] * p["kernel_w"], 4 * _reach(p, b, p[f"out_{b}"])
    rows = max(_reach(p, a, 1), min(_reach(p, a, -(-p[f"out_{a}"] // 2)), (most - fixed) // width))
    return int(fixed + rows * width)


def _largest_pair(weights: np.ndarray) -> int:
    """The most that the absolute values of two neighbours along the last axis, whose length is even, make."""
    return int(np.abs(weights.astype(np.int32)).reshape(-1, 2).sum(axis=1).max(initial=0))


def _reach(p: dict[str, Any], axis: str, outputs: int) -> int:
    """How many inputs lie under the windows of so many outputs."""
    return int((outputs - 1) * p[f"stride_{axis}"] + (p[f"kernel_{axis}"] - 1) * p[f"dilation_{axis}"] + 1)


# By op and layout.
GROWS: dict[tuple[str, int], Callable[[Step, int], int]] = {
    (op, layout_number(op, name)): scratch
    for op, name, scratch in (
        ("CONV_2D", "swar_pixels", _tile),
        ("DEPTHWISE_CONV_2D", "swar_pixels", _plane),
        ("CONV_2D", "swar_channels", channels_tile),
        ("DEPTHWISE_CONV_2D", "swar_channels", plane_rows),
    )
}
