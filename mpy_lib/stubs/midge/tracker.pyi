# SPDX-License-Identifier: MIT
from collections.abc import Sequence

from .boxes import Box

class Thing:
    number: int
    label: str | int
    x: int
    y: int
    box: Box
    seen: int
    missed: int
    def __init__(self, number: int, box: Box) -> None: ...
    def take(self, box: Box) -> None: ...

class Tracker:
    counts: dict[str | int, int]
    def __init__(self, reach: float, appear: int, forget: int) -> None: ...
    def __call__(self, boxes: Sequence[Box]) -> list[Thing]: ...

def track(reach: float = 1.5, appear: int = 2, forget: int = 5) -> Tracker: ...
