# SPDX-License-Identifier: MIT
"""UNIDIRECTIONAL_SEQUENCE_LSTM in float32. Formula: native_module/core/kernels/recurrent/lstm_f32.c."""

from __future__ import annotations

import math

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import Activation, activation_of, constant
from .elementwise_f32 import temporary
from .linear_f32 import add_conv, bias_of, rows_as_batches
from .lstm_i8 import BIASES, CELL_STATE, HIDDEN_STATE, HIDDEN_WEIGHTS, INPUT_WEIGHTS, refuse_extras, zeroed
from .program import Program
from .rules import rule, want_float

GATES = ("input", "forget", "cell", "output")  # as the kernel reads them


@rule("UNIDIRECTIONAL_SEQUENCE_LSTM", "LSTM", dtype="float32")
def lstm(program: Program, node: Node) -> None:
    """Lower to what the gates take from the input for all steps at once, then the recurrence."""
    source, out, a = want_float(node, 0), node.outputs[0], node.attrs
    refuse_extras(node)
    if activation_of(node, Activation.TANH) != Activation.TANH:
        raise Unsupported(f"an LSTM with the activation {activation_of(node).name}; TANH can run")
    time_major = bool(a.get("time_major")) or len(source.shape) == 2
    steps, batches = (1, *source.shape)[-3:-1] if time_major else source.shape[1::-1]
    inputs, units = source.shape[-1], out.shape[-1]
    rows = steps * batches
    if max(rows, 4 * units, inputs) > 65535:
        raise Unsupported(f"an LSTM of {units} units on {list(source.shape)}; at most 65535 rows and gates can run")
    weights = np.concatenate([matrix(node, INPUT_WEIGHTS[gate], units, inputs) for gate in GATES])
    recurrent = np.concatenate([matrix(node, HIDDEN_WEIGHTS[gate], units, units) for gate in GATES])
    bias = np.concatenate([bias_of(node, BIASES[gate], units) for gate in GATES])
    shape = rows_as_batches(rows, inputs, 4 * units)
    gates = temporary(node, "gates", (rows, 4 * units))
    plain = Node(node.op, node.inputs, [gates])  # the activation is no clamp of this product
    add_conv(program, plain, "CONV_2D", source, gates, shape, weights, bias)
    hidden, cell = _states(program, node, batches)
    program.add(node, "LSTM_F32", [gates], {
        "batches": batches, "steps": steps, "units": units, "time_major": int(time_major),
        "clip": a.get("cell_clip", 0.0) or math.inf,
    }, {"recurrent_at": recurrent.tobytes()}, macs=rows * 4 * units * units, out=out)
    program.steps[-1].outputs += [hidden, cell]


def _states(program: Program, node: Node, batches: int) -> tuple[Tensor, Tensor]:
    if node.attrs.get("from_zeros"):
        return zeroed(program, node, batches, ("float32", None), ("float32", None))
    hidden, cell = want_float(node, HIDDEN_STATE), want_float(node, CELL_STATE)
    if not (hidden.is_state and cell.is_state):
        raise Unsupported("an LSTM whose states are no variables; export the model again")
    if {hidden.elements, cell.elements} != {batches * node.outputs[0].shape[-1]}:
        raise Unsupported(f"an LSTM of {node.outputs[0].shape[-1]} units, {batches} batches and states of "
                          f"{list(hidden.shape)} and {list(cell.shape)}")
    return hidden, cell


def matrix(node: Node, i: int, *shape: int) -> np.ndarray:
    """Return float32 weights of a shape. Raises Unsupported."""
    data = constant(node, i, "weights")
    if data.dtype != np.float32 or data.shape != shape:
        raise Unsupported(f"{data.dtype} weights of shape {list(data.shape)}; float32 {list(shape)} can run")
    return data
