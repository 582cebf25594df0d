# SPDX-License-Identifier: MIT
"""Nodes that compute the same share one result; the outputs are those of TFLM."""

from __future__ import annotations

import numpy as np

from midge.importers.tflite.writer import FlatOperator
from tests.support.int8_models import checked, ops, quantised, weights

WINDOW = {"padding": "SAME", "stride_h": 1, "stride_w": 1}


def test_branches_that_start_alike_share() -> None:
    values = np.random.default_rng(3).integers(-90, 90, (4, 1, 1, 4))
    tensors = [quantised("x", 1, 3, 3, 4), *weights("w", values), *weights("v", values),
               *(quantised(name, 1, 3, 3, 4) for name in "aby")]
    layers = [FlatOperator("CONV_2D", ["x", "w", "wb"], ["a"], WINDOW),
              FlatOperator("CONV_2D", ["x", "v", "vb"], ["b"], WINDOW),
              FlatOperator("ADD", ["a", "b"], ["y"])]
    assert ops(checked(layers, tensors, ["y"])) == {"CONV_2D": 1, "ADD": 1}
