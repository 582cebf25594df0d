# SPDX-License-Identifier: MIT
from . import Model

class Result:
    index: int
    label: str | int
    score: float
    scores: list[float]
    outputs: list[list[float]]
    answer: Result | None
    def __init__(self, model: Model, scores: list[float]) -> None: ...
    def top(self, k: int = 3) -> list[tuple[str | int, float]]: ...
    def __getitem__(self, which: str | int) -> float: ...
