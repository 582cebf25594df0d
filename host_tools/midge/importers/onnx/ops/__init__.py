# SPDX-License-Identifier: MIT
"""How each ONNX op becomes nodes of the converter's graph: a function each, registered by name."""

from . import classic, elementwise, images, linear, quantized, recurrent, shapes, sums  # noqa: F401  (they register themselves)
