# SPDX-License-Identifier: MIT
"""What is written is what is read back, and what the core accepts."""

import numpy as np
import pytest

from midge.convert.pipeline import convert_model
from midge.core.binding import check_file
from midge.errors import UserError
from midge.fileformat.read import decode
from midge.lowering.strides import merge_dims, row_major


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


def test_conversion_is_repeatable(wand_tflite) -> None:
    assert convert_model(wand_tflite).blob == convert_model(wand_tflite).blob


def test_behind_the_end_is_ignored(blob: bytes) -> None:
    check_file(blob + b"padding of a partition", "wand")


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (0, b"FIDG", "not a .midge file"),
        (4, b"\x02\x00", "found 2, wanted 1"),
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


def test_a_tflite_file_is_called_by_its_name(wand_tflite) -> None:
    with pytest.raises(UserError, match="run midge convert"):
        check_file(wand_tflite.read_bytes(), "wand")


def test_wrong_number_of_labels(wand_tflite) -> None:
    with pytest.raises(UserError, match="2 labels for an output of 6 scores"):
        convert_model(wand_tflite, labels=["a", "b"])


def test_merge_dims() -> None:
    shape = (1, 4, 5, 6)
    assert merge_dims(shape, row_major(shape)) == ([120], [[1]])
    transposed = (1, 5, 4, 6)
    strides = (120, 6, 30, 1)
    dims, (a, b) = merge_dims(transposed, strides, row_major(transposed))
    assert (dims, a, b) == ([5, 4, 6], [6, 30, 1], [24, 6, 1])
    data = np.arange(120).reshape(shape)
    assert np.array_equal(np.lib.stride_tricks.as_strided(data.ravel(), dims, [s * 8 for s in a]).ravel(),
                          data.transpose(0, 2, 1, 3).ravel())
