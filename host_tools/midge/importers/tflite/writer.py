# SPDX-License-Identifier: MIT
"""Write `.tflite` files from a plain description of tensors and operators.

The demo's training script exports with it, and the test-suite makes its one-operator models with it. It stands on
the generated bindings of PyPI `tflite`, which reading a model needs anyway. They hold one `<Table>Add<Field>`
function per option field, so options are set by the names in the schema and a new operator needs no line here.

Schema: `tensorflow/compiler/mlir/lite/schema/schema.fbs` (version 3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tflite
from flatbuffers import flexbuffers

Offset = Any  # where in the flatbuffer something was written; an integer, but the bindings are untyped

SCHEMA_VERSION = 3
FILE_IDENTIFIER = b"TFL3"
CUSTOM_PREFIX = "CUSTOM:"
_DATA_ALIGNMENT = 16  # TFLM uses constants in place, some kernels with vector loads
_NO_TENSOR = -1
_FIRST_EXTENDED_CODE = tflite.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES  # 127

# Operators that borrow another operator's option table; every other table carries its operator's own name.
_BORROWED_TABLE = {
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "REDUCE_ALL": "ReducerOptions",
    "REDUCE_ANY": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "CONV_3D_TRANSPOSE": "Conv3DOptions",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions",
    "MULTINOMIAL": "RandomOptions",
    "RANDOM_STANDARD_NORMAL": "RandomOptions",
    "RANDOM_UNIFORM": "RandomOptions",
}

# The bindings keep an enum field as a bare integer, so the enum of a field is told here.
_ENUM_OF_FIELD = {
    "padding": tflite.Padding,
    "fused_activation_function": tflite.ActivationFunctionType,
    "weights_format": tflite.FullyConnectedOptionsWeightsFormat,
    "mode": tflite.MirrorPadMode,
    "kernel_type": tflite.LSTMKernelType,
    "combiner": tflite.CombinerType,
    "in_data_type": tflite.TensorType,
    "out_data_type": tflite.TensorType,
    "output_type": tflite.TensorType,
    "out_type": tflite.TensorType,
    "key_dtype": tflite.TensorType,
    "value_dtype": tflite.TensorType,
    "idx_out_type": tflite.TensorType,
    "quantized_bias_type": tflite.TensorType,
}


@dataclass
class FlatTensor:
    """A tensor: constant when it has `data`, otherwise an activation.

    Attributes:
        name: Unique within its graph; operators refer to it.
        shape: Dimensions; taken from `data` when left out.
        dtype: A `TensorType` of the schema in lower case ("float32", "int8", "int4", "resource", ...); taken from
            `data` when left out, else "float32".
        data: Constant values. "int4" takes one value per element and is packed here; `bytes` are written as they are.
        scale: Quantisation scale, or one per channel; None for a tensor that is not quantised.
        zero_point: One value, or one per channel.
        quantized_dimension: The axis that per-channel scales run along.
        is_variable: State that persists between invocations.
        shape_signature: `shape` with -1 at the dimensions that are not fixed.
    """

    name: str
    shape: Sequence[int] | None = None
    dtype: str | None = None
    data: np.ndarray | bytes | None = None
    scale: float | Sequence[float] | np.ndarray | None = None
    zero_point: int | Sequence[int] | np.ndarray = 0
    quantized_dimension: int = 0
    is_variable: bool = False
    shape_signature: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.data, np.ndarray):
            self.shape = self.data.shape if self.shape is None else self.shape
            self.dtype = self.data.dtype.name if self.dtype is None else self.dtype
            if tuple(self.shape) != self.data.shape:
                raise ValueError(f"tensor {self.name!r}: shape {tuple(self.shape)} but data {self.data.shape}")
        if self.shape is None:
            raise ValueError(f"tensor {self.name!r}: neither a shape nor an array to take it from")
        self.dtype = "float32" if self.dtype is None else self.dtype


@dataclass
class FlatOperator:
    """One operator of a graph.

    Attributes:
        op: A `BuiltinOperator` of the schema ("CONV_2D"), or "CUSTOM:" and a custom code ("CUSTOM:SignalWindow").
        inputs: Tensor names; None stands for an optional input that is absent.
        outputs: Tensor names.
        options: Option fields by their schema names. Enums are integers or names ("SAME", "RELU", "INT8"). A custom
            operator takes any mapping, which becomes a flexbuffer map, or ready `bytes`.
        version: Operator version.
        intermediates: Tensor names that hold only quantisation parameters (int8 LSTM).
    """

    op: str
    inputs: Sequence[str | None]
    outputs: Sequence[str]
    options: Mapping[str, Any] | bytes = field(default_factory=dict)
    version: int = 1
    intermediates: Sequence[str] = ()


@dataclass
class FlatGraph:
    """A subgraph: tensors, operators in execution order, and the names of its inputs and outputs.

    A `signature` publishes the graph under that key, with its tensors' names as the arguments' names; quantisers
    calibrate through it.
    """

    tensors: Sequence[FlatTensor]
    operators: Sequence[FlatOperator]
    inputs: Sequence[str]
    outputs: Sequence[str]
    name: str = "main"
    signature: str | None = None


def model_bytes(graphs: FlatGraph | Sequence[FlatGraph], description: str = "midge") -> bytes:
    """Serialise a model.

    Args:
        graphs: The graph, or several, the main one first (CALL_ONCE, IF and WHILE refer to the others by index).
        description: Free text kept in the file.

    Returns:
        The bytes of a `.tflite` file, the same for the same description.

    Raises:
        ValueError: An unknown operator, option, dtype or tensor name, or shapes and scales that do not agree.

    Example:
        >>> graph = FlatGraph(
        ...     tensors=[FlatTensor("x", (1, 4)), FlatTensor("y", (1, 4))],
        ...     operators=[FlatOperator("SOFTMAX", ["x"], ["y"], {"beta": 1.0})],
        ...     inputs=["x"],
        ...     outputs=["y"],
        ... )
        >>> model_bytes(graph)[4:8]
        b'TFL3'
    """
    graphs = [graphs] if isinstance(graphs, FlatGraph) else list(graphs)
    return _ModelBuilder().build(graphs, description)


def write_tflite(path: str | Path, graphs: FlatGraph | Sequence[FlatGraph], description: str = "midge") -> int:
    """Write a model to a file and return its size in bytes; arguments and errors as in `model_bytes`."""
    return Path(path).write_bytes(model_bytes(graphs, description))


def option_fields(op: str) -> list[str]:
    """List the option fields of a builtin operator by their schema names.

    Example:
        >>> option_fields("SOFTMAX")
        ['beta']
    """
    table = _option_table(op)
    pattern = re.compile(rf"{table}Add(\w+)$")
    found = (pattern.match(name) for name in dir(tflite)) if table else ()
    return sorted(_snake_case(match[1]) for match in found if match)


class _ModelBuilder:
    """Holds the flatbuffer under construction; a flatbuffer is built from the leaves up."""

    def __init__(self) -> None:
        self.fb = flatbuffers.Builder(1024)
        self.codes: dict[tuple[str, int], int] = {}
        self.buffers: list[Offset] = []

    def build(self, graphs: list[FlatGraph], description: str) -> bytes:
        fb = self.fb
        self.add_buffer(b"")  # buffer 0 is empty by definition: every tensor without data names it
        subgraphs = self.offsets([self.add_graph(graph) for graph in graphs])
        signatures = self.offsets([self.add_signature(graph, i) for i, graph in enumerate(graphs) if graph.signature])
        codes = self.offsets([self.add_operator_code(op, version) for op, version in self.codes])
        buffers = self.offsets(self.buffers)
        text = fb.CreateString(description)

        tflite.ModelStart(fb)
        tflite.ModelAddVersion(fb, SCHEMA_VERSION)
        tflite.ModelAddOperatorCodes(fb, codes)
        tflite.ModelAddSubgraphs(fb, subgraphs)
        tflite.ModelAddDescription(fb, text)
        tflite.ModelAddBuffers(fb, buffers)
        tflite.ModelAddSignatureDefs(fb, signatures)
        fb.Finish(tflite.ModelEnd(fb), FILE_IDENTIFIER)
        return bytes(fb.Output())

    def add_graph(self, graph: FlatGraph) -> Offset:
        index = {tensor.name: i for i, tensor in enumerate(graph.tensors)}
        if len(index) != len(graph.tensors):
            raise ValueError(f"graph {graph.name!r}: two tensors share a name")

        fb = self.fb
        tensors = self.offsets([self.add_tensor(tensor) for tensor in graph.tensors])
        operators = self.offsets([self.add_operator(operator, index) for operator in graph.operators])
        inputs = self.tensor_indices(graph.inputs, index, f"inputs of graph {graph.name!r}")
        outputs = self.tensor_indices(graph.outputs, index, f"outputs of graph {graph.name!r}")
        name = fb.CreateString(graph.name)

        tflite.SubGraphStart(fb)
        tflite.SubGraphAddTensors(fb, tensors)
        tflite.SubGraphAddInputs(fb, inputs)
        tflite.SubGraphAddOutputs(fb, outputs)
        tflite.SubGraphAddOperators(fb, operators)
        tflite.SubGraphAddName(fb, name)
        return tflite.SubGraphEnd(fb)

    def add_signature(self, graph: FlatGraph, subgraph_index: int) -> Offset:
        fb = self.fb
        index = {tensor.name: i for i, tensor in enumerate(graph.tensors)}
        inputs = self.offsets([self.add_tensor_map(name, index[name]) for name in graph.inputs])
        outputs = self.offsets([self.add_tensor_map(name, index[name]) for name in graph.outputs])
        key = fb.CreateString(graph.signature)
        tflite.SignatureDefStart(fb)
        tflite.SignatureDefAddInputs(fb, inputs)
        tflite.SignatureDefAddOutputs(fb, outputs)
        tflite.SignatureDefAddSignatureKey(fb, key)
        tflite.SignatureDefAddSubgraphIndex(fb, subgraph_index)
        return tflite.SignatureDefEnd(fb)

    def add_tensor_map(self, name: str, index: int) -> Offset:
        text = self.fb.CreateString(name)
        tflite.TensorMapStart(self.fb)
        tflite.TensorMapAddName(self.fb, text)
        tflite.TensorMapAddTensorIndex(self.fb, index)
        return tflite.TensorMapEnd(self.fb)

    def add_tensor(self, tensor: FlatTensor) -> Offset:
        fb = self.fb
        assert tensor.shape is not None and tensor.dtype is not None  # Tensor sees to both
        buffer = 0 if tensor.data is None else self.add_buffer(_data_bytes(tensor))
        name = fb.CreateString(tensor.name)
        shape = self.numbers(tensor.shape, np.int32)
        signature = None if tensor.shape_signature is None else self.numbers(tensor.shape_signature, np.int32)
        quantization = None if tensor.scale is None else self.add_quantization(tensor)

        tflite.TensorStart(fb)
        tflite.TensorAddShape(fb, shape)
        tflite.TensorAddType(fb, _enum_value(tflite.TensorType, tensor.dtype, f"dtype of tensor {tensor.name!r}"))
        tflite.TensorAddBuffer(fb, buffer)
        tflite.TensorAddName(fb, name)
        tflite.TensorAddIsVariable(fb, tensor.is_variable)
        if quantization is not None:
            tflite.TensorAddQuantization(fb, quantization)
        if signature is not None:
            tflite.TensorAddShapeSignature(fb, signature)
        return tflite.TensorEnd(fb)

    def add_quantization(self, tensor: FlatTensor) -> Offset:
        assert tensor.shape is not None
        scales = np.atleast_1d(np.asarray(tensor.scale, np.float32))
        zero_points = np.atleast_1d(np.asarray(tensor.zero_point, np.int64))
        if zero_points.size == 1:
            zero_points = np.repeat(zero_points, scales.size)
        # A dimension beyond the shape passes: published models (person_detect) carry it on their biases.
        channels = dict(enumerate(tensor.shape)).get(tensor.quantized_dimension, scales.size)
        if scales.size not in (1, channels):
            raise ValueError(
                f"tensor {tensor.name!r}: {scales.size} scales for shape {tuple(tensor.shape)} "
                f"along dimension {tensor.quantized_dimension}; give 1 or {channels}"
            )
        if zero_points.size != scales.size:
            raise ValueError(f"tensor {tensor.name!r}: {scales.size} scales but {zero_points.size} zero points")

        fb = self.fb
        scale = self.numbers(scales, np.float32)
        zero_point = self.numbers(zero_points, np.int64)
        tflite.QuantizationParametersStart(fb)
        tflite.QuantizationParametersAddScale(fb, scale)
        tflite.QuantizationParametersAddZeroPoint(fb, zero_point)
        tflite.QuantizationParametersAddQuantizedDimension(fb, tensor.quantized_dimension)
        return tflite.QuantizationParametersEnd(fb)

    def add_operator(self, operator: FlatOperator, index: Mapping[str, int]) -> Offset:
        fb = self.fb
        code = self.codes.setdefault((operator.op, operator.version), len(self.codes))
        where = f"operator {operator.op}"
        inputs = self.tensor_indices(operator.inputs, index, where)
        outputs = self.tensor_indices(operator.outputs, index, where)
        intermediates = self.tensor_indices(operator.intermediates, index, where) if operator.intermediates else None
        table, options, custom_options = None, None, None
        if operator.op.startswith(CUSTOM_PREFIX):
            custom_options = self.add_custom_options(operator.options)
        elif isinstance(operator.options, bytes):
            raise ValueError(f"{where}: options as bytes are for custom operators; give a mapping")
        else:
            table = _option_table(operator.op)
            options = self.add_options(table, operator.op, operator.options)

        tflite.OperatorStart(fb)
        tflite.OperatorAddOpcodeIndex(fb, code)
        tflite.OperatorAddInputs(fb, inputs)
        tflite.OperatorAddOutputs(fb, outputs)
        if intermediates is not None:
            tflite.OperatorAddIntermediates(fb, intermediates)
        if options is not None:
            tflite.OperatorAddBuiltinOptionsType(fb, getattr(tflite.BuiltinOptions, str(table)))
            tflite.OperatorAddBuiltinOptions(fb, options)
        if custom_options is not None:
            tflite.OperatorAddCustomOptions(fb, custom_options)
        return tflite.OperatorEnd(fb)

    def add_options(self, table: str | None, op: str, options: Mapping[str, Any]) -> Offset | None:
        """Write an operator's option table, which TFLM wants to see even when every field keeps its default."""
        known = option_fields(op)
        if unknown := sorted(set(options) - set(known)):
            raise ValueError(f"operator {op}: no option {', '.join(unknown)}; it has {', '.join(known) or 'none'}")
        if table is None:
            return None
        values = {name: self.option_value(op, name, value) for name, value in options.items()}
        getattr(tflite, f"{table}Start")(self.fb)
        for name, value in values.items():
            getattr(tflite, f"{table}Add{_camel_case(name)}")(self.fb, value)
        return getattr(tflite, f"{table}End")(self.fb)

    def option_value(self, op: str, name: str, value: Any) -> Any:
        """Turn an option's value into what its `Add` function takes: a number, or the offset of a string or vector."""
        if isinstance(value, str):
            if name in _ENUM_OF_FIELD:
                return _enum_value(_ENUM_OF_FIELD[name], value, f"option {name} of operator {op}")
            return self.fb.CreateString(value)
        if isinstance(value, (Sequence, np.ndarray)):
            return self.numbers(value, np.float32 if np.asarray(value).dtype.kind == "f" else np.int32)
        return value.item() if isinstance(value, np.generic) else value

    def add_custom_options(self, options: Mapping[str, Any] | bytes) -> Offset | None:
        if not options:
            return None
        return self.fb.CreateByteVector(
            options if isinstance(options, bytes) else bytes(flexbuffers.Dumps(dict(options)))
        )

    def add_operator_code(self, op: str, version: int) -> Offset:
        fb = self.fb
        custom = op.startswith(CUSTOM_PREFIX)
        code = tflite.BuiltinOperator.CUSTOM if custom else _builtin_code(op)
        custom_code = fb.CreateString(op.removeprefix(CUSTOM_PREFIX)) if custom else None
        tflite.OperatorCodeStart(fb)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(fb, min(code, _FIRST_EXTENDED_CODE))
        tflite.OperatorCodeAddBuiltinCode(fb, code)
        tflite.OperatorCodeAddVersion(fb, version)
        if custom_code is not None:
            tflite.OperatorCodeAddCustomCode(fb, custom_code)
        return tflite.OperatorCodeEnd(fb)

    def add_buffer(self, data: bytes) -> int:
        """Store a buffer and return its index among the model's buffers."""
        fb = self.fb
        vector = None
        if data:
            fb.Prep(_DATA_ALIGNMENT, len(data))
            vector = fb.CreateByteVector(data)
        tflite.BufferStart(fb)
        if vector is not None:
            tflite.BufferAddData(fb, vector)
        self.buffers.append(tflite.BufferEnd(fb))
        return len(self.buffers) - 1

    def tensor_indices(self, names: Sequence[str | None], index: Mapping[str, int], where: str) -> Offset:
        unknown = [name for name in names if name is not None and name not in index]
        if unknown:
            raise ValueError(f"{where}: no tensor named {unknown[0]!r}; the graph has {', '.join(sorted(index))}")
        return self.numbers([_NO_TENSOR if name is None else index[name] for name in names], np.int32)

    def numbers(self, values: Sequence[Any] | np.ndarray, dtype: type[np.generic]) -> Offset:
        return self.fb.CreateNumpyVector(np.asarray(values, dtype))

    def offsets(self, offsets: Sequence[Offset]) -> Offset:
        fb = self.fb
        fb.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            fb.PrependUOffsetTRelative(offset)
        return fb.EndVector()


def _data_bytes(tensor: FlatTensor) -> bytes:
    if isinstance(tensor.data, bytes):
        return tensor.data
    assert tensor.data is not None
    values = np.ascontiguousarray(tensor.data)
    if tensor.dtype == "int4":
        if values.size and (values.min() < -8 or values.max() > 7):
            raise ValueError(f"tensor {tensor.name!r}: int4 holds -8..7, found {values.min()}..{values.max()}")
        nibbles = values.astype(np.int8).view(np.uint8).ravel() & 0xF
        nibbles = np.append(nibbles, np.zeros(nibbles.size % 2, np.uint8))
        return (nibbles[0::2] | nibbles[1::2] << 4).tobytes()  # the first element in the low nibble
    if values.dtype.name != tensor.dtype:
        raise ValueError(f"tensor {tensor.name!r}: dtype {tensor.dtype} but data {values.dtype.name}")
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def _builtin_code(op: str) -> int:
    code = getattr(tflite.BuiltinOperator, op, None)
    if not isinstance(code, int):
        raise ValueError(f"no builtin operator {op!r} in the schema; a custom one is written '{CUSTOM_PREFIX}{op}'")
    return code


@cache
def _option_table(op: str) -> str | None:
    """Name the option table of a builtin operator, or None when the schema has none for it."""
    _builtin_code(op)
    if op in _BORROWED_TABLE:
        return _BORROWED_TABLE[op]
    wanted = f"{op.replace('_', '')}options".lower()
    return next((table for table in vars(tflite.BuiltinOptions) if table.lower() == wanted), None)


def _enum_value(enum: type, name: str, where: str) -> int:
    value = getattr(enum, name.upper(), None)
    if not isinstance(value, int):
        known = sorted(key for key, number in vars(enum).items() if isinstance(number, int))
        raise ValueError(f"{where}: {name!r} is not one of {', '.join(known)}")
    return value


def _camel_case(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
