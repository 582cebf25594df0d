# SPDX-License-Identifier: MIT
from typing import Any

from . import Model

def describe(camera: Any) -> str: ...
def show(
    camera: Any,
    format: str,
    width: int,
    count: int = 0,
    every_ms: int = 0,
    thin: int = 1,
    model: Model | None = None,
) -> int: ...
