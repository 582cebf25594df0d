# SPDX-License-Identifier: MIT
"""Variables: copies out of and into states, most of which state.py then finds to be needless."""

from __future__ import annotations

from ..graph import Node, Unsupported
from ..graph.tflite_ops import required
from .program import Program
from .rules import row_major, rule, strided_copy


@rule("READ_VARIABLE", "ASSIGN_VARIABLE")
def copy_state(program: Program, node: Node) -> None:
    source = required(node, 0)
    strides = row_major(source.shape)
    strided_copy(program, node, source, source.shape, strides, 0, strides, 0)


@rule("WHILE", "IF")
def control_flow(program: Program, node: Node) -> None:
    raise Unsupported("control flow inside the model; a .midge file is a straight line of ops. "
                      "Unroll the loop when you export the model, or run the parts as two models")
