# SPDX-License-Identifier: MIT
"""SVDF in int8. Formula: native_module/core/kernels/recurrent/svdf.c."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import want_quantized
from ..graph.tflite_ops import constant, required
from .lstm_i8 import int8_matrix, state_of
from .program import Program
from .rules import rule


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
        macs=batches * filters * (inputs + memory))
    program.steps[-1].outputs.append(state)
