# SPDX-License-Identifier: MIT
"""The documents' tables are up to date, and that of boards claims nothing that no test executes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from midge.errors import UserError
from tests.support import ROOT
from tests.support.tables import TABLES, names_in, places, updated
from tests.support.tables import boards as board_table
from tests.support.tables.__main__ import main

CLAIMED = [(board, what, test) for board, tests in board_table.claims().items() for what, test in tests.items()]


@pytest.mark.parametrize(("board", "what", "test"), CLAIMED)
def test_each_claim_names_a_test_that_there_is(board: str, what: str, test: str) -> None:
    file, _, name = test.partition("::")
    functions = {node.name: node for node in ast.parse((ROOT / file).read_text()).body
                 if isinstance(node, ast.FunctionDef)}
    assert name in functions
    assert "skip" not in [ast.unparse(mark).split("(")[0].split(".")[-1] for mark in functions[name].decorator_list]


def test_each_table_stands_in_one_document() -> None:
    assert sorted(name for page in places() for name in names_in(page.read_text())) == sorted(TABLES)


@pytest.mark.parametrize("page", places(), ids=lambda page: str(page.relative_to(ROOT)))
def test_tables_are_up_to_date(page: Path) -> None:
    assert updated(page) == page.read_text(), f"run: python -m tests.support.tables --write {page}"


def test_tables_are_written_where_they_belong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLES, "boards", lambda: "new")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- boards -->\nold\n<!-- /boards -->\nafter\n")
    assert main(["--check", str(page)]).startswith(f"{page}: a table is stale; run: python -m tests.support.tables")
    assert main(["--write", str(page)]) == ""
    assert page.read_text() == "before\n<!-- boards -->\nnew\n<!-- /boards -->\nafter\n"
    assert main(["--check", str(page)]) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no marks", r"no place for a table; put <!-- NAME --> and <!-- /NAME --> where it belongs"),
        ("<!-- ports -->\n<!-- /ports -->\n", r"there is no table 'ports'; known: boards, commands, "),
    ],
)
def test_pages_that_will_not_do(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "page.md").write_text(text)
    with pytest.raises(UserError, match=words):
        updated(tmp_path / "page.md")


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
