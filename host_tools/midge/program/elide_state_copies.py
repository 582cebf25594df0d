# SPDX-License-Identifier: MIT
"""State without copies: reading and assigning a variable cost nothing where lifetimes allow.

A variable of the model is a state tensor; lowering turns READ_VARIABLE and ASSIGN_VARIABLE into copies out of it and
into it. A copy is left out where the copied value may as well be in the state itself: the value read until the state is
written next, the value assigned from when it is worked out, if the old one is not read any more.
"""

from __future__ import annotations

from ..graph import Tensor
from ..lowering.program import Program


def elide_state_copies(program: Program) -> None:
    """Let values read from and assigned to states be other names for them, where that changes no result."""
    for source, may_share in (("READ_VARIABLE", _may_read_in_place), ("ASSIGN_VARIABLE", _may_assign_in_place)):
        i = 0
        while i < len(program.steps):
            step = program.steps[i]
            if step.source == source and may_share(program, i):
                del program.steps[i]
                if source == "READ_VARIABLE":
                    program.alias(step.outputs[0], program.root(step.inputs[0]))
                else:
                    program.alias(program.root(step.inputs[0]), program.root(step.outputs[0]))
            else:
                i += 1


def _reads(program: Program, step: int, tensor: Tensor) -> bool:
    return any(program.root(t) is tensor for t in program.steps[step].inputs)


def _writes(program: Program, step: int, tensor: Tensor) -> bool:
    return any(program.root(t) is tensor for t in program.steps[step].outputs)


def _may_read_in_place(program: Program, at: int) -> bool:
    """Tell whether the state keeps the value that step `at` copies out of it for as long as that is read."""
    step = program.steps[at]
    state, value = program.root(step.inputs[0]), program.root(step.outputs[0])
    if program.is_input_or_output(value) or value.is_state:
        return False
    readers = [i for i in range(at + 1, len(program.steps)) if _reads(program, i, value)]
    return not any(_writes(program, i, state) for i in range(at + 1, max(readers, default=at) + 1))


def _may_assign_in_place(program: Program, at: int) -> bool:
    """Tell whether the value that step `at` copies into the state may be there from its first byte on."""
    step = program.steps[at]
    value, state = program.root(step.inputs[0]), program.root(step.outputs[0])
    if program.is_input_or_output(value) or value.is_constant or value.is_state or value.size != state.size:
        return False
    writers = [i for i in range(len(program.steps)) if _writes(program, i, value)]
    if not writers or max(writers) > at:
        return False
    first = writers[0]
    if any(_reads(program, i, state) or _writes(program, i, state) for i in range(first + 1, at)):
        return False
    if _writes(program, first, state) or (_reads(program, first, state) and not _in_place(program, first, state)):
        return False
    readers = [i for i in range(at + 1, len(program.steps)) if _reads(program, i, value)]
    return not any(_writes(program, i, state) for i in range(at + 1, max(readers, default=at) + 1))


def _in_place(program: Program, at: int, state: Tensor) -> bool:
    """Tell whether a step may write its output over the state that it reads."""
    step = program.steps[at]
    return step.op.in_place and all(
        t.size == step.outputs[0].size for t in step.inputs if program.root(t) is state
    )
