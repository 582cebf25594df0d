# SPDX-License-Identifier: MIT
from collections.abc import Callable
from typing import Any, NamedTuple

from . import Model

class Tensor(NamedTuple):
    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int

def tensors(
    describe: Callable[[int], tuple[str, str, tuple[int, ...], float, int]], count: int
) -> list[Tensor]: ...
def info() -> dict[str, Any]: ...
def facts(model: Model) -> dict[str, Any]: ...
def text(model: Model) -> str: ...
