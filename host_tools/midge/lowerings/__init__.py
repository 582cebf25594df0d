# SPDX-License-Identifier: MIT
"""The lowering rules, a family a file. Importing this package fills lower.RULES."""

from . import (  # noqa: F401
    cast,
    detection,
    elementwise,
    int16,
    linear,
    maps,
    movement,
    moves,
    pooling,
    real,
    real_linear,
    recurrent,
    scans,
    signal,
    state,
    tables,
)
