# SPDX-License-Identifier: MIT
"""Lower the nodes of a graph to device ops: one rule per TFLite op, found by its name.

The rules are in files named as the families of kernels are in native_module/core/kernels/.
"""

from __future__ import annotations

from ..errors import UnsupportedModel
from ..fileformat.opset import dtypes
from ..graph import NONSENSE, Graph, Node, Tensor, Unsupported
from . import (  # noqa: F401  (these fill rules.RULES)
    cast,
    copy,
    detection,
    elementwise_f32,
    elementwise_i8,
    elementwise_i16,
    gather,
    linear_f32,
    linear_i8,
    linear_i16,
    lstm_f32,
    lstm_i8,
    map,
    motion,
    pool,
    quantize,
    reduce,
    resize,
    sight,
    signal,
    softmax,
    svdf,
)
from .program import Program, Step
from .rules import dtypes_of, rule_of
from .strides import copy_constant

__all__ = ["Program", "Step", "lower"]


def lower(graph: Graph, title: str) -> Program:
    """Lower every node; every tensor of the graph stays there to be looked at.

    Raises UnsupportedModel that names each node without a lowering, and why.
    """
    program = Program(graph)
    refused: list[tuple[str, str, str]] = []
    for node in graph.nodes:
        try:
            _lower_node(program, node)
        except Unsupported as reason:
            refused.append((node.op, node.name, str(reason)))
        except NONSENSE as error:  # an axis beyond the rank, a stride of zero, ...: only damaged files have them
            refused.append((node.op, node.name,
                            f"parameters that make no sense ({type(error).__name__}: {error}); "
                            "the file is damaged, or you have found a bug: please report it"))
    if not refused:  # what only passes through has no rule that could refuse it
        outside = {id(t): t for t in (*graph.inputs, *graph.outputs)}.values()
        refused = [("an input or output", t.name, unfit) for t in outside if (unfit := _unfit(t))]
    if refused:
        raise UnsupportedModel(title, refused)
    for i, output in enumerate(graph.outputs):
        if program.root(output).is_constant:  # a constant answer still has to be in the arena
            graph.outputs[i] = copy_constant(program, output)
    return program


def _unfit(tensor: Tensor) -> str:
    """Return why a tensor cannot be on a board, "" where it can."""
    if tensor.dtype not in dtypes():
        return f"{tensor.dtype} tensors; {', '.join(dtypes())} can run"
    return f"a shape of {list(tensor.shape)}, which holds nothing; export the model again" if 0 in tensor.shape else ""


def _lower_node(program: Program, node: Node) -> None:
    function = rule_of(node)
    if function is None and node.outputs and dtypes_of(node.op):
        raise Unsupported(f"{node.outputs[0].dtype} tensors; {' and '.join(dtypes_of(node.op))} can run")
    if function is None:
        raise Unsupported("Midge has no such op; build the layer from those it has, or end the model before it")
    function(program, node)
