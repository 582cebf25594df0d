# SPDX-License-Identifier: MIT
"""The table of figures: none without its interval, source and date."""

from __future__ import annotations

import re
from typing import Any

import pytest

from midge.errors import UserError
from midge.targets.boards import board_names
from midge.targets.power import all_figures, board_power, boards_with_figures, figure, find_cell, find_extra, names_of

GOOD: dict[str, Any] = {"value": 2, "low": 1, "high": 3, "source": "a data sheet", "date": "2026-11-29"}


def test_every_figure_has_interval_source_and_date() -> None:
    found = all_figures()
    assert len(found) > 20
    for what, f in found:
        assert 0 < f.low <= f.value <= f.high, what
        assert len(f.source) > 10 and re.fullmatch(r"20\d\d-\d\d-\d\d", f.date), what


def test_no_figure_is_a_guess() -> None:
    """Each says who published it, or what it was derived from."""
    vague = re.compile(r"\b(assum|guess|not looked up|from memory|estimate)", re.IGNORECASE)
    assert not [what for what, f in all_figures() if vague.search(f.source)]


def test_every_row_can_be_had() -> None:
    assert set(names_of("board")) <= set(board_names())
    for name in boards_with_figures():
        assert board_power(name).way
    for name in names_of("cell"):
        assert find_cell(name.lower()).name == name
    for kind in ("radio", "sensor"):
        for name in names_of(kind):
            assert find_extra(kind, name).milliamps > 0


@pytest.mark.parametrize("change", [
    {"source": " "}, {"date": ""}, {"low": 0}, {"low": 2.5}, {"high": 1.5}, {"note": "more"}, {"value": None},
])
def test_a_figure_that_lacks_something_is_refused(change: dict[str, Any]) -> None:
    assert figure("x", GOOD).value == 2
    row = {key: value for key, value in (GOOD | change).items() if value is not None}
    with pytest.raises(UserError, match=r"power\.toml: x"):
        figure("x", row)
