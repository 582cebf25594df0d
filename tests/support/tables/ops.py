# SPDX-License-Identifier: MIT
"""The table of TFLite ops that Midge runs, from the lowering rules, the op table and the op tests."""

from __future__ import annotations

from functools import cache

from hypothesis import Phase, find, settings

from midge import lowering as lowerings  # noqa: F401  (lowerings fills RULES)
from midge.convert.pipeline import convert_model
from midge.fileformat.opset import ops
from midge.lowering import rules as lower
from tests.support.op_tests import Case, OpTest, load_table, own_ops

# Rules for what passes have made, and for what is refused with a text of its own.
INTERNAL = {"IF", "WHILE", "INTERLEAVE"}
# Ops with state: tested in tests/host, over several runs.
SEQUENCES = {
    "LSTM": {"LSTM_F32"},
    "UNIDIRECTIONAL_SEQUENCE_LSTM": {"LSTM", "LSTM_F32"},
    "SVDF": {"SVDF"},
    "READ_VARIABLE": {"COPY"},
    "ASSIGN_VARIABLE": {"COPY"},
    "CUSTOM:SignalFilterBankLog": {"LOG_TABLE_I8"},  # with what quantises the logarithms: tests/ops/test_front_end.py
}
DTYPES = ("int8", "uint8", "int16", "float32", "bool", "int32")


def simplest(test: OpTest) -> Case:
    """Return the case to which hypothesis would shrink."""
    return find(test.strategy, lambda case: True, settings=settings(derandomize=True, phases=[Phase.generate]))


def device_ops(test: OpTest) -> set[str]:
    """Name the ops that a board executes for the simplest case."""
    return {step.op.name for step in convert_model(simplest(test).model()).program.steps}


@cache
def table() -> str:
    """Return the table in Markdown."""
    lowered = {key.split()[0] for key in lower.RULES} - INTERNAL - own_ops()
    tests: dict[str, list[OpTest]] = {name: [] for name in sorted(lowered)}
    for test in load_table():
        tests.setdefault(test.op, []).append(test)
    dtypes = [dtype for dtype in DTYPES if any(t.dtype == dtype for group in tests.values() for t in group)]
    lines = ["| " + " | ".join(["op", *dtypes, "device op", "tested against"]) + " |"]
    lines.append("|---" * (len(dtypes) + 3) + "|")
    for op, group in tests.items():
        used = SEQUENCES.get(op, set()).union(*(device_ops(t) for t in group if t.dtype != "uint8"))
        cells = [op.removeprefix("CUSTOM:"), *(_forms(group, dtype) for dtype in dtypes)]
        cells.append(", ".join(name for name in ops() if name in used) or "none needed")
        cells.append(", ".join(sorted({t.against.split(",")[0] for t in group})) or "TFLM, over sequences of runs")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _forms(group: list[OpTest], dtype: str) -> str:
    # The order in which a disk lists the tables of tests must not show.
    forms = {test.form or "yes" for test in group if test.dtype == dtype}
    return ", ".join(sorted(forms, key=lambda form: (form != "yes", form)))
