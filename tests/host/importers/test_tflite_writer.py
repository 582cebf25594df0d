# SPDX-License-Identifier: MIT
"""The writer's files: read back with the schema's bindings, run in real TFLM, compared with numpy."""

from __future__ import annotations

import doctest
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import tflite
from numpy.lib.stride_tricks import sliding_window_view

from midge.importers.tflite import writer as tflite_writer
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes, option_fields, write_tflite

RNG = np.random.default_rng(20261123)
FEATURE_MAP = RNG.standard_normal((1, 6, 5, 4)).astype(np.float32)
MATRIX = RNG.standard_normal((2, 8)).astype(np.float32)


def run_tflm(model: bytes, *inputs: np.ndarray, runs: int = 1) -> np.ndarray:
    runtime = pytest.importorskip("tflite_micro", reason="real TFLM (PyPI tflite-micro) is not installed").runtime
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=200_000)
    for _ in range(runs):
        for index, values in enumerate(inputs):
            interpreter.set_input(values, index)
        interpreter.invoke()
    return np.array(interpreter.get_output(0))


def single_op(
    op: str,
    activations: list[FlatTensor],
    constants: list[FlatTensor],
    output: FlatTensor,
    options: Mapping[str, Any] | None = None,
    version: int = 1,
) -> FlatGraph:
    inputs = [tensor.name for tensor in activations]
    operator = FlatOperator(
        op, [*inputs, *(tensor.name for tensor in constants)], [output.name], options or {}, version
    )
    return FlatGraph([*activations, *constants, output], [operator], inputs, [output.name])


def uniform(*shape: int) -> np.ndarray:
    return RNG.uniform(-1.0, 1.0, shape).astype(np.float32)


def patches(x: np.ndarray, height: int, width: int, stride: int = 1) -> np.ndarray:
    """[N,H,W,C] -> [N,Hout,Wout,C,height,width], no padding."""
    return sliding_window_view(x, (height, width), axis=(1, 2))[:, ::stride, ::stride]


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


FILTER, FILTER_BIAS = uniform(3, 3, 3, 4), uniform(3)
DEPTHWISE, DEPTHWISE_BIAS = uniform(1, 3, 3, 4), uniform(4)
WEIGHTS, WEIGHTS_BIAS = uniform(5, 8), uniform(5)
UNIT = {"stride_h": 1, "stride_w": 1}
WINDOW = {"filter_height": 2, "filter_width": 2, "stride_h": 2, "stride_w": 2, "padding": "VALID"}
AXES = np.array([1, 2], np.int32)
PADS = np.array([[0, 0], [1, 0], [0, 2], [0, 0]], np.int32)

# operator, input, constants, options, the same in numpy
FLOAT_CASES: list[tuple[str, np.ndarray, list[np.ndarray], dict[str, Any], Callable[[np.ndarray], np.ndarray]]] = [
    (
        "CONV_2D",
        FEATURE_MAP,
        [FILTER, FILTER_BIAS],
        {"padding": "VALID", "stride_h": 2, "stride_w": 2, "fused_activation_function": "RELU"},
        lambda x: np.maximum(np.einsum("nhwcij,oijc->nhwo", patches(x, 3, 3, 2), FILTER) + FILTER_BIAS, 0.0),
    ),
    (
        "CONV_2D",
        FEATURE_MAP,
        [FILTER, FILTER_BIAS],
        {"padding": "SAME", **UNIT},
        lambda x: (
            np.einsum("nhwcij,oijc->nhwo", patches(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), 3, 3), FILTER)
            + FILTER_BIAS
        ),
    ),
    (
        "DEPTHWISE_CONV_2D",
        FEATURE_MAP,
        [DEPTHWISE, DEPTHWISE_BIAS],
        {"padding": "VALID", "depth_multiplier": 1, **UNIT},
        lambda x: np.einsum("nhwcij,ijc->nhwc", patches(x, 3, 3), DEPTHWISE[0]) + DEPTHWISE_BIAS,
    ),
    ("FULLY_CONNECTED", MATRIX, [WEIGHTS, WEIGHTS_BIAS], {}, lambda x: x @ WEIGHTS.T + WEIGHTS_BIAS),
    ("AVERAGE_POOL_2D", FEATURE_MAP, [], WINDOW, lambda x: patches(x, 2, 2, 2).mean(axis=(-2, -1))),
    ("MAX_POOL_2D", FEATURE_MAP, [], WINDOW, lambda x: patches(x, 2, 2, 2).max(axis=(-2, -1))),
    ("MEAN", FEATURE_MAP, [AXES], {"keep_dims": True}, lambda x: x.mean(axis=(1, 2), keepdims=True)),
    ("SUM", FEATURE_MAP, [AXES], {"keep_dims": False}, lambda x: x.sum(axis=(1, 2))),
    ("PAD", FEATURE_MAP, [PADS], {}, lambda x: np.pad(x, PADS)),
    ("RESHAPE", MATRIX, [np.array([4, 4], np.int32)], {"new_shape": [4, 4]}, lambda x: x.reshape(4, 4)),
    ("TRANSPOSE", MATRIX, [np.array([1, 0], np.int32)], {}, np.transpose),
    ("EXPAND_DIMS", MATRIX, [np.array(1, np.int32)], {}, lambda x: x[:, None]),
    ("SOFTMAX", MATRIX, [], {"beta": 1.0}, softmax),
    ("LOG_SOFTMAX", MATRIX, [], {}, lambda x: np.log(softmax(x))),
    ("LOGISTIC", MATRIX, [], {}, lambda x: 1.0 / (1.0 + np.exp(-x))),
    ("TANH", MATRIX, [], {}, np.tanh),
    ("RELU", MATRIX, [], {}, lambda x: np.maximum(x, 0.0)),
    ("RELU6", MATRIX, [], {}, lambda x: np.clip(x, 0.0, 6.0)),
    ("LEAKY_RELU", MATRIX, [], {"alpha": 0.1}, lambda x: np.where(x > 0.0, x, 0.1 * x)),
    ("HARD_SWISH", MATRIX, [], {}, lambda x: x * np.clip(x + 3.0, 0.0, 6.0) / 6.0),
    ("ELU", MATRIX, [], {}, lambda x: np.where(x > 0.0, x, np.expm1(x))),
    ("PRELU", FEATURE_MAP, [FILTER[:1, :1, 0, :]], {}, lambda x: np.where(x > 0.0, x, FILTER[0, 0, 0] * x)),
    ("SQUARE", MATRIX, [], {}, np.square),
    ("MAXIMUM", MATRIX, [WEIGHTS[:1]], {}, lambda x: np.maximum(x, WEIGHTS[:1])),
    ("ADD", MATRIX, [WEIGHTS[:1]], {"fused_activation_function": "RELU6"}, lambda x: np.clip(x + WEIGHTS[:1], 0, 6)),
    ("SUB", MATRIX, [WEIGHTS[:2]], {}, lambda x: x - WEIGHTS[:2]),
    ("MUL", MATRIX, [WEIGHTS[:2]], {}, lambda x: x * WEIGHTS[:2]),
    ("CONCATENATION", MATRIX, [WEIGHTS], {"axis": 0}, lambda x: np.concatenate([x, WEIGHTS])),
    (
        "STRIDED_SLICE",
        MATRIX,
        [np.array(bounds, np.int32) for bounds in ((0, 1), (0, 7), (1, 3))],
        {"end_mask": 1},
        lambda x: x[:, 1:7:3],
    ),
]


@pytest.mark.parametrize("case", FLOAT_CASES, ids=[f"{case[0]}-{i}" for i, case in enumerate(FLOAT_CASES)])
def test_float_operator_runs_in_tflm(case: tuple[Any, ...]) -> None:
    op, x, arrays, options, reference = case
    expected = reference(x)
    constants = [FlatTensor(f"constant{i}", data=array) for i, array in enumerate(arrays)]
    graph = single_op(op, [FlatTensor("x", x.shape)], constants, FlatTensor("y", expected.shape), options)
    np.testing.assert_allclose(run_tflm(model_bytes(graph), x), expected, rtol=1e-5, atol=2e-6)


def test_int8_conv_with_a_scale_per_channel() -> None:
    x = RNG.integers(-128, 128, (1, 6, 5, 4), np.int8)
    weights = RNG.integers(-127, 128, (3, 3, 3, 4), np.int8)
    bias = RNG.integers(-2000, 2000, 3, np.int32)
    x_scale, x_zero_point, y_scale, y_zero_point = 0.05, -3, 0.25, 7
    scales = np.array([0.004, 0.008, 0.002], np.float32)
    graph = single_op(
        "CONV_2D",
        [FlatTensor("x", x.shape, "int8", scale=x_scale, zero_point=x_zero_point)],
        [
            FlatTensor("filter", data=weights, scale=scales),
            FlatTensor("bias", data=bias, scale=scales * x_scale),
        ],
        FlatTensor("y", (1, 4, 3, 3), "int8", scale=y_scale, zero_point=y_zero_point),
        {"padding": "VALID", **UNIT},
        version=3,
    )
    accumulator = np.einsum("nhwcij,oijc->nhwo", patches(x.astype(np.int64) - x_zero_point, 3, 3), weights) + bias
    expected = np.clip(np.round(accumulator * (scales * x_scale / y_scale)) + y_zero_point, -128, 127)
    assert len(np.unique(expected)) > 20
    np.testing.assert_allclose(run_tflm(model_bytes(graph), x), expected, atol=1)


def test_int8_add_and_quantize_and_dequantize() -> None:
    x = uniform(2, 8)
    quantized = {"dtype": "int8", "scale": 1.0 / 64.0, "zero_point": -5}
    tensors = [
        FlatTensor("x", x.shape),
        FlatTensor("q", x.shape, **quantized),
        FlatTensor("sum", x.shape, "int8", scale=1.0 / 32.0),
        FlatTensor("y", x.shape),
    ]
    operators = [
        FlatOperator("QUANTIZE", ["x"], ["q"]),
        FlatOperator("ADD", ["q", "q"], ["sum"], version=2),
        FlatOperator("DEQUANTIZE", ["sum"], ["y"]),
    ]
    model = model_bytes(FlatGraph(tensors, operators, ["x"], ["y"]))
    np.testing.assert_allclose(run_tflm(model, x), 2.0 * x, atol=1.0 / 32.0)


def test_int4_weights_are_packed_low_nibble_first() -> None:
    weights = RNG.integers(-7, 8, (5, 8), np.int8)
    x = RNG.integers(-128, 128, (1, 8), np.int8)
    graph = single_op(
        "FULLY_CONNECTED",
        [FlatTensor("x", x.shape, "int8", scale=0.5)],
        [FlatTensor("weights", dtype="int4", data=weights, scale=0.5)],
        FlatTensor("y", (1, 5), "int8", scale=8.0),
        {"keep_num_dims": False},
    )
    graph.operators[0].inputs = ["x", "weights", None]  # the bias is optional
    expected = np.clip(np.round((x.astype(int) @ weights.T) * 0.25 / 8.0), -128, 127)
    np.testing.assert_allclose(run_tflm(model_bytes(graph), x), expected, atol=1)


def test_custom_operator_takes_a_flexbuffer_map() -> None:
    x = np.array([[100, 200, -300, 400]], np.int16)
    window = np.array([4096, 2048, 4096, -4096], np.int16)
    graph = single_op(
        "CUSTOM:SignalWindow",
        [FlatTensor("x", x.shape, "int16")],
        [FlatTensor("window", data=window)],
        FlatTensor("y", x.shape, "int16"),
        {"shift": 12},
    )
    np.testing.assert_array_equal(run_tflm(model_bytes(graph), x), [[100, 100, -300, -400]])


def test_state_initialised_by_a_second_subgraph() -> None:
    int8 = {"dtype": "int8", "scale": 0.5}
    handle = FlatOperator("VAR_HANDLE", [], ["state"], {"container": "", "shared_name": "total"})
    main = FlatGraph(
        [
            FlatTensor("x", (1, 2), **int8),
            FlatTensor("state", (), "resource"),
            *(FlatTensor(n, (1, 2), **int8) for n in "ab"),
        ],
        [
            FlatOperator("CALL_ONCE", [], [], {"init_subgraph_index": 1}),
            handle,
            FlatOperator("READ_VARIABLE", ["state"], ["a"]),
            FlatOperator("ADD", ["a", "x"], ["b"], version=2),
            FlatOperator("ASSIGN_VARIABLE", ["state", "b"], []),
        ],
        ["x"],
        ["b"],
    )
    zero = FlatTensor("zero", data=np.zeros((1, 2), np.int8), scale=0.5)
    assign = FlatOperator("ASSIGN_VARIABLE", ["state", "zero"], [])
    init = FlatGraph([FlatTensor("state", (), "resource"), zero], [handle, assign], [], [], name="init")
    model = model_bytes([main, init])
    np.testing.assert_array_equal(run_tflm(model, np.array([[3, -2]], np.int8), runs=3), [[9, -6]])


def conv_graph(**tensor_changes: Any) -> FlatGraph:
    filter_tensor = FlatTensor("filter", data=np.zeros((3, 1, 1, 2), np.int8), scale=[0.1, 0.2, 0.3], **tensor_changes)
    return single_op(
        "CONV_2D",
        [FlatTensor("x", (1, 4, 4, 2), "int8", scale=0.5, zero_point=-1, shape_signature=(-1, 4, 4, 2))],
        [filter_tensor, FlatTensor("bias", data=np.arange(3, dtype=np.int32))],
        FlatTensor("y", (1, 4, 4, 3), "int8", scale=1.0),
        {"padding": "VALID", "stride_h": 1, "stride_w": 1, "fused_activation_function": "RELU_N1_TO_1"},
        version=3,
    )


def test_every_field_reads_back() -> None:
    graph = conv_graph()
    graph.signature = "serving_default"
    data = model_bytes(graph, "a description")
    assert tflite.Model.ModelBufferHasIdentifier(data, 0)
    model = tflite.Model.GetRootAs(data)
    assert (model.Version(), model.Description()) == (3, b"a description")
    assert model.Buffers(0).DataLength() == 0

    subgraph = model.Subgraphs(0)
    x, weights, bias, y = (subgraph.Tensors(i) for i in range(4))
    assert [subgraph.Inputs(0), subgraph.Outputs(0)] == [0, 3]
    assert (x.Name(), x.Type(), y.Type()) == (b"x", tflite.TensorType.INT8, tflite.TensorType.INT8)
    assert x.ShapeAsNumpy().tolist() == [1, 4, 4, 2]
    assert x.ShapeSignatureAsNumpy().tolist() == [-1, 4, 4, 2]
    assert (x.Quantization().Scale(0), x.Quantization().ZeroPoint(0)) == (0.5, -1)
    np.testing.assert_allclose(weights.Quantization().ScaleAsNumpy(), [0.1, 0.2, 0.3], rtol=1e-6)
    assert weights.Quantization().ZeroPointAsNumpy().tolist() == [0, 0, 0]
    assert bias.Quantization() is None
    assert model.Buffers(bias.Buffer()).DataAsNumpy().view(np.int32).tolist() == [0, 1, 2]

    code = model.OperatorCodes(subgraph.Operators(0).OpcodeIndex())
    assert (code.BuiltinCode(), code.DeprecatedBuiltinCode(), code.Version()) == (3, 3, 3)
    table = subgraph.Operators(0).BuiltinOptions()
    options = tflite.Conv2DOptions()
    options.Init(table.Bytes, table.Pos)
    assert options.Padding() == tflite.Padding.VALID
    assert options.FusedActivationFunction() == tflite.ActivationFunctionType.RELU_N1_TO_1
    assert options.DilationHFactor() == 1

    signature = model.SignatureDefs(0)
    assert (signature.SignatureKey(), signature.Inputs(0).Name()) == (b"serving_default", b"x")


def test_operator_codes_beyond_127_keep_their_place() -> None:
    graph = single_op("GELU", [FlatTensor("x", (4,))], [], FlatTensor("y", (4,)), {"approximate": True})
    code = tflite.Model.GetRootAs(model_bytes(graph)).OperatorCodes(0)
    assert (code.BuiltinCode(), code.DeprecatedBuiltinCode()) == (tflite.BuiltinOperator.GELU, 127)


def test_constants_are_aligned_to_16_bytes() -> None:
    tensors = [FlatTensor(f"t{size}", data=np.full(size, 100 + size, np.uint8)) for size in range(1, 40)]
    data = model_bytes(FlatGraph([*tensors, FlatTensor("y", (1,))], [], [], ["y"]))
    for tensor in tensors:
        assert isinstance(tensor.data, np.ndarray)
        length = tensor.data.size.to_bytes(4, "little")
        assert data.index(length + tensor.data.tobytes()) % 16 == 12


def test_the_same_description_gives_the_same_bytes(tmp_path: Any) -> None:
    path = tmp_path / "conv.tflite"
    assert write_tflite(path, conv_graph()) == path.stat().st_size
    assert path.read_bytes() == model_bytes(conv_graph())


def test_every_option_table_of_the_schema_belongs_to_an_operator() -> None:
    operators = [name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)]
    reached = {tflite_writer._option_table(name) for name in operators}
    tables = {name for name in vars(tflite.BuiltinOptions) if name.endswith("Options")}
    assert reached - {None} == tables


def test_options_are_the_schemas() -> None:
    assert {"stride_w", "dilation_h_factor", "padding"} <= set(option_fields("CONV_2D"))
    assert option_fields("MEAN") == ["keep_dims"]
    assert option_fields("TANH") == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: model_bytes(single_op("CONV2D", [FlatTensor("x", (1,))], [], FlatTensor("y", (1,)))),
            "no builtin operator",
        ),
        (
            lambda: model_bytes(single_op("TANH", [FlatTensor("x", (1,))], [], FlatTensor("y", (1,)), {"k": 1})),
            "it has none",
        ),
        (
            lambda: model_bytes(
                single_op("SOFTMAX", [FlatTensor("x", (1,))], [], FlatTensor("y", (1,)), {"gamma": 1.0})
            ),
            "no option gamma; it has beta",
        ),
        (
            lambda: model_bytes(
                single_op("MAX_POOL_2D", [FlatTensor("x", (1,))], [], FlatTensor("y", (1,)), {"padding": "FULL"})
            ),
            "'FULL' is not one of SAME, VALID",
        ),
        (lambda: model_bytes(FlatGraph([FlatTensor("x", (1,))], [], ["x"], ["y"])), "no tensor named 'y'"),
        (lambda: model_bytes(FlatGraph([FlatTensor("x", (1,))] * 2, [], ["x"], ["x"])), "share a name"),
        (lambda: model_bytes(FlatGraph([FlatTensor("x", (1,), "float8")], [], ["x"], ["x"])), "'float8' is not one of"),
        (lambda: model_bytes(conv_graph(quantized_dimension=3)), "3 scales .* along dimension 3; give 1 or 2"),
        (lambda: model_bytes(conv_graph(zero_point=[0, 0])), "3 scales but 2 zero points"),
        (lambda: FlatTensor("x", (2, 2), data=np.zeros(4, np.int8)), "shape .2, 2. but data"),
        (lambda: FlatTensor("x"), "neither a shape"),
        (
            lambda: model_bytes(FlatGraph([FlatTensor("x", dtype="int8", data=np.zeros(4))], [], [], [])),
            "dtype int8 but data float64",
        ),
        (
            lambda: model_bytes(FlatGraph([FlatTensor("x", dtype="int4", data=np.array([9], np.int8))], [], [], [])),
            "int4 holds -8..7",
        ),
    ],
)
def test_mistakes_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_the_docstrings_examples_run() -> None:
    results = doctest.testmod(tflite_writer)
    assert results.attempted and not results.failed
