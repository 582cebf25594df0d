# SPDX-License-Identifier: MIT
"""How long work tells that it moves on: callables that a command gives, and that may do nothing."""

from __future__ import annotations

from collections.abc import Callable

Advance = Callable[[int], None]  # told how much more is done: samples, bytes, runs; from any thread
Stage = Callable[[str, int], Advance]  # told what begins and how much there is to do


def silent(what: str, count: int) -> Advance:
    """Tell nobody: the stage of those who want no progress."""
    return lambda n: None
