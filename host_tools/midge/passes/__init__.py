# SPDX-License-Identifier: MIT
"""Passes over the graph before it is lowered: each takes a graph and gives an equivalent one."""

from __future__ import annotations

from collections.abc import Callable

from ..ir import Graph, verify
from .channels import drop_channels
from .fold import fold_constants, fold_padding
from .prune import drop_identities, drop_unused

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (fold_constants, drop_identities, fold_padding, drop_unused, drop_channels)


def run_passes(graph: Graph) -> Graph:
    """Run all passes in order, checking the graph after each."""
    verify(graph)
    for function in PASSES:
        graph = verify(function(graph))
    return graph
