# SPDX-License-Identifier: MIT
"""The converter's graph, and what all that works on it shares."""

from .graph import (
    DTYPE_SIZES,
    NONSENSE,
    Graph,
    GraphError,
    Node,
    Quantization,
    Tensor,
    Unsupported,
)
from .verify import verify

__all__ = [
    "DTYPE_SIZES",
    "NONSENSE",
    "Graph",
    "GraphError",
    "Node",
    "Quantization",
    "Tensor",
    "Unsupported",
    "verify",
]
