# SPDX-License-Identifier: MIT
"""How each ONNX op becomes nodes of the converter's graph: a function each, registered by name."""

from . import (  # noqa: F401  (they register themselves)
    angles,
    classic,
    elementwise,
    images,
    linear,
    quantized,
    recurrent,
    shapes,
    sums,
)
