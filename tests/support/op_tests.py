# SPDX-License-Identifier: MIT
"""One operator at a time: make its model, run it in Midge and in a reference, compare.

A test is a function from hypothesis's `draw` to a Case, registered under the op's name:

    @op_test("RELU6")
    def relu6(draw):
        x, values = every_byte(draw)
        return Case("RELU6", [x], [like(x, "y")], feeds=[values])

`draws.py` holds what most of them draw.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from hypothesis import strategies as st

from midge.convert.pipeline import Conversion, convert_model
from midge.core import binding as _midge
from midge.errors import UserError
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from midge.lowering.rules import RULES
from tests.support import ROOT
from tests.support.oracle import ENGINES, NoAnswer, Oracle


@dataclass(repr=False)
class Case:
    """A model of one operator and what to feed it.

    inputs:  the operator's, in its order; those with data are constants, None is an absent one
    outputs: the operator's
    options: by their names in the schema
    feeds:   the values of the inputs that are not constant, in their order
    """

    op: str
    inputs: Sequence[FlatTensor | None]
    outputs: Sequence[FlatTensor]
    options: Mapping[str, Any] = field(default_factory=dict)
    feeds: Sequence[np.ndarray] = ()
    version: int = 1

    def model(self) -> bytes:
        tensors = {t.name: t for t in [*self.inputs, *self.outputs] if t is not None}
        operator = FlatOperator(
            self.op,
            [None if t is None else t.name for t in self.inputs],
            [t.name for t in self.outputs],
            self.options,
            self.version,
        )
        fed = dict.fromkeys(t.name for t in self.inputs if t is not None and t.data is None)
        return model_bytes(FlatGraph([*tensors.values()], [operator], [*fed], [t.name for t in self.outputs]))

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v}" for k, v in self.options.items())
        lines = [f"{self.op}({options})"]
        for t in self.inputs:
            lines.append("  in   " + ("absent" if t is None else _describe(t)))
        lines += ["  out  " + _describe(t) for t in self.outputs]
        lines += [f"  fed  {_values(f)}" for f in self.feeds]
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # where hypothesis shows the case that failed


def _describe(t: FlatTensor) -> str:
    text = f"{t.name} {t.dtype}{list(t.shape or ())}"
    if t.scale is not None:
        scales = [float(s) for s in np.atleast_1d(np.asarray(t.scale, np.float32))]
        text += f" scale {scales[0] if len(scales) == 1 else scales} zero_point {t.zero_point}"
    return text if t.data is None else f"{text} = {_values(np.asarray(t.data))}"


def _values(values: np.ndarray) -> str:
    return np.array2string(values.reshape(-1), threshold=40, separator=",", max_line_width=10**6)


@dataclass
class OpTest:
    """A row of the table.

    dtype:     what it covers, as the table of ops names its columns
    form:      which form of the op, where several rows stand for one op
    strategy:  draws a Case
    engine:    the reference, of oracle.ENGINES
    tolerance: (relative, absolute) of float outputs; None demands every byte
    limits:    what the converter may refuse though the reference runs it: a pattern of its message, the reason
    unanswered: the share of cases that the reference may refuse
    """

    op: str
    dtype: str
    form: str
    strategy: st.SearchStrategy[Case]
    engine: str = "tflm"
    tolerance: tuple[float, float] | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    unanswered: float = 0.25

    def __str__(self) -> str:
        return "_".join(filter(None, (self.op.removeprefix("CUSTOM:"), self.dtype, *self.form.split())))

    @property
    def against(self) -> str:
        how = "every byte" if self.tolerance is None else "within {:g} of the value plus {:g}".format(*self.tolerance)
        return f"{ENGINES[self.engine][2]}, {how}"


TABLE: list[OpTest] = []


def own_ops() -> set[str]:
    """The ops that no other runtime has, whose references are tests/support/motion.py and sight.py."""
    own = {"midge.lowering.motion", "midge.lowering.sight"}
    return {key.split()[0] for key, function in RULES.items() if function.__module__ in own}


def op_test(*ops: str, dtype: str = "int8", form: str = "", **rest: Any) -> Callable[[Any], Any]:
    """Register the decorated function `draw -> Case`; for several ops it takes the op's name as well."""

    def register(function: Any) -> Any:
        for op in ops:
            arguments = (op,) if len(ops) > 1 else ()
            TABLE.append(OpTest(op, dtype, form, st.composite(function)(*arguments), **rest))
        return function

    return register


def load_table() -> list[OpTest]:
    """Import every ops_*.py of tests/ops, and return the table that they fill."""
    for path in sorted((ROOT / "tests/ops").glob("ops_*.py")):
        import_module(f"tests.ops.{path.stem}")
    return TABLE


def check(test: OpTest, case: Case, oracle: Oracle, tally: Counter[str]) -> None:
    """Fail unless Midge runs the case with the reference's result; count what came of it."""
    model = case.model()
    expected, conversion, refusal = None, None, ""
    try:
        expected = oracle.run(model, list(case.feeds))
    except NoAnswer as reason:
        tally[f"no answer: {reason}"] += 1
    try:
        conversion = convert_model(model)
    except UserError as error:
        refusal = str(error)
    if conversion is None:
        known = next((reason for pattern, reason in test.limits.items() if re.search(pattern, refusal)), None)
        assert expected is None or known is not None, f"the reference runs what Midge refuses: {refusal}"
        tally["known limit" if expected is not None else "refused by both"] += 1
        return
    found = run_midge(conversion, case)
    if expected is not None:
        tally["compared"] += 1
        for out, theirs, ours in zip(case.outputs, expected, found, strict=True):
            compare(test, case, out, theirs, ours)


def run_midge(conversion: Conversion, case: Case) -> list[np.ndarray]:
    outputs = [np.zeros(out.shape or (), out.dtype) for out in case.outputs]
    buffers = [bytearray(out.nbytes) for out in outputs]
    _midge.Model(conversion.blob).run([f.tobytes() for f in case.feeds], buffers)
    return [np.frombuffer(b, o.dtype).reshape(o.shape) for b, o in zip(buffers, outputs, strict=True)]


def compare(test: OpTest, case: Case, out: FlatTensor, expected: np.ndarray, found: np.ndarray) -> None:
    expected = expected.reshape(found.shape)
    if test.tolerance is None:
        bytes_of = [np.ascontiguousarray(a).view(np.uint8).reshape(a.size, -1) for a in (expected, found)]
        wrong = np.any(bytes_of[0] != bytes_of[1], axis=1).reshape(found.shape)
    else:
        wrong = ~np.isclose(found, expected, *test.tolerance, equal_nan=True)
    if wrong.any():
        at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        where = [int(i) for i in at]
        raise AssertionError(
            f"{out.name}{where}: Midge has {found[at]}, {ENGINES[test.engine][2]} {expected[at]}; "
            f"{int(wrong.sum())} of {wrong.size} differ"
        )
