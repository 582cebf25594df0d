# SPDX-License-Identifier: MIT
from collections.abc import Sequence

from . import Model, _Values

class Profile:
    nodes: list[tuple[str, str, float]]
    total_us: float
    def __init__(self, nodes: list[tuple[str, str, float]]) -> None: ...

def profile(model: Model, x: Sequence[_Values] = (), runs: int = 10) -> Profile: ...
