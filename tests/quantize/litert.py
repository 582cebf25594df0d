# SPDX-License-Identifier: MIT
"""Google's quantiser (PyPI litert-quantizer) on any float .tflite file, as the measure of ours."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def _named(data: bytes) -> tuple[bytes, list[str], list[list[int]]]:
    """The model as the quantiser wants it: with a signature, through which it calibrates, and with int8 weights of
    float layers widened, which it would otherwise leave alone. Also the names and shapes of its inputs."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    graph = model.subgraphs[0]
    for code in model.operatorCodes:  # old files have the first field only, which the quantiser does not look at
        code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
    for tensor in graph.tensors:
        q, buffer = tensor.quantization, model.buffers[tensor.buffer].data
        if tensor.type == schema.TensorType.INT8 and buffer is not None and len(buffer) and q.scale is not None:
            shape = [1] * len(tensor.shape)
            if len(q.scale) > 1:
                shape[q.quantizedDimension] = len(q.scale)
            values = np.frombuffer(bytes(buffer), np.int8).reshape(tensor.shape).astype(np.float32)
            zero = np.zeros(1) if q.zeroPoint is None else np.asarray(q.zeroPoint, np.float32)
            values = (values - zero.reshape(shape if len(zero) > 1 else [1] * len(shape))) * q.scale.reshape(shape)
            model.buffers[tensor.buffer].data = np.frombuffer(values.astype(np.float32).tobytes(), np.uint8)
            tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None
    inputs = [f"x{i}" for i in range(len(graph.inputs))]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    for ends, tensors, letter in (("inputs", graph.inputs, "x"), ("outputs", graph.outputs, "y")):
        maps = []
        for i, index in enumerate(tensors):
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = f"{letter}{i}", index
            maps.append(entry)
        setattr(signature, ends, maps)
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()), inputs, [list(graph.tensors[i].shape) for i in graph.inputs]


def quantize(path: Path, inputs: Sequence[np.ndarray], averaged: bool) -> bytes:
    """int8 weights and activations by its static recipe; raises what it raises.

    averaged: let it average the extremes of the samples, as it does by default; else it takes the extremes of all.
    """
    from litert_quantizer import calibrator, quantizer, recipe
    from litert_quantizer.utils import qsv_utils

    data, names, shapes = _named(path.read_bytes())
    maker = quantizer.Quantizer(bytearray(data), recipe.static_wi8_ai8())
    samples = {"serving_default": [
        {name: x[i].reshape(shape).astype(np.float32) for name, x, shape in zip(names, inputs, shapes, strict=True)}
        for i in range(len(inputs[0]))
    ]}
    silence = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        warnings.simplefilter("ignore")
        if averaged:
            found = maker.calibrate(samples)
        else:
            watcher = calibrator.Calibrator(bytearray(data), num_threads=1, qsv_update_func=qsv_utils.min_max_update)
            watcher.calibrate(samples, maker._recipe_manager)
            found = watcher.get_model_qsvs()
        return bytes(maker.quantize(found).quantized_model)
