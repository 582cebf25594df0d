# SPDX-License-Identifier: MIT
from array import array
from collections.abc import Sequence
from typing import Any, TypeAlias

_Choice: TypeAlias = float | tuple[float, float] | None

class FifoSensor:
    name: str
    rate_hz: float
    columns: tuple[str, ...]
    units: tuple[str, ...]
    range: tuple[float, ...]
    scales: array[float]
    overflow: bool
    timeout_ms: int
    def __init__(self, i2c: Any, address: int, name: str) -> None: ...
    def any(self) -> int: ...
    def read(self) -> array[float]: ...
    def read_into(self, buffer: array[int], most: int | None = None) -> int: ...
    def clear(self) -> None: ...

def pick(name: str, wanted: float, choices: Sequence[_Choice]) -> tuple[int, Any]: ...
def gyroscope_last(samples: array[int] | memoryview, n: int) -> None: ...
