# SPDX-License-Identifier: MIT
"""Less work in neighbouring steps, exactly: tables of tables, clamps after layers that clamp, windows of zeros."""

from __future__ import annotations

import numpy as np

from ..lowering.program import Program, Step


def fuse_steps(program: Program) -> None:
    """Rewrite a lowered program, not yet packed, in place; what was done goes to the graph's notes."""
    counts = {
        "functions of functions joined": _join_tables(program),
        "activations taken into the layer before": _take_in_clamps(program),
        "rows and columns of zeros cut off kernels": sum(_trim_window(step) for step in program.steps),
    }
    program.graph.notes += [f"{count} {what}" for what, count in counts.items() if count]


Users = dict[int, list[Step]]


def users_of(program: Program) -> Users:
    """Return the steps that read or write bytes of each root, by its identity, in order."""
    users: Users = {}
    for step in program.steps:
        for root in {id(program.root(t)) for t in [*step.inputs, *step.outputs]}:
            users.setdefault(root, []).append(step)
    return users


def only_reader(program: Program, step: Step, users: Users) -> Step | None:
    """Return the only step that reads what a step writes; None where there is no such step."""
    out = step.outputs[0]
    root = program.root(out)
    found = users[id(root)]
    if len(found) != 2 or found[0] is not step or found[1].inputs[0].size != out.size:
        return None
    return None if root.is_state or program.is_input_or_output(root) else found[1]


def _join_tables(program: Program) -> int:
    """Join a table and the table after it. Returns how many were joined."""
    users, kept = users_of(program), list[Step]()
    for step in program.steps:
        follower = only_reader(program, step, users) if step.op.name == "LUT" else None
        if follower is None or follower.op.name != "LUT":
            kept.append(step)
            continue
        first, second = step.constants["table_at"], follower.constants["table_at"]
        follower.constants["table_at"] = bytes(second[byte] for byte in first)
        follower.inputs = list(step.inputs)
        source = id(program.root(step.inputs[0]))
        users[source] = [follower if user is step else user for user in users[source]]
    joined = len(program.steps) - len(kept)
    program.steps = kept
    return joined


def _clamp_of(table: bytes) -> tuple[int, int] | None:
    """Return the limits of a table that does nothing but clamp int8 values."""
    values = np.frombuffer(table, np.int8)
    signed = np.roll(values, 128).astype(int)  # those of -128 to 127
    low, high = int(signed[0]), int(signed[-1])
    return (low, high) if np.array_equal(signed, np.clip(np.arange(-128, 128), low, high)) else None


def _take_in_clamps(program: Program) -> int:
    """Let layers apply the clamps after them, in the same units. Returns how many."""
    users, taken = users_of(program), set[int]()
    for step in reversed(program.steps):
        follower = only_reader(program, step, users) if {"act_min", "act_max"} <= step.params.keys() else None
        if follower is None or follower.op.name != "LUT" or step.outputs[0].dtype != "int8":
            continue
        limits = _clamp_of(follower.constants["table_at"])
        if limits is None or follower.outputs[0].dtype != "int8":
            continue
        for key in ("act_min", "act_max"):
            step.params[key] = min(max(step.params[key], limits[0]), limits[1])
        program.alias(program.root(step.outputs[0]), program.root(follower.outputs[0]))
        taken.add(id(follower))
    program.steps = [step for step in program.steps if id(step) not in taken]
    return len(taken)


def _trim_window(step: Step) -> int:
    """Cut off rows and columns at a kernel's edges that are zero in every channel. Returns how many."""
    if step.op.name not in ("CONV_2D", "DEPTHWISE_CONV_2D") or step.params["weights_zero_point"]:
        return 0
    p = step.params
    taps = (p["kernel_h"], p["kernel_w"])
    dims = (p["out_c"], *taps, p["in_c"]) if step.op.name == "CONV_2D" else (1, *taps, p["out_c"])
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(dims)
    used = [np.asarray(weights.any(axis=(0, 2, 3))), np.asarray(weights.any(axis=(0, 1, 3)))]
    bounds = [_kept(step, side, used[i]) for i, side in enumerate("hw")]
    cut = sum(before + after for before, after in bounds)
    if not cut:
        return 0
    for side, pad, (before, after) in zip("hw", ("pad_top", "pad_left"), bounds, strict=True):
        p[f"kernel_{side}"] -= before + after
        p[pad] -= before * p[f"dilation_{side}"]
    (top, bottom), (left, right) = bounds
    kept = weights[:, top : taps[0] - bottom, left : taps[1] - right]
    step.constants["weights_at"] = np.ascontiguousarray(kept).tobytes()
    step.macs = step.macs * (kept.shape[1] * kept.shape[2]) // (taps[0] * taps[1])
    return cut


def _kept(step: Step, side: str, used: np.ndarray) -> tuple[int, int]:
    """Return how many taps can go before and after, so that every window still touches the image."""
    p, pad = step.params, "pad_top" if side == "h" else "pad_left"
    kernel, dilation = p[f"kernel_{side}"], p[f"dilation_{side}"]
    taps = np.flatnonzero(used)
    before, after = (int(taps[0]), int(kernel - 1 - taps[-1])) if len(taps) else (0, kernel - 1)
    before = min(before, p[pad] // dilation)
    after = min(after, kernel - 1 - before)
    start = -(p[pad] - before * dilation)
    while after and start + (kernel - 1 - before - after) * dilation < 0:
        after -= 1
    last = (p[f"out_{side}"] - 1) * p[f"stride_{side}"] + start
    if last >= p[f"in_{side}"]:  # the last window would be outside
        return 0, 0
    return before, after
