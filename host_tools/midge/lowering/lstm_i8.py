# SPDX-License-Identifier: MIT
"""UNIDIRECTIONAL_SEQUENCE_LSTM in int8 and int16. Formula: native_module/core/kernels/recurrent/lstm_i8.c."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Quantization, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import want_quantized
from ..graph.tflite_ops import Activation, activation_of, constant, required
from .elementwise_i16 import log2_of, sigmoid_table
from .program import Program
from .rules import rule
from .strides import strided_copy

# The op's inputs.
INPUT_WEIGHTS = {"input": 1, "forget": 2, "cell": 3, "output": 4}
HIDDEN_WEIGHTS = {"input": 5, "forget": 6, "cell": 7, "output": 8}
BIASES = {"input": 12, "forget": 13, "cell": 14, "output": 15}
HIDDEN_STATE, CELL_STATE = 18, 19
_EXTRAS = {"peephole connections": (9, 10, 11), "a projection": (16, 17), "layer normalisation": (20, 21, 22, 23)}
CELL_SCALE = 2.0**-11  # of cell states that start from zeros: up to 16 either way, where tanh is 1 from 8 on
_GATES = ("forget", "input", "cell", "output")  # as the kernel reads them


def refuse_extras(node: Node) -> None:
    """Refuse an LSTM that is not the plain one."""
    extras = [name for name, used in _EXTRAS.items() if any(node.input(i) is not None for i in used)]
    if len(node.inputs) <= CELL_STATE:
        extras.append("the inputs of TFLite's basic kernel")
    elif node.input(INPUT_WEIGHTS["input"]) is None:
        extras.append("a coupled input gate")
    if extras:
        raise Unsupported(f"an LSTM with {' and '.join(extras)}; the plain one, as Keras makes it, can run")


def state_of(node: Node, i: int, what: str, *dtypes: str) -> Tensor:
    """Return input i. Raises Unsupported where it is no variable of one of these dtypes."""
    tensor = required(node, i)
    if not tensor.is_state or tensor.dtype not in dtypes:
        raise Unsupported(f"a {what} '{tensor.name}' of {tensor.dtype} that is {'' if tensor.is_state else 'no '}"
                          f"variable; a variable of {' or '.join(dtypes)} can run")
    want_quantized(tensor)
    return tensor


def int8_matrix(node: Node, i: int, *shape: int) -> np.ndarray:
    """Return symmetric int8 weights of a shape. Raises Unsupported."""
    data, tensor = constant(node, i, "weights"), required(node, i)
    want_quantized(tensor)
    if tensor.dtype != "int8" or data.shape != shape or tensor.zero_point != 0:
        raise Unsupported(f"{tensor.dtype} weights of shape {list(data.shape)} with zero point {tensor.zero_point}; "
                          f"int8 {list(shape)} with zero point 0 can run")
    return data


def zeroed(
    program: Program, node: Node, batches: int, *kinds: tuple[str, Quantization | None]
) -> tuple[Tensor, Tensor]:
    """Add steps that set the hidden and the cell state to real zeros, for an LSTM that starts from them in each run.

    kinds: dtype and units of both. The cell state is the node's second output, if it has one.
    """
    states = [Tensor(f"{node.name}/{what}", (batches, node.outputs[0].shape[-1]), dtype, q)
              for what, (dtype, q) in zip(("hidden", "cell"), kinds, strict=True)]
    states[1:] = node.outputs[1:] or states[1:]
    for state in states:
        zero = np.array([state.zero_point], state.dtype)
        constant = Tensor(f"{state.name} at first", (1,), state.dtype, state.quantization, zero)
        strided_copy(program, Node("ZEROS", [constant], [state]), constant, state, (state.elements,), (0,), 0, (1,))
    return states[0], states[1]


@rule("UNIDIRECTIONAL_SEQUENCE_LSTM")
def unidirectional_sequence_lstm(program: Program, node: Node) -> None:
    source, out, a = required(node, 0), node.outputs[0], node.attrs
    if source.dtype not in ("int8", "int16") or out.dtype != source.dtype:
        raise Unsupported(f"{source.dtype} tensors; int8 and int16 can run. Quantise the model when you export it")
    wide = source.dtype == "int16"
    refuse_extras(node)
    activation = activation_of(node, Activation.TANH)
    if activation not in (Activation.TANH, Activation.NONE, Activation.SIGN_BIT) or len(source.shape) != 3:
        raise Unsupported(f"an LSTM with activation {activation.name} on shape {list(source.shape)}; "
                          "TANH on [batch, steps, inputs] can run")
    time_major = bool(a.get("time_major", False))
    steps, batches = source.shape[:2] if time_major else source.shape[1::-1]
    want_quantized(source, out)
    if a.get("from_zeros"):
        own = Quantization(np.array([CELL_SCALE], np.float32), np.zeros(1, np.int64))
        hidden, cell = zeroed(program, node, batches, (out.dtype, out.quantization), ("int16", own))
    else:
        hidden = state_of(node, HIDDEN_STATE, "hidden state", source.dtype)
        cell = state_of(node, CELL_STATE, "cell state", "int16")
    if cell.zero_point != 0 or (wide and (source.zero_point, hidden.zero_point) != (0, 0)):
        raise Unsupported("16-bit LSTM tensors with a zero point; 0 can run")
    inputs, units = source.shape[2], hidden.shape[-1]
    if hidden.elements != batches * units or cell.elements != batches * units:
        raise Unsupported(f"states of shape {list(hidden.shape)} and {list(cell.shape)} for {batches} batches")
    gates, scales = _gates(node, hidden, inputs, units)
    clip = int(min(a.get("cell_clip", 0.0) / cell.scale, 32767.0))
    program.add(node, "LSTM", [source], {
        "batches": batches, "steps": steps, "inputs": inputs, "units": units, **scales, **_unit_changes(hidden, cell),
        "out_zero_point": hidden.zero_point,
        "clip": max(clip, 0), "time_major": int(time_major), "cell_gate_tanh": int(activation == Activation.TANH),
        "wide": int(wide),
    }, {"gates_at": gates, "table_at": sigmoid_table()},
        macs=4 * batches * steps * units * (inputs + units), out=out)
    program.steps[-1].outputs += [hidden, cell]


def _gates(node: Node, hidden: Tensor, inputs: int, units: int) -> tuple[bytes, dict[str, list[int]]]:
    """Return biases and weights of all gates as the kernel reads them, and their multipliers and shifts."""
    source, gates = required(node, 0), bytearray()
    wide = source.dtype == "int16"
    scales: dict[str, list[int]] = {}
    for gate in _GATES:
        w, r, b = INPUT_WEIGHTS[gate], HIDDEN_WEIGHTS[gate], BIASES[gate]
        weights, recurrent = int8_matrix(node, w, units, inputs), int8_matrix(node, r, units, units)
        bias = np.zeros(units, np.int64) if node.input(b) is None else constant(node, b, "biases").astype(np.int64)
        if bias.shape != (units,):
            raise Unsupported(f"biases of shape {list(bias.shape)} for {units} units")
        for x, matrix, own, name in ((source, weights, bias, "in"), (hidden, recurrent, 0, "hidden")):
            folded = own - x.zero_point * matrix.astype(np.int64).sum(axis=1)
            gates += (folded.astype("<i8") if wide else ((folded + 2**31) % 2**32 - 2**31).astype("<i4")).tobytes()
            scale = float(np.float32(x.scale) * np.float32(required(node, w if name == "in" else r).scale))
            multiplier, shift = fp.quantize_multiplier(scale / 2.0**-12)
            if shift > 14:
                raise Unsupported(f"'{x.name}' and its weights have a scale far too large; export the model again")
            scales.setdefault(f"{name}_multiplier", []).append(multiplier)
            scales.setdefault(f"{name}_shift", []).append(shift)
        gates += weights.tobytes() + recurrent.tobytes()
    return bytes(gates), scales


def _unit_changes(hidden: Tensor, cell: Tensor) -> dict[str, int]:
    """Return multipliers and shifts from the gates' products to the states. Raises Unsupported."""
    products = {"forget": 2.0**-15 * cell.scale / cell.scale, "cell": 2.0**-30 / cell.scale,
                "out": 2.0**-30 / hidden.scale}
    params = {f"{k}_{part}": v for k, s in products.items()
              for part, v in zip(("multiplier", "shift"), fp.quantize_multiplier(s), strict=True)}
    left = 12 + log2_of(cell.scale)[0]
    tanh_multiplier, tanh_shift = (3 << left, 0) if left >= 0 else (3, -left)
    if tanh_multiplier > 32767 or tanh_shift > 31:
        raise Unsupported(f"a cell state of scale {cell.scale}; one near 2^-12 can run")
    return params | {"tanh_multiplier": tanh_multiplier, "tanh_shift": tanh_shift}
