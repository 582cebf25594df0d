# SPDX-License-Identifier: MIT
"""Parts without copies: a slice in one piece is read in place, a part of a concatenation is written in place.

Lowering turns slices, splits, concatenations and packs into copies. Along the outermost axis that has more than one
entry, a part of a tensor is a stretch of its bytes, and the copy can be left out.
"""

from __future__ import annotations

from ..graph import Tensor
from ..lowering.program import Program, Step


def elide_copies(program: Program) -> None:
    """Let parts be other names for bytes of the whole, where that changes no result."""
    i = 0
    while i < len(program.steps):
        step = program.steps[i]
        if _is_stretch(step) and (_read_in_place(program, i) or _write_in_place(program, i)):
            del program.steps[i]
        else:
            i += 1


def _is_stretch(step: Step) -> bool:
    """Tell whether a step copies bytes in one piece to bytes in one piece."""
    if step.op.name != "COPY" or step.params["fill"]:
        return False
    p = step.params
    return all(d == 1 for d in p["dims"][:-1]) and (p["in_stride"][-1], p["out_stride"][-1]) in ((1, 1), (0, 0))


def _elements(step: Step) -> int:
    return int(step.params["dims"][-1])


def _touching(program: Program, root: Tensor, side: str) -> list[int]:
    """Return the steps that have a tensor of this root among their `inputs` or `outputs`."""
    return [i for i, s in enumerate(program.steps) if any(program.root(t) is root for t in getattr(s, side))]


def _read_in_place(program: Program, at: int) -> bool:
    """Leave out the copy of a slice whose tensor keeps its value for as long as the slice is read."""
    step = program.steps[at]
    source, out = step.inputs[0], step.outputs[0]
    root, whole = program.root(source), program.root(out)
    if whole is not out or out.is_state or root.is_constant or program.is_input_or_output(out):
        return False
    if step.params["out_start"] or _elements(step) != out.elements or len(_touching(program, out, "outputs")) != 1:
        return False
    last = max(_touching(program, out, "inputs"), default=at)
    if any(at < i <= last for i in _touching(program, root, "outputs")):
        return False
    program.alias(out, source, step.params["in_start"] * step.params["element_size"])
    return True


def _write_in_place(program: Program, at: int) -> bool:
    """Leave out the copy of a part of a concatenation: the step that works it out may write it in place."""
    step = program.steps[at]
    source, out = step.inputs[0], step.outputs[0]
    part, whole = program.root(source), program.root(out)
    if part is whole or part.is_constant or part.is_state or whole.is_state or program.is_input_or_output(part):
        return False
    size = _elements(step) * step.params["element_size"]
    if step.params["in_start"] or not size == part.size == source.size:
        return False
    writers = _touching(program, part, "outputs")
    if not writers or writers[-1] > at or any(i < at for i in _touching(program, whole, "inputs")):
        return False
    if any(program.steps[i].params.get("fill") for i in _touching(program, whole, "outputs")):
        return False
    if len(set(_touching(program, part, "inputs")) & set(_touching(program, whole, "outputs"))) > 1:
        return False  # it is there twice: the second copy would read what it writes
    program.alias(part, out, step.params["out_start"] * step.params["element_size"])
    return True
