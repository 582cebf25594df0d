# SPDX-License-Identifier: MIT
"""The lowering rules, a family a file. Importing this package fills lower.RULES."""

from . import elementwise, int16, linear, movement, pooling, recurrent  # noqa: F401
