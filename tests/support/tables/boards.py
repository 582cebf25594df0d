# SPDX-License-Identifier: MIT
"""The table of boards, from ports/boards/ and tests/device/executed.toml: what each is and what was executed on it.

What passed stands in build/executed.json, which every run of pytest brings up to date (tests/conftest.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from midge.targets.boards import load_boards, read_toml
from tests.support import ROOT

CLAIMS = ROOT / "tests/device/executed.toml"
RESULTS = ROOT / "build/executed.json"
# By the row's `install`; a board with MicroPython on it needs `midge install` and nothing else.
WAYS = {
    "uf2": "`midge install`; firmware: UF2 by `midge flash`",
    "esptool": "`midge install`; firmware: esptool by `midge flash`",
    "bossac": "`midge install`; firmware: bossac",
    "simulator": "`midge sim`",
    "program": "`make firmware`",
}


def claims() -> dict[str, dict[str, str]]:
    """Return what was executed on each board: {board: {what: test}}."""
    return read_toml(CLAIMS)


def results() -> dict[str, str]:
    """Return how each test of a board ended when it last ran: {test: outcome}."""
    return json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}


def table() -> str:
    """Return the table in Markdown."""
    executed = claims()
    lines = ["| board | MCU | core | SIMD | how it is installed | executed in the tests |", "|---" * 6 + "|"]
    for board in load_boards():
        way = WAYS.get(board.install, f"`midge install`; firmware: {board.install}")
        what = ", ".join(executed.get(board.name, {})) or "nothing: not run here"
        simd = "none" if board.simd == "scalar" else board.simd
        lines.append(f"| {board.title} (`{board.name}`) | {board.mcu} | {board.core} | {simd} | {way} | {what} |")
    return "\n".join(lines)


def unfounded(results: dict[str, str], boards: Sequence[str] = ()) -> list[str]:
    """Return a line for each claim whose test, all parameters of it, has not passed.

    results  {test: outcome}; a test that runs on several boards names them in its parameters
    boards   those to look at, or all
    """
    lines = []
    names = {board.name for board in load_boards()}
    for board, executed in claims().items():
        if boards and board not in boards:
            continue
        if board not in names:
            lines.append(f"{board}: no such board")
        for what, test in executed.items():
            found_in = {name: outcome for name, outcome in results.items() if name.split("[")[0] == test}
            if any(_names(other, name) for name in found_in for other in names):
                found_in = {name: outcome for name, outcome in found_in.items() if _names(board, name)}
            outcomes = set(found_in.values())
            if outcomes != {"passed"}:
                found = ", ".join(sorted(outcomes)) or "never ran"
                lines.append(f"{board}: '{what}' is claimed, but {test} {found}")
    return lines


def _names(board: str, test: str) -> bool:
    """Whether a test's parameters name a board: m3 is not m33."""
    return re.search(rf"[\[-]{re.escape(board)}[-\]]", test) is not None
