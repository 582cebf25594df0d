# SPDX-License-Identifier: MIT
from collections.abc import Callable, Iterator

from . import Model, Result, _Values

def stream(
    model: Model,
    read: Callable[[], _Values | None],
    hop: int | None = None,
    smoothing: float = 0.5,
    threshold: float = 0.5,
    every: bool = False,
) -> Iterator[Result]: ...
