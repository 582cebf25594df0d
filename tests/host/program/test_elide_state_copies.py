# SPDX-License-Identifier: MIT
"""State: values that persist between runs, and what reading and assigning them costs."""

from __future__ import annotations

import numpy as np

from midge.convert.pipeline import Conversion, convert_graph
from midge.core.binding import Model
from midge.graph import Graph, Node, Quantization, Tensor


def tensor(name: str, shape: tuple[int, ...] = (4,)) -> Tensor:
    return Tensor(name, shape, "int8", Quantization(np.array([1], np.float32), np.array([0], np.int64)))


def state(name: str, initial: list[int] | None = None) -> Tensor:
    s = tensor(name)
    s.is_state, s.initial = True, None if initial is None else np.array(initial, np.int8)
    return s


def converted(inputs: list[Tensor], outputs: list[Tensor], *nodes: Node) -> Conversion:
    return convert_graph(Graph("test", inputs, outputs, list(nodes)), [], "test", 0)


def ops(conversion: Conversion) -> list[str]:
    return [step.op.name for step in conversion.program.steps]


def run(model: Model, x: list[int]) -> list[int]:
    out = bytearray(4)
    model.run(np.array(x, np.int8).tobytes(), out)
    return np.frombuffer(out, np.int8).tolist()


def test_a_sum_over_time_costs_one_copy_for_its_output() -> None:
    s, x, r, y = state("s", [1, -2, 3, -4]), tensor("x"), tensor("r"), tensor("y")
    made = converted([x], [y], Node("READ_VARIABLE", [s], [r]), Node("ADD", [r, x], [y]),
                     Node("ASSIGN_VARIABLE", [y], [s]))
    assert ops(made) == ["ADD", "COPY"]
    model = Model(made.blob)
    assert run(model, [1, 1, 1, 1]) == [2, -1, 4, -3]
    assert run(model, [1, 1, 1, 1]) == [3, 0, 5, -2]
    model.reset()
    assert run(model, [0, 0, 0, 1]) == [1, -2, 3, -3]


def test_a_window_slides_without_extra_copies() -> None:
    s, x, r = state("s"), tensor("x", (2,)), tensor("r")
    whole, rest, y = tensor("whole", (6,)), tensor("rest"), tensor("y", (6,))
    cut = [Tensor(n, (1,), "int32", None, np.array([v], np.int32)) for n, v in (("b", 2), ("e", 6), ("s", 1))]
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    made = converted([x], [y], Node("READ_VARIABLE", [s], [r]), Node("CONCATENATION", [r, x], [whole], {"axis": 0}),
                     Node("STRIDED_SLICE", [whole, *cut], [rest], masks), Node("ASSIGN_VARIABLE", [rest], [s]),
                     Node("ADD", [whole, whole], [y]))
    assert ops(made) == ["COPY", "COPY", "COPY", "ADD"]


def test_a_value_read_before_it_is_overwritten_is_kept() -> None:
    s, x, r, y = state("s", [5, 6, 7, 8]), tensor("x"), tensor("r"), tensor("y")
    made = converted([x], [y], Node("READ_VARIABLE", [s], [r]), Node("ASSIGN_VARIABLE", [x], [s]),
                     Node("ADD", [r, x], [y]))
    model = Model(made.blob)
    assert run(model, [1, 2, 3, 4]) == [6, 8, 10, 12]
    assert run(model, [0, 0, 0, 0]) == [1, 2, 3, 4]


def test_a_state_starts_as_real_zero() -> None:
    s, x, r, y = state("s"), tensor("x"), tensor("r"), tensor("y")
    for t in (s, r):
        t.quantization = Quantization(np.array([1], np.float32), np.array([-7], np.int64))
    model = Model(converted([x], [y], Node("READ_VARIABLE", [s], [r]), Node("ADD", [r, x], [y])).blob)
    assert run(model, [1, 2, 3, 4]) == [1, 2, 3, 4]
