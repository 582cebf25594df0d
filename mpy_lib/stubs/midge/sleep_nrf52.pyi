# SPDX-License-Identifier: MIT
from collections.abc import Callable
from typing import Any

def sleep(ms: int, radio: bool = False, mem: Any = None, wait: Callable[[], None] | None = None) -> None: ...
