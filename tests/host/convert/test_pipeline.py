# SPDX-License-Identifier: MIT
"""Conversions from end to end: repeatable, and mistakes named."""

import pytest

from midge.convert.pipeline import convert_model
from midge.core.binding import check_file
from midge.errors import UserError


def test_conversion_is_repeatable(wand_tflite) -> None:
    assert convert_model(wand_tflite).blob == convert_model(wand_tflite).blob


def test_a_tflite_file_is_called_by_its_name(wand_tflite) -> None:
    with pytest.raises(UserError, match="run midge convert"):
        check_file(wand_tflite.read_bytes(), "wand")


def test_wrong_number_of_labels(wand_tflite) -> None:
    with pytest.raises(UserError, match="2 labels for an output of 6 scores"):
        convert_model(wand_tflite, labels=["a", "b"])
