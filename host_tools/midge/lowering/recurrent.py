# SPDX-License-Identifier: MIT
"""Layers with state: UNIDIRECTIONAL_SEQUENCE_LSTM and SVDF. Formulas: core/kernels/recurrent/lstm_i8.c and svdf.c."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import want_quantized
from ..graph.tflite_ops import constant, required
from .int16 import log2_of, sigmoid_table
from .program import Program
from .rules import rule

# Input indices of UNIDIRECTIONAL_SEQUENCE_LSTM for the gates in the order forget, input, cell, output.
_INPUT_WEIGHTS, _HIDDEN_WEIGHTS, _BIASES = (2, 1, 3, 4), (6, 5, 7, 8), (13, 12, 14, 15)
_HIDDEN_STATE, _CELL_STATE = 18, 19
_EXTRAS = {"peephole connections": (9, 10, 11), "a projection": (16, 17), "layer normalisation": (20, 21, 22, 23)}


def state_of(node: Node, i: int, what: str, *dtypes: str) -> Tensor:
    tensor = required(node, i)
    if not tensor.is_state or tensor.dtype not in dtypes:
        raise Unsupported(f"a {what} '{tensor.name}' of {tensor.dtype} that is {'' if tensor.is_state else 'no '}"
                          f"variable; a variable of {' or '.join(dtypes)} can run")
    want_quantized(tensor)
    return tensor


def int8_matrix(node: Node, i: int, *shape: int) -> np.ndarray:
    data, tensor = constant(node, i, "weights"), required(node, i)
    want_quantized(tensor)
    if tensor.dtype != "int8" or data.shape != shape or tensor.zero_point != 0:
        raise Unsupported(f"{tensor.dtype} weights of shape {list(data.shape)} with zero point {tensor.zero_point}; "
                          f"int8 {list(shape)} with zero point 0 can run")
    return data


@rule("UNIDIRECTIONAL_SEQUENCE_LSTM")
def unidirectional_sequence_lstm(program: Program, node: Node) -> None:
    source, out, a = required(node, 0), node.outputs[0], node.attrs
    if source.dtype not in ("int8", "int16") or out.dtype != source.dtype:
        raise Unsupported(f"{source.dtype} tensors; int8 and int16 can run. Quantise the model when you export it")
    wide = source.dtype == "int16"
    extras = [name for name, used in _EXTRAS.items() if any(node.input(i) is not None for i in used)]
    if node.input(1) is None:
        extras.append("a coupled input gate")
    if extras:
        raise Unsupported(f"an LSTM with {' and '.join(extras)}; the plain one, as Keras makes it, can run")
    activation = a.get("fused_activation_function", 4)
    if activation not in (4, 0, 5) or len(source.shape) != 3:
        raise Unsupported(f"an LSTM with activation {activation} on shape {list(source.shape)}; "
                          "tanh on [batch, steps, inputs] can run")
    hidden = state_of(node, _HIDDEN_STATE, "hidden state", source.dtype)
    cell = state_of(node, _CELL_STATE, "cell state", "int16")
    want_quantized(source, out)
    if cell.zero_point != 0 or (wide and (source.zero_point, hidden.zero_point) != (0, 0)):
        raise Unsupported("16-bit LSTM tensors with a zero point; 0 can run")

    time_major = bool(a.get("time_major", False))
    steps, batches = source.shape[:2] if time_major else source.shape[1::-1]
    inputs, units = source.shape[2], hidden.shape[-1]
    if hidden.elements != batches * units or cell.elements != batches * units:
        raise Unsupported(f"states of shape {list(hidden.shape)} and {list(cell.shape)} for {batches} batches")

    gates = bytearray()
    word = "<i8" if wide else "<i4"
    multipliers: dict[str, list[int]] = {}
    for w, r, b in zip(_INPUT_WEIGHTS, _HIDDEN_WEIGHTS, _BIASES, strict=True):
        weights, recurrent = int8_matrix(node, w, units, inputs), int8_matrix(node, r, units, units)
        bias = np.zeros(units, np.int64) if node.input(b) is None else constant(node, b, "biases").astype(np.int64)
        if bias.shape != (units,):
            raise Unsupported(f"biases of shape {list(bias.shape)} for {units} units")
        for x, matrix, own, name in ((source, weights, bias, "in"), (hidden, recurrent, 0, "hidden")):
            folded = own - x.zero_point * matrix.astype(np.int64).sum(axis=1)
            gates += (folded if wide else (folded + 2**31) % 2**32 - 2**31).astype(word).tobytes()
            scale = float(np.float32(x.scale) * np.float32(required(node, w if name == "in" else r).scale))
            multiplier, shift = fp.quantize_multiplier(scale / 2.0**-12)
            if shift > 14:
                raise Unsupported(f"'{x.name}' and its weights have a scale far too large; export the model again")
            multipliers.setdefault(f"{name}_multiplier", []).append(multiplier)
            multipliers.setdefault(f"{name}_shift", []).append(shift)
        gates += weights.tobytes() + recurrent.tobytes()

    products = {"forget": 2.0**-15 * cell.scale / cell.scale, "cell": 2.0**-30 / cell.scale,
                "out": 2.0**-30 / hidden.scale}
    params = {f"{k}_{part}": v for k, s in products.items()
              for part, v in zip(("multiplier", "shift"), fp.quantize_multiplier(s), strict=True)}
    left = 12 + log2_of(cell.scale)[0]
    tanh_multiplier, tanh_shift = (3 << left, 0) if left >= 0 else (3, -left)
    if tanh_multiplier > 32767 or tanh_shift > 31:
        raise Unsupported(f"a cell state of scale {cell.scale}; one near 2^-12 can run")
    clip = int(min(a.get("cell_clip", 0.0) / cell.scale, 32767.0))
    program.add(node, "LSTM", [source], {
        "batches": batches, "steps": steps, "inputs": inputs, "units": units, **multipliers, **params,
        "tanh_multiplier": tanh_multiplier, "tanh_shift": tanh_shift, "out_zero_point": hidden.zero_point,
        "clip": max(clip, 0), "time_major": int(time_major), "cell_gate_tanh": int(activation == 4),
        "wide": int(wide),
    }, {"gates_at": bytes(gates), "table_at": sigmoid_table()},
        macs=4 * batches * steps * units * (inputs + units))  # fmt: skip
    program.steps[-1].outputs += [hidden, cell]


@rule("SVDF")
def svdf(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    if (source.dtype, out.dtype) != ("int8", "int8"):
        raise Unsupported(f"{source.dtype} tensors; int8 can run. Quantise the model when you export it")
    state = state_of(node, 4, "state", "int8", "int16")
    want_quantized(source, out)
    batches, inputs = source.shape
    rank, time = node.attrs["rank"], constant(node, 2, "weights")
    time_tensor = required(node, 2)
    want_quantized(time_tensor)
    filters, memory = time.shape
    features = int8_matrix(node, 1, filters, inputs)
    if time_tensor.dtype != state.dtype or time_tensor.zero_point != 0 or rank <= 0 or filters % rank:
        raise Unsupported(f"{time_tensor.dtype} time weights on a {state.dtype} state, rank {rank} of {filters} "
                          "filters; one dtype and a rank that divides the filters can run")
    if state.elements != batches * filters * memory or out.elements != batches * filters // rank:
        raise Unsupported(f"a state of shape {list(state.shape)} for {batches} x {filters} filters of {memory} steps")
    if max(batches, inputs, filters, memory) > 65535 or not -128 <= state.zero_point <= 127:
        raise Unsupported(f"{filters} filters over {memory} steps; at most 65535 can run")
    bias = np.zeros(filters // rank, np.int64)
    if node.input(3) is not None:
        bias = constant(node, 3, "biases").astype(np.int64)
    feature_bias = -source.zero_point * features.astype(np.int64).sum(axis=1)
    bias = bias - state.zero_point * time.astype(np.int64).sum(axis=1).reshape(-1, rank).sum(axis=1)
    biases = ((np.concatenate([feature_bias, bias]) + 2**31) % 2**32 - 2**31).astype("<i4")
    f = np.float32
    feature_scale = f(source.scale) * f(required(node, 1).scale) / f(state.scale)
    out_scale = f(state.scale) * f(time_tensor.scale) / f(out.scale)
    feature_multiplier, feature_shift = fp.quantize_multiplier(float(feature_scale))
    out_multiplier, out_shift = fp.quantize_multiplier(float(out_scale))
    program.add(node, "SVDF", [source], {
        "batches": batches, "inputs": inputs, "filters": filters, "rank": rank, "memory": memory,
        "state_size": 1 if state.dtype == "int8" else 2, "feature_multiplier": feature_multiplier,
        "feature_shift": feature_shift, "out_multiplier": out_multiplier, "out_shift": out_shift,
        "state_zero_point": state.zero_point, "out_zero_point": out.zero_point,
    }, {"feature_at": features.tobytes(), "time_at": time.tobytes(), "biases_at": biases.tobytes()},
        macs=batches * filters * (inputs + memory))  # fmt: skip
    program.steps[-1].outputs.append(state)
