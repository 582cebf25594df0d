# SPDX-License-Identifier: MIT
"""Passes over the graph before it is lowered: each takes a graph and gives an equivalent one."""

from __future__ import annotations

from collections.abc import Callable

from ..ir import Graph, verify
from .affine import fold_affine, fold_clamps
from .channels import drop_channels
from .decompose import decompose
from .fold import fold_constants, fold_padding
from .legacy import uint8_to_int8
from .patterns import fuse_activations
from .prune import drop_identities, drop_unused, share_equal
from .quantized import fuse_quantized
from .variables import resolve_variables

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    resolve_variables,
    uint8_to_int8,
    fuse_activations,
    fold_clamps,
    fuse_quantized,
    fold_constants,
    drop_identities,
    fold_affine,
    decompose,
    fold_padding,
    drop_unused,
    share_equal,
    drop_channels,
)


def run_passes(graph: Graph) -> Graph:
    """Run all passes in order, checking the graph after each."""
    verify(graph)
    for function in PASSES:
        graph = verify(function(graph))
    return graph
