# SPDX-License-Identifier: MIT
"""Exceptions of boards as they print there, and what the user is told about an upload."""

from __future__ import annotations

import pytest

from midge.link.transport import BoardError
from midge.link.upload import _explain


@pytest.mark.parametrize(("text", "number"), [
    ("OSError(28,)", 28),
    ("OSError: 28", 28),
    ("OSError: [Errno 28] ENOSPC", 28),
    ("OSError: ENOSPC", 28),
    ("OSError(2, 'nowhere/wand.midge')", 2),
    ("FileNotFoundError(2, 'No such file or directory')", 2),
    ("OSError(128,)", 128),
    ("OSError('no number',)", None),
    ("OSError()", None),
    ("MemoryError('memory allocation failed, allocating 1280 bytes',)", None),
    ("ValueError('OSError(28,)',)", None),
])
def test_the_number_of_an_os_error(text: str, number: int | None) -> None:
    assert BoardError(text).errno == number


@pytest.mark.parametrize(("text", "reason"), [
    ("ValueError('too short',)", "too short"),
    ("ValueError(\"it's too short\")", "it's too short"),
    ("OSError(2, 'nowhere/wand.midge')", "nowhere/wand.midge"),
    ("OSError(28,)", "OSError(28,)"),
    ("MemoryError()", "MemoryError()"),
    ("ValueError: as CPython prints it", "ValueError: as CPython prints it"),
])
def test_what_an_exception_says(text: str, reason: str) -> None:
    assert BoardError(text).reason == reason


@pytest.mark.parametrize(("text", "words"), [
    ("OSError(28,)", "the board's file system has no room for 9,000 B"),
    ("MemoryError('memory allocation failed, allocating 1280 bytes',)", "too little RAM to receive it"),
    ("OSError(2,)", "no such folder on the board"),
    ("OSError(30,)", "that file system is read-only"),
    ("OSError(5,)", "the board answered: OSError(5,)"),
    ("ValueError('28 (2,) EROFS')", "the board answered: ValueError('28 (2,) EROFS')"),
])
def test_only_what_happened_is_reported(text: str, words: str) -> None:
    assert words in str(_explain(BoardError(text), "wand.midge", 9_000))
