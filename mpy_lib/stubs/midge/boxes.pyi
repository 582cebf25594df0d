# SPDX-License-Identifier: MIT
from typing import Any, NamedTuple

from . import Model, Result

class Box(NamedTuple):
    label: str | int
    score: float
    x: int
    y: int
    w: int
    h: int

class Found(Result):
    boxes: list[Box]
    scores: list[float]
    index: int
    label: Any
    score: float
    outputs: list[list[float]]
    def __init__(self, model: Model, corners: list[float]) -> None: ...
