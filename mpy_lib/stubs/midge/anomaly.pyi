# SPDX-License-Identifier: MIT
from collections.abc import Callable, Iterator, Sequence

from . import Model, Result, _Sensor, _Values

class Anomaly:
    alarm: bool
    left: int
    def __init__(
        self,
        model: Model,
        path: str | None = None,
        learn: int = 200,
        rarity: float = 1000,
        pace: float = 0.01,
        votes: tuple[int, int] = (3, 5),
    ) -> None: ...
    def __call__(self, samples: _Values) -> float | None: ...
    def stream(
        self, source: _Sensor | Callable[[], _Values | None], hop: int | None = None
    ) -> Iterator[float | None]: ...
    def take(self, result: Result) -> float | None: ...
    def relearn(self) -> None: ...
    def save(self) -> None: ...

def threshold(distances: Sequence[float], rarity: float) -> float: ...
