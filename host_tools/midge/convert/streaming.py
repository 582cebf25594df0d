# SPDX-License-Identifier: MIT
"""A network of whole windows as one that takes new rows, on request."""

from __future__ import annotations

from ..errors import UserError
from ..graph import Graph, Unsupported
from ..passes.stream import stream
from .pipeline import run_passes


def make_streaming(graph: Graph, rows: int, title: str, searched: bool = False) -> Graph:
    """Return a network that takes `rows` new rows a run and keeps what it needs of those before; the other one stays.

    searched: a search runs the network, on windows. Raises UserError, which names the layer that has no streaming form.
    """
    if searched:
        raise UserError(f"{title}: --auto runs the network on whole windows; leave it out, or --stream")
    try:
        return stream(run_passes(graph.copy()), rows)
    except Unsupported as reason:
        raise UserError(f"{title}: {reason}") from reason
