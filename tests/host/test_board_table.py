# SPDX-License-Identifier: MIT
"""The table of boards claims nothing that no test executes."""

from __future__ import annotations

import ast

import pytest

from tests.support import ROOT
from tests.support.tables import boards as board_table
from tests.support.tables import names_in, places

CLAIMED = [(board, what, test) for board, tests in board_table.claims().items() for what, test in tests.items()]


@pytest.mark.parametrize(("board", "what", "test"), CLAIMED)
def test_each_claim_names_a_test_that_there_is(board: str, what: str, test: str) -> None:
    file, _, name = test.partition("::")
    functions = {node.name: node for node in ast.parse((ROOT / file).read_text()).body
                 if isinstance(node, ast.FunctionDef)}  # fmt: skip
    assert name in functions
    assert "skip" not in [ast.unparse(mark).split("(")[0].split(".")[-1] for mark in functions[name].decorator_list]


def test_a_document_shows_it() -> None:
    (page,) = (page for page in places() if "boards" in names_in(page.read_text()))
    assert board_table.table() in page.read_text(), f"run: python -m tests.support.tables --write {page}"


def test_a_claim_without_a_passed_test_is_found() -> None:
    passed = {test: "passed" for _, _, test in CLAIMED}
    assert board_table.unfounded(passed) == []
    one = CLAIMED[0][2]
    assert one in "".join(board_table.unfounded({k: v for k, v in passed.items() if k != one}))
    assert "skipped" in "".join(board_table.unfounded(passed | {f"{one}[loading]": "skipped"}))


def test_a_test_of_several_boards_counts_for_each_alone() -> None:
    test = "tests/device/test_scripts.py::test_on_an_emulated_board"
    results = {t: "passed" for _, _, t in CLAIMED if t != test}
    results |= {f"{test}[qemu-cortex-m33-heap]": "passed", f"{test}[qemu-cortex-m3-heap]": "failed"}
    assert board_table.unfounded(results, ["qemu-cortex-m33"]) == []
    assert "failed" in "".join(board_table.unfounded(results, ["qemu-cortex-m3"]))


def test_a_board_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_table, "claims", lambda: {"Z80": {}})
    assert board_table.unfounded({}) == ["Z80: no such board"]
