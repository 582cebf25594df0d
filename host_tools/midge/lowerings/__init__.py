# SPDX-License-Identifier: MIT
"""The lowering rules, a family a file. Importing this package fills lower.RULES."""

from . import elementwise, linear, movement, pooling, real, real_linear  # noqa: F401
