# SPDX-License-Identifier: MIT
"""A feature network's input straight from the logarithm: what quantises the logarithm becomes one affine function.

Audio front ends end in LOG_TABLE, int16 from 0 on, and then bring it to int8 in up to eight steps of arithmetic, in
int32 or float32. All that these steps make of a value is found by running them, on the core, for every value that there
is. Where clamp((multiplier * log + offset) >> shift) is the same function, LOG_TABLE_I8 takes their place.
"""

from __future__ import annotations

import numpy as np

from ..core.binding import Model
from ..fileformat.opset import ops
from ..graph import Graph, Tensor
from ..lowering.program import Program, Step
from .arena import plan_arena
from .emit import emit
from .fuse_steps import only_reader, users_of

LOGARITHMS = 32768  # LOG_TABLE gives 0 to 32767
_OF_ELEMENTS = ("CAST", "MAP", "BINARY_F32", "UNARY_F32", "QUANTIZE", "QUANTIZE_ANY", "DEQUANTIZE_ANY", "RESCALE")
_MOST_SHIFT, _MOST_MULTIPLIER = 18, 32767  # times a logarithm it leaves a bit for the offset
_TRIED = 20  # multipliers on either side of the middle


def fuse_logarithm(program: Program) -> None:
    """Let logarithms give int8 where steps after them only quantise; in place, and a line to the graph's notes."""
    fused = sum(_fuse(program, step) for step in list(program.steps) if step.op.name == "LOG_TABLE")
    if fused:
        program.graph.notes.append(f"{fused} quantisation{'s' if fused > 1 else ''} of logarithms taken into these")


def _fuse(program: Program, step: Step) -> bool:
    chain = _chain(program, step)
    while chain and chain[-1].outputs[0].dtype != "int8":
        chain.pop()
    if not chain:
        return False
    end = chain[-1].outputs[0]
    found = affine_of(_answers(program, step.outputs[0], chain))
    if found is None:
        return False
    step.op = ops()["LOG_TABLE_I8"]
    step.params |= dict(zip(("multiplier", "offset", "shift"), found, strict=True))
    step.name, step.outputs = chain[-1].name, [end]
    program.steps = [s for s in program.steps if all(s is not taken for taken in chain)]
    return True


def _chain(program: Program, step: Step) -> list[Step]:
    """Return the steps after a logarithm that are each the only reader of the one before, element by element."""
    chain: list[Step] = []
    users = users_of(program)
    while True:
        reader = only_reader(program, step, users)
        if reader is None:
            return chain
        step = reader
        values = [t for t in step.inputs if not program.root(t).is_constant]
        numbers = all(t.elements == 1 for t in step.inputs if program.root(t).is_constant)
        same = len(values) == 1 and values[0].elements == step.outputs[0].elements and numbers
        if step.op.name not in _OF_ELEMENTS or not same or len(step.outputs) != 1:
            return chain
        chain.append(step)


def _answers(program: Program, log: Tensor, chain: list[Step]) -> np.ndarray:
    """Return what a chain makes of each logarithm: the core runs it."""
    start, end = program.root(log), program.root(chain[-1].outputs[0])
    part = Program(Graph("quantiser", [start], [end], []), list(chain), dict(program.aliases))
    model = Model(emit(part, plan_arena(part)))
    count = log.elements
    values = np.arange(-(-LOGARITHMS // count) * count).clip(max=LOGARITHMS - 1).astype("<i2")
    answers = np.empty(values.size, np.int8)
    for at in range(0, values.size, count):
        answer = bytearray(count)
        model.run([values[at : at + count].tobytes()], [answer])
        answers[at : at + count] = np.frombuffer(answer, np.int8)
    return answers[:LOGARITHMS]


def affine_of(answers: np.ndarray) -> tuple[int, int, int] | None:
    """Return (multiplier, offset, shift) with answers[v] = clamp((v * multiplier + offset) >> shift) to int8.

    answers: int8 [n]. Where they rise to k at v, slope * v + start has reached k, and at v - 1 it has not. Two such
    inequalities bound the slope, and with a slope chosen, each bounds the start. None where nothing remains.
    """
    steps = answers.astype(np.int64)
    if steps[0] == steps[-1] or (np.diff(steps) < 0).any():
        return None
    ks = np.arange(int(steps[0]) + 1, int(steps[-1]) + 1)
    rises = np.searchsorted(steps, ks)  # the first v that reaches k
    reached, missed = (ks, rises), (ks, rises - 1)
    if steps[0] > -128:
        reached = np.append(ks, steps[0]), np.append(rises, 0)
    if steps[-1] < 127:
        missed = np.append(ks, steps[-1] + 1), np.append(rises - 1, len(steps) - 1)
    rise, run = (np.subtract.outer(a, b) for a, b in zip(reached, missed, strict=True))
    low = max((rise[run > 0] / run[run > 0]).max(initial=0), 0)
    high = (rise[run < 0] / run[run < 0]).min(initial=_MOST_MULTIPLIER)
    shift = next((s for s in range(_MOST_SHIFT, -1, -1) if high * (1 << s) <= _MOST_MULTIPLIER), 0)
    middle = round((low + high) / 2 * (1 << shift))
    for multiplier in sorted(range(max(middle - _TRIED, 1), middle + _TRIED), key=lambda m: abs(m - middle)):
        least = int((reached[0] * (1 << shift) - multiplier * reached[1]).max())
        most = int((missed[0] * (1 << shift) - multiplier * missed[1]).min()) - 1
        found = multiplier, (least + most) // 2, shift
        if least <= most and np.array_equal(affine(np.arange(len(steps)), *found), steps):
            return found
    return None


def affine(values: np.ndarray, multiplier: int, offset: int, shift: int) -> np.ndarray:
    """Return what LOG_TABLE_I8 makes of logarithms, as int64."""
    sums = values.astype(np.int64) * multiplier + offset
    return ((sums + (1 << 31)) % (1 << 32) - (1 << 31) >> shift).clip(-128, 127)
