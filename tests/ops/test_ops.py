# SPDX-License-Identifier: MIT
"""Every op of the table against the reference interpreter, over generated shapes, options and quantisations.

    pytest tests/ops                             the quick run, the same cases every time
    HYPOTHESIS_PROFILE=long pytest tests/ops     thousands of new cases an op
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from midge import lowering as lowerings  # noqa: F401  (lowerings fills RULES)
from midge.lowering import rules as lower
from tests.support.op_tests import Case, OpTest, check, load_table, own_ops
from tests.support.oracle import Oracle, is_installed


@pytest.fixture(scope="module")
def oracles() -> Iterator[Callable[[str], Oracle]]:
    running: dict[str, Oracle] = {}

    def get(engine: str) -> Oracle:
        if not is_installed(engine):
            pytest.skip(f"no reference to compare with: {engine} is not installed")
        if engine not in running:
            running[engine] = Oracle(engine)
        return running[engine]

    yield get
    for oracle in running.values():
        oracle.close()


@pytest.mark.parametrize("test", load_table(), ids=str)
def test_op(test: OpTest, oracles: Callable[[str], Oracle]) -> None:
    oracle = oracles(test.engine)
    tally: Counter[str] = Counter()

    def examples(case: Case) -> None:
        check(test, case, oracle, tally)

    examples.__name__ = str(test)  # so that hypothesis keeps each op's failures apart
    quiet = settings(
        max_examples=max(100, settings().max_examples),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[Phase.reuse, Phase.generate, Phase.shrink],
    )
    given(test.strategy)(quiet(examples))()
    print(test, *(f"\n  {count:6} {what}" for what, count in tally.most_common()))
    unanswered = sum(count for what, count in tally.items() if what.startswith("no answer"))
    assert unanswered <= test.unanswered * (unanswered + tally["compared"]), "the reference refuses too many cases"
    assert tally["compared"] > tally["known limit"], "most cases meet a known limit"


def test_every_lowering_has_a_test() -> None:
    untested = {"IF", "WHILE", "INTERLEAVE",  # refused, or made by a pass from ops that have tests
                "ERF"}  # ONNX alone has it, and tests/host/importers compares it
    sequences = {"LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM", "SVDF", "READ_VARIABLE", "ASSIGN_VARIABLE"}  # in tests/host
    tested = {test.op for test in load_table()}
    assert {key.split()[0] for key in lower.RULES} - untested - sequences - own_ops() == tested - sequences
