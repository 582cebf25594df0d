# SPDX-License-Identifier: MIT
"""The last part of a step of a recurrent layer, from its gates: what importers share. A state of None is zeros."""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Tensor
from ..graph.builder import Builder


def gru_state(build: Builder, z: Tensor, candidate: Tensor, h: Tensor | None, name: str) -> Tensor:
    """h' = (1 - z) candidate + z h"""
    new = build.binary("MUL", build.binary("SUB", build.scalar(1.0), z, name), candidate, name)
    return new if h is None else build.binary("ADD", new, build.binary("MUL", z, h, name), name)


def lstm_states(
    build: Builder, i: Tensor, forget: Tensor, g: Tensor, o: Tensor, c: Tensor | None,
    activate: Callable[[Tensor], Tensor], name: str,
) -> list[Tensor | None]:  # fmt: skip
    """c' = f c + i g, h' = o activate(c'); h' comes first."""
    new = build.binary("MUL", i, g, name)
    state = new if c is None else build.binary("ADD", new, build.binary("MUL", forget, c, name), name)
    return [build.binary("MUL", o, activate(state), name), state]
