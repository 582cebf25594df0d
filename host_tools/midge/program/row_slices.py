# SPDX-License-Identifier: MIT
"""Run the first layers on a slice of rows at a time, where that lowers the peak of the arena.

The large tensors of a network are its first ones. If a few layers run on some rows of the image, then on the next ones,
only the rows that a slice needs are alive at once. Windows that reach over a slice's edge make neighbouring slices work
out the same rows twice: that is what it costs. A slice of a convolution is a convolution of some rows of the image with
a padding of its own, so that boards know nothing of all this, and the answers are the same to the bit.

The idea: Lin et al., "MCUNetV2: Memory-Efficient Patch-based Inference for Tiny Deep Learning" (2021), section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..graph import Tensor
from ..lowering.program import Program, Step
from .arena import ArenaPlan, blocks_of, least_arena, plan_arena

# Ops that work row by row, besides ADD of two images.
_BY_ROWS = {name + kind for kind in ("", "_F32")
            for name in ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D")}
_LONGEST = 8  # layers in a chain
_ROUNDS = 8

_WORTH_IT = 0.9  # of the arena: what slices that cost no MACs have to reach
_SLICES_OF_SUMS = 8  # at most: each is two nodes in the file

Pack = Callable[[Program, int], Program]


@dataclass(frozen=True)
class RowSlices:
    """Steps `first` to `last` of a program, `rows` rows of the last one's output at a time."""

    first: int
    last: int
    rows: int
    macs: int  # what it adds


@dataclass(frozen=True)
class FittedProgram:
    """A program that was sliced, packed and planned, and a line for the user on each chain of sliced layers."""

    program: Program
    plan: ArenaPlan
    notes: list[str]


def join_sums(program: Program, pack: Pack) -> FittedProgram:
    """Run convolutions slice by slice with the sum of images behind them, where the arena's peak is and falls by that.

    It costs no MACs, since windows reach over no slice that was written; what is saved, tiles of pixels may take.
    program, pack: as in fit_arena.
    """
    plan = plan_arena(packed := pack(program, 0))
    whole, notes = plan.arena_size, list[str]()
    for _ in range(_ROUNDS):
        peak = max(range(len(program.steps)), key=plan.live_bytes, default=0)
        trials = [(slice_rows(program, s), s) for s in _candidates(program, peak) if _is_sum(program, s)]
        found = min(((plan_arena(pack(trial, 0)).arena_size, trial, s) for trial, s in trials), key=lambda t: t[0],
                    default=None)
        if found is None or found[0] > _WORTH_IT * plan.arena_size:
            break
        _, trial, chosen = found
        notes.append(_note(program.steps[chosen.first : chosen.last + 1], chosen, 1))
        program, packed = trial, pack(trial, whole)
        plan = plan_arena(packed)
    return FittedProgram(packed, plan, notes)


def _is_sum(program: Program, slices: RowSlices) -> bool:
    step = program.steps[slices.last]
    return (slices.macs == 0 and slices.last == slices.first + 1 and step.op.name == "ADD"
            and slices.rows * _SLICES_OF_SUMS >= _height(step))


def fit_arena(program: Program, limit: int, pack: Pack) -> FittedProgram:
    """Slice layers until the arena is no larger than `limit` bytes, or as small as was found.

    program: lowered and not yet packed; it is left as it is. pack: returns a packed copy, whose tiles may fill an arena
    of so many bytes.
    """
    macs = max(sum(step.macs for step in program.steps), 1)
    notes: list[str] = []
    packed = pack(program, 0)
    plan = plan_arena(packed)
    for _ in range(_ROUNDS):
        if plan.arena_size <= limit:
            break
        peak = max(range(len(program.steps)), key=plan.live_bytes)
        best: tuple[int, RowSlices, Program, Program] | None = None
        for candidate in _candidates(program, peak):
            trial = slice_rows(program, candidate)
            trial_packed = pack(trial, 0)
            size = least_arena(blocks_of(trial_packed), len(trial.steps))
            if best is None or size < best[0]:
                best = (size, candidate, trial, trial_packed)
            if size <= limit and plan_arena(trial_packed).arena_size <= limit:
                best = (size, candidate, trial, trial_packed)
                break
        if best is None or best[0] >= plan.arena_size:
            break
        _, chosen, trial, packed = best
        notes.append(_note(program.steps[chosen.first : chosen.last + 1], chosen, macs))
        program, plan = trial, plan_arena(packed)
    return FittedProgram(packed, plan, notes)


def _note(steps: list[Step], slices: RowSlices, macs: int) -> str:
    layers = f"'{steps[0].name}'" if len(steps) == 1 else f"{len(steps)} layers from '{steps[0].name}' on"
    return f"{layers} run {slices.rows} rows at a time, {slices.macs / macs:+.1%} MACs"


def _candidates(program: Program, peak: int) -> list[RowSlices]:
    """Return ways to slice a chain that holds step `peak`, the cheapest first."""
    low = high = peak
    if peak >= len(program.steps) or not _by_rows(program.steps[peak]):
        return []
    while low > 0 and _feeds(program, low - 1):
        low -= 1
    while high + 1 < len(program.steps) and _feeds(program, high):
        high += 1
    found = []
    for first in range(max(low, peak - _LONGEST + 1), peak + 1):
        for last in range(peak, min(high, first + _LONGEST - 1) + 1):
            height = _height(program.steps[last])
            for rows in sorted({-(-height // n) for n in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48)}):
                if rows < height:
                    found.append(RowSlices(first, last, rows, _cost(program, first, last, rows)))
    return sorted(found, key=lambda s: (s.macs, s.last - s.first, -s.rows))[:120]


def _by_rows(step: Step) -> bool:
    if step.op.name == "ADD":  # of two images; the other one is whole
        shapes = {t.shape for t in [*step.inputs, *step.outputs]}
        shape = step.outputs[0].shape
        return len(shapes) == 1 and len(shape) == 4 and shape[0] == 1 and not any(t.is_constant for t in step.inputs)
    return step.op.name in _BY_ROWS and step.params["batches"] == 1 and step.params["out_h"] > 1


def _height(step: Step, side: str = "out") -> int:
    """Return the rows of a step's input ("in") or output ("out")."""
    return int(step.params.get(f"{side}_h", step.outputs[0].shape[1]))


def _feeds(program: Program, i: int) -> bool:
    """Tell whether step i and the next can be run slice by slice: what one writes only the other reads."""
    step, follower = program.steps[i], program.steps[i + 1]
    between = program.root(step.outputs[0])
    if not (_by_rows(step) and _by_rows(follower)) or between is not step.outputs[0] or between.is_state:
        return False
    readers = [k for k, s in enumerate(program.steps) for t in s.inputs if program.root(t) is between]
    whole = between.size == follower.inputs[0].size and _height(step) == _height(follower, "in")
    return readers == [i + 1] and whole and not program.is_input_or_output(between)


def _rows_wanted(step: Step, first: int, end: int) -> tuple[int, int]:
    """Return the rows of a step's input under rows `first` to `end` (exclusive) of its output, beyond the image too."""
    p = step.params
    if step.op.name == "ADD":
        return first, end
    reach = (p["kernel_h"] - 1) * p.get("dilation_h", 1) + 1
    start = first * p["stride_h"] - p["pad_top"]
    return start, (end - 1) * p["stride_h"] - p["pad_top"] + reach


def _ranges(steps: list[Step], rows: int) -> list[list[tuple[int, int]]]:
    """Return for each slice the rows of output that each step of a chain works out."""
    height = _height(steps[-1])
    slices = []
    for at in range(0, height, rows):
        wanted = [(at, min(at + rows, height))]
        for step in reversed(steps[1:]):
            start, end = _rows_wanted(step, *wanted[0])
            wanted.insert(0, (max(start, 0), min(end, _height(step, "in"))))
        slices.append(wanted)
    return slices


def _cost(program: Program, first: int, last: int, rows: int) -> int:
    """Return the multiplications that slicing adds."""
    steps = program.steps[first : last + 1]
    total = sum(
        step.macs * (end - start) // _height(step)
        for ranges in _ranges(steps, rows)
        for step, (start, end) in zip(steps, ranges, strict=True)
    )
    return total - sum(step.macs for step in steps)


def slice_rows(program: Program, slices: RowSlices) -> Program:
    """Return the program with a chain of its steps sliced; the same answers, to the bit."""
    steps = program.steps[slices.first : slices.last + 1]
    result = Program(program.graph, program.steps[: slices.first], dict(program.aliases))
    for ranges in _ranges(steps, slices.rows):
        before, source, start = None, steps[0].inputs[0], 0  # what the chain has last written, its rows from `start` on
        for step, (first, end) in zip(steps, ranges, strict=True):
            low, high = _rows_wanted(step, first, end)
            top, bottom = max(low, 0), min(high, _height(step, "in"))
            inputs = []
            for tensor in step.inputs:
                rows_in = _rows(tensor, step, "in", bottom - top)
                inside = program.root(tensor) is before  # else it is whole
                result.alias(rows_in, source if inside else tensor, (top - inside * start) * _row_bytes(rows_in))
                inputs.append(rows_in)
            out = _rows(step.outputs[0], step, "out", end - first)
            if step is steps[-1]:
                result.alias(out, step.outputs[0], first * _row_bytes(out))
            extent: dict[str, Any] = {"in_h": bottom - top, "out_h": end - first, "pad_top": top - low}
            if step.op.name == "ADD":
                extent = {"dims": [*step.params["dims"][:-1], out.elements]}
            macs = step.macs * (end - first) // _height(step)
            result.steps.append(replace(step, inputs=inputs, outputs=[out], params=step.params | extent,
                                        constants=dict(step.constants), macs=macs))
            before, source, start = step.outputs[0], out, first
    result.steps += program.steps[slices.last + 1 :]
    return result


def _rows(tensor: Tensor, step: Step, side: str, rows: int) -> Tensor:
    """Return a tensor of some rows of a step's input ("in") or output ("out")."""
    p, shape = step.params, tensor.shape[2:]
    if step.op.name != "ADD":
        shape = p[f"{side}_w"], p[f"{side}_c"] if f"{side}_c" in p else p["channels"]
    return Tensor(tensor.name, (1, rows, *shape), tensor.dtype, tensor.quantization)


def _row_bytes(tensor: Tensor) -> int:
    return tensor.size // tensor.shape[1]
