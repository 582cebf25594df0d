# SPDX-License-Identifier: MIT
"""Post-training quantisation: TFLite's scheme, its refinements, its report and its search."""

from __future__ import annotations

import numpy as np
import pytest

from midge.convert.pipeline import convert_model
from midge.core.batch import Engine, to_raw
from midge.graph import Graph, Node
from midge.importers import read_model
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from midge.quantize import METHODS, Options, quantize
from tests.support.quant_models import as_tflite, one_layer, outputs, quantized, samples, small_cnn


def node(graph: Graph, op: str) -> Node:
    return next(n for n in graph.nodes if n.op == op)


def test_the_scheme_is_that_of_tflite() -> None:
    x = samples()
    graph, _ = quantized(small_cnn(), x, Options("minmax", bias_correction=False, equalize=False))
    assert [t.dtype for t in (*graph.inputs, *graph.outputs)] == ["int8", "int8"]
    assert (graph.outputs[0].scale, graph.outputs[0].zero_point) == (1 / 256, -128)  # softmax
    for op, axis in (("CONV_2D", 0), ("DEPTHWISE_CONV_2D", 3), ("FULLY_CONNECTED", 0)):
        layer = node(graph, op)
        source, weights, bias = layer.inputs[:3]
        assert source is not None and weights is not None and bias is not None
        assert weights.data is not None and weights.quantization is not None and bias.quantization is not None
        assert weights.dtype == "int8" and bias.dtype == "int32"
        assert weights.quantization.axis == axis and not weights.quantization.zero_point.any()
        rows = np.moveaxis(weights.data, axis, 0).reshape(weights.shape[axis], -1)
        assert np.all(np.abs(rows.astype(int)).max(axis=1) == 127)  # restricted range, used to the end
        np.testing.assert_allclose(bias.quantization.scale, source.scale * weights.quantization.scale, rtol=1e-6)
    pool = node(graph, "MAX_POOL_2D")
    assert pool.inputs[0] is not None and pool.inputs[0].scale == pool.outputs[0].scale
    assert node(graph, "CONV_2D").outputs[0].zero_point == -128  # a relu's output starts at zero


@pytest.mark.parametrize("method", [*METHODS, "auto"])
def test_every_method_follows_the_float_network(method: str) -> None:
    x, fresh = samples(), samples(seed=2)
    wanted = Engine(convert_model(small_cnn()).blob).run([fresh])[0]
    graph, _ = quantized(small_cnn(), x, Options(method))
    error = np.abs(outputs(graph, fresh) - wanted)
    assert error.max() < 0.1


def test_sixteen_bits_are_nearer() -> None:
    x = samples()
    wanted = Engine(convert_model(small_cnn()).blob).run([x])[0]
    narrow, _ = quantized(small_cnn(), x)
    wide, report = quantized(small_cnn(), x, Options(activations="int16"))
    assert wide.inputs[0].dtype == "int16" and wide.inputs[0].zero_point == 0
    assert np.abs(outputs(wide, x) - wanted).max() < np.abs(outputs(narrow, x) - wanted).max()
    assert {layer.dtype for layer in report.layers} == {"int16"}  # type: ignore[attr-defined]


def test_equalisation_keeps_the_network_and_helps_uneven_channels() -> None:
    x = samples()
    model = small_cnn(uneven=200.0)
    plain = quantize(read_model(model), [x], Options("minmax", False, equalize=False)).report
    even = quantize(read_model(model), [x], Options("minmax", False, equalize=True)).report
    assert even.equalized >= 2
    assert even.sqnr_db > plain.sqnr_db + 6
    assert max(la.unevenness for la in even.layers) < max(la.unevenness for la in plain.layers)


def test_bias_correction_centres_the_outputs() -> None:
    """A dense layer whose weights all round down."""
    weights = np.full((1, 64), 0.5 / 127 * 0.98, np.float32)
    weights[0, 0] = 1.0
    model = model_bytes(FlatGraph(
        [FlatTensor("x", (1, 64)), FlatTensor("w", data=weights), FlatTensor("b", data=np.zeros(1, np.float32)),
         FlatTensor("y", (1, 1))],
        [FlatOperator("FULLY_CONNECTED", ["x", "w", "b"], ["y"])], ["x"], ["y"]))
    x = 1 + samples(64).reshape(64, 64) / 8
    wanted = Engine(convert_model(model).blob).run([x])[0]
    off = {}
    for correct in (False, True):
        graph, _ = quantized(model, x, Options("minmax", correct, False))
        off[correct] = abs(float(np.mean(outputs(graph, x) - wanted)))
    assert off[False] > 0.2 and off[True] < 0.02


def test_float_ends_and_float_islands() -> None:
    x = samples()
    graph, _ = quantized(small_cnn(), x, Options(float_io=True))
    assert graph.inputs[0].dtype == graph.outputs[0].dtype == "float32"
    assert (graph.nodes[0].op, graph.nodes[-1].op) == ("QUANTIZE", "DEQUANTIZE")
    sine = model_bytes(FlatGraph(
        [FlatTensor("x", (1, 8, 8, 1)), FlatTensor("s", (1, 8, 8, 1)), FlatTensor("y", (1, 8, 8, 1))],
        [FlatOperator("SIN", ["x"], ["s"]), FlatOperator("LOGISTIC", ["s"], ["y"])], ["x"], ["y"]))
    done = quantize(read_model(sine), [x])
    assert done.report.float_ops == ["SIN 's'"]
    assert done.graph.inputs[0].dtype == "float32" and done.graph.outputs[0].scale == 1 / 256
    np.testing.assert_allclose(outputs(done.graph, x), 1 / (1 + np.exp(-np.sin(x.reshape(-1, 1, 8, 8, 1)))), atol=0.01)


def test_concatenated_scores_are_rescaled() -> None:
    """A logistic's scale is fixed, so its part is requantised to that of the whole."""
    model = model_bytes(FlatGraph(
        [FlatTensor("x", (1, 8, 8, 1)), FlatTensor("s", (1, 8, 8, 1)), FlatTensor("y", (1, 8, 8, 2))],
        [FlatOperator("LOGISTIC", ["x"], ["s"]), FlatOperator("CONCATENATION", ["s", "x"], ["y"], {"axis": 3})],
        ["x"], ["y"]))
    x = 4 * samples()
    graph, _ = quantized(model, x, Options("minmax"))
    assert [n.op for n in graph.nodes] == ["LOGISTIC", "QUANTIZE", "CONCATENATION"]
    wanted = np.concatenate([1 / (1 + np.exp(-x)), x], axis=-1).reshape(-1, 1, 8, 8, 2)
    assert np.abs(outputs(graph, x) - wanted).max() < 1.1 * graph.outputs[0].scale


AXIS = FlatTensor("k", data=np.array([1], np.int32))
OPS = [
    ("ADD", {}, (1, 4, 4, 2), [FlatTensor("k", data=np.array([0.5, -2.0], np.float32))]),
    ("SUB", {}, (1, 4, 4, 2), [FlatTensor("k", data=np.array([0.5, -2.0], np.float32))]),
    ("MUL", {}, (1, 4, 4, 2), [FlatTensor("k", data=np.array([0.5, -2.0], np.float32))]),
    ("MAXIMUM", {}, (1, 4, 4, 2), [FlatTensor("k", data=np.array([0.1], np.float32))]),
    ("MINIMUM", {}, (1, 4, 4, 2), [FlatTensor("k", data=np.array([0.1], np.float32))]),
    ("SQUARED_DIFFERENCE", {}, (1, 4, 4, 2), [FlatTensor("k", data=np.array([0.5], np.float32))]),
    ("PRELU", {}, (1, 4, 4, 2), [FlatTensor("k", data=np.full((1, 1, 2), 0.25, np.float32))]),
    ("RELU", {}, (1, 4, 4, 2), []), ("RELU6", {}, (1, 4, 4, 2), []), ("LEAKY_RELU", {"alpha": 0.1}, (1, 4, 4, 2), []),
    ("ELU", {}, (1, 4, 4, 2), []), ("TANH", {}, (1, 4, 4, 2), []), ("LOGISTIC", {}, (1, 4, 4, 2), []),
    ("HARD_SWISH", {}, (1, 4, 4, 2), []), ("GELU", {"approximate": False}, (1, 4, 4, 2), []),
    ("EXP", {}, (1, 4, 4, 2), []), ("ABS", {}, (1, 4, 4, 2), []), ("L2_NORMALIZATION", {}, (1, 4, 4, 2), []),
    ("AVERAGE_POOL_2D", {"padding": "VALID", "stride_h": 2, "stride_w": 2, "filter_height": 2, "filter_width": 2},
     (1, 2, 2, 2), []),
    ("MEAN", {"keep_dims": False}, (1, 4, 2), [AXIS]), ("SUM", {"keep_dims": False}, (1, 4, 2), [AXIS]),
    ("REDUCE_MAX", {"keep_dims": False}, (1, 4, 2), [AXIS]),
    ("PAD", {}, (1, 6, 4, 2), [FlatTensor("k", data=np.array([[0, 0], [1, 1], [0, 0], [0, 0]], np.int32))]),
    ("TRANSPOSE", {}, (1, 2, 4, 4), [FlatTensor("k", data=np.array([0, 3, 1, 2], np.int32))]),
    ("RESIZE_BILINEAR", {}, (1, 8, 8, 2), [FlatTensor("k", data=np.array([8, 8], np.int32))]),
    ("SPACE_TO_DEPTH", {"block_size": 2}, (1, 2, 2, 8), []),
    ("BATCH_MATMUL", {}, (1, 4, 4, 3), [FlatTensor("k", data=np.array([[0.5, -1, 1], [1, 0.25, 2]], np.float32))]),
]


@pytest.mark.parametrize(("op", "options", "out", "extra"), OPS, ids=[o[0] for o in OPS])
def test_ops_in_int8(op: str, options: dict[str, object], out: tuple[int, ...], extra: list[FlatTensor]) -> None:
    """Each op's integers are within two steps of what float gives, and none is left in float."""
    x = samples(64).reshape(-1, 4, 4, 2)
    model = one_layer(op, options, out, *extra)
    done = quantize(read_model(model), [x], Options("minmax"))
    assert not done.report.float_ops
    wanted = Engine(convert_model(model).blob).run([x])[0]
    bound = 2.1 * max(done.graph.outputs[0].scale, done.graph.inputs[0].scale * _SLOPE.get(op, 1.0))
    assert np.abs(outputs(done.graph, x) - wanted).max() <= bound


# How much steeper than 1 some ops are, so that a step of the input is several of the output.
_SLOPE = {"EXP": 40.0, "SQUARED_DIFFERENCE": 10.0, "MUL": 2.0, "SUM": 2.0, "BATCH_MATMUL": 3.0,
          "L2_NORMALIZATION": 12.0}


@pytest.mark.parametrize("options", [Options(), Options("minmax", equalize=True), Options(activations="int16")],
                         ids=["int8", "equalised", "int16"])
def test_tflm_computes_the_same_bits(options: Options) -> None:
    """The quantised graph, written as .tflite, is a model that TensorFlow Lite Micro runs, to the same bytes."""
    from tflite_micro import runtime

    x = samples()
    graph, _ = quantized(small_cnn(), x, options)
    tflm = runtime.Interpreter.from_bytes(as_tflite(graph))
    source, out = graph.inputs[0], graph.outputs[0]
    ours = outputs(graph, x)
    for i in range(16):
        tflm.set_input(to_raw(x[i : i + 1], source.dtype, source.scale, source.zero_point), 0)
        tflm.invoke()
        theirs = np.float32(out.scale) * (tflm.get_output(0).astype(np.int64) - out.zero_point).astype(np.float32)
        np.testing.assert_array_equal(ours[i], theirs)


def test_separate_relus_are_fused_and_odd_biases_fit() -> None:
    weights = np.array([[1e-9], [1.0]], np.float32)  # a channel whose bias is far above its weights
    model = model_bytes(FlatGraph(
        [FlatTensor("x", (1, 1)), FlatTensor("w", data=weights), FlatTensor("b", data=np.array([3.0, 0.5], np.float32)),
         FlatTensor("h", (1, 2)), FlatTensor("y", (1, 2))],
        [FlatOperator("FULLY_CONNECTED", ["x", "w", "b"], ["h"]), FlatOperator("RELU", ["h"], ["y"])], ["x"], ["y"]))
    x = samples(1).reshape(64, 1)
    graph, _ = quantized(model, x, Options("minmax"))
    assert [n.op for n in graph.nodes] == ["FULLY_CONNECTED"]
    assert graph.outputs[0].zero_point == -128
    wanted = np.maximum(np.concatenate([np.full((64, 1), 3.0), x + 0.5], axis=1), 0)
    assert np.abs(outputs(graph, x).reshape(64, 2) - wanted).max() < 2 * graph.outputs[0].scale


def test_int8_weights_of_hybrid_models_are_kept(shared: object) -> None:
    path = shared / "models/mlperf-tiny/kws_ref_model_float32.tflite"  # type: ignore[operator]
    before = read_model(path)
    kept = {t.name: t.data for t in before.tensors() if t.dtype == "int8" and t.data is not None}
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 49, 10, 1)).astype(np.float32) * 10
    done = quantize(read_model(path), [x], Options("minmax", False, False))
    same = [t for t in done.graph.tensors() if t.name in kept]
    assert len(same) == len(kept) == 5
    for tensor in same:
        assert tensor.data is not None and np.array_equal(tensor.data, kept[tensor.name])


def test_the_report_names_the_layer_that_hurts() -> None:
    x = samples()
    report = quantize(read_model(small_cnn(uneven=3000.0)), [x], Options("minmax", False, False)).report
    assert report.worst == "b" and report.layers[0].unevenness > 100  # b reads what drowned in a
    assert report.sqnr_db < 30 and "--equalize" in report.advice
    assert [la.name for la in report.layers][:3] == ["a", "b", "c"]
    good = quantize(read_model(small_cnn()), [x], Options(activations="int16")).report
    assert good.advice.startswith("nothing")
