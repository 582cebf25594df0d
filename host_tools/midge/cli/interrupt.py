# SPDX-License-Identifier: MIT
"""Ctrl-C that ends what goes on, and keeps what is whole."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopped_by_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C has been typed; the second time it interrupts as ever."""
    typed: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if typed:
            raise KeyboardInterrupt
        typed.append(number)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread, which gets no Ctrl-C either
        yield lambda: False
        return
    try:
        yield lambda: bool(typed)
    finally:
        signal.signal(signal.SIGINT, before)
