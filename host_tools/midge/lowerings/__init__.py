# SPDX-License-Identifier: MIT
"""The lowering rules, a family a file. Importing this package fills lower.RULES."""

from . import detection, elementwise, int32, linear, movement, pooling, signal  # noqa: F401
