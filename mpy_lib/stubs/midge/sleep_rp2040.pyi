# SPDX-License-Identifier: MIT
from collections.abc import Callable
from typing import Any

LOW: int
HIGH: int
FALLING: int
RISING: int

def dormant(pin: int, event: int = RISING, mem: Any = None, sleep: Callable[[], None] | None = None) -> None: ...
