# SPDX-License-Identifier: MIT
"""The lowering rules, a family a file. Importing this package fills lower.RULES."""

from . import elementwise, linear, maps, movement, moves, pooling, scans, state, tables  # noqa: F401
