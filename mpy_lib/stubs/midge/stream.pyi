# SPDX-License-Identifier: MIT
from collections.abc import Callable

from . import Model, Result, _Sensor, _Values

class Stream:
    samples: int
    lost: int
    def __init__(
        self,
        model: Model,
        source: _Sensor | Callable[[], _Values | None],
        hop: int | None,
        smoothing: float | None,
        threshold: float | None,
        every: bool,
        votes: tuple[int, int] | None,
        refractory_ms: int | None,
    ) -> None: ...
    def __iter__(self) -> Stream: ...
    def __next__(self) -> Result: ...
    def __aiter__(self) -> Stream: ...
    async def __anext__(self) -> Result: ...
