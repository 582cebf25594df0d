# SPDX-License-Identifier: MIT
"""Uploads to a board with hardly any room, and, as it is a quick one, over lines that are bad in many places."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midge.errors import UserError
from midge.link.transport import open_board
from midge.link.upload import upload
from tests.support.cable import Cable, Faults
from tests.support.small_board import SmallBoard


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "m.midge").write_bytes(b"old")
    yield tmp_path / "m.midge"


@pytest.mark.parametrize("window", [16, 128])
def test_no_more_is_sent_than_there_is_room_for(file: Path, window: int) -> None:
    small = SmallBoard(window)
    data = os.urandom(9_000)
    with open_board(small.port) as board:
        upload(board, data, str(file), lambda done: None)
    assert file.read_bytes() == data
    assert small.overrun <= 1  # the end of the text may come on top


def test_pieces_shrink_to_what_the_board_can_hold(file: Path) -> None:
    small = SmallBoard(128, longest=1_900)
    data = os.urandom(9_000)
    with open_board(small.port) as board:
        done = upload(board, data, str(file), lambda done: None)
    assert file.read_bytes() == data and done.sent == len(data)


def test_a_board_that_holds_nothing(file: Path) -> None:
    small = SmallBoard(128, longest=900)
    with pytest.raises(UserError, match="too little RAM to receive it; reset it"), open_board(small.port) as board:
        upload(board, os.urandom(9_000), str(file), lambda done: None)
    assert file.read_bytes() == b"old"


def test_a_file_system_that_may_only_be_read(file: Path) -> None:
    small = SmallBoard(128)

    def refuse(*_: object) -> None:
        raise OSError(30)

    with open_board(small.port) as board:
        board.ask("")
        small.names["_mg"].__defaults__[0]["open"] = refuse  # type: ignore[attr-defined]
        with pytest.raises(UserError, match=r"that file system is read-only; choose another folder with --to"):
            upload(board, b"new", str(file), lambda done: None)
    assert file.read_bytes() == b"old"


@pytest.mark.parametrize("place", range(0, 15_000, 1_000))
def test_unplugged_at_any_chunk(tmp_path: Path, place: int) -> None:
    file, data = tmp_path / "m.midge", random.Random(5).randbytes(9_000)
    file.write_bytes(b"old")
    small = SmallBoard(128)
    vanishes = pytest.raises(UserError, match="vanished from this port")
    with Cable(small.port, unplug=place) as cable, vanishes, open_board(cable.port) as board:
        upload(board, data, str(file), lambda done: None)
    # What the board had taken when the cable went is still there, as it is when it kept its power.
    assert file.read_bytes() in (b"old", data)
    with open_board(small.port) as board:
        upload(board, data, str(file), lambda done: None)
    assert file.read_bytes() == data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.midge"]


places = st.frozensets(st.integers(0, 12_000), max_size=4)
answers = st.frozensets(st.integers(0, 600), max_size=3)


@settings(max_examples=12)
@given(st.builds(Faults, places, places, places), st.builds(Faults, answers, answers, answers))
def test_any_bad_line_ends_well_or_with_one_line(
    tmp_path_factory: pytest.TempPathFactory, to_board: Faults, to_host: Faults
) -> None:
    file = tmp_path_factory.mktemp("bad") / "m.midge"
    data = random.Random(6).randbytes(6_000)
    file.write_bytes(b"old")
    small = SmallBoard(128)
    try:
        with Cable(small.port, to_board=to_board, to_host=to_host) as cable, open_board(cable.port) as board:
            upload(board, data, str(file), lambda done: None)
        assert file.read_bytes() == data
    except UserError as error:
        assert "\n" not in str(error)
        assert file.read_bytes() in (b"old", data)  # the new one where the very last answer was lost
