# SPDX-License-Identifier: MIT
"""CONV_2D and DEPTHWISE_CONV_2D with int4 weights, as conv_i8.c unpacks them."""

from __future__ import annotations

import numpy as np

from ...fileformat.opset import layout_number
from ...lowering.program import Step


def pack_int4(step: Step) -> bool:
    """Store a layer's weights as int4 where each of them fits."""
    p = step.params
    weights = np.frombuffer(step.constants["weights_at"], np.int8)
    if p["weights_zero_point"] != 0 or weights.min() < -8 or weights.max() > 7:
        return False
    halves = np.pad(weights, (0, weights.size % 2)).view(np.uint8) & 15
    step.constants["weights_at"] = (halves[::2] | halves[1::2] << 4).tobytes()
    p["layout"] = layout_number(step.op.name, "int4")
    return True
