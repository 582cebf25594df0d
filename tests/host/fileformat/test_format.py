# SPDX-License-Identifier: MIT
"""What is written is what is read back, and what the core accepts."""

import pytest

from midge.convert.pipeline import convert_model
from midge.core.binding import check_file
from midge.errors import UserError
from midge.fileformat.read import decode


@pytest.fixture(scope="module")
def blob(wand_tflite) -> bytes:
    return convert_model(wand_tflite, labels=["a", "b", "c", "d", "e", "ü"], name="Zauberstab").blob


def test_round_trip(blob: bytes) -> None:
    check_file(blob, "wand")
    file = decode(blob)
    assert file.name == "Zauberstab"
    assert file.labels == ["a", "b", "c", "d", "e", "ü"]
    assert file.size == len(blob)
    assert [file.tensors[i].shape for i in file.inputs] == [(1, 96, 3, 1)] or file.tensors[file.inputs[0]].shape


def test_what_follows_the_file_is_ignored(blob: bytes) -> None:
    check_file(blob + b"padding of a partition", "wand")


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (0, b"FIDG", "not a .midge file"),
        (4, b"\x01\x00", "convert the model again: version: found 1, wanted 2"),
        (4, b"\x03\x00", "found 3, wanted 2"),
        (20, b"\x10", "altered"),
        (-1, b"\xff", "altered"),
    ],
)
def test_damage_is_named(blob: bytes, at: int, value: bytes, words: str) -> None:
    damaged = bytearray(blob)
    at %= len(blob)
    if damaged[at : at + len(value)] == value:
        value = bytes(b ^ 1 for b in value)
    damaged[at : at + len(value)] = value
    with pytest.raises(UserError, match=words):
        check_file(bytes(damaged), "wand")


def test_a_newer_minor_version_runs(blob: bytes) -> None:
    newer = bytearray(blob)
    newer[6:8] = b"\x63\x00"
    check_file(bytes(newer), "wand")
